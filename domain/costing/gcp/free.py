"""What Google Cloud gives for nothing, by name.

Permissions have one name in every module: what they are on, and ``IamMember``, ``IamBinding``
or ``IamPolicy``.
"""

from __future__ import annotations

from domain.costing.reasons import BY_OTHERS, CONFIGURATION, IDENTITY, NETWORK

# How a type ends that only grants permissions, in lower case.
PERMISSIONS = ("iammember", "iambinding", "iampolicy", "iamauditconfig")

# Module, its free types (``*``: all of them), and why.
FREE: tuple[tuple[str, str, str], ...] = (
    ("gcp:billing", "*", "budgets and accounts are free"),
    ("gcp:serviceaccount", "*", IDENTITY),
    ("gcp:serviceAccount", "*", IDENTITY),
    ("gcp:iam", "*", IDENTITY),
    ("gcp:organizations", "*", "projects, folders and their permissions are free"),
    ("gcp:folder", "*", "projects, folders and their permissions are free"),
    ("gcp:projects", "*", "projects, services and their permissions are free"),
    ("gcp:orgpolicy", "*", "policies are free"),
    ("gcp:resourcemanager", "*", "projects, folders and their permissions are free"),
    ("gcp:tags", "*", "tags are free"),
    ("gcp:oslogin", "*", IDENTITY),
    ("gcp:iap", "*", IDENTITY),
    (
        "gcp:compute",
        "network subnetwork subnetworkIAMMember subnetworkIAMBinding firewall firewallPolicy "
        "firewallPolicyRule firewallPolicyAssociation networkFirewallPolicy "
        "networkFirewallPolicyRule networkFirewallPolicyAssociation "
        "regionNetworkFirewallPolicy regionNetworkFirewallPolicyRule "
        "regionNetworkFirewallPolicyAssociation route router routerInterface routerPeer "
        "networkPeering networkPeeringRoutesConfig sharedVPCHostProject sharedVPCServiceProject "
        "networkEndpointGroup networkEndpoint regionNetworkEndpointGroup serviceAttachment "
        "globalNetworkEndpointGroup globalNetworkEndpoint networkProfile networkAttachment "
        "networkEndpointList regionNetworkEndpoint firewallPolicyWithRules "
        "networkFirewallPolicyWithRules regionNetworkFirewallPolicyWithRules "
        "routerNamedSet routerRoutePolicy routerNatAddress regionNetworkPolicy",
        NETWORK,
    ),
    (
        "gcp:compute",
        "instanceTemplate regionInstanceTemplate instanceGroup instanceGroupMembership "
        "instanceGroupNamedPort instanceIAMMember instanceIAMBinding instanceIAMPolicy "
        "autoscaler regionAutoscaler perInstanceConfig regionPerInstanceConfig resourcePolicy "
        "resourcePolicyAttachment diskResourcePolicyAttachment regionDiskResourcePolicyAttachment "
        "attachedDisk projectMetadata projectMetadataItem "
        "projectDefaultNetworkTier diskIamMember diskIamBinding imageIamMember imageIamBinding "
        "targetInstance targetPool instanceSettings nodeTemplate snapshotSettings "
        "bulkPerInstanceConfig previewFeature",
        BY_OTHERS,
    ),
    (
        "gcp:compute",
        "healthCheck regionHealthCheck httpHealthCheck httpsHealthCheck backendService "
        "regionBackendService backendBucket uRLMap regionUrlMap targetHttpProxy "
        "targetHttpsProxy targetTCPProxy targetSSLProxy targetGrpcProxy "
        "regionTargetTcpProxy sSLCertificate regionSslCertificate "
        "managedSslCertificate mangedSslCertificate sSLPolicy regionSslPolicy regionBackendBucket "
        "backendBucketSignedUrlKey backendServiceSignedUrlKey",
        "the forwarding rule is billed",
    ),
    (
        "gcp:storage",
        "bucketIAMMember bucketIAMBinding bucketIAMPolicy bucketACL bucketAccessControl "
        "defaultObjectACL defaultObjectAccessControl objectACL objectAccessControl "
        "notification hmacKey managedFolder managedFolderIamMember folder",
        CONFIGURATION,
    ),
    ("gcp:storage", "bucketObject", "what a bucket holds is billed with the bucket"),
    (
        "gcp:kms",
        "keyRing keyRingImportJob cryptoKeyIAMMember cryptoKeyIAMBinding "
        "cryptoKeyIAMPolicy keyRingIAMMember keyRingIAMBinding keyRingIAMPolicy autokeyConfig "
        "projectAutokeyConfig keyHandle ekmConnection secretCiphertext",
        CONFIGURATION,
    ),
    (
        "gcp:logging",
        "projectSink folderSink organizationSink billingAccountSink "
        "projectExclusion folderExclusion organizationExclusion billingAccountExclusion "
        "logView logScope savedQuery metric linkedDataset folderSettings organizationSettings",
        "what is logged is billed where it lands",
    ),
    (
        "gcp:monitoring",
        "notificationChannel dashboard group service slo genericService customService "
        "monitoredProject snooze",
        "they only show or send what is billed itself",
    ),
    ("gcp:secretmanager", "secretIamMember secretIamBinding secretIamPolicy", CONFIGURATION),
    (
        "gcp:artifactregistry",
        "repositoryIamMember repositoryIamBinding repositoryIamPolicy",
        CONFIGURATION,
    ),
    (
        "gcp:pubsub",
        "topicIAMMember topicIAMBinding subscriptionIAMMember subscriptionIAMBinding schema",
        CONFIGURATION,
    ),
    ("gcp:cloudrun", "iamMember iamBinding iamPolicy domainMapping", CONFIGURATION),
    ("gcp:cloudrunv2", "serviceIamMember serviceIamBinding jobIamMember", CONFIGURATION),
    ("gcp:cloudfunctions", "functionIamMember functionIamBinding", CONFIGURATION),
    (
        "gcp:sql",
        "database user sslCert sourceRepresentationInstance",
        "the database instance is billed",
    ),
    ("gcp:spanner", "database instanceConfig backupSchedule", "the instance is billed"),
    (
        "gcp:bigtable",
        "table appProfile gCPolicy authorizedView logicalView schemaBundle",
        "the instance is billed",
    ),
    ("gcp:firestore", "index field document userCreds", "the database is billed"),
    ("gcp:redis", "clusterUserCreatedConnections clusterAclPolicy", "the cluster is billed"),
    (
        "gcp:bigquery",
        "datasetAccess datasetIamMember datasetIamBinding iamMember connection routine "
        "rowAccessPolicy reservationAssignment job dataTransferConfig appProfile "
        "datapolicyv2DataPolicy",
        CONFIGURATION,
    ),
    ("gcp:bigqueryanalyticshub", "*", CONFIGURATION),
    ("gcp:bigquerydatapolicy", "*", CONFIGURATION),
    ("gcp:datacatalog", "taxonomy policyTag tagTemplate tag", CONFIGURATION),
    ("gcp:dataform", "*", "the queries that it runs are billed"),
    ("gcp:dataproc", "autoscalingPolicy job workflowTemplate", BY_OTHERS),
    ("gcp:eventarc", "trigger channel googleChannelConfig", "what it sends is billed"),
    ("gcp:cloudbuildv2", "connection repository", CONFIGURATION),
    ("gcp:clouddeploy", "target automation customTargetType deployPolicy", CONFIGURATION),
    ("gcp:sourcerepo", "repository", "repositories of up to five users are free"),
    ("gcp:containeranalysis", "note occurence", CONFIGURATION),
    ("gcp:dns", "policy responsePolicy responsePolicyRule", NETWORK),
    (
        "gcp:certificatemanager",
        "certificateMap certificateMapEntry dnsAuthorization trustConfig certificateIssuanceConfig",
        CONFIGURATION,
    ),
    (
        "gcp:networkconnectivity",
        "hub group internalRange policyBasedRoute serviceConnectionPolicy",
        NETWORK,
    ),
    (
        "gcp:networksecurity",
        "addressGroup authorizationPolicy authzPolicy clientTlsPolicy serverTlsPolicy "
        "backendAuthenticationConfig gatewaySecurityPolicy gatewaySecurityPolicyRule urlList "
        "securityProfile securityProfileGroup tlsInspectionPolicy",
        NETWORK,
    ),
    (
        "gcp:networkservices",
        "mesh endpointPolicy grpcRoute httpRoute tcpRoute tlsRoute serviceBinding "
        "serviceLbPolicies",
        NETWORK,
    ),
    ("gcp:networkmanagement", "vpcFlowLogsConfig", "what is logged is billed where it lands"),
    ("gcp:accesscontextmanager", "*", "policies are free"),
    ("gcp:cloudidentity", "*", IDENTITY),
    ("gcp:privilegedaccessmanager", "*", IDENTITY),
    ("gcp:essentialcontacts", "contact", CONFIGURATION),
    ("gcp:cloudasset", "*", CONFIGURATION),
    ("gcp:cloudquota", "*", CONFIGURATION),
    ("gcp:serviceusage", "*", CONFIGURATION),
    ("gcp:siteverification", "*", CONFIGURATION),
    ("gcp:securitycenter", "*", "findings are billed with the tier of the organization"),
    ("gcp:apphub", "*", CONFIGURATION),
    ("gcp:apigateway", "api apiConfig", "the gateway is billed"),
    (
        "gcp:appengine",
        "application applicationUrlDispatchRules domainMapping engineSplitTraffic firewallRule "
        "serviceNetworkSettings",
        "the versions of its services are billed",
    ),
    (
        "gcp:firebase",
        "project webApp androidApp appleApp appCheckServiceConfig appCheckDebugToken "
        "appCheckRecaptchaEnterpriseConfig appCheckPlayIntegrityConfig appCheckAppAttestConfig",
        CONFIGURATION,
    ),
    ("gcp:firebaserules", "*", CONFIGURATION),
    (
        "gcp:vertex",
        "aiEndpoint aiIndexEndpoint aiMetadataStore aiModelGardenEnableModel aiFeatureGroup "
        "aiFeatureGroupFeature",
        "what is deployed or kept there is billed",
    ),
    ("gcp:servicenetworking", "*", NETWORK),
    (
        "gcp:gkehub",
        "fleet membership membershipBinding membershipRbacRoleBinding namespace scope "
        "scopeRbacRoleBinding",
        CONFIGURATION,
    ),
)
