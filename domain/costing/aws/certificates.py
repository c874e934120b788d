"""AWS certificates: public ones are free, authorities and what they issue are not."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import Context, Coster
from domain.costing.values import block, is_list, text
from domain.usage import Usage

_COUNTED_ONCE = "A certificate is counted in the month in which it is issued."


def authority(context: Context) -> Iterator[Usage]:
    """A private authority by the month, and each certificate that it issues."""
    mode = text(context.get("usageMode")) or "GENERAL_PURPOSE"
    kind = "short_lived" if mode == "SHORT_LIVED_CERTIFICATE" else "general"
    yield context.hours("private_authority", f"{kind}.authority")
    requests = context.quantities.requests
    yield context.use("private_authority", f"{kind}.certificates", "requests", requests)


def certificate(context: Context) -> Iterator[Usage]:
    """Issued by a private authority or fit for export; else free."""
    private = "certificateAuthorityArn"
    if context.is_waiting(private) or text(context.get(private)):
        context.note(_COUNTED_ONCE)
        yield context.use("private_authority", "general.certificates", "requests", 1.0)
    elif text(block(context.get("options")).get("export")) == "ENABLED":
        yield from _exportable(context)


def _exportable(context: Context) -> Iterator[Usage]:
    more = context.get("subjectAlternativeNames")
    names = {text(context.get("domainName")), *(more if is_list(more) else ())} - {None}
    wild = sum(str(name).startswith("*.") for name in names)
    context.note(_COUNTED_ONCE)
    for item, count in (("exportable_wildcard", wild), ("exportable_name", len(names) - wild)):
        if count:
            yield context.use("public_certificates", item, "requests", float(count))


def private_certificate(context: Context) -> Iterator[Usage]:
    """One that a private authority issues."""
    context.note(_COUNTED_ONCE)
    yield context.use("private_authority", "general.certificates", "requests", 1.0)


COSTERS: dict[str, Coster] = {
    "aws:acmpca/certificateAuthority:CertificateAuthority": authority,
    "aws:acmpca/certificate:Certificate": private_certificate,
    "aws:acm/certificate:Certificate": certificate,
}
