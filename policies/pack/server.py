"""Pulumi's analyzer protocol, spoken by our rules (``analyzer.proto`` of the SDK).

Spoken directly, not through the ``pulumi-policy`` package: that hands out secrets in plain
text, so that a rule could neither tell nor hide them, and reads every resource anew for every
rule.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent import futures
from importlib.metadata import version
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime import proto
from pulumi.runtime.proto import analyzer_pb2_grpc

from domain.errors import WindtunnelError
from domain.resources import Resource, ResourceGraph
from policies.judge import Open, Violation, judge
from policies.pack.configuration import Configuration, configuration_of
from policies.pack.reading import graph_of, submitted, whole_stack
from policies.predicted import prediction_for
from policies.registry import all_rules
from policies.rule import Rule, Severity
from policies.world import World

NAME = "windtunnel"
VERSION = version(NAME)
_LARGEST_MESSAGE_BYTES = 400 * 2**20  # as the engine's own limit
_PAGE = "docs/policies.md"
_LEVELS = {
    "advisory": proto.ADVISORY,
    "mandatory": proto.MANDATORY,
    "disabled": proto.DISABLED,
}
_SEVERITIES: dict[int, Severity] = {
    proto.ADVISORY: "advisory",
    proto.MANDATORY: "mandatory",
    proto.DISABLED: "disabled",
    # No rule mends anything by itself.
    proto.REMEDIATE: "mandatory",
}


def _plainly(call: Callable[..., Any]) -> Callable[..., Any]:
    """Tells the engine of wrong input in one sentence."""

    @functools.wraps(call)
    def answer(self: Any, request: Any, context: Any) -> Any:
        try:
            return call(self, request, context)
        except WindtunnelError as error:
            return context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))

    return answer


class Analyzer(analyzer_pb2_grpc.AnalyzerServicer):
    """One process judges one stack, in one preview or update."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._configuration = Configuration()
        self._submissions: dict[str, Resource] = {}
        self._said: set[tuple[str, str | None, str]] = set()

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802, the name on the wire
        """The engine says hello; nothing is asked of it."""
        return proto.AnalyzerHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        """The version of the pack."""
        return proto.PluginInfo(version=VERSION)

    @_plainly
    def ConfigureStack(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Which stack it is: its settings are read, and its exemptions' days looked at."""
        self._configuration = configuration_of(
            self._folder, request.stack, dict(request.config), frozenset(request.config_secret_keys)
        )
        self._submissions.clear()
        self._said.clear()
        return proto.AnalyzerStackConfigureResponse()

    @_plainly
    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Severities and values of ``--policy-pack-config``, over those of the settings."""
        asked = {
            name: (_SEVERITIES[each.enforcementLevel], json_format.MessageToDict(each.properties))
            for name, each in request.policyConfig.items()
        }
        self._configuration = self._configuration.configured(asked)
        return empty_pb2.Empty()

    def GetAnalyzerInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        """The rules, as severe as they are for this stack."""
        return proto.AnalyzerInfo(
            name=NAME,
            displayName="Windtunnel",
            version=VERSION,
            supportsConfig=True,
            description="What is declared, what it costs, and what is predicted of it.",
            policies=[self._info(rule) for rule in all_rules()],
        )

    @_plainly
    def Analyze(self, request: Any, context: Any) -> Any:  # noqa: N802
        """One resource before it is made: what breaks a rule that needs no other to tell."""
        resource, *provider = submitted(request)
        self._submissions[resource.urn] = resource
        world = self._world(graph_of([resource, *provider], self._configuration.config))
        report = judge(world, self._configuration.settings, _by_resource())
        return self._response(each for each in report.violations if each.urn == resource.urn)

    @_plainly
    def AnalyzeStack(self, request: Any, context: Any) -> Any:  # noqa: N802
        """The whole stack at the end, by all rules; what was said before is not said again."""
        graph = whole_stack(request.resources, self._submissions, self._configuration.config)
        world = prediction_for(self._world(graph), self._configuration.prediction)
        report = judge(world, self._configuration.settings)
        return self._response(report.violations, report.undecided)

    def Remediate(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Nothing: rules say what mends a resource, people do it."""
        return proto.RemediateResponse()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Nothing takes long enough to be stopped."""
        return empty_pb2.Empty()

    def _world(self, graph: ResourceGraph) -> World:
        return World(graph, environment=self._configuration.environment)

    def _info(self, rule: Rule) -> Any:
        by_resource = rule.scope == "resource"
        info = proto.PolicyInfo(
            name=rule.id,
            displayName=rule.title,
            description=rule.title,
            enforcementLevel=_LEVELS[self._configuration.settings.severity_of(rule)],
            policy_type=proto.POLICY_TYPE_RESOURCE if by_resource else proto.POLICY_TYPE_STACK,
            tags=[rule.category],
            remediation_steps=rule.remedy,
            url=_PAGE,
        )
        if rule.guides:
            info.framework.name = "; ".join(rule.guides)
        if properties := _schema(rule):
            info.configSchema.properties.update(properties)
        return info

    def _response(self, violations: Iterable[Violation], undecided: Iterable[Open] = ()) -> Any:
        response = proto.AnalyzeResponse()
        for violation in violations:
            said = (violation.rule.id, violation.urn, violation.message)
            if said not in self._said:
                self._said.add(said)
                response.diagnostics.append(_diagnostic(violation))
        for first, *others in _alike(undecided):
            response.diagnostics.append(_not_decided(first, others))
            for each in others:
                response.not_applicable.append(
                    proto.PolicyNotApplicable(policy_name=each.rule.id, reason=each.reason)
                )
        return response


def serve(folder: Path) -> None:
    """Answers the engine until it ends this process; prints the port to find it at first."""
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=1),
        options=[("grpc.max_receive_message_length", _LARGEST_MESSAGE_BYTES)],
    )
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(Analyzer(folder), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


@functools.cache
def _by_resource() -> tuple[Rule, ...]:
    return tuple(rule for rule in all_rules() if rule.scope == "resource")


def _diagnostic(violation: Violation) -> Any:
    rule = violation.rule
    return proto.AnalyzeDiagnostic(
        policyName=rule.id,
        policyPackName=NAME,
        policyPackVersion=VERSION,
        description=rule.title,
        message=f"{violation.message}\n→ {violation.remedy}",
        urn=violation.urn or "",
        enforcementLevel=_LEVELS[violation.severity],
    )


def _alike(undecided: Iterable[Open]) -> Iterator[list[Open]]:
    """What waits for the same thing is said once."""
    found: dict[tuple[str | None, str], list[Open]] = {}
    for each in undecided:
        found.setdefault((each.urn, each.reason), []).append(each)
    yield from found.values()


def _not_decided(first: Open, others: list[Open]) -> Any:
    also = f" (nor are {', '.join(each.rule.id for each in others)})" if others else ""
    return proto.AnalyzeDiagnostic(
        policyName=first.rule.id,
        policyPackName=NAME,
        policyPackVersion=VERSION,
        description=first.rule.title,
        message=f"not decided: {first.reason}{also}",
        urn=first.urn or "",
        enforcementLevel=proto.ADVISORY,
    )


def _schema(rule: Rule) -> dict[str, Any]:
    """The JSON Schema of a rule's values, without defaults: the CLI would send them as if
    somebody had asked for them, over the settings of the environment."""
    schema = rule.settings.model_json_schema()
    definitions = schema.get("$defs", {})

    def plain(value: Any) -> Any:
        if isinstance(value, list):
            return [plain(each) for each in value]
        if not isinstance(value, dict):
            return value
        if "$ref" in value:
            return plain(definitions[value["$ref"].rsplit("/", 1)[-1]])
        return {key: plain(each) for key, each in value.items() if key != "default"}

    found: dict[str, Any] = plain(schema.get("properties", {}))
    return found
