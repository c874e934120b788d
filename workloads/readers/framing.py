"""Where records of a TFRecord stream begin and end.

A record is its length (8 bytes), the masked CRC-32C of the length (4), its data, and the
masked CRC-32C of the data (4); all little-endian (TensorFlow, ``tensorflow/core/lib/io/
record_writer.h``). The length's checksum is verified here, since a wrong length would cut the
stream in the wrong place; that of the data by TensorFlow when it reads what was cut.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.errors import InputError

_LENGTH = struct.Struct("<Q")
_HEADER_BYTES = 12
_FOOTER_BYTES = 4
_MASK_DELTA = 0xA282EAD8
_POLYNOMIAL = 0x82F63B78  # Castagnoli, its bits reversed


def _table() -> NDArray[np.uint32]:
    table: NDArray[np.uint32] = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = (table >> 1 ^ (table & 1) * _POLYNOMIAL).astype(np.uint32)
    return table


_TABLE = _table()


def masked_crc32c(rows: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """The checksum of each row of bytes, as TFRecord files keep it."""
    crc: NDArray[np.uint32] = np.full(len(rows), 0xFFFFFFFF, dtype=np.uint32)
    for column in rows.T:
        crc = _TABLE[(crc ^ column) & 0xFF] ^ crc >> 8
    crc = ~crc
    # In 32 bits, where what does not fit is dropped.
    rotated: NDArray[np.uint32] = (crc >> 15 | crc << 17).astype(np.uint32)
    return rotated + np.uint32(_MASK_DELTA)


class Splitter:
    """Cuts a stream of bytes behind its last whole record."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._rest = b""
        self.offset = 0
        """Where in the stream the next record begins."""

    def whole_records(self, data: bytes | memoryview) -> bytes:
        """The records that are whole with this data; the beginning of the next is kept.

        Raises:
            InputError: the length of a record does not match its checksum.
        """
        stream = self._rest + data if self._rest else bytes(data)
        begins, here, size = [], 0, len(stream)
        # Lengths are followed first and verified after, all at once: a wrong one leads
        # astray, but it is the first that does not match.
        while size - here >= _HEADER_BYTES:
            begins.append(here)
            behind = here + _HEADER_BYTES + _LENGTH.unpack_from(stream, here)[0] + _FOOTER_BYTES
            if behind > size:
                break
            here = behind
        if begins:
            self._verify(stream, np.array(begins))
        self._rest = stream[here:]
        self.offset += here
        return stream[:here]

    def _verify(self, stream: bytes, begins: NDArray[Any]) -> None:
        headers = np.frombuffer(stream, np.uint8)[begins[:, None] + np.arange(_HEADER_BYTES)]
        told = np.ascontiguousarray(headers[:, 8:]).view("<u4")[:, 0]
        wrong = np.flatnonzero(masked_crc32c(headers[:, :8]) != told)
        if len(wrong):
            raise self._corrupted(int(begins[wrong[0]]))

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
