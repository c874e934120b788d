"""Cloud Run and Cloud Functions: vCPU and memory by the second, and requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.gcp.egress import egress
from domain.costing.values import GIB, block, blocks, integer, number, text, truth
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
    yield from _gpus(
        context,
        container,
        text(block(template.get("nodeSelector")).get("accelerator")),
        None if not least else least * context.seconds,
        redundant=not truth(template.get("gpuZonalRedundancyDisabled")),
    )


def old_service(context: Context) -> Iterator[Usage]:
    """A service of Cloud Run as Knative writes it."""
    template = block(context.get("template"))
    container = _largest(block(template.get("spec")).get("containers"))
    marks = _Marks(
        tuple(_annotations(each) for each in (template.get("metadata"), context.get("metadata")))
    )
    always = marks.get(_THROTTLING) in (False, "false")
    least = integer(marks.get(_LEAST))
    yield from _run(context, container, always=always, least=least)
    selector = block(block(template.get("spec")).get("nodeSelector"))
    yield from _gpus(
        context,
        container,
        text(selector.get("run.googleapis.com/accelerator")),
        None if not least else least * context.seconds,
        redundant=not truth(marks.get("run.googleapis.com/gpu-zonal-redundancy-disabled")),
    )


def job(context: Context) -> Iterator[Usage]:
    """A job of Cloud Run: its tasks have their vCPU all the time that they run."""
    yield from _lines(context, always=True, vcpu_seconds=None, byte_seconds=None)
    template = block(block(context.get("template")).get("template"))
    accelerator = text(block(template.get("nodeSelector")).get("accelerator"))
    container = _largest(template.get("containers"))
    # A task that fails is started anew elsewhere, so that nothing is held ready for it.
    yield from _gpus(context, container, accelerator, None, redundant=False)


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
    if not always and not _gpu_count(container):
        yield from _idle(context, container, least)
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


def _idle(context: Context, container: Mapping[str, Any], least: int | None) -> Iterator[Usage]:
    """Instances that are held ready, at the lower price of the time between requests."""
    if not least:
        return
    context.note("Instances that a service holds ready are counted as idle all the month.")
    limits = block(block(container.get("resources")).get("limits"))
    vcpu, byte = _vcpu(limits.get("cpu")), _bytes(limits.get("memory"))
    seconds = least * context.seconds
    kind = f"run.{_tier(context)}.idle"
    held = None if byte is None else byte * seconds
    yield context.use(_SERVICE, f"{kind}.vcpu", "seconds", None if vcpu is None else vcpu * seconds)
    yield context.use(_SERVICE, f"{kind}.memory", "byte_seconds", held)


def _gpu_count(container: Mapping[str, Any]) -> float | None:
    """How many GPUs an instance has; None where that is not known yet."""
    limits = block(block(container.get("resources")).get("limits"))
    written = limits.get("nvidia.com/gpu")
    return 0.0 if written is None else number(written)


def _gpus(
    context: Context,
    container: Mapping[str, Any],
    accelerator: str | None,
    seconds: float | None,
    *,
    redundant: bool,
) -> Iterator[Usage]:
    """GPUs of the instances, dearer where another zone holds as many ready."""
    count = _gpu_count(container)
    if count is None:
        yield context.unpriceable("GPU", f"how many there are is {KNOWN_LATER}")
    elif count:
        name = (accelerator or "nvidia-l4").removeprefix("nvidia-")
        item = f"run.gpu.{name}.redundant" if redundant else f"run.gpu.{name}"
        if context.price(_SERVICE, item) is None:
            yield context.unpriceable("GPU", f"no price of {item.removeprefix('run.')} is known")
            return
        yield context.use(_SERVICE, item, "seconds", None if seconds is None else count * seconds)


def _tier(context: Context) -> str:
    return "tier1" if context.region in _TIER_1 or not context.region else "tier2"


def _lines(
    context: Context, *, always: bool, vcpu_seconds: float | None, byte_seconds: float | None
) -> Iterator[Usage]:
    kind = f"run.{_tier(context)}.always" if always else f"run.{_tier(context)}"
    yield context.use(_SERVICE, f"{kind}.vcpu", "seconds", vcpu_seconds)
    yield context.use(_SERVICE, f"{kind}.memory", "byte_seconds", byte_seconds)


def _requests(context: Context) -> Usage:
    return context.use(_SERVICE, "run.requests", "requests", context.quantities.requests)


def _largest(containers: Any) -> Mapping[str, Any]:
    """The container that the ingress leads to: the first."""
    return next(iter(blocks(containers)), {})


@dataclass(frozen=True, slots=True)
class _Marks:
    """Annotations of a template and of its service; those of the template win."""

    sources: tuple[Mapping[str, Any], ...]

    def get(self, key: str) -> Any:
        return next((each.get(key) for each in self.sources if key in each), None)


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
