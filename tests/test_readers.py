"""Training data is read whole, in order and verified; what is wrong is told with its URL."""

from __future__ import annotations

import gc
import gzip
import os
import struct
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from s3_server import KEYS, s3_server

from domain.errors import InputError

BUCKET = "training-data"


@pytest.fixture(scope="module")
def tf() -> Any:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what TensorFlow deprecates is its own affair
        import tensorflow

    return tensorflow


@pytest.fixture(scope="module")
def readers(tf: Any) -> Any:
    from workloads import readers

    return readers


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with s3_server() as address:
        yield address


@pytest.fixture
def s3(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of the server; the readers find it through the environment."""
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": endpoint}.items():
        monkeypatch.setenv(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import boto3

        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
    yield client
    for each in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        client.delete_object(Bucket=BUCKET, Key=each["Key"])
    client.close()


def put(s3: Any, key: str, data: bytes) -> str:
    s3.put_object(Bucket=BUCKET, Key=key, Body=data)
    return f"s3://{BUCKET}/{key}"


RECORDS = [bytes([number % 251]) * (number * 37 % 4000) for number in range(400)]


@pytest.fixture(scope="module")
def written(tf: Any, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A TFRecord file as TensorFlow writes it."""
    path = tmp_path_factory.mktemp("written") / "some.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in RECORDS:
            writer.write(record)
    return path.read_bytes()


def read(readers: Any, source: Any, **more: Any) -> list[bytes]:
    with readers.explained():
        return list(readers.tfrecords(source, **more).as_numpy_iterator())


def left_in_memory(tf: Any) -> list[str]:
    gc.collect()
    return [
        name
        for number in range(200)
        if tf.io.gfile.exists(folder := f"ram://windtunnel-{number}")
        for name in tf.io.gfile.listdir(folder)
    ]


@pytest.mark.parametrize("chunk_bytes", [7000, 100_000, 8 << 20])
def test_records_of_a_bucket_come_whole_and_in_order(
    chunk_bytes: int, tf: Any, readers: Any, s3: Any, written: bytes
) -> None:
    for number in range(3):
        put(s3, f"train/part-{number}.tfrecord", written)
    before = readers.moved_bytes()
    url = f"s3://{BUCKET}/train"
    assert read(readers, url, chunk_bytes=chunk_bytes) == RECORDS * 3
    assert readers.moved_bytes() - before == 3 * len(written)
    assert left_in_memory(tf) == []


def test_local_records_come_whole_and_in_order(
    readers: Any, written: bytes, tmp_path: Path
) -> None:
    for number in range(2):
        (tmp_path / f"part-{number}").write_bytes(written)
    assert read(readers, str(tmp_path)) == RECORDS * 2
    assert read(readers, f"file://{tmp_path}/part-[1-9]") == RECORDS


def test_a_dataset_can_be_read_again(readers: Any, s3: Any, written: bytes) -> None:
    dataset = readers.tfrecords(put(s3, "again", written), chunk_bytes=50_000)
    assert len(list(dataset.repeat(2).as_numpy_iterator())) == 2 * len(RECORDS)
    assert len(list(dataset.as_numpy_iterator())) == len(RECORDS)


def test_a_loop_that_ends_early_leaves_nothing_behind(
    tf: Any, readers: Any, s3: Any, written: bytes
) -> None:
    dataset = readers.tfrecords(put(s3, "early", written), chunk_bytes=20_000)
    assert len(list(dataset.take(3).as_numpy_iterator())) == 3
    assert left_in_memory(tf) == []
    assert not [each for each in threading.enumerate() if each.name.startswith("reader")]


def test_each_worker_can_read_its_own_files(readers: Any, s3: Any, written: bytes) -> None:
    for number in range(4):
        put(s3, f"shard/{number}", written)
    found = readers.files(f"s3://{BUCKET}/shard")
    assert len(read(readers, found[1::2])) == 2 * len(RECORDS)


@pytest.mark.parametrize("where", ["local", "s3"])
def test_compressed_records(
    where: str, readers: Any, s3: Any, written: bytes, tmp_path: Path
) -> None:
    # Two streams, as files that were joined have.
    packed = gzip.compress(written) + gzip.compress(written)
    url = put(s3, "packed.gz", packed)
    if where == "local":
        (tmp_path / "packed.gz").write_bytes(packed)
        url = str(tmp_path / "packed.gz")
    assert read(readers, url, compression="GZIP", chunk_bytes=5000) == RECORDS * 2
    with pytest.raises(InputError, match=r"packed.gz: is corrupted at byte 0.+ compression"):
        read(readers, url)
    with pytest.raises(InputError, match="give GZIP, ZLIB or nothing"):
        read(readers, url, compression="zip")


def test_an_empty_object_holds_no_record(readers: Any, s3: Any) -> None:
    assert read(readers, put(s3, "empty", b"")) == []


def broken(written: bytes, how: str) -> tuple[bytes, str]:
    """Data, and what is said of it."""
    changed = bytearray(written)
    begins, place = 0, 0
    for place, record in enumerate(RECORDS):
        if place == 300:
            break
        begins += 16 + len(record)
    match how:
        case "data":
            changed[begins + 20] ^= 1
            return bytes(changed), f"is corrupted at byte {begins + 12}"
        case "length":
            changed[begins] ^= 1
            return bytes(changed), f"is corrupted at byte {begins}"
        case "cut":
            return bytes(changed[: begins + 15]), f"is cut off in the record at byte {begins}"
        case _:
            return b"this is no such file", "is corrupted at byte 0; is it a TFRecord"


@pytest.mark.parametrize("how", ["data", "length", "cut", "text"])
@pytest.mark.parametrize("where", ["local", "s3"])
def test_a_broken_record_is_told_with_its_file_and_its_place(
    where: str, how: str, tf: Any, readers: Any, s3: Any, written: bytes, tmp_path: Path
) -> None:
    data, message = broken(written, how)
    for name, content in (("a", written), ("b", data), ("c", written)):
        put(s3, f"broken/{name}", content)
        (tmp_path / name).write_bytes(content)
    url = f"s3://{BUCKET}/broken" if where == "s3" else str(tmp_path)
    with pytest.raises(InputError) as told, readers.explained():
        for _ in readers.tfrecords(url, chunk_bytes=30_000).batch(16).prefetch(4):
            pass
    assert str(told.value).startswith(f"{url}/b: {message}")
    del told  # its traceback keeps the loop
    assert left_in_memory(tf) == []


def test_an_object_that_is_replaced_or_removed_meanwhile(
    readers: Any, s3: Any, written: bytes
) -> None:
    url = put(s3, "going", written)
    found = readers.files(url)
    put(s3, "going", written[:-100])
    with pytest.raises(InputError, match=r"going: ends at byte \d+, before byte \d+"):
        read(readers, found, chunk_bytes=10_000)
    s3.delete_object(Bucket=BUCKET, Key="going")
    with pytest.raises(InputError, match="going: there is no such object"):
        read(readers, found)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (f"s3://{BUCKET}/none", rf"s3://{BUCKET}/none: there is no such file or folder"),
        (f"s3://{BUCKET}/none*", r"none\*: no file matches"),
        (
            "s3://no-such-bucket/x",
            "s3://no-such-bucket: there is no bucket 'no-such-bucket' at http",
        ),
        ("s3://no-such-bucket/x*", "s3://no-such-bucket: there is no bucket"),
        ("s3://Bad_Bucket/x", "s3://Bad_Bucket: names no bucket"),
        ("s3://", "names no bucket; give s3://bucket/key"),
        ("hdfs://name/x", "has the scheme 'hdfs'; give s3://, gs:// or a local path"),
        ("/no/such/path", "/no/such/path: there is no such file or folder"),
    ],
)
def test_what_is_not_there_is_told_by_its_url(
    url: str, message: str, readers: Any, s3: Any
) -> None:
    with pytest.raises(InputError, match=message):
        readers.files(url)


