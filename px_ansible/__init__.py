"""px-ansible: a cluster and its buckets, declared in px.yaml, as VMs with every bucket mounted as a folder."""

__version__ = "0.1.0"
