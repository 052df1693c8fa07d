"""Google Cloud, as far as a cluster of px-ansible needs it: Compute Engine, IAM, policies of buckets, tokens."""

from emulators.gce.cloud import NUMBER, PROJECT, GoogleCloud
from emulators.gce.machines import Hook, MachineError, Order, Running

make = GoogleCloud

__all__ = ["NUMBER", "PROJECT", "GoogleCloud", "Hook", "MachineError", "Order", "Running", "make"]
