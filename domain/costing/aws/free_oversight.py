"""What AWS gives for nothing around workloads: accounts, oversight, networks, delivery."""

from __future__ import annotations

from domain.costing.reasons import BY_OTHERS, CONFIGURATION, IDENTITY, NETWORK

# As in ``free.py``: module, its free types (``*``: all of them), and why.
FREE_OVERSIGHT: tuple[tuple[str, str, str], ...] = (
    # Accounts, people, permissions.
    ("aws:account", "*", IDENTITY),
    ("aws:identitystore", "*", IDENTITY),
    ("aws:ssoadmin", "*", IDENTITY),
    ("aws:rolesanywhere", "*", IDENTITY),
    ("aws:lakeformation", "*", IDENTITY),
    ("aws:accessanalyzer", "archiveRule", CONFIGURATION),
    ("aws:licensemanager", "*", "keeping count of licences is free"),
    ("aws:servicequotas", "*", "quotas are free"),
    ("aws:controltower", "*", "what it sets up is billed itself"),
    ("aws:costexplorer", "*", "looking at costs is free"),
    ("aws:costoptimizationhub", "*", "looking at costs is free"),
    ("aws:computeoptimizer", "enrollmentStatus recommendationPreferences", CONFIGURATION),
    ("aws:cur", "*", "the bucket that a report is written to is billed"),
    ("aws:bcmdata", "*", "the bucket that a report is written to is billed"),
    ("aws:resourceexplorer", "*", "searching for resources is free"),
    ("aws:notifications", "*", "notifications of the console are free"),
    ("aws:chatbot", "*", "messages to chats are free"),
    ("aws:rbin", "*", "what a recycle bin keeps is billed itself"),
    ("aws:dlm", "*", "the snapshots that it takes are billed"),
    (
        "aws:servicecatalog",
        "appregistryApplication appregistryAttributeGroup appregistryAttributeGroupAssociation "
        "budgetResourceAssociation constraint organizationsAccess portfolio portfolioShare "
        "principalPortfolioAssociation product productPortfolioAssociation provisioningArtifact "
        "serviceAction tagOption tagOptionResourceAssociation",
        CONFIGURATION,
    ),
    # Oversight.
    (
        "aws:backup",
        "globalSettings plan regionSettings reportPlan selection vaultLockConfiguration "
        "vaultNotifications vaultPolicy",
        "what vaults keep is billed",
    ),
    (
        "aws:cfg",
        "aggregateAuthorization configurationAggregator deliveryChannel recorderStatus "
        "remediationConfiguration retentionConfiguration",
        CONFIGURATION,
    ),
    ("aws:cloudtrail", "organizationDelegatedAdminAccount", CONFIGURATION),
    (
        "aws:cloudwatch",
        "alarmMuteRule logAccountPolicy logAnomalyDetector logDeliveryDestination "
        "logDeliveryDestinationPolicy logDeliverySource logIndexPolicy logTransformer",
        CONFIGURATION,
    ),
    ("aws:oam", "*", "sharing what is observed is free"),
    ("aws:synthetics", "group groupAssociation", CONFIGURATION),
    ("aws:rum", "metricsDestination", CONFIGURATION),
    ("aws:xray", "*", "traces are billed by what sends them"),
    (
        "aws:grafana",
        "licenseAssociation roleAssociation workspaceApiKey workspaceSamlConfiguration "
        "workspaceServiceAccountToken",
        "the workspace is billed",
    ),
    (
        "aws:amp",
        "alertManagerDefinition queryLoggingConfiguration resourcePolicy ruleGroupNamespace "
        "scraperLoggingConfiguration workspaceConfiguration",
        "the workspace is billed",
    ),
    (
        "aws:guardduty",
        "filter iPSet inviteAccepter member organizationAdminAccount organizationConfiguration "
        "publishingDestination threatIntelSet",
        "detectors are billed",
    ),
    (
        "aws:securityhub",
        "actionTarget automationRule configurationPolicy configurationPolicyAssociation "
        "findingAggregator insight inviteAccepter member organizationAdminAccount "
        "organizationConfiguration productSubscription standardsControl "
        "standardsControlAssociation standardsSubscription",
        "the checks of an account are billed",
    ),
    ("aws:detective", "invitationAccepter member organizationAdminAccount", CONFIGURATION),
    ("aws:inspector2", "delegatedAdminAccount filter memberAssociation", CONFIGURATION),
    (
        "aws:macie2",
        "classificationExportConfiguration invitationAccepter organizationAdminAccount",
        CONFIGURATION,
    ),
    ("aws:fms", "adminAccount resourceSet", CONFIGURATION),
    (
        "aws:shield",
        "applicationLayerAutomaticResponse drtAccessLogBucketAssociation "
        "drtAccessRoleArnAssociation proactiveEngagement protection protectionGroup "
        "protectionHealthCheckAssociation",
        "the subscription is billed",
    ),
    ("aws:signer", "*", "signing is free"),
    ("aws:acmpca", "certificateAuthorityCertificate permission policy", "the authority is billed"),
    ("aws:kms", "customKeyStore", "the keys in it are billed"),
    ("aws:secretsmanager", "tag", CONFIGURATION),
    ("aws:ssm", "contactsRotation quicksetupConfigurationManager", CONFIGURATION),
    # Firewalls.
    (
        "aws:waf",
        "byteMatchSet geoMatchSet ipSet rateBasedRule regexMatchSet regexPatternSet rule "
        "ruleGroup sizeConstraintSet sqlInjectionMatchSet xssMatchSet",
        "the list that refers to it is billed",
    ),
    (
        "aws:wafregional",
        "byteMatchSet geoMatchSet ipSet rateBasedRule regexMatchSet regexPatternSet rule "
        "ruleGroup sizeConstraintSet sqlInjectionMatchSet webAclAssociation xssMatchSet",
        "the list that refers to it is billed",
    ),
    (
        "aws:wafv2",
        "apiKey ipSet regexPatternSet webAclAssociation webAclLoggingConfiguration",
        "the list that refers to it is billed",
    ),
    (
        "aws:networkfirewall",
        "firewallPolicy firewallTransitGatewayAttachmentAccepter loggingConfiguration "
        "resourcePolicy ruleGroup",
        "the firewall is billed",
    ),
    # Networks.
    (
        "aws:ec2",
        "carrierGateway eipDomainName internetGatewayAttachment localGatewayRoute "
        "localGatewayRouteTable localGatewayRouteTableVirtualInterfaceGroupAssociation "
        "localGatewayRouteTableVpcAssociation natGatewayEipAssociation networkInsightsPath "
        "networkInsightsAccessScope networkInterfacePermission proxyProtocolPolicy "
        "trafficMirrorFilter trafficMirrorFilterRule trafficMirrorTarget "
        "vpcBlockPublicAccessExclusion vpcSecurityGroupRulesExclusive "
        "vpcIpamOrganizationAdminAccount vpcIpamPool vpcIpamPoolCidr vpcIpamPoolCidrAllocation "
        "vpcIpamPreviewNextCidr vpcIpamResourceDiscovery vpcIpamResourceDiscoveryAssociation "
        "vpcIpamScope",
        NETWORK,
    ),
    (
        "aws:vpc",
        "endpointServicePrivateDnsVerification routeServerPeer routeServerPropagation "
        "routeServerVpcAssociation",
        NETWORK,
    ),
    ("aws:ec2clientvpn", "authorizationRule route", NETWORK),
    (
        "aws:ec2transitgateway",
        "connectPeer defaultRouteTableAssociation defaultRouteTablePropagation "
        "instanceConnectEndpoint instanceState multicastDomain multicastDomainAssociation "
        "multicastGroupMember multicastGroupSource policyTableEntry",
        NETWORK,
    ),
    (
        "aws:networkmanager",
        "connection customerGatewayAssociation device globalNetwork link linkAssociation site "
        "transitGatewayConnectPeerAssociation transitGatewayRegistration",
        NETWORK,
    ),
    (
        "aws:directconnect",
        "bgpPeer connectionAssociation connectionConfirmation gateway gatewayAssociation "
        "gatewayAssociationProposal hostedPrivateVirtualInterface "
        "hostedPrivateVirtualInterfaceAccepter hostedPublicVirtualInterface "
        "hostedPublicVirtualInterfaceAccepter hostedTransitVirtualInterface "
        "hostedTransitVirtualInterfaceAcceptor macsecKeyAssociation privateVirtualInterface "
        "publicVirtualInterface transitVirtualInterface",
        "ports are billed",
    ),
    (
        "aws:globalaccelerator",
        "crossAccountAttachment customRoutingListener listener",
        "the accelerator is billed",
    ),
    (
        "aws:cloudfront",
        "continuousDeploymentPolicy fieldLevelEncryptionConfig fieldLevelEncryptionProfile "
        "keyvaluestoreKey keyvaluestoreKeysExclusive realtimeLogConfig vpcOrigin",
        "distributions are billed",
    ),
    (
        "aws:route53",
        "cidrCollection cidrLocation hostedZoneDnsSec keySigningKey recordsExclusive "
        "resolverConfig resolverDnsSecConfig resolverFirewallConfig resolverFirewallRule "
        "resolverFirewallRuleGroup resolverQueryLogConfig resolverQueryLogConfigAssociation "
        "resolverRule resolverRuleAssociation trafficPolicy vpcAssociationAuthorization",
        "zones, endpoints and queries are billed",
    ),
    (
        "aws:route53recoverycontrol",
        "controlPanel routingControl safetyRule",
        "the cluster is billed",
    ),
    ("aws:route53recoveryreadiness", "cell recoveryGroup resourceSet", "checks are billed"),
    ("aws:arczonalshift", "*", "shifting traffic between zones is free"),
    ("aws:appmesh", "*", "meshes are free, what runs in them is billed"),
    (
        "aws:vpclattice",
        "accessLogSubscription authPolicy domainVerification listener listenerRule "
        "resourcePolicy serviceNetwork serviceNetworkServiceAssociation "
        "serviceNetworkVpcAssociation targetGroup targetGroupAttachment",
        "services are billed",
    ),
    (
        "aws:verifiedaccess",
        "group instance instanceLoggingConfiguration instanceTrustProviderAttachment trustProvider",
        "endpoints are billed",
    ),
    ("aws:lb", "trustStoreRevocation", "the trust store is billed"),
    ("aws:elb", "listenerPolicy loadBalancerBackendServerPolicy", "the load balancer is billed"),
    # Computers and what they keep.
    (
        "aws:ec2",
        "allowedImagesSettings defaultCreditSpecification",
        CONFIGURATION,
    ),
    ("aws:ec2", "ami", "the snapshots that it is made of are billed"),
    ("aws:ebs", "defaultKmsKey encryptionByDefault snapshotBlockPublicAccess", CONFIGURATION),
    ("aws:imagebuilder", "*", BY_OTHERS),
    ("aws:s3", "bucketAbac", CONFIGURATION),
    ("aws:s3tables", "namespace tableBucketPolicy tablePolicy", CONFIGURATION),
    ("aws:glacier", "vaultLock", CONFIGURATION),
    ("aws:ecr", "accountSetting pullTimeUpdateExclusion", CONFIGURATION),
    ("aws:ecrpublic", "repositoryPolicy", CONFIGURATION),
    (
        "aws:fsx",
        "ontapStorageVirtualMachine ontapVolume openZfsVolume",
        "the file system is billed",
    ),
    (
        "aws:datasync",
        "agent efsLocation fsxOpenZfsFileSystem locationAzureBlob locationFsxLustre "
        "locationFsxOntapFileSystem locationFsxWindows locationHdfs locationObjectStorage "
        "locationSmb nfsLocation s3Location",
        "tasks are billed by what they move",
    ),
    (
        "aws:transfer",
        "access agreement certificate hostKey profile sshKey tag user",
        "the server is billed",
    ),
    # Delivery of software.
    ("aws:codebuild", "reportGroup resourcePolicy sourceCredential webhook", CONFIGURATION),
    ("aws:codepipeline", "customActionType webhook", CONFIGURATION),
    ("aws:codeconnections", "*", CONFIGURATION),
    ("aws:codestarconnections", "*", CONFIGURATION),
    ("aws:codestarnotifications", "*", CONFIGURATION),
    ("aws:codeartifact", "domain domainPermissions repositoryPermissionsPolicy", CONFIGURATION),
    (
        "aws:codecommit",
        "approvalRuleTemplate approvalRuleTemplateAssociation trigger",
        CONFIGURATION,
    ),
    (
        "aws:apprunner",
        "autoScalingConfigurationVersion connection customDomainAssociation "
        "defaultAutoScalingConfigurationVersion deployment observabilityConfiguration "
        "vpcConnector vpcIngressConnection",
        "the service is billed",
    ),
    ("aws:amplify", "backendEnvironment branch domainAssociation webhook", "the app is billed"),
    ("aws:cloudformation", "cloudFormationType", CONFIGURATION),
)
