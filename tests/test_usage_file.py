"""Usage files: what people state of a month, on which resources it lands, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from declared import amounts, declare, graph_of, urn_of, waiting

from domain.blueprint import TAG_SIZE
from domain.catalog import load_catalog
from domain.costing import Plan, Quantities, cost_graph
from domain.costing.amounts import example, parse_amount, write_amount
from domain.costing.context import Survey
from domain.costing.quantities import COMMON_KEYS
from domain.costing.usage_file import read_usage, usage_on
from domain.costing.usage_keys import usage_keys
from domain.errors import InputError, QuantityError
from domain.resources import Resource, ResourceGraph
from domain.usage import Measure

MONTH = 730 * 3600
BUCKET = "aws:s3/bucket:Bucket"
GATEWAY = "aws:ec2/natGateway:NatGateway"
STREAM = "aws:kinesis/stream:Stream"
QUEUE = "aws:sqs/queue:Queue"


def keys_of(resource: Resource) -> dict[str, bool]:
    """The keys of a resource, and whether a line waits for each."""
    survey = Survey(graph_of(resource), load_catalog())
    return {key.name: key.waits for key in usage_keys(survey.context(resource))}


def plan_with(
    folder: Path, text: str, *resources: Resource, known: Mapping[str, Quantities] | None = None
) -> Plan:
    """The plan of resources, with a usage file."""
    path = folder / "usage.yaml"
    path.write_text(text)
    graph, catalog = graph_of(*resources), load_catalog()
    (stated,) = usage_on(read_usage(path), [graph], catalog)
    return cost_graph(graph, catalog, quantities=known, usage=stated.amounts)


def refusal(folder: Path, text: str, *resources: Resource) -> str:
    """What is said of a usage file that is wrong, without the folder."""
    with pytest.raises(InputError) as raised:
        plan_with(folder, text, *resources)
    return str(raised.value).replace(f"{folder}/", "")


@pytest.mark.parametrize(
    ("written", "measure", "amount"),
    [
        ("300 GB", "bytes", 300e9),
        ("10 GB/day", "bytes", 10e9 * 730 / 24),
        ("8 Mbit/s", "bytes", 1e6 * MONTH),
        ("5 TiB", "byte_seconds", 5 * 2**40 * MONTH),
        ("400,000 GB-hours", "byte_seconds", 4e14 * 3600),
        ("2.5 million", "requests", 2.5e6),
        ("10k", "requests", 1e4),
        ("1,000 requests", "requests", 1000),
        (12, "requests", 12),
        ("20 per second", "requests", 20 * MONTH),
        ("3 requests a day", "requests", 3 * 730 / 24),
        ("120 h", "seconds", 432_000),
        ("8 h/day", "seconds", 8 * 3600 * 730 / 24),
        ("4 vCPU-months", "seconds", 4 * MONTH),
        ("200 capacity-unit-hours", "seconds", 720_000),
        ("3000 IOPS", "iops_seconds", 3000 * MONTH),
        ("125 MB/s", "rate_seconds", 125e6 * MONTH),
        ("1 million objects", "object_seconds", 1e6 * MONTH),
        (0, "bytes", 0),
    ],
)
def test_amounts_are_written_as_people_write_them(
    written: object, measure: Measure, amount: float
) -> None:
    assert parse_amount(written, measure) == pytest.approx(amount)


@pytest.mark.parametrize(
    ("written", "measure", "says"),
    [
        (5, "byte_seconds", "5 has no unit; a size is written like '100 GiB'"),
        ("5 TiB/s", "byte_seconds", "'5 TiB/s' is not a size"),
        ("10 million", "bytes", "'10 million' is not a size"),
        ("many", "requests", "'many' is not a number"),
        ("10 GB", "requests", "counts 'GB'"),
        ("10 per fortnight", "requests", "is per 'fortnight', which is no time that is known"),
        ("10 GB/dy", "bytes", "write for example '20 per second'; did you mean 'day'?"),
        (float("nan"), "bytes", "nan is not a size"),
        ("-5 TiB", "byte_seconds", "'-5 TiB' must be at least 0, like '100 GiB'"),
        ("-3", "requests", "'-3' must be at least 0"),
        (-3, "requests", "'-3' must be at least 0"),
        (True, "requests", "True is not a number"),
        (None, "bytes", "None is not a size"),
        (["1 GB"], "bytes", "is not a size"),
        (float("nan"), "requests", "too large"),
        (float("inf"), "requests", "too large"),
        (12, "seconds", "12 has no unit; a time is written like '730 h'"),
    ],
)
def test_other_amounts_get_a_sentence(written: object, measure: Measure, says: str) -> None:
    with pytest.raises(QuantityError, match=r".") as raised:
        parse_amount(written, measure)
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("measure", "unit"),
    [
        ("bytes", "GiB"),
        ("byte_seconds", "GiB-month"),
        ("requests", "1,000 requests"),
        ("seconds", "hour"),
        ("seconds", "month"),
        ("seconds", "VM-hour"),
        ("object_seconds", "1,000 object-months"),
        ("iops_seconds", "IOPS-month"),
        ("rate_seconds", "MB/s-month"),
    ],
)
def test_the_example_of_every_measure_is_accepted(measure: Measure, unit: str) -> None:
    assert parse_amount(example(measure, unit), measure, unit) > 0


@pytest.mark.parametrize(
    ("amount", "measure"), [(150e9 * MONTH, "byte_seconds"), (5e6, "requests"), (2.0**31, "bytes")]
)
def test_an_assumed_amount_is_written_so_that_it_reads_back(
    amount: float, measure: Measure
) -> None:
    assert parse_amount(write_amount(amount, measure), measure) == amount


def test_keys_are_found_by_asking_the_coster() -> None:
    keys = keys_of(declare(BUCKET, "data"))
    assert {"stored", "read_requests", "write_requests"} <= keys.keys()
    assert all(keys.values())
    assert keys_of(declare(GATEWAY, "nat")) == {"processed": True, "internet": True}
    assert keys_of(declare("aws:iam/role:Role", "role")) == {}
    assert keys_of(declare("my:own:Component", "group", custom=False)) == {}
    assert keys_of(declare(BUCKET, "theirs", external=True)) == {}


def test_what_is_assumed_has_a_key_that_nothing_waits_for() -> None:
    keys = keys_of(declare(BUCKET, "data", {"tags": {TAG_SIZE: str(150e9)}}))
    assert not keys["stored"]
    assert keys["read_requests"]


def test_a_line_without_a_common_quantity_has_a_key_from_its_item() -> None:
    on_demand = declare(STREAM, "events", {"streamModeDetails": {"streamMode": "ON_DEMAND"}})
    keys = keys_of(on_demand)
    assert {"fan_out", "retention", "long_retention"} <= keys.keys()
    assert not {"fan_out"} & COMMON_KEYS.keys()


def test_stated_usage_is_priced_and_says_its_line(tmp_path: Path) -> None:
    text = "data:\n  stored: 100 GiB\n  read_requests: 5 thousand\n"
    (cost,) = plan_with(tmp_path, text, declare(BUCKET, "data")).resources
    assert amounts(cost) == {
        "object storage, standard": (100.0, 2.3),
        "object storage, standard, read requests": (5.0, 0.002),
    }
    notes = {line.component: line.note or "" for line in cost.lines}
    assert "Quantity: usage.yaml:2." in notes["object storage, standard"]
    assert "Quantity: usage.yaml:3." in notes["object storage, standard, read requests"]
    assert "object storage, standard, write requests" in waiting(cost)
    assert not amounts(cost).keys() & waiting(cost).keys()


def test_a_coster_need_not_know_of_usage_files(tmp_path: Path) -> None:
    stream = declare(STREAM, "events", {"streamModeDetails": {"streamMode": "ON_DEMAND"}})
    (before,) = plan_with(tmp_path, "# nothing yet\n", stream).resources
    price = waiting(before)["streams, on demand fan out"]
    (cost,) = plan_with(tmp_path, "events:\n  fan_out: 10 GiB\n", stream).resources
    assert price is not None
    assert amounts(cost)["streams, on demand fan out"] == (10.0, pytest.approx(10 * price))
    (line,) = (each for each in cost.lines if each.component == "streams, on demand fan out")
    assert "Quantity: usage.yaml:2." in (line.note or "")


def test_a_key_may_be_the_component_as_the_plan_shows_it(tmp_path: Path) -> None:
    stream = declare(STREAM, "events", {"streamModeDetails": {"streamMode": "ON_DEMAND"}})
    text = "events:\n  streams_on_demand_fan_out: 10 GiB\n"
    (cost,) = plan_with(tmp_path, text, stream).resources
    assert "streams, on demand fan out" in amounts(cost)


def test_the_most_specific_wins_key_by_key(tmp_path: Path) -> None:
    text = f"""\
{urn_of(GATEWAY, "web-a")}:
  processed: 1 GiB
