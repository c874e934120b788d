"""Cloud Run and Cloud Functions: vCPU and memory by the second, and requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domain.costing.context import Context, Coster
from domain.costing.gcp.egress import egress
from domain.costing.values import GIB, block, blocks, integer, number, text
from domain.usage import Usage

# The regions of the lower price (Cloud Run pricing); all others are of tier 2.
_TIER_1 = frozenset(
    {
        "asia-east1",
        "asia-northeast1",
        "asia-northeast2",
        "europe-north1",
        "europe-southwest1",
        "europe-west1",
        "europe-west4",
        "europe-west8",
        "europe-west9",
        "me-west1",
        "us-central1",
        "us-east1",
        "us-east4",
        "us-east5",
        "us-south1",
        "us-west1",
    }
)
_SERVICE = "serverless"
_THROTTLING = "run.googleapis.com/cpu-throttling"
_LEAST = "autoscaling.knative.dev/minScale"
_UNITS = {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "k": 1e3, "M": 1e6, "G": 1e9}


def service(context: Context) -> Iterator[Usage]:
    """A service of Cloud Run (v2)."""
    template = block(context.get("template"))
    container = _largest(template.get("containers"))
    always = container.get("resources") is not None and (
        block(container.get("resources")).get("cpuIdle") in (False, "false")
    )
    least = integer(block(template.get("scaling")).get("minInstanceCount"))
    yield from _run(context, container, always=always, least=least)


def old_service(context: Context) -> Iterator[Usage]:
    """A service of Cloud Run as Knative writes it."""
    template = block(context.get("template"))
    container = _largest(block(template.get("spec")).get("containers"))
    own, of_template = (
        _annotations(each) for each in (context.get("metadata"), template.get("metadata"))
    )
    marks = {**own, **of_template}
    always = marks.get(_THROTTLING) in (False, "false")
    yield from _run(context, container, always=always, least=integer(marks.get(_LEAST)))


def job(context: Context) -> Iterator[Usage]:
    """A job of Cloud Run: its tasks have their vCPU all the time that they run."""
    yield from _lines(context, always=True, vcpu_seconds=None, byte_seconds=None)


def function(context: Context) -> Iterator[Usage]:
    """A function of the first generation."""
    yield context.use(_SERVICE, "functions.cpu", "seconds", None)
    yield context.use(_SERVICE, "functions.memory", "byte_seconds", None)
    yield context.use(_SERVICE, "functions.invocations", "requests", context.quantities.requests)
    yield from egress(context, ("internet",))


def new_function(context: Context) -> Iterator[Usage]:
    """A function of the second generation is a service of Cloud Run."""
    yield from _lines(context, always=False, vcpu_seconds=None, byte_seconds=None)
    yield _requests(context)


def _run(
    context: Context, container: Mapping[str, Any], *, always: bool, least: int | None
) -> Iterator[Usage]:
    """Where the vCPU is always allocated, the least number of instances runs all the time."""
    if not always:
        yield from _lines(context, always=False, vcpu_seconds=None, byte_seconds=None)
        yield _requests(context)
        return
    vcpu = byte = None
    if least:
        limits = block(block(container.get("resources")).get("limits"))
        context.note("A service whose vCPU is always allocated counts its least instances.")
        vcpu = _vcpu(limits.get("cpu"))
        byte = _bytes(limits.get("memory"))
    seconds = (least or 0) * context.seconds
    yield from _lines(
        context,
        always=True,
        vcpu_seconds=None if vcpu is None else vcpu * seconds,
        byte_seconds=None if byte is None else byte * seconds,
    )


def _lines(
    context: Context, *, always: bool, vcpu_seconds: float | None, byte_seconds: float | None
) -> Iterator[Usage]:
    tier = "tier1" if context.region in _TIER_1 or not context.region else "tier2"
    kind = f"run.{tier}.always" if always else f"run.{tier}"
    yield context.use(_SERVICE, f"{kind}.vcpu", "seconds", vcpu_seconds)
    yield context.use(_SERVICE, f"{kind}.memory", "byte_seconds", byte_seconds)


def _requests(context: Context) -> Usage:
    return context.use(_SERVICE, "run.requests", "requests", context.quantities.requests)


def _largest(containers: Any) -> Mapping[str, Any]:
    """The container that the ingress leads to: the first."""
    return next(iter(blocks(containers)), {})


def _annotations(metadata: Any) -> Mapping[str, Any]:
    return block(block(metadata).get("annotations"))


def _vcpu(written: Any) -> float | None:
    """1 where nothing is written; ``500m`` is a half."""
    if written is None:
        return 1.0
    amount = text(written)
    if amount and amount.endswith("m"):
        thousandths = number(amount[:-1])
        return None if thousandths is None else thousandths / 1000
    return number(written)


def _bytes(written: Any) -> float | None:
    """512 MiB where nothing is written."""
    if written is None:
        return 0.5 * GIB
    amount = text(written) or ""
    for unit, size in _UNITS.items():
        if amount.endswith(unit):
            count = number(amount.removesuffix(unit))
            return None if count is None else count * size
    return number(written)


COSTERS: dict[str, Coster] = {
    "gcp:cloudrun/service:Service": old_service,
    "gcp:cloudrunv2/service:Service": service,
    "gcp:cloudrunv2/job:Job": job,
    "gcp:cloudfunctions/function:Function": function,
    "gcp:cloudfunctionsv2/function:Function": new_function,
}
