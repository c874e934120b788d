"""Bytes and hops of each collective, by the algorithm that is fastest.

Hops and bytes are those of NCCL's own tuning model (NVIDIA/nccl, src/graph/tuning.cc):

    ring          2 (n - 1) hops, each rank sends 2 (n - 1) / n of the buffer; half of both to
                  gather or to scatter (Thakur, Rabenseifner and Gropp, 2005)
    hierarchical  a reduction inside each node, a double binary tree between nodes, 2 log2 m
                  hops (Sanders, Speck and Träff, 2009): its NICs carry 2 (m - 1) / m of the
                  buffer, not 2 (n - 1) / n as a ring's do, but less efficiently
    switch        NVLink switches that reduce: 1 + 1 / n of the buffer (Klenk et al., "An
                  In-Network Architecture for Accelerating Shared-Memory Multiprocessor
                  Collectives", 2020)

Stages overlap, so that the slower of links and NICs sets the bandwidth and latencies add up.
Sizes are of the full buffer: what each rank has of an all-reduce, what each has after a
gather and before a scatter.

Where it is wrong: reduction inside InfiniBand switches, congestion by other jobs, oversubscribed
networks, gathers through reducing switches, and libraries that pick an algorithm by the wrong
threshold.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.models.calibration import Calibration
from simulator.models.collectives.fabric import Fabric
from simulator.models.compute import Values

_NOTHING = 1e-30


def all_reduce_factor(ranks: Values) -> Values:
    """Times the buffer that each rank of a ring sends, ``2 (n - 1) / n``."""
    return 2.0 - 2.0 / ranks


def all_reduce_seconds(size_bytes: Values, fabric: Fabric, calibration: Calibration) -> Any:
    """Seconds of one all-reduce of ``size_bytes`` over all ranks."""
    c = calibration
    ranks, nodes = _floats(fabric.ranks_per_node), _floats(fabric.nodes)
    linked, several = ranks - 1.0, nodes > 1.0
    hop = fabric.network_hop_seconds(c)
    climb = np.log2(nodes) * (2.0 * hop)
    latency = linked * (2.0 * c.link_latency_seconds) + (climb + c.collective_launch_seconds)
    bulk_climb = climb * (c.bulk_tree_latency_factor - 1.0) + c.bulk_launch_seconds
    slower = 2.0 * (c.bulk_link_latency_seconds - c.link_latency_seconds)

    through_links = _pass_seconds(size_bytes, fabric.link_rate(c), linked > 0.0)
    through_nics = _pass_seconds(size_bytes, fabric.network_rate(c), several)
    tree = through_nics * ((2.0 - 2.0 / nodes) / c.network_tree_share)
    transfer = np.maximum(through_links * (2.0 - 2.0 / ranks), tree)
    best = np.minimum(
        transfer / c.low_latency_bandwidth_share, linked * slower + bulk_climb + transfer
    )
    if np.any(fabric.switch_reduces):
        share = c.switch_reduce_share * fabric.interconnect.switch_efficiency
        once = np.maximum(through_links * ((1.0 + 1.0 / ranks) / share), tree)
        once = np.where(fabric.switch_reduces, once, np.inf)
        best = np.minimum(best, bulk_climb + once)
        transfer = np.minimum(transfer, once)
    best = best + latency
    total = ranks * nodes
    if np.any(several):
        around = _bulk_ring_latency(total, nodes, hop, c, 2.0)
        ring = np.maximum(through_links, through_nics) * (2.0 - 2.0 / total)
        best = np.minimum(best, around + ring)
    return _if_any(total, best + _fill_seconds(latency, transfer, c))


def all_gather_seconds(size_bytes: Values, fabric: Fabric, calibration: Calibration) -> Any:
    """Seconds in which every rank gets all of ``size_bytes``, of which each had a part."""
    total = _floats(fabric.ranks_per_node) * fabric.nodes
    return _ring_seconds((1.0 - 1.0 / total) * size_bytes, fabric, calibration)


def reduce_scatter_seconds(size_bytes: Values, fabric: Fabric, calibration: Calibration) -> Any:
    """Seconds in which ``size_bytes`` of every rank are added up, each rank left with a part."""
    return all_gather_seconds(size_bytes, fabric, calibration)


def broadcast_seconds(size_bytes: Values, fabric: Fabric, calibration: Calibration) -> Any:
    """Seconds in which every rank gets the ``size_bytes`` of one, by a pipelined ring."""
    return _ring_seconds(size_bytes, fabric, calibration)


def all_to_all_seconds(size_bytes: Values, fabric: Fabric, calibration: Calibration) -> Any:
    """Seconds in which every rank sends ``size_bytes``, an equal part to each rank.

    Each message to a peer costs the latency of a link's hop to start.
    """
    c = calibration
    ranks, nodes = _floats(fabric.ranks_per_node), _floats(fabric.nodes)
    several, total = nodes > 1.0, ranks * nodes
    links = _pass_seconds(size_bytes, fabric.link_rate(c), ranks > 1.0)
    nics = _pass_seconds(size_bytes, fabric.network_rate(c), several)
    stays, leaves = (ranks - 1.0) / total, ranks * (1.0 - 1.0 / nodes)
    transfer = np.maximum(links * stays, nics * leaves)
    latency = (total - 1.0) * c.link_latency_seconds + (
        c.collective_launch_seconds + c.bulk_launch_seconds
    )
    latency = latency + several * (fabric.network_hop_seconds(c) * c.bulk_ring_latency_factor)
    return _if_any(total, latency + transfer + _fill_seconds(latency, transfer, c))


def point_to_point_seconds(size_bytes: Values, fabric: Fabric, calibration: Calibration) -> Any:
    """Seconds in which one rank sends ``size_bytes`` to another.

    The other sits in another node where the fabric has several, else beside it; with one rank
    there is nobody to send to and nothing to wait for.
    """
    c = calibration
    ranks, nodes = _floats(fabric.ranks_per_node), _floats(fabric.nodes)
    apart = nodes > 1.0
    far = fabric.network_hop_seconds(c)
    hop = np.where(apart, far, c.link_latency_seconds)
    bulk_hop = np.where(apart, far * c.bulk_ring_latency_factor, c.bulk_link_latency_seconds)
    beside = fabric.link_rate(c) * c.point_to_point_share
    rate = np.where(apart, fabric.network_rate(c), beside)
    transfer = _pass_seconds(size_bytes, rate, ranks * nodes > 1.0)
    low = hop + transfer / c.low_latency_bandwidth_share
    bulk = c.bulk_launch_seconds + bulk_hop + transfer
    straight = c.collective_launch_seconds + hop
    seconds = c.collective_launch_seconds + np.minimum(low, bulk)
    return _if_any(ranks * nodes, seconds + _fill_seconds(straight, transfer, c))


def _ring_seconds(sent_bytes: Any, fabric: Fabric, calibration: Calibration) -> Any:
    """Once around all ranks, ``sent_bytes`` through each of them."""
    c = calibration
    ranks, nodes = _floats(fabric.ranks_per_node), _floats(fabric.nodes)
    total = ranks * nodes
    hop = fabric.network_hop_seconds(c)
    transfer = np.maximum(
        _pass_seconds(sent_bytes, fabric.link_rate(c), ranks > 1.0),
        _pass_seconds(sent_bytes, fabric.network_rate(c), nodes > 1.0),
    )
    low = (
        (total - 1.0) * c.link_latency_seconds
        + (nodes - 1.0) * (hop - c.link_latency_seconds)
        + (c.collective_launch_seconds + transfer / c.low_latency_bandwidth_share)
    )
    best = np.minimum(low, _bulk_ring_latency(total, nodes, hop, c, 1.0) + transfer)
    straight = (ranks - 1.0) * c.link_latency_seconds + (
        np.log2(nodes) * hop + c.collective_launch_seconds
    )
    return _if_any(total, best + _fill_seconds(straight, transfer, c))


def _bulk_ring_latency(total: Any, nodes: Any, hop: Any, c: Calibration, rounds: float) -> Any:
    """Seconds of so many rounds about a ring with the protocol of large messages.

    Of ``n - 1`` hops of a round over ``m`` nodes ``m - 1`` are between nodes.
    """
    longer = hop * c.bulk_ring_latency_factor - c.bulk_link_latency_seconds
    within = (total - 1.0) * (rounds * c.bulk_link_latency_seconds)
    between = (nodes - 1.0) * (rounds * longer)
    return within + between + (c.collective_launch_seconds + c.bulk_launch_seconds)


def _fill_seconds(latency: Any, transfer: Any, c: Calibration) -> Any:
    """What filling the pipeline costs, between nothing and ``2 κ √λ`` latencies."""
    root = np.sqrt(transfer)
    bound = np.sqrt(latency * c.fill_limit_latencies)
    most = latency * (2.0 * c.fill_factor * c.fill_limit_latencies**0.5)
    return most * root / (bound + root + _NOTHING)


def _floats(counts: Any) -> Any:
    """The same as floats, so that no operation has to convert it again."""
    return np.asarray(counts, dtype=float)


def _pass_seconds(size_bytes: Values, rate: Any, used: Any) -> Any:
    """Seconds to send everything once, 0 where that path is not used whatever its rate."""
    if not np.any(used):
        return 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        seconds = size_bytes / rate
    return seconds if np.all(used) else np.where(used, seconds, 0.0)


def _if_any(total: Any, seconds: Any) -> Any:
    """0 for one rank, which has nobody to wait for."""
    alone = total <= 1.0
    return np.where(alone, 0.0, seconds) if np.any(alone) else seconds
