"""What a URL holds: one file, the files of a folder, or those that match a pattern.

Local paths (also ``file://``) are looked at directly, ``gs://`` through TensorFlow's own file
system, ``s3://`` through obstore. Patterns have ``*``, ``?`` and ``[…]``, none of which goes
beyond a folder.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from domain.errors import InputError
from workloads.readers import s3

_WILD = re.compile(r"[*?\[]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


@dataclass(frozen=True, slots=True)
class File:
    """A file or an object: where, and how many bytes."""

    url: str
    size_bytes: int


def kind(url: str) -> Literal["local", "s3", "gs"]:
    """Which of the three stores a URL names.

    Raises:
        InputError: another one.
    """
    found = _SCHEME.match(url)
    scheme = found.group(1).lower() if found else "file"
    match scheme:
        case "file":
            return "local"
        case "s3":
            return "s3"
        case "gs":
            return "gs"
    raise InputError(f"has the scheme '{scheme}'; give s3://, gs:// or a local path", where=url)


def local_path(url: str) -> Path:
    """The path of a local URL."""
    return Path(url.removeprefix("file://")).expanduser()


def files(url: str) -> tuple[File, ...]:
    """The files that a URL names, sorted; of a folder all that are below it.

    Raises:
        InputError: there are none, or they may not be looked at.
    """
    match kind(url):
        case "local":
            found = _local(url)
        case "s3":
            found = _in_s3(url)
        case "gs":
            found = _in_gs(url)
    if not found:
        what = "no file matches" if _WILD.search(url) else "there is no such file or folder"
        raise InputError(what, where=url)
    return tuple(sorted(found, key=lambda each: each.url))


def one_kind(found: Sequence[File]) -> Literal["local", "s3", "gs"]:
    """Which store all these files lie in.

    Raises:
        InputError: there are none, or they lie in several stores.
    """
    if not found:
        raise InputError("no files were given; give at least one", where="files")
    kinds = {kind(each.url) for each in found}
    if len(kinds) > 1:
        raise InputError(
            "lies in another store than the rest; read each store as a dataset of its own",
            where=next(each.url for each in found if kind(each.url) != kind(found[0].url)),
        )
    return kinds.pop()


def labelled_files(url: str) -> tuple[tuple[File, ...], tuple[int, ...], tuple[str, ...]]:
    """Files of a folder of classes, the class of each, and the names of the classes.

    Each folder directly below ``url`` is a class, numbered by name.

    Raises:
        InputError: there is no file, or one outside of a class.
    """
    root = (str(local_path(url)) if kind(url) == "local" else url).rstrip("/") + "/"
    found = files(root)
    names = [each.url.removeprefix(root).partition("/") for each in found]
    if stray := next((each for each, name in zip(found, names, strict=True) if not name[1]), None):
        raise InputError("lies outside of the folders of classes", where=stray.url)
    classes = sorted({name for name, _, _ in names})
    number = {name: place for place, name in enumerate(classes)}
    return found, tuple(number[name] for name, _, _ in names), tuple(classes)


def _local(url: str) -> list[File]:
    path = local_path(url)
    if _WILD.search(str(path)) and not path.exists():
        paths: Iterable[Path] = Path(path.anchor).glob(str(path.relative_to(path.anchor)))
    elif path.is_dir():
        paths = path.rglob("*")
    else:
        paths = [path]
    try:
        return [File(str(each), each.stat().st_size) for each in paths if each.is_file()]
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=url) from None


def _in_s3(url: str) -> list[File]:
    name, key = s3.split(url)
    bucket = s3.Bucket(name)
    if _WILD.search(key):
        folder = _WILD.split(key)[0].rpartition("/")[0]
        sizes = {each: size for each, size in bucket.sizes(folder).items() if _matches(each, key)}
    else:
        size = None if not key or key.endswith("/") else bucket.size(key)
        # A missing object and a missing bucket answer alike; listing tells them apart.
        sizes = bucket.sizes(key.rstrip("/")) if size is None else {key: size}
    # Consoles keep a folder as an empty object of its name.
    folders = {each.rpartition("/")[0] for each in sizes}
    return [
        File(bucket.url(each), size)
        for each, size in sizes.items()
        if size or not (each in folders or each.endswith("/"))
    ]


def _matches(key: str, pattern: str) -> bool:
    parts, wanted = key.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))


def _in_gs(url: str) -> list[File]:
    import tensorflow as tf

    gfile = tf.io.gfile
    try:
        if _WILD.search(url):
            names = list(gfile.glob(url))
        elif gfile.isdir(url):
            names = [
                f"{folder.rstrip('/')}/{name}"
                for folder, _, inside in gfile.walk(url)
                for name in inside
            ]
        else:
            names = [url] if gfile.exists(url) else []
        return [File(name, int(gfile.stat(name).length)) for name in names]
    except tf.errors.OpError as error:
        raise InputError(_first_line(error), where=url) from None


def _first_line(error: Exception) -> str:
    text = str(getattr(error, "message", error)).strip()
    return f"cannot be read: {text.splitlines()[0] if text else type(error).__name__}"
