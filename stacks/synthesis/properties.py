"""Property values as Pulumi sends them: told apart from what they stand for.

Stands alone (standard library and ``pulumi``): the child loads it by path.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf import struct_pb2
from pulumi.runtime import rpc

SECRET = "[secret]"
UNKNOWN: str = rpc.UNKNOWN

_ASSETS = (rpc._special_asset_sig, rpc._special_archive_sig)


def plain(value: Any, secret: Callable[[str], None], reveal: bool = False) -> Any:
    """Python data of a protobuf value; ``secret`` is told each secret text.

    A secret becomes ``[secret]``, or stays readable with ``reveal``. A reference to a resource
    becomes its id, or its URN where it has none. Whole numbers are ints, as in the CLI's JSON.
    """
    if isinstance(value, struct_pb2.Value):
        kind = value.WhichOneof("kind")
        if kind in (None, "null_value"):
            return None
        if kind == "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        return plain(getattr(value, kind), secret, reveal)
    if isinstance(value, struct_pb2.ListValue):
        return [plain(each, secret, reveal) for each in value.values]
    if isinstance(value, struct_pb2.Struct):
        return _mapping(value, secret, reveal)
    return value


def _mapping(struct: Any, secret: Callable[[str], None], reveal: bool) -> Any:
    fields = struct.fields
    signature = fields[rpc._special_sig_key].string_value if rpc._special_sig_key in fields else ""
    is_output = signature == rpc._special_output_value_sig
    if signature == rpc._special_secret_sig or (is_output and fields["secret"].bool_value):
        inner = plain(fields["value"], secret, True) if "value" in fields else UNKNOWN
        # What is made of a secret is one as a whole, ordinary words in a list of it too. Only a
        # text by itself is looked for elsewhere.
        if isinstance(inner, str) and inner != UNKNOWN:
            secret(inner)
        return inner if reveal else SECRET
    if is_output:
        return plain(fields["value"], secret, reveal) if "value" in fields else UNKNOWN
    if signature == rpc._special_resource_sig:
        known = "id" in fields
        return plain(fields["id" if known else "urn"], secret, reveal) or UNKNOWN
    return {
        key: plain(each, secret, reveal)
        for key, each in fields.items()
        if key != rpc._special_sig_key or signature in _ASSETS
    }


def struct(values: dict[str, Any]) -> Any:
    """The protobuf struct of plain data."""
    found = struct_pb2.Struct()
    found.update(values)
    return found
