"""Where records of a TFRecord stream begin and end.

A record is its length (8 bytes), the masked CRC-32C of the length (4), its data, and the
masked CRC-32C of the data (4); all little-endian (TensorFlow, ``tensorflow/core/lib/io/
record_writer.h``). The length's checksum is verified here, since a wrong length would cut the
stream in the wrong place; that of the data by TensorFlow when it reads what was cut.
"""

from __future__ import annotations

import struct

from domain.errors import InputError

_HEADER = struct.Struct("<QI")
_HEADER_BYTES = _HEADER.size
_FOOTER_BYTES = 4
_MASK_DELTA = 0xA282EAD8
_POLYNOMIAL = 0x82F63B78  # Castagnoli, its bits reversed


def _table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
        table.append(byte)
    return tuple(table)


_TABLE = _table()


def masked_crc32c(data: bytes) -> int:
    """The checksum of a few bytes, as TFRecord files keep it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF


class Splitter:
    """Cuts a stream of bytes behind its last whole record."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._rest = b""
        self.offset = 0
        """Where in the stream the next record begins."""

    def whole_records(self, data: bytes) -> bytes:
        """The records that are whole with this data; the beginning of the next is kept.

        Raises:
            InputError: the length of a record does not match its checksum.
        """
        stream = self._rest + data if self._rest else data
        view = memoryview(stream)
        here, size = 0, len(stream)
        while size - here >= _HEADER_BYTES:
            length, checksum = _HEADER.unpack_from(stream, here)
            if masked_crc32c(stream[here : here + 8]) != checksum:
                raise self._corrupted(here)
            behind = here + _HEADER_BYTES + length + _FOOTER_BYTES
            if behind > size:
                break
            here = behind
        self._rest = bytes(view[here:])
        self.offset += here
        return stream if here == size else bytes(view[:here])

    def end(self) -> None:
        """Says that the stream has ended.

        Raises:
            InputError: in the middle of a record.
        """
        if self._rest:
            raise InputError(
                f"is cut off in the record at byte {self.offset}; upload it again", where=self._url
            )

    def _corrupted(self, here: int) -> InputError:
        where = self.offset + here
        hint = "; is it a TFRecord file, and is its compression the one given?" if not where else ""
        return InputError(f"is corrupted at byte {where}{hint}", where=self._url)
