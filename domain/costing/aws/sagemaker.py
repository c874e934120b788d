"""Amazon SageMaker: notebooks and endpoints by class of instance."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.aws.classes import class_hours
from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.values import GIB, blocks, number, text
from domain.usage import Usage

_CONFIGURATION = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
_USUAL_NOTEBOOK_GIB = 5.0
_SERVICE = "machine_learning"


def notebook(context: Context) -> Iterator[Usage]:
    """An instance that is never stopped, and its disk."""
    context.note("A notebook is taken to run the whole month.")
    yield class_hours(context, _SERVICE, text(context.get("instanceType")), what="notebook")
    gib = number(context.get("volumeSize"))
    gib = _USUAL_NOTEBOOK_GIB if gib is None else gib
    yield context.kept(_SERVICE, "notebook.storage", gib * GIB)


def endpoint(context: Context) -> Iterator[Usage]:
    """The instances of every variant of its configuration."""
    found = context.referred("endpointConfigName", _CONFIGURATION)
    variants = [] if found is None else blocks(found.get("productionVariants"))
    if not variants:
        reason = "its configuration is not in this stack"
        yield context.unpriceable("endpoint", reason)
    for variant in variants:
        if variant.get("serverlessConfig"):
            yield context.use(_SERVICE, "serverless.memory", "byte_seconds", None)
            continue
        count = number(variant.get("initialInstanceCount"))
        if count is None:
            yield context.unpriceable("endpoint", f"the number of its instances is {KNOWN_LATER}")
            continue
        kind = text(variant.get("instanceType"))
        yield class_hours(context, _SERVICE, kind, count=count, what="endpoint")
        gib = number(variant.get("volumeSizeInGb"))
        if gib is not None:
            yield context.kept(_SERVICE, "endpoint.storage", gib * GIB * count)


COSTERS: dict[str, Coster] = {
    "aws:sagemaker/notebookInstance:NotebookInstance": notebook,
    "aws:sagemaker/endpoint:Endpoint": endpoint,
}
