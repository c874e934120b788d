"""Encryption on the way on AWS: on at all, the only way in, and of a version that holds."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.values import blocks, is_list, truth
from domain.resources import SECRET, UNKNOWN
from policies.attributes import (
    PRESENT,
    TRUE,
    TRUE_BY_DEFAULT,
    Want,
    between,
    none_of,
    one_of,
    row,
    rule,
)
from policies.rule import Finding, Judgement, NoSettings, Rule, Undecided
from policies.rules.logs import session
from policies.world import World

_DOMAINS = "aws:opensearch/domain:Domain", "aws:elasticsearch/domain:Domain"
_SEVERAL_NODES = (("clusterConfig.instanceCount", between(2)),)
_CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"

_IN_TRANSIT = (
    *(
        row(kind, "nodeToNodeEncryption.enabled", TRUE, "CKV_AWS_6", where=_SEVERAL_NODES)
        for kind in _DOMAINS
    ),
    row(_CACHE, "transitEncryptionEnabled", TRUE, "CKV_AWS_31"),
    row(
        _CACHE,
        "authToken | userGroupIds",
        PRESENT,
        "CKV_AWS_31",
        wrong="answers without a password",
    ),
    row("aws:memorydb/cluster:Cluster", "tlsEnabled", TRUE_BY_DEFAULT, "CKV_AWS_202"),
    row("aws:appsync/apiCache:ApiCache", "transitEncryptionEnabled", TRUE, "CKV_AWS_215"),
    row("aws:dax/cluster:Cluster", "clusterEndpointEncryptionType", one_of("TLS"), "CKV_AWS_239"),
    row(
        "aws:emr/securityConfiguration:SecurityConfiguration",
        "configuration.EncryptionConfiguration.EnableInTransitEncryption",
        TRUE,
        "CKV_AWS_351",
    ),
    row(
        "aws:msk/cluster:Cluster",
        "encryptionInfo.encryptionInTransit.clientBroker",
        one_of("TLS", by_default=True),
    ),
    row("aws:msk/cluster:Cluster", "encryptionInfo.encryptionInTransit.inCluster", TRUE_BY_DEFAULT),
)


def _sessions(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Sessions of Session Manager are encrypted with a key of the owner's, beside TLS: who may
    read along is then said by that key's policy."""
    for document in world.of_type("aws:ssm/document:Document"):
        if document.inputs.get("documentType") != "Session":
            continue
        content = session(document)
        if content is None:
            yield Undecided(
                f"what '{document.name}' says of sessions is known only after deployment", document
            )
        elif not content.get("kmsKeyId"):
            yield Finding(
                f"'{document.name}' does not encrypt sessions with a key of your own", document
            )


_LISTENER = "aws:lb/listener:Listener"
_HSTS = "securityHeadersConfig.strictTransportSecurity.accessControlMaxAgeSec"
_YEAR_SECONDS = 31536000
_HELD_TO_HTTPS = {
    "strictTransportSecurity": {
        "accessControlMaxAgeSec": _YEAR_SECONDS,
        "includeSubdomains": True,
        "override": True,
    }
}
_ONLY_TLS = (
    *(
        row(kind, "domainEndpointOptions.enforceHttps", TRUE_BY_DEFAULT, "CKV_AWS_83")
        for kind in _DOMAINS
    ),
    row(
        "aws:transfer/server:Server",
        "protocols",
        Want(lambda value: not is_list(value) or "FTP" not in value, ["SFTP"], absent=True),
        "CKV_AWS_357",
    ),
    row(
        "aws:ses/configurationSet:ConfigurationSet",
        "deliveryOptions.tlsPolicy",
        one_of("Require"),
        "CKV_AWS_365",
    ),
    row(
        "aws:sesv2/configurationSet:ConfigurationSet",
        "deliveryOptions.tlsPolicy",
        one_of("REQUIRE"),
    ),
    row(
        "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy",
        _HSTS,
        between(_YEAR_SECONDS),
        "CKV_AWS_259",
        wrong="does not hold browsers to HTTPS for a year",
        example=_HELD_TO_HTTPS,
    ),
    *(
        row(
            "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy",
            f"securityHeadersConfig.strictTransportSecurity.{key}",
            TRUE,
            "CKV_AWS_259",
            wrong=wrong,
            example=_HELD_TO_HTTPS,
        )
        for key, wrong in (
            ("override", "lets an origin take back that browsers are held to HTTPS"),
            ("includeSubdomains", "does not hold browsers to HTTPS on subdomains"),
        )
    ),
)


