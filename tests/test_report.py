"""Tables never cut a figure; a comment on a pull request says what matters first."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from typing import Any

import pytest
from declared import declare, graph_of
from rich.console import Console

from domain.catalog import load_catalog
from domain.costing.change import PlanChange, compare_plans
from domain.costing.plan import Plan, cost_graph
from domain.figures import unit_price
from domain.resources import Operation, Resource, Step
from simulator.report.change_tables import draw_change
from simulator.report.layout import Column, draw_table
from simulator.report.markdown import change_as_markdown
from simulator.report.plan_tables import draw_plan

ROWS = [
    ["c0001", "a candidate of many words that may well wrap", "$1,234.56", "1.25 h"],
    ["c0002", "another", "$0.0123", "17 min"],
]
COLUMNS = [Column("", left=True), Column("what", words=True), Column("cost"), Column("t", spare=1)]


def drawn(width: int) -> str:
    stream = io.StringIO()
    draw_table(Console(file=stream, width=width), COLUMNS, ROWS)
    return stream.getvalue()


@pytest.mark.parametrize("width", [200, 80, 60, 44])
def test_figures_are_never_cut(width: int) -> None:
    text = drawn(width)
    for figure in ("c0001", "c0002", "$1,234.56", "$0.0123"):
        assert figure in text
    assert "…" not in text
    assert max(len(line) for line in text.splitlines()) <= width


def test_what_matters_least_goes_first() -> None:
    assert "17 min" in drawn(60)
    assert "17 min" not in drawn(44)


MACHINE = "aws:ec2/instance:Instance"
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
MOST_CHARACTERS = 65_536
"""GitHub refuses a longer comment."""


def machine(name: str = "web", size: str = "g5.xlarge", **inputs: Any) -> Resource:
    return declare(MACHINE, name, {"instanceType": size, "ami": "ami-1", **inputs})


def opened(cidr: str) -> Resource:
    return declare(RULE, "from-hosts", {"ipProtocol": "-1", "cidrIpv4": cidr})


def plan(*resources: Resource, stack: str = "prod") -> Plan:
    return cost_graph(replace(graph_of(*resources), stack=stack), load_catalog())


def between(before: Plan, after: Plan) -> str:
    return change_as_markdown(compare_plans(before, after))


def test_a_comment_says_the_stack_and_its_change_first() -> None:
    text = between(plan(machine()), plan(machine(size="g5.2xlarge")))
    assert re.match(
        r"### prod: \+\$[\d.,]+ a month\n\n"
        r"\$[\d.,]+ → \*\*\$[\d.,]+\*\* a month while everything runs. "
        r"1 to update, 0 unchanged.\n\n"
        r"\| \| resource \| before \| after \| monthly change \|\n\|---.*\n"
        r"\| update \| `web` aws ec2.Instance \| \$[\d.,]+ \| \$[\d.,]+ \| \+\$[\d.,]+ \|\n\n"
        r"<details>\n<summary>By component \(2\)",
        text,
    ), text
    assert re.search(r"<sub>Prices were observed \d{4}-\d\d-\d\d", text)


@pytest.mark.parametrize(
    ("stacks", "name"),
    [
        (("", ""), "Windtunnel"),
        (("dev", "prod"), "dev → prod"),
        (("prod", ""), "prod"),
        (("acme/shop/prod", "prod"), "prod"),
    ],
)
def test_a_comment_is_called_as_its_stacks(stacks: tuple[str, str], name: str) -> None:
    text = between(*(plan(machine(), stack=stack) for stack in stacks))
    assert text.startswith(f"### {name}: no change in cost\n")


def test_an_opened_firewall_is_named_though_it_is_free() -> None:
    text = between(
        plan(machine(), opened("10.0.0.0/8"), stack=""), plan(machine(), opened("0.0.0.0/0"))
    )
    assert text.startswith("### prod: no change in cost\n")
    assert "\n1 resource changes, at the same cost: `from-hosts`.\n" in text
    assert "<summary>No change in cost (1)</summary>" in text
    assert "- update `from-hosts` aws vpc.SecurityGroupIngressRule: `cidrIpv4`" in text


def test_less_than_half_a_cent_is_no_change() -> None:
    before = plan(machine())
    (line,) = (line for line in before.bill.lines if "g5.xlarge" in line.component)
    (cost,) = before.resources
    less = replace(line, amount_usd=line.amount_usd - line.amount_usd.scaleb(-9))
    cheaper = replace(cost, lines=tuple(less if each is line else each for each in cost.lines))
    after = replace(
        before,
        resources=(cheaper,),
        bill=replace(before.bill, lines=cheaper.lines),
    )
    change = compare_plans(before, after)
    assert change.change_usd != 0
    text = change_as_markdown(change)
    assert text.startswith("### prod: no change in cost\n")
    assert "Nothing that a cloud provides changes." in text
    assert not re.search(r"\de-\d", text)


def test_what_is_not_known_does_not_read_as_nothing() -> None:
    new = (
        declare("aws:s3/bucket:Bucket", "data"),
        declare("aws:kinesis/stream:Stream", "events", {"shardCount": 1}),
        declare("somecloud:index:Database", "odd"),
        machine(),
    )
    text = between(plan(), plan(*new))
    assert re.match(r"### prod: \+\$[\d.,]+ a month, plus usage and 1 unpriced\n", text), text
    assert "$0.00 → **≥ $" in text
    assert "| create | `data` aws s3.Bucket | – | by usage | by usage |" in text
    assert "| create | `odd` somecloud index.Database | – | unpriced | not known |" in text
    assert "| object storage, standard | $0.023 per GiB-month | `data` |" in text
    assert "| $0.000014 per 1,000 requests | `events` |" in text, "not $1.4e-05"
    assert (
        "| not known: resources of type somecloud:index:Database are not priced yet | `odd` |"
        in text
    )


def test_usage_that_stays_is_no_change() -> None:
    bucket = declare("aws:s3/bucket:Bucket", "data")
    tagged = declare("aws:s3/bucket:Bucket", "data", {"tags": {"team": "a"}})
    text = between(plan(bucket), plan(tagged))
    assert text.startswith("### prod: no change in cost\n\n**an unknown amount** a month")
    assert "- update `data` aws s3.Bucket: `tags`" in text
    assert "Not in the total" not in text


def test_names_cannot_break_the_comment() -> None:
    odd = "a|b`<b>\n| c"
    text = between(plan(), plan(machine(odd)))
    row = next(line for line in text.splitlines() if line.startswith("| create"))
    assert "`a\\|b'<b> \\| c`" in row
    assert len(re.findall(r"(?<!\\)\|", row)) == 6


@pytest.mark.parametrize("length", [5, 250])
def test_two_thousand_resources_fit_and_what_is_left_out_is_counted(length: int) -> None:
    def many(size: str, cidr: str) -> Plan:
        names = [f"{number:04}{'x' * length}" for number in range(1000)]
        rules = [declare(RULE, name, {"cidrIpv4": cidr}) for name in names]
        return plan(*(machine(name, size) for name in names), *rules)

    change: PlanChange = compare_plans(
        many("g5.xlarge", "10.0.0.0/8"), many("g5.2xlarge", "0.0.0.0/0")
    )
    text = change_as_markdown(change)
    assert len(text) < MOST_CHARACTERS
    assert "2000 to update, 0 unchanged" in text
    shown = len(re.findall(r"^\| update \|", text, re.MULTILINE))
    assert f"… and {1000 - shown} more." in text
    assert 20 < shown <= 100


BUCKET = "aws:s3/bucket:Bucket"


def odd(name: str) -> Resource:
    return declare("somecloud:index:Database", name)


def in_terminal(change: PlanChange) -> list[str]:
    stream = io.StringIO()
    draw_change(Console(file=stream, width=200), change)
    return [" ".join(line.split()) for line in stream.getvalue().splitlines()]


def priced(*resources: Resource) -> str:
    stream = io.StringIO()
    draw_plan(Console(file=stream, width=200), plan(*resources))
    return stream.getvalue()


def stepped(operation: Operation, *resources: Resource) -> PlanChange:
    """All of them imported, or all of them deleted."""
    sides = (plan(*resources), plan()) if operation == "delete" else (plan(), plan(*resources))
    steps = [Step(operation, each.urn, None, each) for each in resources]
    return compare_plans(*sides, steps)


def test_a_terminal_says_what_the_comment_says() -> None:
    rule = opened("10.0.0.0/8")
    new = (machine(size="g5.2xlarge"), declare(BUCKET, "data"), odd("odd"), opened("0.0.0.0/0"))
    change = compare_plans(plan(machine(), rule), plan(*new))
    text, lines = change_as_markdown(change), in_terminal(change)
    (headline,) = re.findall(r"^### prod: (.*)$", text, re.MULTILINE)
    assert headline.endswith(", plus usage and 1 unpriced")
    before, after = re.findall(r"^(.*) → \*\*(.*)\*\* a month", text, re.MULTILINE)[0]
    assert after.startswith("≥ $")
    assert lines[0] == f"{headline}: {before} before, {after} after"
    assert "+ data aws s3.Bucket – by usage by usage" in lines
    assert "+ odd somecloud index.Database – unpriced not known" in lines
    assert "at the same cost: update from-hosts" in lines
    rows = re.findall(
        r"^\| (?:create|update) \| `(.*?)` (.*?) \| (.*?) \| (.*?) \| (.*?) \|$", text, re.M
    )
    told = [each[2:] for each in lines if each.startswith(("+ ", "~ "))]
    assert told == [" ".join(row) for row in rows]
    assert "object storage, standard $0.023 per GiB-month data" in lines
    assert not any("$0.00" in each for each in lines if "usage" in each)


def test_what_is_deleted_goes_away_with_all_that_it_waited_for() -> None:
    change = stepped("delete", machine(), declare(BUCKET, "data"), odd("odd"))
    text, lines = change_as_markdown(change), in_terminal(change)
    assert re.match(r"### prod: -\$[\d.,]+ a month\n", text), text
    assert re.match(r"-\$[\d.,]+ a month: ≥ \$[\d.,]+ before, \$0.00 after$", lines[0]), lines[0]
    assert "| delete | `data` aws s3.Bucket | by usage | – | goes away |" in text
    assert "| delete | `odd` somecloud index.Database | unpriced | – | goes away |" in text
    assert "Not in the total" not in text
    assert not any("not in the total" in each or "not priced yet" in each for each in lines)
    assert change.to_json()["change"]["unpriced"] == []
    only = change_as_markdown(stepped("delete", odd("odd")))
    assert only.startswith("### prod: less, by an amount that is not known\n")


def test_less_usage_is_not_told_as_more() -> None:
    kind = "aws:dynamodb/table:Table"
    key = {"hashKey": "id", "attributes": [{"name": "id", "type": "S"}]}
    asked = declare(kind, "table", {"billingMode": "PAY_PER_REQUEST", **key})
    fixed = {"billingMode": "PROVISIONED", "readCapacity": 5, "writeCapacity": 5, **key}
    text = between(plan(asked), plan(declare(kind, "table", fixed)))
    assert re.match(r"### prod: \+\$[\d.]+ a month\n", text), text


def test_what_is_imported_exists_already() -> None:
    change = stepped("import", machine(), declare(BUCKET, "data"))
    text, lines = change_as_markdown(change), in_terminal(change)
    cost = f"${change.imported_usd:,.2f}"
    assert text.startswith(
        f"### prod: no change in cost; {cost} a month is imported and paid already\n"
    )
    assert f"| import | `web` aws ec2.Instance | – | {cost} | exists already |" in text
    assert "| import | `data` aws s3.Bucket | – | by usage | exists already |" in text
    assert "2 to import, 0 unchanged" in text
    assert f"= web aws ec2.Instance – {cost} exists already" in lines
    assert "By component" not in text
    told = change.to_json()
    assert [each["op"] for each in told["resources"]] == ["import", "import"]
    assert [each["change_monthly_usd"] for each in told["resources"]] == [0.0, 0.0]
    assert told["change"]["monthly_usd"] == 0
    assert told["change"]["imported_monthly_usd"] == told["after"]["monthly_usd"] > 0
    assert told["change"]["lines"] == []


def test_the_bill_as_data_tells_what_waits_for_usage() -> None:
    bill = plan(declare(BUCKET, "data"), odd("odd"), machine()).to_json()["bill"]
    awaits = {each["component"]: each["awaits_usage"] for each in bill["unpriced"]}
    assert awaits["object storage, standard"] is True
    assert awaits["somecloud:index:Database"] is False


def test_thousands_of_names_are_cut() -> None:
    text = priced(*(declare(BUCKET, f"b{number:04}") for number in range(3000)))
    assert "b0000, b0001, b0002, b0003, b0004 and 2,995 more" in text
    assert len(text.splitlines()) < 60
    text = priced(*(odd(f"o{number:04}") for number in range(3000)))
    assert "unpriced o0000, o0001, o0002, o0003, o0004 and 2,995 more (somecloud:" in text


def test_what_two_providers_sell_by_one_name_is_told_apart() -> None:
    buckets = declare(BUCKET, "ours"), declare("gcp:storage/bucket:Bucket", "theirs")
    text = priced(*buckets)
    assert re.search(r"object storage, standard \(aws\) +\$0\.023 per GiB-month +ours", text)
    assert re.search(r"object storage, standard \(gcp\) +\$0\.02 per GiB-month +theirs", text)
    assert "object storage, standard (aws)" not in priced(buckets[0])


@pytest.mark.parametrize(
    ("usd", "told"),
    [
        (0.06000012, "$0.06"),
        (0.0600001, "$0.06"),
        (0.0000166667, "$0.0000166667"),
        (0.57285, "$0.57285"),
        (21.957642, "$21.9576"),
        (3.67321, "$3.67321"),
        (1005, "$1005"),
        (1000, "$1000"),
        (4e-7, "$0.0000004"),
    ],
)
def test_a_unit_price_is_as_round_as_it_is(usd: float, told: str) -> None:
    assert unit_price(usd) == told
