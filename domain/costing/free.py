"""What costs nothing by itself, by name, and why.

A service is listed with the types in it that are free (``*``: all of them), as they stand in
a Pulumi type between ``/`` and the last colon. What is neither here nor in the registry is
unpriced, and said so.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

_CONFIGURATION = "a setting of something that is billed itself"
_IDENTITY = "identities and permissions are free"
_BY_OTHERS = "what it starts is billed, not the resource"
_NETWORK = "networks, routes and rules are free"

# Module → its free types, and why.
_TABLE: tuple[tuple[str, str, str], ...] = (
    ("aws:iam", "*", _IDENTITY),
    ("aws:budgets", "budget", "budgets without actions are free"),
    (
        "aws:vpc",
        "securityGroupIngressRule securityGroupEgressRule securityGroupRule "
        "securityGroupVpcAssociation endpointPrivateDns",
        _NETWORK,
    ),
    (
        "aws:ec2",
        "vpc subnet routeTable routeTableAssociation route internetGateway "
        "egressOnlyInternetGateway securityGroup securityGroupRule securityGroupAssociation "
        "defaultVpc defaultSubnet defaultRouteTable defaultSecurityGroup defaultNetworkAcl "
        "defaultVpcDhcpOptions networkAcl networkAclRule networkAclAssociation "
        "networkInterface networkInterfaceAttachment networkInterfaceSecurityGroupAttachment "
        "vpcDhcpOptions vpcDhcpOptionsAssociation vpcPeeringConnection "
        "vpcPeeringConnectionAccepter peeringConnectionOptions mainRouteTableAssociation "
        "customerGateway vpnGateway vpnGatewayAttachment vpnGatewayRoutePropagation "
        "vpnConnectionRoute managedPrefixList managedPrefixListEntry vpcIpv4CidrBlockAssociation "
        "vpcIpv6CidrBlockAssociation vpcEndpointRouteTableAssociation vpcEndpointPolicy "
        "vpcEndpointSubnetAssociation vpcEndpointSecurityGroupAssociation "
        "vpcEndpointService vpcEndpointServiceAllowedPrinciple vpcEndpointConnectionNotification "
        "vpcEndpointConnectionAccepter subnetCidrReservation vpcBlockPublicAccessOptions",
        _NETWORK,
    ),
    (
        "aws:ec2",
        "launchTemplate launchConfiguration placementGroup keyPair eipAssociation "
        "volumeAttachment tag spotDatafeedSubscription availabilityZoneGroup "
        "instanceMetadataDefaults imageBlockPublicAccess serialConsoleAccess "
        "amiLaunchPermission flowLog snapshotCreateVolumePermission",
        _BY_OTHERS,
    ),
    (
        "aws:ec2transitgateway",
        "transitGateway route routeTable routeTableAssociation "
        "routeTablePropagation vpcAttachmentAccepter peeringAttachmentAccepter prefixListReference "
        "policyTable policyTableAssociation",
        "its attachments are billed",
    ),
    (
        "aws:autoscaling",
        "schedule policy lifecycleHook notification attachment tag trafficSourceAttachment",
        _BY_OTHERS,
    ),
    ("aws:appautoscaling", "*", _BY_OTHERS),
    ("aws:autoscalingplans", "*", _BY_OTHERS),
    (
        "aws:s3",
        "bucketVersioning bucketPolicy bucketPublicAccessBlock bucketOwnershipControls "
        "bucketServerSideEncryptionConfiguration bucketLifecycleConfiguration bucketAcl "
        "bucketCorsConfiguration bucketLogging bucketNotification bucketWebsiteConfiguration "
        "bucketRequestPaymentConfiguration bucketObjectLockConfiguration accessPoint "
        "accountPublicAccessBlock bucketMetric bucketAccelerateConfiguration "
        "bucketIntelligentTieringConfiguration bucketReplicationConfig"
        " bucketReplicationConfiguration",
        _CONFIGURATION,
    ),
    (
        "aws:s3",
        "bucketObject bucketObjectv2 object objectCopy",
        "what a bucket holds is billed with the bucket",
    ),
    ("aws:s3control", "*", _CONFIGURATION),
    ("aws:kms", "alias grant keyPolicy ciphertext", _CONFIGURATION),
    ("aws:secretsmanager", "secretVersion secretPolicy secretRotation", _CONFIGURATION),
    (
        "aws:ssm",
        "document association maintenanceWindow maintenanceWindowTarget "
        "maintenanceWindowTask patchBaseline patchGroup defaultPatchBaseline resourceDataSync "
        "serviceSetting",
        "Systems Manager's own features are free on EC2",
    ),
    ("aws:fsx", "dataRepositoryAssociation", "the file system is billed"),
    (
        "aws:efs",
        "mountTarget accessPoint fileSystemPolicy backupPolicy",
        "the file system is billed",
    ),
    (
        "aws:lb",
        "listener listenerRule listenerCertificate targetGroup targetGroupAttachment trustStore",
        "the load balancer is billed",
    ),
    (
        "aws:elb",
        "listener attachment appCookieStickinessPolicy loadBalancerPolicy "
        "sslNegotiationPolicy loadBalancerCookieStickinessPolicy",
        "the load balancer is billed",
    ),
    (
        "aws:eks",
        "accessEntry accessPolicyAssociation addon identityProviderConfig podIdentityAssociation",
        "the cluster and its nodes are billed",
    ),
    (
        "aws:ecs",
        "cluster clusterCapacityProviders capacityProvider taskDefinition "
        "accountSettingDefault tag",
        _BY_OTHERS,
    ),
    (
        "aws:ecr",
        "lifecyclePolicy repositoryPolicy registryPolicy replicationConfiguration "
        "registryScanningConfiguration pullThroughCacheRule repositoryCreationTemplate",
        _CONFIGURATION,
    ),
    (
        "aws:cloudwatch",
        "eventRule eventTarget eventPermission eventBusPolicy logStream "
        "logSubscriptionFilter logResourcePolicy logDestination logDestinationPolicy "
        "queryDefinition logDataProtectionPolicy",
        _CONFIGURATION,
    ),
    ("aws:sns", "topicPolicy topicDataProtectionPolicy platformApplication", _CONFIGURATION),
    ("aws:sqs", "queuePolicy redrivePolicy redriveAllowPolicy", _CONFIGURATION),
    (
        "aws:lambda",
        "permission alias layerVersion layerVersionPermission eventSourceMapping "
        "functionEventInvokeConfig functionUrl invocation codeSigningConfig",
        _CONFIGURATION,
    ),
    ("aws:appsync", "apiKey dataSource resolver function domainName type", _CONFIGURATION),
    ("aws:route53", "record zoneAssociation delegationSet queryLog", "the zone is billed"),
    ("aws:acm", "certificateValidation", "public certificates are free"),
    ("aws:dynamodb", "tableItem tag resourcePolicy contributorInsights", _CONFIGURATION),
    (
        "aws:rds",
        "subnetGroup parameterGroup clusterParameterGroup optionGroup "
        "eventSubscription roleAssociation clusterRoleAssociation proxyTarget "
        "proxyDefaultTargetGroup",
        _CONFIGURATION,
    ),
    (
        "aws:elasticache",
        "subnetGroup parameterGroup user userGroup userGroupAssociation",
        _CONFIGURATION,
    ),
    ("aws:docdb", "subnetGroup clusterParameterGroup eventSubscription", _CONFIGURATION),
    (
        "aws:neptune",
        "subnetGroup parameterGroup clusterParameterGroup eventSubscription",
        _CONFIGURATION,
    ),
    ("aws:redshift", "subnetGroup parameterGroup", _CONFIGURATION),
    (
        "aws:apigatewayv2",
        "authorizer deployment integration integrationResponse model route "
        "routeResponse stage domainName apiMapping vpcLink",
        "the calls of the API are billed",
    ),
    (
        "aws:apigateway",
        "account apiKey authorizer deployment integration integrationResponse "
        "method methodResponse methodSettings model requestValidator resource response "
        "restApiPolicy usagePlan usagePlanKey basePathMapping domainName gatewayResponse",
        "the calls of the API are billed",
    ),
    (
        "aws:cloudfront",
        "originAccessIdentity originAccessControl cachePolicy "
        "originRequestPolicy responseHeadersPolicy publicKey keyGroup",
        _CONFIGURATION,
    ),
    ("aws:ram", "*", "sharing is free"),
    ("aws:resourcegroups", "*", "groups of resources are free"),
    ("aws:organizations", "*", "AWS Organizations is free"),
    ("aws:batch", "*", _BY_OTHERS),
    (
        "aws:sagemaker",
        "image imageVersion notebookInstanceLifecycleConfiguration model "
        "modelPackageGroup endpointConfiguration studioLifecycleConfig",
        _BY_OTHERS,
    ),
    ("aws:servicediscovery", "service instance httpNamespace", "the namespace is billed"),
    ("aws:cloudformation", "stackSetInstance", _BY_OTHERS),
    ("gcp:billing", "*", "budgets and accounts are free"),
    ("gcp:serviceaccount", "*", _IDENTITY),
    ("gcp:serviceAccount", "*", _IDENTITY),
    ("gcp:iam", "*", _IDENTITY),
    ("gcp:organizations", "*", "projects, folders and their permissions are free"),
    ("gcp:folder", "*", "projects, folders and their permissions are free"),
    ("gcp:projects", "*", "projects, services and their permissions are free"),
    ("gcp:orgpolicy", "*", "policies are free"),
    ("gcp:resourcemanager", "*", "projects, folders and their permissions are free"),
    ("gcp:tags", "*", "tags are free"),
    ("gcp:oslogin", "*", _IDENTITY),
    ("gcp:iap", "*", _IDENTITY),
    (
        "gcp:compute",
        "network subnetwork subnetworkIAMMember subnetworkIAMBinding firewall firewallPolicy "
        "firewallPolicyRule firewallPolicyAssociation networkFirewallPolicy "
        "networkFirewallPolicyRule networkFirewallPolicyAssociation "
        "regionNetworkFirewallPolicy regionNetworkFirewallPolicyRule "
        "regionNetworkFirewallPolicyAssociation route router routerInterface routerPeer "
        "networkPeering networkPeeringRoutesConfig sharedVPCHostProject sharedVPCServiceProject "
        "networkEndpointGroup networkEndpoint regionNetworkEndpointGroup serviceAttachment "
        "globalNetworkEndpointGroup globalNetworkEndpoint networkProfile networkAttachment",
        _NETWORK,
    ),
    (
        "gcp:compute",
        "instanceTemplate regionInstanceTemplate instanceGroup instanceGroupMembership "
        "instanceGroupNamedPort instanceIAMMember instanceIAMBinding instanceIAMPolicy "
        "autoscaler regionAutoscaler perInstanceConfig regionPerInstanceConfig resourcePolicy "
        "resourcePolicyAttachment diskResourcePolicyAttachment regionDiskResourcePolicyAttachment "
        "attachedDisk projectMetadata projectMetadataItem resizeRequest regionResizeRequest "
        "projectDefaultNetworkTier diskIamMember diskIamBinding imageIamMember imageIamBinding "
        "targetInstance targetPool",
        _BY_OTHERS,
    ),
    (
        "gcp:compute",
        "healthCheck regionHealthCheck httpHealthCheck httpsHealthCheck backendService "
        "regionBackendService backendBucket uRLMap regionUrlMap targetHttpProxy "
        "targetHttpsProxy targetTCPProxy targetSSLProxy targetGrpcProxy regionTargetHttpProxy "
        "regionTargetHttpsProxy regionTargetTcpProxy sSLCertificate regionSslCertificate "
        "managedSslCertificate sSLPolicy regionSslPolicy",
        "the forwarding rule is billed",
    ),
    (
        "gcp:storage",
        "bucketIAMMember bucketIAMBinding bucketIAMPolicy bucketACL bucketAccessControl "
        "defaultObjectACL defaultObjectAccessControl objectACL objectAccessControl "
        "notification hmacKey managedFolder managedFolderIamMember folder",
        _CONFIGURATION,
    ),
    ("gcp:storage", "bucketObject", "what a bucket holds is billed with the bucket"),
    (
        "gcp:kms",
        "keyRing keyRingImportJob cryptoKeyIAMMember cryptoKeyIAMBinding "
        "cryptoKeyIAMPolicy keyRingIAMMember keyRingIAMBinding keyRingIAMPolicy autokeyConfig "
        "secretCiphertext",
        _CONFIGURATION,
    ),
    (
        "gcp:logging",
        "projectSink folderSink organizationSink billingAccountSink "
        "projectExclusion folderExclusion organizationExclusion "
        "logView metric linkedDataset",
        "what is logged is billed where it lands",
    ),
    (
        "gcp:monitoring",
        "notificationChannel dashboard group service slo genericService customService",
        "they only show or send what is billed itself",
    ),
    ("gcp:secretmanager", "secretIamMember secretIamBinding secretIamPolicy", _CONFIGURATION),
    (
        "gcp:artifactregistry",
        "repositoryIamMember repositoryIamBinding repositoryIamPolicy",
        _CONFIGURATION,
    ),
    (
        "gcp:pubsub",
        "topicIAMMember topicIAMBinding subscriptionIAMMember subscriptionIAMBinding schema",
        _CONFIGURATION,
    ),
    ("gcp:cloudrun", "iamMember iamBinding iamPolicy domainMapping", _CONFIGURATION),
    ("gcp:cloudrunv2", "serviceIamMember serviceIamBinding jobIamMember", _CONFIGURATION),
    ("gcp:cloudfunctions", "functionIamMember functionIamBinding", _CONFIGURATION),
    ("gcp:sql", "database user sslCert", "the database instance is billed"),
    (
        "gcp:bigquery",
        "datasetAccess datasetIamMember datasetIamBinding iamMember connection",
        _CONFIGURATION,
    ),
    ("gcp:servicenetworking", "*", _NETWORK),
    ("gcp:gkehub", "membership", _CONFIGURATION),
)

# Provider of a type → why nothing of it is billed by a cloud.
_PROVIDERS = {
    "pulumi": "Pulumi's own",
    "pulumi-nodejs": "Pulumi's own",
    "pulumi-python": "Pulumi's own",
    "kubernetes": "it runs on nodes that are billed themselves",
    "random": "no cloud resource",
    "tls": "no cloud resource",
    "command": "no cloud resource",
    "null": "no cloud resource",
    "time": "no cloud resource",
    "local": "no cloud resource",
    "archive": "no cloud resource",
    "synced-folder": "no cloud resource",
}
NOT_OURS = "read, not managed by this stack"
COMPONENT = "it only groups other resources"
FREE_AS_DECLARED = "what is declared here is free"


@cache
def _by_type() -> Mapping[str, str]:
    return {
        f"{module}/{name}" if name != "*" else module: reason
        for module, names, reason in _TABLE
        for name in names.split()
    }


def why_free(kind: str) -> str | None:
    """Why a type costs nothing by itself, or None where it is not known to be free."""
    provider, _, _ = kind.partition(":")
    if provider in _PROVIDERS:
        return _PROVIDERS[provider]
    name, _, _ = kind.rpartition(":")
    module, _, _ = name.partition("/")
    table = _by_type()
    return table.get(name) or table.get(module)