def _plain_listeners(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Classic load balancers take TLS with a certificate; others take HTTPS or redirect to it."""
    for balancer in world.of_type("aws:elb/loadBalancer:LoadBalancer"):
        for listener in blocks(balancer.inputs.get("listeners")):
            protocol = str(listener.get("lbProtocol", "")).lower()
            if protocol in ("https", "ssl") and listener.get("sslCertificateId"):
                continue
            port = listener.get("lbPort")
            yield Finding(
                f"'{balancer.name}' takes {protocol or 'plain'} on port {port}"
                f"{' without a certificate' if protocol in ('https', 'ssl') else ''}",
                balancer,
                "give the listener lb_protocol='https' and an ssl_certificate_id",
            )
            break
    for entrance in world.of_type(_LISTENER):
        # A listener of an application balancer that names no protocol takes HTTP; those of
        # gateway balancers have neither protocol nor port.
        protocol = entrance.inputs.get("protocol", "HTTP" if entrance.inputs.get("port") else None)
        if protocol == "HTTP" and not any(
            _redirects(action) for action in blocks(entrance.inputs.get("defaultActions"))
        ):
            yield Finding(
                f"'{entrance.name}' takes HTTP and does not redirect to HTTPS",
                entrance,
                "set protocol='HTTPS' with a certificate, or redirect to HTTPS",
            )


def _redirects(action: object) -> bool:
    return any(
        redirect.get("protocol") == "HTTPS"
        for redirect in blocks(action.get("redirect") if isinstance(action, dict) else None)
    )


def _require_ssl(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Redshift takes plain connections unless its parameter group says otherwise."""
    for group in world.of_type("aws:redshift/parameterGroup:ParameterGroup"):
        said = {
            each.get("name"): each.get("value") for each in blocks(group.inputs.get("parameters"))
        }
        if said.get("require_ssl") in (UNKNOWN, SECRET):
            yield Undecided(
                f"whether '{group.name}' requires TLS is known only after deployment", group
            )
        elif not truth(said.get("require_ssl")):
            yield Finding(
                f"'{group.name}' lets clients connect without TLS",
                group,
                "set parameters=[{'name': 'require_ssl', 'value': 'true'}]",
            )


def _only_tls(world: World, settings: NoSettings) -> Iterator[Judgement]:
    yield from _plain_listeners(world, settings)
    yield from _require_ssl(world, settings)


_OLD = ("Protocol-SSLv2", "Protocol-SSLv3", "Protocol-TLSv1", "Protocol-TLSv1.1")


def _classic_policies(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Policies of classic load balancers: none of the old protocols, by name or predefined."""
    for policy in world.of_type("aws:elb/loadBalancerPolicy:LoadBalancerPolicy"):
        if policy.inputs.get("policyTypeName") != "SSLNegotiationPolicyType":
            continue
        for attribute in blocks(policy.inputs.get("policyAttributes")):
            name, value = attribute.get("name"), attribute.get("value")
            predefined = name == "Reference-Security-Policy" and not _is_modern(value)
            if predefined or (name in _OLD and truth(value)):
                yield Finding(f"'{policy.name}' lets old TLS in: {name} is {value}", policy)
                break


def _is_modern(policy: object) -> bool:
    """Whether a predefined policy starts at TLS 1.2."""
    return any(each in str(policy) for each in ("TLS-1-2", "FS-1-2", "TLS13-1-2", "TLS13-1-3"))


_MODERN = (
    *(
        row(
            kind,
            "domainEndpointOptions.tlsSecurityPolicy",
            Want(
                lambda value: str(value).startswith(("Policy-Min-TLS-1-2", "Policy-Min-TLS-1-3")),
                "Policy-Min-TLS-1-2-PFS-2023-10",
            ),
            "CKV_AWS_228",
        )
        for kind in _DOMAINS
    ),
    row(
        "aws:cloudfront/distribution:Distribution",
        "viewerCertificate.minimumProtocolVersion",
        Want(lambda value: str(value).startswith(("TLSv1.2", "TLSv1.3")), "TLSv1.2_2021"),
        "CKV_AWS_174",
    ),
    row(
        _LISTENER,
        "sslPolicy",
        Want(_is_modern, "ELBSecurityPolicy-TLS13-1-2-2021-06"),
        "CKV_AWS_103",
        where=[("protocol", one_of("HTTPS", "TLS"))],
    ),
)

_BALANCERS = (
    row(
        "aws:lb/loadBalancer:LoadBalancer",
        "desyncMitigationMode",
        none_of("monitor", instead="defensive"),
        "CKV_AWS_328",
        where=[("loadBalancerType", one_of("application", by_default=True))],
    ),
    row(
        "aws:elb/loadBalancer:LoadBalancer",
        "desyncMitigationMode",
        none_of("monitor", instead="defensive"),
        "CKV_AWS_328",
    ),
)

RULES: tuple[Rule, ...] = (
    rule(
        "encrypted-in-transit",
        "Data is encrypted on the way",
        """Clusters and caches encrypt what they say to each other and to their clients, and ask who
        is there: networks are shared, and a copied port tells everything.""",
        "sends data in the clear",
        _IN_TRANSIT,
        also=_sessions,
        references=("CKV_AWS_112",),
        guides=(
            "AWS Security Hub Opensearch.3, ElastiCache.5 and ElastiCache.6, MSK.1, DynamoDB.7",
        ),
    ),
    rule(
        "tls-only",
        "Nothing takes connections without TLS",
        """Every door takes TLS only: whoever may choose will be made to choose the plain way.""",
        "takes connections without TLS",
        _ONLY_TLS,
        also=_only_tls,
        references=("CKV_AWS_2", "CKV_AWS_105", "CKV_AWS_376"),
        remedy="take HTTPS only",
        guides=("AWS Security Hub ELB.1, ELB.3, Opensearch.8, Redshift.2, Transfer.2",),
    ),
    rule(
        "tls-current",
        "TLS is 1.2 or newer",
        """Doors refuse TLS 1.0 and 1.1, which are broken and retired (RFC 8996).""",
        "takes old versions of TLS",
        _MODERN,
        also=_classic_policies,
        references=("CKV_AWS_213",),
        remedy="name a policy that starts at TLS 1.2",
        guides=("AWS Security Hub CloudFront.10, ELB.8, Opensearch.8", "RFC 8996"),
    ),
    rule(
        "no-request-smuggling",
        "Load balancers refuse ambiguous requests",
        """Load balancers route requests that two parsers would read differently to nobody, or close
        the connection; watching alone lets them in.""",
        "lets ambiguous requests through",
        _BALANCERS,
        guides=("AWS Security Hub ELB.12 and ELB.14",),
    ),
)
