"""Parts of the training loop against independent truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from workload_runs import python

_OPTIMIZERS = """
import json
import keras, numpy as np, tensorflow as tf
from workloads.training.optimizers import Optimizer

theirs = {
    "sgd": keras.optimizers.SGD(0.1), "rmsprop": keras.optimizers.RMSprop(0.1),
    "adam": keras.optimizers.Adam(0.1),
}
far = {}
rng = np.random.default_rng(0)
for kind, other in theirs.items():
    start, gradients = rng.normal(size=(4, 3)), rng.normal(size=(25, 4, 3))
    mine, their = tf.Variable(start, dtype=tf.float32), keras.Variable(start.astype("float32"))
    optimizer = Optimizer(kind, [mine])
    for step, gradient in enumerate(gradients.astype("float32"), 1):
        optimizer.apply([tf.constant(gradient)], 0.1, float(step), tf.constant(1.0))
        other.apply([tf.constant(gradient)], [their])
    far[kind] = float(np.abs(mine.numpy() - their.numpy()).max())

speed, place = np.zeros(3), np.ones(3)
variable = tf.Variable(np.ones(3), dtype=tf.float32)
optimizer = Optimizer("momentum", [variable])
for step in range(1, 9):
    speed = 0.9 * speed + step
    place = place - 0.1 * speed
    optimizer.apply([tf.fill([3], float(step))], 0.1, float(step), tf.constant(1.0))
far["momentum"] = float(np.abs(variable.numpy() - place).max())

for kind in ("sgd", "momentum", "rmsprop", "adam", "lamb"):
    variable = tf.Variable(np.ones((2, 2)), dtype=tf.float32)
    optimizer = Optimizer(kind, [variable])
    optimizer.apply([tf.ones([2, 2])], 0.1, 1.0, tf.constant(1.0))
    before = [variable.numpy()] + [slot[0].numpy() for slot in optimizer.slots]
    optimizer.apply([tf.zeros([2, 2])], 0.1, 2.0, tf.constant(0.0))
    after = [variable.numpy()] + [slot[0].numpy() for slot in optimizer.slots]
    assert all((a == b).all() for a, b in zip(before, after)), f"{kind}: a step to leave out"

rows = tf.IndexedSlices(tf.ones([3, 2]), tf.constant([1, 1, 3]), tf.constant([5, 2]))
table = tf.Variable(tf.zeros([5, 2]))
Optimizer("sgd", [table]).apply([rows], 0.5, 1.0, tf.constant(1.0))
assert table.numpy()[:, 0].tolist() == [0, -1, 0, -0.5, 0]
print(json.dumps(far))
"""


def test_optimizers_do_what_those_of_keras_do() -> None:
    far: dict[str, float] = python(_OPTIMIZERS)
    assert max(far.values()) < 2e-5, far


_PRUNING = """
import json
import numpy as np, tensorflow as tf
from workloads.training.pruning import Pruning

kernel = tf.Variable(tf.random.stateless_normal([30, 20], [1, 2]))
kernel[:, :5].assign(tf.ones([30, 5]) * 0.5)
bias = tf.Variable(tf.ones([20]))
before = kernel.numpy()
pruning = Pruning([kernel, bias], 0.8)
shares = [pruning.share_at(step, 100) for step in range(101)]
drawn = [share for share in shares if share is not None]
for share in drawn:
    pruning.redraw(share)
    pruning.apply()
kept = kernel.numpy() != 0
assert np.abs(before[~kept]).max() <= np.abs(before[kept]).min(), "the smallest are gone"
assert (bias.numpy() == 1).all()
print(json.dumps([drawn, pruning.zeros_share()]))
"""


def test_pruning_reaches_its_share_along_a_rising_curve() -> None:
    drawn, zeros = python(_PRUNING)
    assert zeros == 0.8
    assert drawn == sorted(drawn)
    assert drawn[0] == 0
    assert drawn[-1] == 0.8


_SCORES = """
import json, sys
from workloads.training.tasks import Task
cases = json.loads(sys.argv[1])
print(json.dumps([Task[name].scores(tally) for name, tally in cases]))
"""


def test_scores_are_those_of_the_textbook() -> None:
    binary, classes, words = python(
        _SCORES,
        '[["BINARY", [[50, 10], [5, 35]]], ["CLASSES", [[8, 2, 0], [1, 9, 0], [0, 0, 0]]], '
        '["WORDS", [30, 40]]]',
    )
    assert binary["accuracy"] == pytest.approx(0.85)
    assert binary["precision"] == pytest.approx(35 / 45)
    assert binary["recall"] == pytest.approx(35 / 40)
    assert binary["f1"] == pytest.approx(2 * 35 / (45 + 40))
    # The third class does not occur and is not averaged.
    assert classes["recall"] == pytest.approx((0.8 + 0.9) / 2)
    assert words == {"accuracy": 0.75}


def _answered(size: int, clients: int, requests: int) -> tuple[Any, list[float]]:
    from workloads.serving.batching import Batcher
    from workloads.serving.clients import in_turn

    def double(features: dict[str, Any]) -> Any:
        return features["x"] * 2

    with Batcher(double, size=size, timeout_seconds=0.001) as batcher:
        latencies, _ = in_turn(batcher.ask, [{"x": np.array(n)} for n in range(requests)], clients)
        answers = [batcher.ask({"x": np.array(n)}) for n in range(requests)]
        assert [int(each.result(10)) for each in answers] == [2 * n for n in range(requests)]
    return batcher, latencies


@settings(deadline=None, max_examples=15)
@given(st.integers(1, 8), st.integers(1, 6), st.integers(1, 30))
def test_every_request_gets_its_own_answer(size: int, clients: int, requests: int) -> None:
    batcher, latencies = _answered(size, clients, requests)
    assert sum(batcher.batch_sizes) == 2 * requests
    assert max(batcher.batch_sizes) <= size
    assert len(latencies) == requests
    assert min(latencies) > 0


def test_a_model_that_fails_fails_its_requests_alone() -> None:
    from workloads.serving.batching import Batcher

    def picky(features: dict[str, Any]) -> Any:
        if (features["x"] < 0).any():
            raise ValueError("negative")
        return features["x"]

    with Batcher(picky, size=1, timeout_seconds=0) as batcher:
        bad, good = batcher.ask({"x": np.array(-1)}), batcher.ask({"x": np.array(3)})
        with pytest.raises(ValueError, match="negative"):
            bad.result(10)
        assert int(good.result(10)) == 3
