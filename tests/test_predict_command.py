"""`windtunnel predict`: one run by hand, and tables of runs."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from training_scenario import Command

BERT = ("predict", "bert-large", "--on", "p4d.24xlarge")
LLAMA = ("predict", "llama2-7b", "--on", "a100-sxm4-40gb", "--nodes", 2, "--batch", 64)
ROWS = [
    {
        "id": f"r{number}",
        "model": model,
        "accelerator": chip,
        "nodes": nodes,
        "accelerators_per_node": "8",
        "total_accelerators": str(8 * int(nodes)),
        "precision": "FP16-AMP",
        "per_device_batch": batch,
        "unit": unit,
        "notes": 'heading: DGX, "A100"',
        "throughput": "123.0",
        "mfu_pct": "41",
    }
    for number, (model, chip, nodes, batch, unit) in enumerate(
        [
            ("bert-large", "A100-80GB", "1", "32", "sequences/s"),
            ("bert-large", "A100-80GB", "4", "32", "sequences/s"),
            ("resnet50", "V100-16GB", "1", "64", "images/s"),
            ("resnet50", "V100-16GB", "2", "64", "s/step"),
            ("an-unknown-model", "A100-80GB", "1", "64", "images/s"),
        ]
    )
]


def text_of(rows: list[dict[str, str]], columns: list[str] | None = None) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns or list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def predicted(
    command: Command, folder: Path, rows: list[dict[str, str]], name: str = "out.csv"
) -> list[dict[str, str]]:
    (folder / "in.csv").write_text(text_of(rows))
    code, _, err = command("predict", "--table", "in.csv", "--out", name)
    assert (code, err) == (0, "")
    return rows_of(folder / name)


def one(command: Command, *words: object) -> dict[str, Any]:
    code, text, err = command(*words, "--json")
    assert code == 0, err
    found: dict[str, Any] = json.loads(text)
    return found


def test_one_run_says_how_fast_what_it_needs_and_costs(command: Command) -> None:
    code, table, _ = command(*BERT, "--nodes", 4, "--batch", 4096)
    assert code == 0
    for word in ("step time", "90 % interval", "memory needed", "compute", "rests on"):
        assert word in table
    found = one(command, *BERT, "--nodes", 4, "--batch", 4096, "--out", "p.json")
    assert json.loads(Path("p.json").read_text()) == found
    assert found["unit"] == "sequences/s"
    assert found["lower90"] < found["throughput"] < found["upper90"]
    assert found["throughput"] == pytest.approx(4096 / found["step_seconds"])
    assert sum(found["seconds"].values()) == pytest.approx(found["step_seconds"])
    assert found["memory"]["needed_bytes"] < found["memory"]["accelerator_bytes"]
    assert found["memory"]["fits"]
    assert 0 < found["model_flops_utilisation"] < 1
    assert found["knowledge"]
    assert found["calibration"]


def test_a_million_samples_cost_what_the_machines_cost_meanwhile(command: Command) -> None:
    words = (*BERT, "--nodes", 2, "--batch", 1024, "--region", "us-east-1")
    found = one(command, *words, "--market", "on_demand")
    row = json.loads(command("catalog", "show", "p4d.24xlarge", "us-east-1", "--json")[1])["rows"][
        0
    ]
    hours = 1e6 / found["throughput"] / 3600
    assert found["usd_per_million_samples"] == pytest.approx(
        2 * hours * row["on_demand_usd_per_hour"]
    )
    spot = one(command, *words, "--market", "spot")
    assert spot["usd_per_million_samples"] < found["usd_per_million_samples"]
    chip = one(command, "predict", "bert-large", "--on", "a100-sxm4-40gb", "--batch", 256)
    assert chip["usd_per_million_samples"] is None
    assert "machine type" in chip["unpriced"]


def test_the_network_of_the_machine_counts(command: Command) -> None:
    """The same eight V100s a node, behind 25 and behind 100 Gbit/s."""
    words = ("--nodes", 4, "--batch", 128, "--precision", "fp16")
    slow = one(command, "predict", "bert-large", "--on", "p3.16xlarge", *words)
    fast = one(command, "predict", "bert-large", "--on", "p3dn.24xlarge", *words)
    exposed = "exposed_communication"
    assert slow["seconds"][exposed] > 1.5 * fast["seconds"][exposed]


def test_more_accelerators_are_never_slower_for_the_same_share(command: Command) -> None:
    before = 0.0
    for nodes in (1, 2, 4, 8, 16):
        words = ("--nodes", nodes, "--batch", 256 * nodes)
        throughput = one(command, *BERT, *words)["throughput"]
        assert throughput > before
        before = throughput


def test_a_slice_of_a_tpu_is_a_node(command: Command) -> None:
    words = ("predict", "resnet50", "--on", "tpu-v5litepod-16", "--micro-batch", 64)
    one_slice, two = one(command, *words), one(command, *words, "--nodes", 2)
    assert (one_slice["accelerators"], two["accelerators"]) == (16, 32)
    assert one_slice["provider"] == "gcp"
    faster = two["throughput"] / one_slice["throughput"]
    dearer = two["usd_per_million_samples"] / one_slice["usd_per_million_samples"]
    assert dearer == pytest.approx(2 / faster)


def test_stages_of_a_pipeline_wait_less_with_more_micro_batches(command: Command) -> None:
    words = ("predict", "gpt3-13b", "--on", "a3-highgpu-8g", "--nodes", 4, "--precision", "bf16")
    words = (*words, "--tensor-parallel", 4, "--pipeline-parallel", 4, "--recompute", "full")
    few = one(command, *words, "--micro-batch", 1, "--batch", 8)
    many = one(command, *words, "--micro-batch", 1, "--batch", 64)
    cut = one(command, *words, "--micro-batch", 1, "--batch", 8, "--interleave", 2)

    def idle(found: dict[str, Any]) -> float:
        return float(found["seconds"]["pipeline_idle"] / found["step_seconds"])

    assert idle(few) > 0.2
    assert idle(many) < idle(few)
    assert idle(cut) < idle(few)


def test_what_does_not_fit_is_told_with_what_would(command: Command) -> None:
    words = (*LLAMA, "--micro-batch", 4, "--sharding", "zero3")
    code, table, err = command(*words)
    assert code == 1
    assert "does not fit" in table
    assert "a100-sxm4-40gb by" in err
    advice = json.loads(command(*words, "--json")[1])["memory"]["advice"]
    assert advice
    options = {
        "micro_batch": "--micro-batch",
        "recompute": "--recompute",
        "sharding": "--sharding",
        "tensor_parallel": "--tensor-parallel",
        "accelerator": "--on",
    }
    for each in advice:
        changed = [word for key, value in each["change"].items() for word in (options[key], value)]
        found = one(command, *words, *changed)
        assert found["memory"]["fits"], each
        assert found["memory"]["needed_bytes"] == pytest.approx(each["needed_bytes"])


def test_batches_that_are_not_given_fit(command: Command) -> None:
    found = one(command, *BERT)
    assert found["global_batch"] == 8 * found["micro_batch"]
    cut = one(command, *BERT, "--batch", 65536)
    assert cut["memory"]["fits"]
    assert 65536 % (8 * cut["micro_batch"]) == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("bert-lage", "--on", "p4d.24xlarge"), "did you mean 'bert-large'"),
        (("bert-large", "--on", "p4d.24xlrge"), "did you mean 'p4d.24xlarge'"),
        (("bert-large", "--on", "m5.large"), "has no accelerators"),
        (("bert-large", "--on", "p4d.24xlarge", "--provider", "gcp"), "at gcp"),
        (("bert-large", "--on", "p4d.24xlarge", "--region", "us-esat-1"), "'us-east-1'"),
        ((*BERT[1:], "--precision", "fp17"), "did you mean 'fp16'"),
        ((*BERT[1:], "--precision", "fp8"), "no fp8 rate"),
        ((*BERT[1:], "--tensor-parallel", 3), "do not divide the 8"),
        ((*BERT[1:], "--nodes", 3, "--tensor-parallel", 3), "16 heads of bert-large"),
        ((*BERT[1:], "--nodes", 2, "--pipeline-parallel", 16), "24 layers of bert-large"),
        ((*BERT[1:], "--pipeline-parallel", 8, "--interleave", 2), "24 layers of bert-large"),
        ((*BERT[1:], "--interleave", 2), "needs --pipeline-parallel"),
        ((*BERT[1:], "--batch", 100, "--micro-batch", 4), "96 or 128 would"),
        ((*BERT[1:], "--batch", 4), "8 would"),
        (("resnet50", "--on", "p4d.24xlarge", "--tensor-parallel", 2), "is not a transformer"),
        (("resnet50", "--on", "p4d.24xlarge", "--sequence", 128), "is not a transformer"),
        (("resnet50", "--on", "trn1.32xlarge", "--framework", "tensorflow"), "runs jax and pyt"),
        (("resnet50", "--on", "inferentia1", "--framework", "JAX"), "--framework: JAX does not"),
        (("resnet50",), "--on"),
        (("--table", "absent.csv"), "--out"),
        (("--table", "absent.csv", "--out", "o.csv"), "there is no such table"),
        ((*BERT[1:], "--calibration", "absent.json"), "there is no such calibration"),
    ],
)
def test_bad_input_gets_one_sentence(
    command: Command, words: tuple[object, ...], told: str
) -> None:
    code, out, err = command("predict", *words)
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1


def test_a_table_keeps_its_cells_and_gains_predictions(command: Command, tmp_path: Path) -> None:
    rows = [{**row, "kept": '  as it, was\nwritten "here" '} for row in ROWS]
    found = predicted(command, tmp_path, rows)
    assert len(found) == len(rows)
    for given, row in zip(rows, found, strict=True):
        for name, cell in given.items():
            assert row[name] == ("" if name in ("throughput", "mfu_pct") else cell)
    for row in found[:4]:
        assert float(row["lower90"]) < float(row["predicted"]) < float(row["upper90"])
        assert row["bottleneck"]
        assert row["memory_fits"] == "true"
        assert row["reason"] == ""
    assert found[4]["predicted"] == found[4]["memory_fits"] == ""
    assert "no model 'an-unknown-model'" in found[4]["reason"]


def test_answers_do_not_leak(command: Command, tmp_path: Path) -> None:
    predicted(command, tmp_path, ROWS, "a.csv")
    others = [{**row, "throughput": "x" * number, "mfu_pct": ""} for number, row in enumerate(ROWS)]
    predicted(command, tmp_path, others, "b.csv")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_neither_order_nor_company_of_rows_matters(command: Command, tmp_path: Path) -> None:
    together = {row["id"]: row for row in predicted(command, tmp_path, ROWS * 200)}
    backwards = {row["id"]: row for row in predicted(command, tmp_path, ROWS[::-1])}
    alone = {row["id"]: predicted(command, tmp_path, [row])[0] for row in ROWS}
    assert together == backwards == alone


def test_a_table_and_a_run_by_hand_agree(command: Command, tmp_path: Path) -> None:
    row = {
        "model": "bert-large",
        "canonical_accelerator": "a100-sxm4-80gb",
        "nodes": "2",
        "accelerators_per_node": "8",
        "precision": "fp16",
        "global_batch": "512",
        "per_device_batch": "32",
        "unit": "sequences/s",
    }
    (found,) = predicted(command, tmp_path, [row])
    words = ("--on", "a100-sxm4-80gb", "--nodes", 2, "--batch", 512, "--micro-batch", 32)
    by_hand = one(command, "predict", "bert-large", *words, "--precision", "fp16")
    assert float(found["predicted"]) == pytest.approx(by_hand["throughput"], rel=1e-5)


def test_predicting_again_gives_the_same(command: Command, tmp_path: Path) -> None:
    predicted(command, tmp_path, ROWS, "once.csv")
    code, _, _ = command("predict", "--table", "once.csv", "--out", "twice.csv")
    assert code == 0
    assert (tmp_path / "once.csv").read_bytes() == (tmp_path / "twice.csv").read_bytes()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("model,model,accelerator\n", "has the column 'model' twice"),
        ("model,accelerator\n", "has no rows"),
        ("accelerator,nodes\nA100,1\n", "needs the columns 'model' and 'accelerator'"),
        ("model,accelerator,nodes\nresnet50,A100,1\nresnet50,A100,two\n", "line 3: nodes: 'two'"),
        ("model,accelerator,nodes\nresnet50,A100,-1\n", "line 2: nodes: -1"),
        ("model,accelerator,nodes\nresnet50,A100,inf\n", "line 2: nodes: inf"),
        ("model,accelerator,nodes\nresnet50,A100,1\nresnet50,A100\n", "row 3 has 2 cells"),
        ("model,accelerator\nresnet\xff50,A100\n", "UTF-8"),
    ],
)
def test_a_table_that_cannot_be_read(
    command: Command, tmp_path: Path, text: str, told: str
) -> None:
    (tmp_path / "in.csv").write_bytes(text.encode("latin-1"))
    (tmp_path / "out.csv").write_text("kept")
    code, out, err = command("predict", "--table", "in.csv", "--out", "out.csv")
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("in.csv") == 1
    assert err.count("\n") == 1
    assert (tmp_path / "out.csv").read_text() == "kept"
