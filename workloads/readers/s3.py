"""Buckets of S3 and of servers that speak as S3 does, through obstore.

TensorFlow's own ``s3://`` went with tensorflow-io, which has no release for this TensorFlow.
obstore reads without holding Python's lock, so that threads read ranges side by side.

Credentials come from where the cloud's tools find them: ``AWS_ACCESS_KEY_ID`` and its kin, a
web identity, the container's or the instance's role; ``AWS_SKIP_SIGNATURE=true`` reads public
buckets without any. ``AWS_ENDPOINT_URL_S3`` or ``AWS_ENDPOINT_URL`` names another server.
Profiles of ``~/.aws`` are not read.
"""

from __future__ import annotations

import os
import re
from datetime import timedelta
from typing import Any, cast
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import (
    BaseError,
    NotFoundError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from obstore.store import S3Store

from domain.errors import InputError

PREFIX = "s3://"
ANSWER_SECONDS = 60
"""A range of a few MiB that takes longer comes from a link too slow to train from."""

RETRIES = 5
RETRY_SECONDS = 30
# What AWS takes for a bucket; it keeps typing errors from becoming refusals to sign.
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")


class Bucket:
    """One bucket, whose failures are sentences that name the URL."""

    def __init__(self, name: str) -> None:
        if not _BUCKET.fullmatch(name):
            raise InputError(
                "names no bucket; give s3://bucket/key, the bucket in 3 to 63 small letters, "
                "digits, dots and hyphens",
                where=f"{PREFIX}{name}",
            )
        self.name = name
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        if endpoint and urlsplit(endpoint).scheme not in ("http", "https"):
            raise InputError(f"is {endpoint!r}; give http:// or https://", where="AWS_ENDPOINT_URL")
        self._at = endpoint or "AWS"
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        told = {"endpoint": endpoint, "region": region}
        try:
            self._store = S3Store(
                name,
                config=cast(Any, {key: value for key, value in told.items() if value}),
                client_options={
                    # Only where the user named such a server: AWS itself is spoken to in TLS.
                    "allow_http": (endpoint or "").startswith("http://"),
                    "connect_timeout": timedelta(seconds=5),
                    "timeout": timedelta(seconds=ANSWER_SECONDS),
                },
                retry_config={
                    "max_retries": RETRIES,
                    "retry_timeout": timedelta(seconds=RETRY_SECONDS),
                },
            )
        except (BaseError, ValueError) as error:
            raise InputError(
                f"the AWS_ settings of the environment do not hold together: {_first(error)}",
                where=f"{PREFIX}{name}",
            ) from None

    def url(self, key: str) -> str:
        """The URL of a key."""
        return f"{PREFIX}{self.name}/{key}"

    def size(self, key: str) -> int | None:
        """Bytes of an object, or None where there is none.

        Raises:
            InputError: the bucket is absent or closed to these credentials.
        """
        try:
            return int(obstore.head(self._store, key)["size"])
        except (FileNotFoundError, NotFoundError):
            return None
        except Exception as error:
            raise self.explain(error, key) from None

    def sizes(self, prefix: str) -> dict[str, int]:
        """Bytes by key, of all keys in a folder and below; the empty prefix is the bucket.

        Raises:
            InputError: the bucket is absent or closed to these credentials.
        """
        try:
            return {
                str(each["path"]): int(each["size"])
                for some in obstore.list(self._store, prefix or None)
                for each in some
            }
        except Exception as error:
            raise self.explain(error, prefix) from None

    def read(self, key: str, start: int, end: int) -> memoryview:
        """The bytes of an object from ``start`` to before ``end``.

        Raises:
            InputError: there are fewer, or they cannot be read.
        """
        if start == end:
            return memoryview(b"")
        try:
            told = memoryview(obstore.get_range(self._store, key, start=start, end=end))
        except Exception as error:
            raise self.explain(error, key) from None
        if len(told) != end - start:
            raise self._shorter(key, start + len(told), end)
        return told

    def _shorter(self, key: str, got: int, wanted: int) -> InputError:
        return InputError(
            f"ends at byte {got}, before byte {wanted} that its size promised; it was replaced "
            "while it was read, or its upload was cut off: upload it again",
            where=self.url(key),
        )

    def explain(self, error: Exception, key: str) -> InputError:
        """What obstore raised, as one sentence with the URL."""
        text, where = str(error), self.url(key)
        status = re.search(r"status code: (\d+)", text)
        code = status.group(1) if status else ""
        told = re.search(r"<Code>(\w+)</Code>", text)
        name = told.group(1) if told else ""
        if "169.254." in text or "InstanceCredential" in text:
            message = (
                "no credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, run "
                "on an instance with a role, or set AWS_SKIP_SIGNATURE=true for a public bucket"
            )
        elif name == "NoSuchBucket":
            message = f"there is no bucket {self.name!r} at {self._at}"
            where = f"{PREFIX}{self.name}"
        elif isinstance(error, (PermissionDeniedError, UnauthenticatedError)) or code in (
            "401",
            "403",
        ):
            message = (
                f"is closed to these credentials ({name or 'forbidden'}); they need s3:GetObject "
                "on the object and s3:ListBucket on the bucket"
            )
        elif isinstance(error, (FileNotFoundError, NotFoundError)) or code == "404":
            message = "there is no such object"
        elif code == "301" or name == "PermanentRedirect":
            message = "the bucket is in another region; set AWS_REGION to its region"
        elif code == "416":
            return self._shorter(key, 0, 1)
        elif "error sending request" in text or "dns error" in text:
            message = f"{self._at} does not answer; check the network and AWS_ENDPOINT_URL"
        elif "decoding response body" in text or "body from connection" in text:
            message = f"{self._at} broke the answer off, {RETRIES} times over"
        else:
            message = f"cannot be read: {_first(error)}"
        return InputError(message, where=where)


def _first(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__


def split(url: str) -> tuple[str, str]:
    """Bucket and key of a URL.

    Raises:
        InputError: it names no bucket.
    """
    bucket, _, key = url.removeprefix(PREFIX).partition("/")
    if not bucket:
        raise InputError("names no bucket; give s3://bucket/key", where=url)
    return bucket, key
