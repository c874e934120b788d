"""What docs/pricing.md shows is what stands in the tree, and what the commands print."""

from __future__ import annotations

import csv
import re
import shlex
from pathlib import Path

from declared import declare, graph_of
from training_scenario import Command

from domain.catalog import load_catalog
from domain.catalog.facts import FOLDER
from domain.costing.amounts import parse_amount
from domain.costing.documentation import PAGE, with_list
from domain.costing.usage_file import read_usage, usage_on
from domain.usage import Measure

ROOT = Path(__file__).resolve().parent.parent
TEXT = PAGE.read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def lines(text: str) -> list[str]:
    """Without the blanks that tables are filled up with."""
    return [line.rstrip() for line in text.splitlines()]


def test_the_list_of_what_is_priced_is_of_today() -> None:
    assert with_list(TEXT) == TEXT, "run python -m domain.costing.documentation"


def test_the_example_is_a_service_of_the_tree() -> None:
    module, row = blocks("python")
    assert (ROOT / "domain/costing/aws/mq.py").read_text() == module
    assert row in (ROOT / "tests/test_costing_aws_databases.py").read_text()
    (prices,) = blocks("csv")
    table = (FOLDER / "services_aws.csv").read_text().splitlines()
    assert set(prices.splitlines()) <= set(table)


def test_the_columns_are_those_of_the_table() -> None:
    with (FOLDER / "services_aws.csv").open(newline="") as file:
        columns = next(csv.reader(file))
    (told,) = re.findall(r"\| column \| holds \|\n\|---\|---\|\n(.*?)\n\n", TEXT, re.DOTALL)
    first = [line.split("|")[1] for line in told.splitlines()]
    assert re.findall(r"`(\w+)`", " ".join(first)) == columns


def test_the_commands_print_what_is_shown(command: Command) -> None:
    Path("broker.json").write_text(blocks("json")[0])
    shown = [block for block in blocks("console") if block.startswith("$ windtunnel")]
    assert len(shown) == 3
    for block in shown:
        call, *expected = lines(block)
        code, out, err = command(*shlex.split(call)[2:])
        assert code == 0, err
        assert lines(out)[: len(expected)] == expected
        if "usage init" in call:
            template = Path("usage.yaml")
            assert blocks("yaml")[0] in template.read_text()
            stated = template.read_text().replace("# stored: 100 GiB", "stored: 40 GB")
            template.write_text(stated)


def test_the_usage_file_that_is_shown_is_read(tmp_path: Path) -> None:
    path = tmp_path / "usage.yaml"
    path.write_text(blocks("yaml")[1])
    graph = graph_of(
        declare("aws:sqs/queue:Queue", "jobs"),
        declare("aws:ec2/natGateway:NatGateway", "web-1"),
        declare("aws:s3/bucket:Bucket", "dataset"),
    )
    (stated,) = usage_on(read_usage(path), [graph], load_catalog())
    assert [len(stated.amounts[each.urn]) for each in graph.resources] == [1, 1, 2]


def test_amounts_are_written_as_the_page_says() -> None:
    measures: dict[str, Measure] = {
        "is kept": "byte_seconds",
        "flows": "bytes",
        "is counted": "requests",
        "runs": "seconds",
    }
    for what, measure in measures.items():
        (row,) = re.findall(rf"^\| {what} \| (.*) \|$", TEXT, re.MULTILINE)
        amounts = [parse_amount(written, measure) for written in re.findall(r"`([^`]+)`", row)]
        assert amounts
        assert min(amounts) > 0
