"""Samples and their order: learnable, whole, and the same again after a restart."""

from __future__ import annotations

from pathlib import Path

from workload_runs import python

_ORDER = """
import json, random
import tensorflow as tf
from workloads.data.source import Order, batches_by_number

def numbers(order, size, batches):
    found = batches_by_number(order, size, 0, lambda n: (n, n), whole=True)
    return [batch.numpy().tolist() for batch, _ in found.take(batches)]

chance = random.Random(5)
for _ in range(12):
    batch, workers = chance.randint(1, 6), chance.randint(1, 3)
    here = chance.randint(1, 2)
    replicas = workers * here
    epochs, steps = 3, chance.randint(1, 5)
    size = batch * replicas * steps
    seed = chance.choice([None, 0, 7])
    def order(worker, first=0):
        return Order(batch, replicas, worker, workers, first, seed)
    whole = [numbers(order(worker), size, epochs * steps * here) for worker in range(workers)]
    for epoch in range(epochs):
        seen = [n for one in whole for each in one[epoch * steps * here:(epoch + 1) * steps * here]
                for n in each]
        assert sorted(seen) == list(range(size)), "each sample once an epoch, over all workers"
    first = chance.randint(0, 2 * steps)
    for worker in range(workers):
        later = numbers(order(worker, first), size, here)
        assert later == whole[worker][first * here:(first + 1) * here], "a restart goes on"
    if seed is not None and size > 12:
        assert whole[0][:steps * here] != whole[0][steps * here:2 * steps * here], "shuffled anew"
print(json.dumps("held"))
"""


def test_every_epoch_meets_each_sample_once_and_a_restart_goes_on() -> None:
    assert python(_ORDER) == "held"


_FILES = """
import json, sys
from pathlib import Path
import numpy as np
import tensorflow as tf
from workloads.data.folders import ImageFolder, write_image_folder
from workloads.data.records import Records, write_records
from workloads.data.source import Order
from workloads.models import TRAINED, benchmark
from workloads.settings import read_settings

root, told = Path(sys.argv[1]), {}

def same(one, other):
    return all(np.array_equal(one[name], other[name]) for name in one)

for name in TRAINED:
    kind = benchmark(name).samples(read_settings(name))
    sizes = {"train": 10, "validation": 4, "test": 3}
    write_records(root / name, kind, sizes, files=2)
    source = Records(str(root / name), kind)
    assert dict(source.sizes) == sizes
    drawn = [kind.draw(tf.constant(n, tf.int64)) for n in range(10)]
    batch = next(iter(source.batches("train", Order(10))))
    read = [
        ({k: v[n].numpy() for k, v in batch[0].items()}, batch[1][n].numpy()) for n in range(10)
    ]
    for features, label in drawn:
        assert any(same(features, other) and np.array_equal(label, l) for other, l in read), name
    halves = [next(iter(source.batches("train", Order(5, 2, worker, 2)))) for worker in (0, 1)]
    labels = np.concatenate([half[1].numpy() for half in halves])
    assert sorted(map(str, labels)) == sorted(str(l) for _, l in read), "workers share the files"
    (root / name / "samples.json").unlink()
    assert dict(Records(str(root / name), kind).sizes) == sizes, "counted where nobody tells"

kind = benchmark("small_cnn").samples(read_settings("small_cnn"))
write_image_folder(root / "images", kind, {"train": 12, "validation": 6, "test": 2})
source = ImageFolder(str(root / "images"), kind, validation_share=0, test_share=0, seed=0)
told["parts"] = dict(source.sizes)
features, labels = next(iter(source.batches("train", Order(12))))
drawn = {kind.draw(tf.constant(n, tf.int64))[0]["image"].numpy().tobytes():
         int(kind.draw(tf.constant(n, tf.int64))[1]) for n in range(12)}
assert {image.tobytes(): int(l) for image, l in zip(features["image"].numpy(), labels)} == drawn
shares = {"validation_share": 0.25, "test_share": 0.25}
flat = ImageFolder(str(root / "images" / "train"), kind, **shares, seed=3)
told["divided"] = dict(flat.sizes)
print(json.dumps(told))
"""


def test_files_give_back_what_was_written(tmp_path: Path) -> None:
    told = python(_FILES, tmp_path)
    assert told["parts"] == {"train": 12, "validation": 6, "test": 2}
    assert told["divided"] == {"train": 6, "validation": 3, "test": 3}


_WORDS = """
import json
import numpy as np
import tensorflow as tf
from workloads.data.words import ENTROPY, next_words

kind = next_words(50, 400, seed=3)
pairs = np.zeros((50, 50))
for number in range(40):
    features, labels = kind.draw(tf.constant(number, tf.int64))
    np.add.at(pairs, (features["tokens"].numpy(), labels.numpy()), 1)
chances = pairs / pairs.sum(1, keepdims=True)
logs = np.log(chances, out=np.zeros_like(chances), where=chances > 0)
entropy = -(pairs.sum(1) / pairs.sum() * (chances * logs).sum(1)).sum()
print(json.dumps([float(entropy), ENTROPY]))
"""


def test_sentences_have_the_entropy_that_is_promised() -> None:
    measured, promised = python(_WORDS)
    assert abs(measured - promised) < 0.02


_MOVED = """
import json
import numpy as np
import tensorflow as tf
from workloads.data.augmentation import augmented

images = tf.random.stateless_uniform([6, 32, 32, 3], [1, 2], 0, 256, tf.int32)
batch = ({"image": tf.cast(images, tf.uint8)}, tf.range(6))
source = tf.data.Dataset.from_tensors(batch).repeat()
first, second = [b[0]["image"].numpy() for b in augmented(source, 4).take(2)]
again = next(iter(augmented(source, 4, 1)))[0]["image"].numpy()
assert (second == again).all(), "the second batch of a run that goes on there is the same"
assert (first != second).any() and (first != batch[0]["image"].numpy()).any()
values = set(np.unique(batch[0]["image"]))
assert set(np.unique(first)) <= values, "pixels are moved, not changed"
print(json.dumps("held"))
"""


def test_augmented_images_are_the_same_again_at_the_same_step() -> None:
    assert python(_MOVED) == "held"
