"""JUnit's XML, which nearly every CI server shows as a list of tests."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from policies.formats import name_of
from policies.judge import Report

# What XML 1.0 cannot hold, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_junit(report: Report) -> str:
    """A test for each rule that passed, and for each resource that a rule has something to say of.

    Mandatory violations fail; advisory ones pass with what they say as output; what could not
    be decided, and what is exempt, is skipped.
    """
    suite = ElementTree.Element("testsuite", name=f"policies {report.environment}".strip())
    for rule_id in report.passed:
        ElementTree.SubElement(suite, "testcase", classname="policies", name=rule_id)
    for each in report.violations:
        case = _case(suite, each.rule.id, each.urn)
        text = f"{each.message}. Remedy: {each.remedy}."
        if each.severity == "mandatory":
            failure = ElementTree.SubElement(
                case, "failure", type="mandatory", message=_clean(text)
            )
            failure.text = _clean("\n".join(filter(None, (text, each.urn, each.source))))
        else:
            ElementTree.SubElement(case, "system-out").text = _clean(f"advisory: {text}")
    for question in report.undecided:
        case = _case(suite, question.rule.id, question.urn)
        why = f"could not decide: {question.reason}"
        ElementTree.SubElement(case, "skipped", message=_clean(why))
    for exempted in report.exempted:
        case = _case(suite, exempted.violation.rule.id, exempted.violation.urn)
        exemption = exempted.exemption
        why = f"exempt until {exemption.expires}: {exemption.reason} ({exemption.owner})"
        ElementTree.SubElement(case, "skipped", message=_clean(why))
    for counted, tag in (("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped")):
        suite.set(counted, str(sum(1 for _ in suite.iter(tag))))
    suite.set("errors", "0")
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    ElementTree.indent(suites)
    text = ElementTree.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _case(suite: ElementTree.Element, rule_id: str, urn: str | None) -> ElementTree.Element:
    name = _clean(f"{rule_id}: {name_of(urn)}")
    return ElementTree.SubElement(suite, "testcase", classname="policies", name=name)


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("?", text)
