"""What went wrong inside of a dataset, told as one sentence outside of it.

tf.data runs its readers in threads of its own and turns what they raise into errors that show
its inside; readers therefore leave their sentence here. TensorFlow does not say which file a
broken record stands in, and has often gone on to the next ones when the loop hears of it. So
readers note what they handed out, and the latest pieces are read again until one is broken
in the same way.
"""

from __future__ import annotations

import itertools
import re
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import tensorflow as tf

from domain.errors import InputError
from workloads.readers import s3

MEMORY = "ram://windtunnel-"
"""Where TensorFlow finds what readers hand to it, in the memory of this program."""

# Records that a pipeline holds between the reader and the loop span no more pieces than this.
_PIECES_KEPT = 128
_TOKEN = "windtunnel-reader-failure-"


@dataclass(frozen=True, slots=True)
class Piece:
    """What a reader handed to TensorFlow: a whole local file, or a range of an object."""

    url: str
    path: str
    compression: str = ""
    offset: int = 0
    size_bytes: int | None = None
    """Of the object's own bytes, where the piece is a range of it."""

    def complaint(self) -> str:
        """What TensorFlow says of it when it reads it once more, or nothing."""
        path = self.path
        if path.startswith(MEMORY):
            if self.size_bytes is None:
                return ""
            path = f"{MEMORY}again/{threading.get_ident()}"
            bucket, key = s3.split(self.url)
            data = s3.Bucket(bucket).read(key, self.offset, self.offset + self.size_bytes)
            with tf.io.gfile.GFile(path, "wb") as file:
                file.write(bytes(data))
        try:
            for _ in tf.data.TFRecordDataset(path, compression_type=self.compression):
                pass
        except tf.errors.OpError as error:
            return str(error.message)
        finally:
            if path != self.path:
                tf.io.gfile.remove(path)
        return ""


class _Told:
    """Sentences of all readers of this program, and the pieces they handed out last."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._failures: dict[int, tuple[InputError, str]] = {}
        self._pieces: deque[Piece] = deque(maxlen=_PIECES_KEPT)

    def number(self) -> int:
        """A number that no other reader has."""
        return next(self._numbers)

    def fail(self, error: InputError, folder: str = "") -> RuntimeError:
        """What a reader raises in place of a sentence, which is kept, as is its folder."""
        number = self.number()
        self._failures[number] = error, folder
        return RuntimeError(f"{_TOKEN}{number}: {error}")

    def failure(self, text: str) -> InputError | None:
        """The sentence that an error of TensorFlow stands for."""
        found = re.search(rf"{_TOKEN}(\d+)", text)
        if found is None or (number := int(found.group(1))) not in self._failures:
            return None
        error, folder = self._failures.pop(number)
        if folder:
            remove_folder(folder)
        return error

    def hand_out(self, piece: Piece) -> str:
        """Notes a piece; gives the path that TensorFlow shall read."""
        self._pieces.append(piece)
        return piece.path

    def broken(self, text: str, where: str) -> Piece:
        """The piece that TensorFlow complains of in these words."""
        pieces = list(self._pieces)
        complaint = _complaint(text)
        for piece in reversed(pieces if complaint else []):
            # An object that went meanwhile is not the one that was read.
            with suppress(InputError):
                if _complaint(piece.complaint()) == complaint:
                    return piece
        urls = {piece.url for piece in pieces}
        return Piece(urls.pop() if len(urls) == 1 else where, "")


def remove_folder(folder: str) -> None:
    """Removes a folder in memory, if it is there."""
    # A reader that still runs may remove a file of it at the same time.
    with suppress(tf.errors.OpError):
        tf.io.gfile.rmtree(folder)


def _complaint(text: str) -> str:
    found = re.search(r"(corrupted|truncated) record at \d+|inflate\(\)", text)
    return found.group() if found else ""


TOLD = _Told()


@contextmanager
def explained(where: str = "dataset") -> Iterator[None]:
    """Around a loop that reads a dataset of these readers.

    Raises:
        InputError: instead of TensorFlow's error, where reading is what went wrong.
    """
    try:
        yield
    except tf.errors.OpError as error:
        raise _sentence(error, where) or error from None


def _sentence(error: tf.errors.OpError, where: str) -> InputError | None:
    text = str(error.message)
    if (failure := TOLD.failure(text)) is not None:
        return failure
    if isinstance(error, tf.errors.DataLossError):
        piece = TOLD.broken(text, where)
        broken = re.search(r"(corrupted|truncated) record at (\d+)", text)
        if broken is None:
            return InputError(
                "cannot be unpacked; is its compression the one given?", where=piece.url
            )
        byte = piece.offset + int(broken.group(2))
        if broken.group(1) == "truncated":
            return InputError(
                f"is cut off in the record at byte {byte}; write it again", where=piece.url
            )
        hint = "; is it a TFRecord file, and is its compression the one given?" if not byte else ""
        return InputError(f"is corrupted at byte {byte}{hint}", where=piece.url)
    if isinstance(error, (tf.errors.NotFoundError, tf.errors.PermissionDeniedError)):
        # "{{node …}} path; No such file or directory [Op:…]"
        found = re.search(r"(?:}}\s*)?(\S+); ([^\[\n]+)", text)
        if found:
            return InputError(f"cannot be read: {found.group(2).strip()}", where=found.group(1))
    return None
