"""How fast training data are read from a bucket: ``python -m benchmarks.reading``.

The bucket lies on a server on loopback, so this is what reading costs the processors of a host,
which it shares with the server here; what a network adds is not in it.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.range_server import range_server

LARGE, SMALL = 110_000, 1000
TOTAL_BYTES = 256 << 20
REPEATS = 3


def main() -> None:
    """Records of two sizes, by each way that was thought of."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.update(AWS_ACCESS_KEY_ID="none", AWS_SECRET_ACCESS_KEY="none")
    with tempfile.TemporaryDirectory() as folder, range_server(Path(folder)) as address:
        os.environ["AWS_ENDPOINT_URL"] = address
        for record_bytes in (LARGE, SMALL):
            _compare(Path(folder), record_bytes)


def _compare(folder: Path, record_bytes: int) -> None:
    import tensorflow as tf

    from workloads.readers import File, tfrecords
    from workloads.readers.ranges import chunks

    name = f"{record_bytes}.tfrecord"
    count = TOTAL_BYTES // record_bytes // (8 if record_bytes == SMALL else 1)
    with tf.io.TFRecordWriter(str(folder / name)) as writer:
        for _ in range(count):
            writer.write(os.urandom(record_bytes))
    size = (folder / name).stat().st_size
    remote = [File(f"s3://bucket/{name}", size)]

    def downloaded() -> int:
        whole = folder / "whole"
        with whole.open("wb") as file:
            for chunk in chunks(remote):
                file.write(chunk.data)
        return _count(tf.data.TFRecordDataset(str(whole)))

    def by_generator() -> int:
        return _count(
            tf.data.Dataset.from_generator(
                lambda: _records(remote), output_signature=tf.TensorSpec((), tf.string)
            )
        )

    def ranges(parallelism: int) -> Callable[[], int]:
        return lambda: sum(len(each.data) for each in chunks(remote, parallelism))

    for parallelism in (1, 4, 16):
        _tell(f"ranges to Python, {parallelism} at once", ranges(parallelism), size, None)
    for what, read in (
        (
            "the local file by TensorFlow",
            lambda: _count(tf.data.TFRecordDataset(str(folder / name))),
        ),
        ("tfrecords('s3://…'), every checksum verified", lambda: _count(tfrecords(remote))),
        ("record by record from Python, data not verified", by_generator),
        ("download, then the local file", downloaded),
    ):
        _tell(f"{what}, records of {record_bytes:,} B", read, size, count)


def _count(dataset: Any) -> int:
    import tensorflow as tf

    # Batches, as training takes them: the loop itself shall not be what is measured.
    counted = dataset.batch(64).map(lambda batch: tf.size(batch, out_type=tf.int64))
    return int(counted.reduce(tf.constant(0, tf.int64), lambda total, more: total + more))


def _records(remote: Any) -> Iterator[bytes]:
    from workloads.readers.framing import Splitter
    from workloads.readers.ranges import chunks

    splitter = Splitter("bucket")
    for chunk in chunks(remote):
        data, here = splitter.whole_records(chunk.data), 0
        while here < len(data):
            length = int.from_bytes(data[here : here + 8], "little")
            yield data[here + 12 : here + 12 + length]
            here += length + 16


def _tell(what: str, read: Callable[[], int], size: int, count: int | None) -> None:
    seconds, cpu_seconds = [], []
    for _ in range(REPEATS):
        started, cpu_started = time.perf_counter(), time.process_time()
        got = read()
        seconds.append(time.perf_counter() - started)
        cpu_seconds.append(time.process_time() - cpu_started)
        if got != (size if count is None else count):
            raise SystemExit(f"{what}: read {got}, not all")
    rate = f"{size / min(seconds) / 1e6:7,.0f} MB/s{size / min(cpu_seconds) / 1e6:8,.0f} MB/CPU s"
    records = f"{count / min(cpu_seconds):12,.0f} records/CPU s" if count else ""
    print(f"{what:<72}{rate}{records}")


if __name__ == "__main__":
    main()
