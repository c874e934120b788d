"""Free accelerators of one pool, indexed so that nothing ever scans the nodes.

Nodes are bits. ``_nodes_with[f]`` is an integer whose bit n says that node n has exactly f
free accelerators, and bit f of ``_levels`` says that some node does. The lowest set bit is
then the lowest node index, and the next fuller level is one shift away. A change costs a
few operations on integers of one bit per node: about 0.3 µs at 1,000 nodes, 1 µs at 10,000.
"""

from __future__ import annotations


class FreeCapacity:
    """Free accelerators by node, for nodes that are present."""

    __slots__ = ("_bits", "_levels", "_nodes_with", "accelerators_per_node", "free", "total_free")

    def __init__(self, nodes: int, accelerators_per_node: int) -> None:
        self.accelerators_per_node = accelerators_per_node
        self.free = [0] * nodes
        self.total_free = 0
        self._bits = [1 << node for node in range(nodes)]
        self._nodes_with = [0] * (accelerators_per_node + 1)
        self._levels = 0

    def add(self, node: int) -> None:
        """A node joins, wholly free."""
        whole = self.accelerators_per_node
        self._nodes_with[whole] |= self._bits[node]
        self._levels |= 1 << whole
        self.free[node] = whole
        self.total_free += whole

    def remove(self, node: int) -> None:
        """A node leaves; whatever ran on it has already given its accelerators back."""
        whole = self.accelerators_per_node
        self._nodes_with[whole] ^= self._bits[node]
        if not self._nodes_with[whole]:
            self._levels ^= 1 << whole
        self.free[node] = 0
        self.total_free -= whole

    def take(self, node: int, count: int) -> None:
        """``count`` accelerators of ``node`` are busy from now on; negative gives them back."""
        bit = self._bits[node]
        nodes_with = self._nodes_with
        before = self.free[node]
        after = before - count
        left = nodes_with[before] ^ bit
        nodes_with[before] = left
        if not left:
            self._levels ^= 1 << before
        nodes_with[after] |= bit
        self._levels |= 1 << after
        self.free[node] = after
        self.total_free -= count

    def tightest(self, count: int) -> int | None:
        """The node with the fewest free accelerators, at least ``count``; lowest index on ties."""
        levels = self._levels >> count
        if not levels:
            return None
        nodes = self._nodes_with[count + (levels & -levels).bit_length() - 1]
        return (nodes & -nodes).bit_length() - 1

    def emptiest(self, count: int) -> int | None:
        """The node with the most free accelerators, at least ``count``; lowest index on ties."""
        most = self._levels.bit_length() - 1
        if most < count:
            return None
        nodes = self._nodes_with[most]
        return (nodes & -nodes).bit_length() - 1

    def wholly_free(self) -> int:
        """How many nodes run nothing."""
        return self._nodes_with[self.accelerators_per_node].bit_count()

    def lowest_wholly_free(self, count: int) -> list[int]:
        """The ``count`` nodes of lowest index that run nothing; the caller knows they exist."""
        nodes = self._nodes_with[self.accelerators_per_node]
        lowest = []
        for _ in range(count):
            bit = nodes & -nodes
            nodes ^= bit
            lowest.append(bit.bit_length() - 1)
        return lowest

    def emptiest_beside(self, taken: list[int], count: int) -> int | None:
        """As ``emptiest``, among the nodes outside ``taken``, which are all wholly free."""
        levels = self._levels
        nodes = self._nodes_with[self.accelerators_per_node]
        for node in taken:
            nodes ^= self._bits[node]
        if not nodes:
            levels &= ~(1 << self.accelerators_per_node)
            most = levels.bit_length() - 1
            if most < count:
                return None
            nodes = self._nodes_with[most]
        return (nodes & -nodes).bit_length() - 1