web-b:
  processed: 2 GiB
web-*:
  processed: 3 GiB
"*":
  processed: 4 GiB
{GATEWAY}:
  processed: 5 GiB
"""
    names = ("web-a", "web-b", "web-c", "other")
    plan = plan_with(tmp_path, text, *(declare(GATEWAY, name) for name in names))
    assert [amounts(each)["NAT, data"][0] for each in plan.resources] == [1, 2, 3, 4]

    text = f"data:\n  stored: 1 GiB\n{BUCKET}:\n  stored: 9 GiB\n  read_requests: 1000\n"
    (cost,) = plan_with(tmp_path, text, declare(BUCKET, "data")).resources
    assert [quantity for quantity, _ in amounts(cost).values()] == [1, 1]


def test_types_are_known_by_their_older_names(tmp_path: Path) -> None:
    bucket = declare("aws:s3/bucketV2:BucketV2", "data")
    (cost,) = plan_with(tmp_path, f"{BUCKET}: {{stored: 1 GiB}}\n", bucket).resources
    assert amounts(cost)["object storage, standard"][0] == 1


def test_a_name_that_several_resources_share_is_meant_for_those_that_have_the_key(
    tmp_path: Path,
) -> None:
    bucket, role = declare(BUCKET, "data"), declare("aws:iam/role:Role", "data")
    plan = plan_with(tmp_path, "data: {stored: 1 GiB}\n", role, bucket)
    assert [bool(each.lines) for each in plan.resources] == [False, True]


def test_a_usage_file_wins_over_a_simulation_where_both_speak(tmp_path: Path) -> None:
    flown = Quantities(source="the simulation of s.yaml", stored_bytes=2.0**30, read_requests=1000)
    bucket = declare(BUCKET, "data")
    (cost,) = plan_with(
        tmp_path, "data: {stored: 5 GiB}\n", bucket, known={bucket.urn: flown}
    ).resources
    found = amounts(cost)
    assert found["object storage, standard"][0] == 5
    assert found["object storage, standard, read requests"][0] == 1
    notes = [line.note or "" for line in cost.lines]
    assert "Quantity: usage.yaml:1." in notes[0]
    assert "Quantity: the simulation of s.yaml." in notes[1]


def test_nothing_used_costs_nothing_and_waits_for_nothing(tmp_path: Path) -> None:
    (before,) = plan_with(tmp_path, "# nothing yet\n", declare(QUEUE, "jobs")).resources
    (cost,) = plan_with(tmp_path, "jobs: {requests: 0}\n", declare(QUEUE, "jobs")).resources
    assert waiting(before)
    assert not waiting(cost)
    assert cost.monthly_usd == 0


def test_a_quantity_that_a_coster_reckons_with_is_written_in_its_own_measure(
    tmp_path: Path,
) -> None:
    function = declare("aws:lambda/function:Function", "call", {"memorySize": 1024})
    (cost,) = plan_with(tmp_path, "call: {duration: 100 h}\n", function).resources
    quantities = {line.unit: float(line.quantity) for line in cost.lines}
    assert quantities == {"GiB-hour": 100.0}
    assert "Quantity: usage.yaml:1." in (cost.lines[0].note or "")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("dta: {stored: 1 GB}\n", "usage.yaml:1: no resource is called 'dta'"),
        ("dta: {stored: 1 GB}\n", "did you mean 'data'?"),
        ("data:\n  storage: 1 GB\n", "usage.yaml:2: 'data' has no 'storage', it has stored, read_"),
        ("data:\n  storage: 1 GB\n", "did you mean 'stored'?"),
        ("data:\n  stored: -5 GB\n", "usage.yaml:2: stored: '-5 GB' must be at least 0"),
        ("data:\n  stored: 5\n", "usage.yaml:2: stored: 5 has no unit; a size is written like"),
        ("data:\n\n  read_requests: many\n", "usage.yaml:3: read_requests: 'many' is not a number"),
        ("data:\n  stored:\n", "usage.yaml:2: stored: has no value; write for example '100 GiB'"),
        ("web-*: {processed: 1 GB}\n", "usage.yaml:1: the pattern 'web-*' matches the name of no"),
        ("aws:x/*: {stored: 1 GB}\n", "the pattern 'aws:x/*' matches the type of no resource"),
        ("aws:s3/bucket:Buckt: {stored: 1 GB}\n", "did you mean 'aws:s3/bucket:Bucket'?"),
        ("urn:pulumi:x: {stored: 1 GB}\n", "no resource is called 'urn:pulumi:x'"),
        ("role: {stored: 1 GB}\n", "usage.yaml:1: nothing of 'role' depends on usage"),
        ("group: {stored: 1 GB}\n", "nothing of 'group' depends on usage; state it of data"),
        ("data: 5 TiB\n", "usage.yaml:1: 'data' holds '5 TiB', not keys"),
        ("data: [", "usage.yaml:1: is not valid YAML"),
        ("a\x00b", "usage.yaml: is not valid YAML"),
        ("just words\n", "usage.yaml: must be a YAML mapping"),
        ("*-web: {stored: 1 GB}\n", "stands in quotes"),
        ("data: {stored: 1 GB}\ndata: {}\n", "usage.yaml:2: key 'data' is given twice"),
        ("data: {}\non: {stored: 1 GB}\n", "usage.yaml:2: YAML reads the key True as no text"),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, text: str, says: str) -> None:
    group = declare("my:own:Component", "group", custom=False)
    bucket = declare(BUCKET, "data", parent=group.urn)
    role = declare("aws:iam/role:Role", "role")
    assert says in refusal(tmp_path, text, group, bucket, role)


def test_all_mistakes_are_told_at_once_but_not_hundreds(tmp_path: Path) -> None:
    text = "".join(f"no-{number}: {{stored: 1 GB}}\n" for number in range(20))
    told = refusal(tmp_path, text, declare(BUCKET, "data")).splitlines()
    assert len(told) == 7
    assert told[-1] == "… and 14 more"


def test_a_type_that_this_stack_does_not_have_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "usage.yaml"
    path.write_text(f"{QUEUE}: {{requests: 1 million}}\n")
    (stated,) = usage_on(read_usage(path), [graph_of(declare(BUCKET, "data"))], load_catalog())
    assert stated.notes == (f"usage.yaml:1: there is no resource of type {QUEUE} here",)


def test_a_resource_may_be_on_one_side_of_a_change_only(tmp_path: Path) -> None:
    path = tmp_path / "usage.yaml"
    path.write_text("new: {stored: 1 GiB}\nold: {stored: 2 GiB}\n")
    sides = [graph_of(declare(BUCKET, name)) for name in ("old", "new")]
    before, after = usage_on(read_usage(path), sides, load_catalog())
    assert list(before.amounts) == [urn_of(BUCKET, "old")]
    assert list(after.amounts) == [urn_of(BUCKET, "new")]


def test_what_a_preview_leaves_out_is_a_note(tmp_path: Path) -> None:
    path = tmp_path / "usage.yaml"
    path.write_text("data: {stored: 1 GiB}\n")
    graph = ResourceGraph((declare(BUCKET, "logs"),), left_out=7)
    (stated,) = usage_on(read_usage(path), [graph], load_catalog())
    assert "leave out 7" in stated.notes[0]


def test_a_file_of_comments_states_nothing(tmp_path: Path) -> None:
    path = tmp_path / "usage.yaml"
    path.write_text("# data:\n#   stored: 1 GB\n")
    (stated,) = usage_on(read_usage(path), [graph_of(declare(BUCKET, "data"))], load_catalog())
    assert not stated.amounts
    assert "states nothing" in stated.notes[0]


FUNCTION = "aws:lambda/function:Function"


def test_an_amount_of_each_request_is_multiplied_with_them(tmp_path: Path) -> None:
    function = declare(FUNCTION, "call", {"memorySize": 1024})
    text = "call:\n  requests: 1 million\n  duration: 200 ms each\n"
    (cost,) = plan_with(tmp_path, text, function).resources
    quantities = {line.unit: float(line.quantity) for line in cost.lines}
    assert quantities["GiB-hour"] == pytest.approx(1e6 * 0.2 / 3600)
    (line,) = (each for each in cost.lines if each.unit == "GiB-hour")
    assert float(line.amount_usd) == pytest.approx(3.33, abs=0.01)
    assert "Quantity: usage.yaml:3." in (line.note or "")


@pytest.mark.parametrize("written", ["200 ms each", "200 ms per request", "0.2 s a call"])
def test_requests_may_be_stated_of_one_and_their_length_of_all(
    tmp_path: Path, written: str
) -> None:
    text = f"call:\n  requests: 3600\n{FUNCTION}:\n  duration: {written}\n"
    functions = [declare(FUNCTION, name, {"memorySize": 1024}) for name in ("call", "other")]
    stated, other = plan_with(tmp_path, text, *functions).resources
    assert {line.unit: float(line.quantity) for line in stated.lines}["GiB-hour"] == 0.2
    assert not other.lines, "how often it is called nobody says"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "call:\n  duration: 200 ms each\n",
            "usage.yaml:2: duration: '200 ms each' is of each request, and how many there are is "
            "not stated; add 'requests: 1 million', or state all of the month together, like ",
        ),
        (
            "call:\n  requests: 5 each\n",
            "usage.yaml:2: requests: '5 each' is of each request; state all of the month together",
        ),
        ("data:\n  stored: 5 MB each\n", "usage.yaml:2: stored: '5 MB each' is of each request"),
        ("nat:\n  processed: 5 MB each\n", "of each request, which are no key here; state all"),
        ("call:\n  duration: long each\n", "usage.yaml:2: duration: 'long' is not a time"),
    ],
)
def test_of_each_request_needs_requests(tmp_path: Path, text: str, says: str) -> None:
    resources = [declare(FUNCTION, "call"), declare(BUCKET, "data"), declare(GATEWAY, "nat")]
    assert says in refusal(tmp_path, text, *resources)
