"""Property values as Pulumi writes them to JSON, and as we keep them.

Values that JSON has no word for are objects tagged with a signature; values that only a
deployment will tell are fixed texts. Signatures: ``property-values.json`` of Pulumi's
``apitype`` schemas, and ``rpc.py`` of the Python SDK for output values.
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Mapping
from typing import Any

from domain.resources.graph import SECRET, UNKNOWN

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e"
_FLOAT = "8ad145fe-0d11-4827-bfd7-1abcbf086f5c"
_BYTES = "803fd3297a5875dc03ca845dda5d2a98"
_ASSETS = ("c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7")
_UNKNOWNS = frozenset(
    {
        UNKNOWN,  # text, or a value of any type
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # true or false
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # a number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # a list
        "030794c1-ac77-496b-92df-f27374a8bd58",  # an asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # an archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # an object
    }
)


def plain(value: Any) -> Any:
    """A value without signatures: secrets are ``SECRET``, whatever is not known ``UNKNOWN``.

    Assets and archives keep theirs, which tells them from other objects. A reference to a
    resource becomes its id, or its URN where it has none.
    """
    if isinstance(value, str):
        return UNKNOWN if value in _UNKNOWNS else text(value)
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, Mapping):
        return _tagged(value) if _SIGNATURE in value else mapping(value)
    return value


def mapping(values: Mapping[str, Any]) -> dict[str, Any]:
    """Properties by name, each as ``plain`` has it."""
    return {text(name): plain(value) for name, value in values.items()}


def text(value: str) -> str:
    """Text that can be written anywhere: half a surrogate pair becomes a question mark."""
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def _tagged(value: Mapping[str, Any]) -> Any:
    signature = value[_SIGNATURE]
    if signature == _SECRET or (signature == _OUTPUT and value.get("secret")):
        return SECRET
    if signature == _OUTPUT:
        return plain(value["value"]) if "value" in value else UNKNOWN
    if signature == _REFERENCE:
        return plain(value.get("id", value.get("urn"))) or UNKNOWN
    if signature == _FLOAT:
        return _float(value.get("value"))
    if signature == _BYTES:
        return _bytes(value.get("value"))
    kept = mapping(value)
    if signature not in _ASSETS:
        del kept[_SIGNATURE]
    return kept


def _float(digits: Any) -> Any:
    """Not a number, or an infinity: eight bytes in hexadecimal digits."""
    try:
        return struct.unpack(">d", bytes.fromhex(digits))[0]
    except (TypeError, ValueError, struct.error):
        return UNKNOWN


def _bytes(encoded: Any) -> Any:
    """Text that is not UTF-8, in base64."""
    try:
        return base64.b64decode(encoded, validate=True).decode("utf-8", "replace")
    except (TypeError, ValueError, binascii.Error):
        return UNKNOWN
