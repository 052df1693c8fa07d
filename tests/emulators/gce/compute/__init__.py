"""What answers the methods of compute.v1.json: one file per resource. Importing this registers them all."""

from emulators.gce.compute import (
    addresses,
    catalog_reads,
    disks,
    firewalls,
    guest_attributes,
    instance_power,
    instance_updates,
    instances,
    networks,
    operation_reads,
    subnetworks,
)

__all__ = [
    "addresses",
    "catalog_reads",
    "disks",
    "firewalls",
    "guest_attributes",
    "instance_power",
    "instance_updates",
    "instances",
    "networks",
    "operation_reads",
    "subnetworks",
]
