"""What is a cluster's: labels of instances and disks, and the words in the description of what takes no labels."""

from __future__ import annotations

LABEL = "px-cluster"
HOST_LABEL = "px-host"
# What px.yaml says of the image; a disk only knows the version that the family had then.
IMAGE = "px-image"
SSH_KEYS = "ssh-keys"
STARTUP = "startup-script"
# What `list` says in place of a name that the cluster itself gave; no name has a space.
OWN = "its own"


def description(cluster: str) -> str:
    """Return the description of a network, a subnetwork and a firewall rule, and the display name of an account."""
    return f"px-ansible cluster {cluster}"