def test_a_server_that_is_not_there(readers: Any, s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workloads.readers.s3.RETRIES", 1)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(InputError, match=r"http://127.0.0.1:1 does not answer; check the network"):
        readers.files(f"s3://{BUCKET}/x")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "localhost:9000")
    with pytest.raises(InputError, match="AWS_ENDPOINT_URL: is 'localhost:9000'; give http"):
        readers.files(f"s3://{BUCKET}/x")


def test_a_region_need_not_be_named(
    readers: Any, s3: Any, written: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = put(s3, "somewhere", written)
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.delenv("AWS_REGION", raising=False)
    assert read(readers, url) == RECORDS


def test_settings_that_mean_nothing(readers: Any, s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "perhaps")
    with pytest.raises(InputError, match=f"s3://{BUCKET}: the AWS_ settings .* do not hold"):
        readers.files(f"s3://{BUCKET}/x")


def test_a_closed_bucket(readers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    with s3_server(INITIAL_NO_AUTH_ACTION_COUNT="0") as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        with pytest.raises(InputError, match=r"s3://closed/x: is closed to these credentials"):
            readers.files("s3://closed/x")


def test_objects_of_a_folder_of_classes(readers: Any, s3: Any, tmp_path: Path) -> None:
    for number in range(70):
        name, data = f"{'cat' if number % 3 else 'dog'}/{number:02}.jpg", b"%d" % number
        put(s3, f"images/{name}", data)
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    for folder in ("", "cat/"):
        put(s3, f"images/{folder}", b"")  # a console's folder is no image
    for root in (f"s3://{BUCKET}/images", str(tmp_path)):
        found, labels, classes = readers.labelled_files(root)
        assert classes == ("cat", "dog")
        assert len(found) == 70
        with readers.explained():
            pairs = list(readers.contents(found).as_numpy_iterator())
        for file, label, (url, data) in zip(found, labels, pairs, strict=True):
            assert url.decode() == file.url
            assert int(data) == int(Path(file.url).stem)
            assert classes[label] == Path(file.url).parent.name
    (tmp_path / "stray.jpg").write_bytes(b"")
    with pytest.raises(InputError, match=r"stray.jpg: lies outside of the folders of classes"):
        readers.labelled_files(str(tmp_path))


def test_an_image_that_is_gone(readers: Any, s3: Any, tmp_path: Path) -> None:
    put(s3, "one", b"1")
    (tmp_path / "one").write_bytes(b"1")
    for found in (readers.files(f"s3://{BUCKET}/one"), readers.files(str(tmp_path / "one"))):
        s3.delete_object(Bucket=BUCKET, Key="one")
        (tmp_path / "one").unlink(missing_ok=True)
        with pytest.raises(InputError, match=r"one: .*[Nn]o such"), readers.explained():
            list(readers.contents(found))


def test_errors_that_are_not_of_reading_pass(tf: Any, readers: Any) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError), readers.explained():
        tf.constant([1.0, 2.0]) + tf.constant([1.0, 2.0, 3.0])


def test_files_of_several_stores_are_refused(readers: Any) -> None:
    mixed = (readers.File("/tmp/a", 1), readers.File("s3://bucket/a", 1))
    for reader in (readers.tfrecords, readers.contents):
        with pytest.raises(InputError, match="s3://bucket/a: lies in another store"):
            reader(mixed)
        with pytest.raises(InputError, match="no files were given"):
            reader(())


@settings(max_examples=60, deadline=None)
@given(data=st.data(), sizes=st.lists(st.integers(0, 300), max_size=12))
def test_a_stream_is_cut_behind_whole_records_only(data: st.DataObject, sizes: list[int]) -> None:
    from workloads.readers.framing import Splitter, masked_crc32c

    heads = [struct.pack("<Q", size) for size in sizes]
    sums = masked_crc32c(np.array([list(head) for head in heads], np.uint8).reshape(-1, 8))
    records = [
        head + total.tobytes() + bytes(size) + b"sums"
        for head, total, size in zip(heads, sums, sizes, strict=True)
    ]
    stream = b"".join(records)
    ends = {sum(map(len, records[:count])) for count in range(len(records) + 1)}
    splitter, given_out, here = Splitter("x"), b"", 0
    while here < len(stream):
        step = data.draw(st.integers(1, 400))
        given_out += splitter.whole_records(stream[here : here + step])
        here += step
        assert len(given_out) == splitter.offset
        assert splitter.offset in ends
    splitter.end()
    assert given_out == stream
