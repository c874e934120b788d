"""Collectives: bytes, hops, algorithms and shares, as anyone who runs them expects."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import CatalogError
from simulator.models import PRIORS
from simulator.models.collectives import (
    GENERIC,
    Fabric,
    Interconnect,
    all_gather_seconds,
    all_reduce_seconds,
    all_to_all_seconds,
    broadcast_seconds,
    hybrid_mesh_share,
    interconnect_of,
    point_to_point_seconds,
    reduce_scatter_seconds,
    torus_all_gather_seconds,
    torus_all_reduce_seconds,
)
from simulator.models.collectives.interconnects import interconnect_rows

Collective = Callable[..., Any]
COLLECTIVES = {
    each.__name__: each
    for each in (
        all_gather_seconds,
        all_reduce_seconds,
        all_to_all_seconds,
        broadcast_seconds,
        point_to_point_seconds,
        reduce_scatter_seconds,
    )
}
LINK, NIC = 300e9, 50e9
sizes = st.floats(1, 1e11)
rank_counts = st.sampled_from([1, 2, 4, 8, 16])
node_counts = st.integers(1, 1024)
each_collective = pytest.mark.parametrize("collective", COLLECTIVES.values(), ids=COLLECTIVES)


def fabric(ranks: float = 8, nodes: float = 1, **fields: Any) -> Fabric:
    return Fabric(
        ranks_per_node=ranks,
        nodes=nodes,
        link_bytes_per_second=fields.pop("link", LINK),
        network_bytes_per_second=fields.pop("nic", NIC),
        **fields,
    )


def seconds(collective: Collective, size: float, joined: Fabric) -> float:
    return float(collective(size, joined, PRIORS))


@each_collective
def test_one_rank_waits_for_nobody(collective: Collective) -> None:
    unknown = fabric(1, 1, link=math.nan, nic=math.nan)
    assert seconds(collective, 1e9, unknown) == 0.0


@each_collective
@given(st.data())
def test_more_bytes_ranks_nodes_or_neighbours_never_help(
    collective: Collective, data: st.DataObject
) -> None:
    size, more = sorted((data.draw(sizes), data.draw(sizes)))
    ranks, more_ranks = sorted((data.draw(rank_counts), data.draw(rank_counts)))
    nodes, more_nodes = sorted((data.draw(node_counts), data.draw(node_counts)))
    here = seconds(collective, size, fabric(ranks, nodes))
    worse = [
        seconds(collective, more, fabric(ranks, nodes)),
        seconds(collective, size, fabric(ranks, nodes, groups_per_node=4)),
    ]
    if collective is not point_to_point_seconds:
        worse.append(seconds(collective, size, fabric(more_ranks, nodes)))
    if collective is not all_to_all_seconds:
        # More of an all-to-all leaves the node, and less of it through each link.
        worse.append(seconds(collective, size, fabric(ranks, more_nodes)))
    assert min(worse) >= here * (1 - 1e-12)


@given(sizes, rank_counts, node_counts, st.booleans())
def test_no_all_reduce_beats_the_wires(size: float, ranks: int, nodes: int, reduces: bool) -> None:
    taken = seconds(all_reduce_seconds, size, fabric(ranks, nodes, switch_reduces=reduces))
    links = min(2 * (ranks - 1) / ranks, (ranks + 1) / ranks) * size / LINK
    nics = 2 * (nodes - 1) / nodes * size / NIC
    assert taken >= max(links, nics)


@given(sizes, rank_counts, node_counts)
def test_an_all_reduce_is_no_slower_than_scattering_and_gathering(
    size: float, ranks: int, nodes: int
) -> None:
    joined = fabric(ranks, nodes)
    once = seconds(all_reduce_seconds, size, joined)
    scattered = seconds(reduce_scatter_seconds, size, joined)
    gathered = seconds(all_gather_seconds, size, joined)
    assert scattered == gathered
    assert once <= (scattered + gathered) * (1 + 1e-12)


@pytest.mark.parametrize(
    ("collective", "joined", "bytes_per_byte", "rate"),
    [
        (all_gather_seconds, fabric(8), 7 / 8, LINK * PRIORS.link_efficiency),
        (all_gather_seconds, fabric(8, 4), 31 / 32, NIC * PRIORS.network_efficiency),
        (broadcast_seconds, fabric(8), 1, LINK * PRIORS.link_efficiency),
        (all_reduce_seconds, fabric(8), 7 / 4, LINK * PRIORS.link_efficiency),
        (point_to_point_seconds, fabric(1, 2), 1, NIC * PRIORS.network_efficiency),
        (
            # Two nodes exchange the buffer once by trees, 15 / 8 of it around a ring.
            all_reduce_seconds,
            fabric(8, 2),
            1,
            NIC * PRIORS.network_efficiency * PRIORS.network_tree_share,
        ),
        (all_reduce_seconds, fabric(8, 512), 2, NIC * PRIORS.network_efficiency),
        (all_gather_seconds, fabric(8, link_is_pcie=True), 7 / 8, LINK * PRIORS.pcie_efficiency),
    ],
)
def test_large_messages_are_bound_by_bandwidth(
    collective: Collective, joined: Fabric, bytes_per_byte: float, rate: float
) -> None:
    size = 1e13
    assert seconds(collective, size, joined) == pytest.approx(
        bytes_per_byte * size / rate, rel=0.01
    )


def test_small_messages_wait_as_long_as_smaller_ones() -> None:
    floor = seconds(all_reduce_seconds, 8, fabric(8, 2))
    assert seconds(all_reduce_seconds, 1024, fabric(8, 2)) < 1.1 * floor
    assert seconds(all_reduce_seconds, 1e6, fabric(8, 2)) > 1.5 * floor


def test_medium_messages_keep_to_neither_latency_nor_bandwidth() -> None:
    latency = seconds(all_reduce_seconds, 8, fabric(8))
    bandwidth = 7 / 4 * 16e6 / (LINK * PRIORS.link_efficiency)
    assert seconds(all_reduce_seconds, 16e6, fabric(8)) > 1.2 * (latency + bandwidth)


def test_small_all_reduces_climb_a_tree_and_gathers_go_around() -> None:
    reduced, gathered = (
        [seconds(each, 8, fabric(8, nodes)) for nodes in (16, 256)]
        for each in (all_reduce_seconds, all_gather_seconds)
    )
    assert reduced[1] / reduced[0] < 2.1
    assert gathered[1] / gathered[0] > 12


def test_groups_that_send_at_once_share_the_nics_but_not_the_links() -> None:
    alone, together = (
        seconds(all_reduce_seconds, 1e13, fabric(1, 16, groups_per_node=groups))
        for groups in (1, 8)
    )
    assert together / alone == pytest.approx(8, rel=0.01)
    inside = [
        seconds(all_reduce_seconds, 1e9, fabric(4, 1, groups_per_node=groups)) for groups in (1, 2)
    ]
    assert inside[0] == inside[1]


def test_neighbours_send_over_their_links_and_others_through_nics() -> None:
    beside = seconds(point_to_point_seconds, 1e9, fabric(2, 1, nic=math.nan))
    apart = seconds(point_to_point_seconds, 1e9, fabric(1, 2, link=math.nan))
    assert beside < apart


def test_an_unknown_rate_matters_only_where_it_is_used() -> None:
    assert seconds(all_reduce_seconds, 1e9, fabric(8, 1, nic=math.nan)) > 0
    assert seconds(all_reduce_seconds, 1e9, fabric(1, 8, link=math.nan)) > 0
    assert math.isnan(seconds(all_reduce_seconds, 1e9, fabric(8, 2, nic=math.nan)))
    assert math.isnan(seconds(all_gather_seconds, 1e9, fabric(8, 1, link=math.nan)))


@each_collective
def test_arrays_give_what_each_of_their_rows_gives(collective: Collective) -> None:
    ranks, nodes = np.array([1, 1, 8, 8, 4]), np.array([1, 4, 1, 16, 2])
    size = np.array([1e3, 1e5, 1e7, 1e8, 1e9])
    reduces = np.array([False, False, True, True, False])
    at_once = collective(size, fabric(ranks, nodes, switch_reduces=reduces), PRIORS)
    one_by_one = [
        seconds(collective, size[row], fabric(ranks[row], nodes[row], switch_reduces=reduces[row]))
        for row in range(5)
    ]
    assert at_once == pytest.approx(one_by_one)


def test_a_torus_gathers_in_half_the_time_of_an_all_reduce() -> None:
    slice_: dict[str, Any] = {
        "chips": 64,
        "dimensions": 3,
        "wraps": True,
        "link_bytes_per_second": 600e9,
        "calibration": PRIORS,
    }
    reduced = torus_all_reduce_seconds(1e9, **slice_)
    assert torus_all_gather_seconds(1e9, **slice_) == pytest.approx(reduced / 2)
    assert torus_all_gather_seconds(1e9, **{**slice_, "chips": 1}) == 0.0


def test_v100_boards_join_few_ranks_by_few_links() -> None:
    assert hybrid_mesh_share(8) == 1.0
    assert hybrid_mesh_share(2) == pytest.approx(1 / 6)
    assert hybrid_mesh_share(np.array([4, 8])) == pytest.approx([2 / 3, 1])


def test_the_generic_interconnect_is_what_the_calibration_says() -> None:
    rows = interconnect_rows()
    link, network = rows["link", "generic"], rows["network", "generic"]
    assert float(link["efficiency"]) == PRIORS.link_efficiency
    assert float(network["efficiency"]) == PRIORS.network_efficiency
    assert float(network["latency_us"]) * 1e-6 == pytest.approx(PRIORS.network_latency_seconds)
    assert interconnect_of("generic") == GENERIC


def test_measured_kinds_are_known_and_others_are_generic() -> None:
    efa, infiniband = (interconnect_of("nvlink3", kind) for kind in ("efa", "infiniband"))
    assert efa.network_latency > 1 > infiniband.network_latency
    assert efa.link_efficiency * PRIORS.link_efficiency == pytest.approx(0.715)
    assert interconnect_of("pcie4-x16") == replace(GENERIC, switch_efficiency=1.0)
    with pytest.raises(CatalogError, match="no network of kind 'infinband'; did you mean"):
        interconnect_of("nvlink3", "infinband")


def test_reducing_switches_reach_what_was_measured_of_their_kind() -> None:
    kind = interconnect_of("nvlink4")
    joined = fabric(8, link=450e9, switch_reduces=True, interconnect=kind)
    assert 1e13 / seconds(all_reduce_seconds, 1e13, joined) == pytest.approx(
        450e9 * 0.644 * 8 / 9, rel=0.01
    )


def test_no_efficiency_exceeds_the_wire() -> None:
    better = Interconnect(link_efficiency=2.0, network_efficiency=2.0)
    assert seconds(all_gather_seconds, 1e12, fabric(8, interconnect=better)) >= 7 / 8 * 1e12 / LINK
