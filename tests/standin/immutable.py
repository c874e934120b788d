"""Which inputs cannot change in place: changing one replaces the resource."""

from __future__ import annotations

EVERYTHING = frozenset({"*"})

# Names and places of a resource, on either cloud.
ANYWHERE = frozenset({"location", "name", "namePrefix", "project", "region", "zone"})

BY_TYPE: dict[str, frozenset[str]] = {
    "aws:ec2/capacityReservation:CapacityReservation": frozenset(
        {"availabilityZone", "instancePlatform", "instanceType", "tenancy"}
    ),
    "aws:ec2/eip:Eip": frozenset({"domain"}),
    "aws:ec2/flowLog:FlowLog": EVERYTHING,
    "aws:ec2/instance:Instance": frozenset({"ami", "availabilityZone", "subnetId"}),
    "aws:ec2/natGateway:NatGateway": frozenset({"allocationId", "connectivityType", "subnetId"}),
    "aws:ec2/placementGroup:PlacementGroup": frozenset(
        {"partitionCount", "spreadLevel", "strategy"}
    ),
    "aws:ec2/routeTable:RouteTable": frozenset({"vpcId"}),
    "aws:ec2/securityGroup:SecurityGroup": frozenset({"description", "vpcId"}),
    "aws:ec2/subnet:Subnet": frozenset({"availabilityZone", "cidrBlock", "vpcId"}),
    "aws:ec2/vpc:Vpc": frozenset({"cidrBlock", "instanceTenancy"}),
    "aws:ec2/vpcEndpoint:VpcEndpoint": frozenset({"serviceName", "vpcEndpointType", "vpcId"}),
    "aws:fsx/lustreFileSystem:LustreFileSystem": frozenset(
        {"deploymentType", "kmsKeyId", "securityGroupIds", "storageType", "subnetIds"}
    ),
    "aws:lb/loadBalancer:LoadBalancer": frozenset({"internal", "loadBalancerType"}),
    "aws:s3/bucket:Bucket": frozenset({"bucket", "bucketPrefix"}),
    "gcp:compute/instanceTemplate:InstanceTemplate": EVERYTHING,
    "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate": EVERYTHING,
    "gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager": frozenset(
        {"baseInstanceName", "distributionPolicyZones"}
    ),
    "gcp:compute/reservation:Reservation": frozenset({"specificReservationRequired"}),
    "gcp:compute/resourcePolicy:ResourcePolicy": EVERYTHING,
    "gcp:compute/subnetwork:Subnetwork": frozenset({"ipCidrRange", "network"}),
    "gcp:lustre/instance:Instance": frozenset(
        {"filesystem", "instanceId", "network", "perUnitStorageThroughput"}
    ),
    "gcp:tpu/v2Vm:V2Vm": frozenset(
        {
            "acceleratorConfig",
            "acceleratorType",
            "networkConfig",
            "runtimeVersion",
            "schedulingConfig",
            "serviceAccount",
        }
    ),
}


def replaces(type_: str, key: str) -> bool:
    """Whether a change of the input ``key`` replaces a resource of this type."""
    keys = BY_TYPE.get(type_, frozenset())
    return key in ANYWHERE or key in keys or keys == EVERYTHING
