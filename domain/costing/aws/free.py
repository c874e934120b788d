"""What AWS gives for nothing, by name."""

from __future__ import annotations

from domain.costing.aws.free_oversight import FREE_OVERSIGHT
from domain.costing.reasons import BY_OTHERS, CONFIGURATION, IDENTITY, NETWORK

# Module, its free types (``*``: all of them), and why.
FREE: tuple[tuple[str, str, str], ...] = (
    *FREE_OVERSIGHT,
    ("aws:iam", "*", IDENTITY),
    ("aws:budgets", "budget", "budgets without actions are free"),
    (
        "aws:vpc",
        "securityGroupIngressRule securityGroupEgressRule securityGroupRule "
        "securityGroupVpcAssociation endpointPrivateDns",
        NETWORK,
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
        NETWORK,
    ),
    (
        "aws:ec2",
        "launchTemplate launchConfiguration placementGroup keyPair eipAssociation "
        "volumeAttachment tag spotDatafeedSubscription availabilityZoneGroup "
        "instanceMetadataDefaults imageBlockPublicAccess serialConsoleAccess "
        "amiLaunchPermission flowLog snapshotCreateVolumePermission",
        BY_OTHERS,
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
        BY_OTHERS,
    ),
    ("aws:appautoscaling", "*", BY_OTHERS),
    ("aws:autoscalingplans", "*", BY_OTHERS),
    (
        "aws:s3",
        "bucketVersioning bucketPolicy bucketPublicAccessBlock bucketOwnershipControls "
        "bucketServerSideEncryptionConfiguration bucketLifecycleConfiguration bucketAcl "
        "bucketCorsConfiguration bucketLogging bucketNotification bucketWebsiteConfiguration "
        "bucketRequestPaymentConfiguration bucketObjectLockConfiguration accessPoint "
        "accountPublicAccessBlock bucketAccelerateConfiguration "
        "bucketIntelligentTieringConfiguration bucketReplicationConfig"
        " bucketReplicationConfiguration",
        CONFIGURATION,
    ),
    (
        "aws:s3",
        "bucketObject bucketObjectv2 object objectCopy",
        "what a bucket holds is billed with the bucket",
    ),
    (
        "aws:s3control",
        "accessGrant accessGrantsInstance accessGrantsInstanceResourcePolicy "
        "accessGrantsLocation accessPointPolicy bucketLifecycleConfiguration bucketPolicy "
        "directoryBucketAccessPointScope multiRegionAccessPointPolicy objectLambdaAccessPoint "
        "objectLambdaAccessPointPolicy storageLensConfiguration",
        CONFIGURATION,
    ),
    ("aws:kms", "alias grant keyPolicy ciphertext", CONFIGURATION),
    ("aws:secretsmanager", "secretVersion secretPolicy secretRotation", CONFIGURATION),
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
        "listener listenerRule listenerCertificate targetGroup targetGroupAttachment",
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
        BY_OTHERS,
    ),
    (
        "aws:ecr",
        "lifecyclePolicy repositoryPolicy registryPolicy replicationConfiguration "
        "registryScanningConfiguration pullThroughCacheRule repositoryCreationTemplate",
        CONFIGURATION,
    ),
    (
        "aws:cloudwatch",
        "eventRule eventTarget eventPermission eventBusPolicy logStream "
        "logSubscriptionFilter logResourcePolicy logDestination logDestinationPolicy "
        "queryDefinition logDataProtectionPolicy",
        CONFIGURATION,
    ),
    ("aws:sns", "topicPolicy topicDataProtectionPolicy platformApplication", CONFIGURATION),
    ("aws:sqs", "queuePolicy redrivePolicy redriveAllowPolicy", CONFIGURATION),
    (
        "aws:lambda",
        "permission alias layerVersion layerVersionPermission eventSourceMapping "
        "functionEventInvokeConfig functionUrl invocation codeSigningConfig",
        CONFIGURATION,
    ),
    ("aws:appsync", "apiKey dataSource resolver function domainName type", CONFIGURATION),
    ("aws:route53", "record zoneAssociation delegationSet queryLog", "the zone is billed"),
    ("aws:acm", "certificateValidation", "public certificates are free"),
    ("aws:dynamodb", "tableItem tag resourcePolicy", CONFIGURATION),
    (
        "aws:rds",
        "subnetGroup parameterGroup clusterParameterGroup optionGroup "
        "eventSubscription roleAssociation clusterRoleAssociation proxyTarget "
        "proxyDefaultTargetGroup",
        CONFIGURATION,
    ),
    (
        "aws:elasticache",
        "subnetGroup parameterGroup user userGroup userGroupAssociation",
        CONFIGURATION,
    ),
    ("aws:docdb", "subnetGroup clusterParameterGroup eventSubscription", CONFIGURATION),
    (
        "aws:neptune",
        "subnetGroup parameterGroup clusterParameterGroup eventSubscription",
        CONFIGURATION,
    ),
    ("aws:redshift", "subnetGroup parameterGroup", CONFIGURATION),
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
        CONFIGURATION,
    ),
    ("aws:ram", "*", "sharing is free"),
    ("aws:resourcegroups", "*", "groups of resources are free"),
    ("aws:organizations", "*", "AWS Organizations is free"),
    (
        "aws:batch",
        "jobDefinition jobQueue schedulingPolicy",
        BY_OTHERS,
    ),
    (
        "aws:sagemaker",
        "image imageVersion notebookInstanceLifecycleConfiguration model "
        "modelPackageGroup endpointConfiguration studioLifecycleConfig",
        BY_OTHERS,
    ),
    ("aws:servicediscovery", "service instance httpNamespace", "the namespace is billed"),
    ("aws:cloudformation", "stackSetInstance", BY_OTHERS),
    (
        "aws:rds",
        "clusterEndpoint certificate customDbEngineVersion proxyEndpoint instanceState",
        CONFIGURATION,
    ),
    ("aws:elasticache", "globalReplicationGroup", BY_OTHERS),
    ("aws:memorydb", "acl user parameterGroup subnetGroup", CONFIGURATION),
    ("aws:dax", "parameterGroup subnetGroup", CONFIGURATION),
    ("aws:neptune", "clusterEndpoint", CONFIGURATION),
    (
        "aws:redshift",
        "authenticationProfile clusterIamRoles dataShareAuthorization "
        "dataShareConsumerAssociation endpointAuthorization eventSubscription "
        "hsmClientCertificate hsmConfiguration logging partner resourcePolicy "
        "scheduledAction snapshotCopyGrant snapshotSchedule snapshotScheduleAssociation "
        "usageLimit",
        CONFIGURATION,
    ),
    ("aws:redshiftserverless", "customDomainAssociation resourcePolicy usageLimit", CONFIGURATION),
    (
        "aws:opensearch",
        "authorizeVpcEndpointAccess domainPolicy domainSamlOptions "
        "inboundConnectionAccepter outboundConnection package packageAssociation "
        "serverlessAccessPolicy serverlessLifecyclePolicy serverlessSecurityConfig "
        "serverlessSecurityPolicy",
        CONFIGURATION,
    ),
    ("aws:elasticsearch", "domainPolicy domainSamlOptions", CONFIGURATION),
    (
        "aws:msk",
        "clusterPolicy configuration scramSecretAssociation singleScramSecretAssociation",
        CONFIGURATION,
    ),
    ("aws:mskconnect", "customPlugin workerConfiguration", CONFIGURATION),
    ("aws:mq", "configuration", CONFIGURATION),
    (
        "aws:dms",
        "certificate endpoint eventSubscription replicationSubnetGroup replicationTask s3Endpoint",
        "the replication instance is billed",
    ),
    ("aws:kinesis", "resourcePolicy", CONFIGURATION),
    (
        "aws:directoryservice",
        "conditionalForwader logService radiusSettings sharedDirectoryAccepter trust",
        "the directory is billed",
    ),
    (
        "aws:glue",
        "catalogTable classifier connection dataCatalogEncryptionSettings partition "
        "partitionIndex registry resourcePolicy schema securityConfiguration trigger "
        "userDefinedFunction workflow",
        "jobs, crawlers and the catalog are billed",
    ),
    ("aws:athena", "database dataCatalog namedQuery preparedStatement", CONFIGURATION),
    ("aws:codedeploy", "*", "deployments to EC2, ECS and Lambda are free"),
    (
        "aws:lightsail",
        "diskAttachment domain domainEntry instancePublicPorts keyPair lbAttachment "
        "lbCertificate lbCertificateAttachment lbHttpsRedirectionPolicy "
        "lbStickinessPolicy staticIp staticIpAttachment",
        "in the price of the server",
    ),
    (
        "aws:sagemaker",
        "codeRepository modelPackageGroupPolicy pipeline project space userProfile",
        BY_OTHERS,
    ),
    (
        "aws:cognito",
        "identityPool identityPoolProviderPrincipalTag identityPoolRoleAttachment "
        "identityProvider logDeliveryConfiguration managedUserPoolClient resourceServer "
        "riskConfiguration user userGroup userInGroup userPoolClient userPoolDomain "
        "userPoolUICustomization",
        "active users of the pool are billed",
    ),
    ("aws:kendra", "experience faq querySuggestionsBlockList thesaurus", "the index is billed"),
    ("aws:scheduler", "scheduleGroup", CONFIGURATION),
    (
        "aws:elasticbeanstalk",
        "application applicationVersion configurationTemplate",
        "its environments are billed",
    ),
    ("aws:emr", "blockPublicAccessConfiguration securityConfiguration", CONFIGURATION),
    ("aws:emrcontainers", "jobTemplate virtualCluster", BY_OTHERS),
    ("aws:cloudhsmv2", "cluster", "its modules are billed"),
    ("aws:sfn", "activity alias", CONFIGURATION),
    (
        "aws:apigateway",
        "clientCertificate documentationPart documentationVersion",
        "the calls of the API are billed",
    ),
    ("aws:appsync", "domainNameApiAssociation sourceApiAssociation", CONFIGURATION),
    ("aws:lambda", "functionRecursionConfig runtimeManagementConfig", CONFIGURATION),
    ("aws:schemas", "discoverer registry registryPolicy schema", CONFIGURATION),
    ("aws:cloudwatch", "eventArchive eventConnection eventEndpoint", "the bus is billed"),
)
