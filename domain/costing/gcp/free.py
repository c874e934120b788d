"""What Google Cloud gives for nothing, by name."""

from __future__ import annotations

from domain.costing.reasons import BY_OTHERS, CONFIGURATION, IDENTITY, NETWORK

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
        "globalNetworkEndpointGroup globalNetworkEndpoint networkProfile networkAttachment",
        NETWORK,
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
        BY_OTHERS,
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
        CONFIGURATION,
    ),
    ("gcp:storage", "bucketObject", "what a bucket holds is billed with the bucket"),
    (
        "gcp:kms",
        "keyRing keyRingImportJob cryptoKeyIAMMember cryptoKeyIAMBinding "
        "cryptoKeyIAMPolicy keyRingIAMMember keyRingIAMBinding keyRingIAMPolicy autokeyConfig "
        "secretCiphertext",
        CONFIGURATION,
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
    ("gcp:sql", "database user sslCert", "the database instance is billed"),
    (
        "gcp:bigquery",
        "datasetAccess datasetIamMember datasetIamBinding iamMember connection",
        CONFIGURATION,
    ),
    ("gcp:servicenetworking", "*", NETWORK),
    ("gcp:gkehub", "membership", CONFIGURATION),
)
