"""Probes as a table for people."""

from __future__ import annotations

from collections.abc import Iterator

from domain.probe import Probes, describe


def table(probes: Probes) -> str:
    """What was probed, a line each, with the rate that follows from it."""
    return "\n".join(f"{what:<44}{took:>12}{rate:>18}" for what, took, rate in _rows(probes))


def summary(document: dict[str, object]) -> str:
    """A description of an accelerator on few lines, as YAML has it."""
    return "\n".join(f"{key}: {_flow(value)}" for key, value in document.items()) + "\n"


def described(probes: Probes, name: str = "") -> str | None:
    """The description as YAML; None where what was probed is not enough for one."""
    if not probes.peak_flops or not probes.memory:
        return None
    return summary(describe(probes, name))


def _rows(probes: Probes) -> Iterator[tuple[str, str, str]]:
    yield "what", "median", "rate"
    for product in probes.matmul:
        shape = f"{product.m} × {product.k} · {product.k} × {product.n}"
        rate = _flops(product.flops / product.seconds)
        yield f"product {product.precision}, {shape}", _seconds(product.seconds), rate
    for one in probes.convolution:
        shape = f"{one.batch} × {one.size}², {one.channels_in} → {one.channels_out}, {one.kernel}²"
        rate = _flops(one.flops / one.seconds)
        yield f"convolution {one.precision}, {shape}", _seconds(one.seconds), rate
    for copy in probes.memory:
        rate = _bytes_per_second(copy.bytes / copy.seconds)
        yield f"memory, {_bytes(copy.bytes)} moved", _seconds(copy.seconds), rate
    for what, seconds in (
        ("launch of a kernel in a step", probes.launch_seconds),
        ("launch of a kernel from Python", probes.host_launch_seconds),
        ("round trip to another host", probes.round_trip_seconds),
    ):
        if seconds is not None:
            yield what, _seconds(seconds), ""
    for each in probes.all_reduce:
        rate = _bytes_per_second(each.bytes / each.seconds)
        what = f"all-reduce, {each.ranks} {each.between}, {_bytes(each.bytes)}"
        yield what, _seconds(each.seconds), rate
    for read in probes.storage:
        wait = "" if read.first_byte_seconds is None else _seconds(read.first_byte_seconds)
        what = f"storage {read.kind}, {read.parallelism} at once, first byte"
        yield what, wait, _bytes_per_second(read.bytes / read.seconds)


def _flow(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {each}" for key, each in value.items()) + "}"
    return str(value)


def _seconds(value: float) -> str:
    for unit, factor in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= factor:
            return f"{value / factor:.3g} {unit}"
    return f"{value / 1e-9:.3g} ns"


def _scaled(value: float, unit: str) -> str:
    for prefix, factor in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= factor:
            return f"{value / factor:.4g} {prefix}{unit}"
    return f"{value:.4g} {unit}"


def _flops(value: float) -> str:
    return _scaled(value, "FLOP/s")


def _bytes(value: float) -> str:
    return _scaled(value, "B")


def _bytes_per_second(value: float) -> str:
    return _scaled(value, "B/s")
