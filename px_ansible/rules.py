"""The rules of px.yaml: the id of every issue, and what is wrong where it stands. docs/rules.md is written from it."""

from __future__ import annotations

# The file and its text.
_TEXT = {
    "no-file": "The file is not there, is a folder, or may not be read.",
    "not-utf-8": "The file is not text in UTF-8.",
    "not-text": "A character stands in the file that no YAML file may have.",
    "empty": "The file, or a value that needs content, is empty.",
    "too-large": "The file is larger, or has more values when its aliases are written out, than a px.yaml has.",
    "too-deep": "Values are nested deeper than a px.yaml needs.",
    "variable": "`${NAME}` stands in the file: px.yaml has no variables.",
    "control-character": "A key or a value has a line break or another control character in it.",
    "template": "`{{` or `{%` stands in the file: px.yaml is not a template.",
}
_YAML = {
    "yaml-syntax": "The text is not YAML, or is YAML that px.yaml has no use for, such as directives.",
    "yaml-document": "A second YAML document starts in the file.",
    "yaml-tab": "A tab, or a space that YAML takes for text, stands in the indentation.",
    "yaml-quotes": "Typographic quotes stand around a text: to YAML they are part of it.",
    "yaml-tag": "A YAML tag such as `!vault` stands before a value.",
    "yaml-key": "A list or a mapping stands where a key is wanted.",
    "yaml-merge": "`<<` merges something that is not a mapping.",
    "yaml-number": "YAML 1.1 reads digits without quotes as another number than they look like: 010, 1:30, 1_000.",
    "duplicate-key": "A mapping has the same key twice.",
    "not-a-mapping": "The file is a list or plain text, not a mapping of keys to values.",
}
# The schema.
_SHAPE = {
    "missing-key": "A key that has to be there is not.",
    "unknown-key": "There is no such key at this place.",
    "wrong-type": "The value is of another type than its key takes.",
    "wrong-value": "The value is none of those that its key takes.",
    "wrong-form": "The text is not written in the form that its key takes.",
    "wrong-item": "An item of a list is of another type or form than the list takes.",
    "size": "The text is not a size from 128 MiB to 64 TiB.",
    "duration": "The text is a duration with a unit, where a number of seconds is wanted.",
    "out-of-range": "The number, or the count of items, is smaller or larger than its key takes.",
}
# What the fields mean together.
_CLUSTER = {
    "cluster-name": "The cluster's name cannot begin the names of hosts.",
    "unknown-provider": "There is no such provider, or none is named and the stores mean one that is not there.",
    "unknown-image": "The provider has no such operating system image.",
    "provider-open": "The buckets are in several clouds, and nothing says which of them has the hosts.",
    "other-provider": "The block of another provider than that of the file.",
    "not-offered": "The provider has no use for this key.",
    "unknown-region": "The cloud has no region of this form.",
    "unknown-zone": "There is no such zone, or it is in another region.",
    "unknown-machine-type": "The machine type is one of another cloud, or is written in a way that no type is.",
    "machine-too-small": "The machine type has less than `cpus_per_node` or `memory_per_node` asks for.",
    "no-machine-type": "No machine type that px-ansible knows has as much as is asked for.",
    "no-spot": "The machine type is not sold as spot.",
    "disk-size": "The cloud has no disks of this size.",
    "label": "The cloud takes no such label, or it is one of px-ansible's or the cloud's own.",
    "ssh-user": "Nobody can log in to hosts of this cloud by this name.",
    "address-range": "An item of `ssh.allow` is not a range of addresses.",
    "no-hosts": "The provider makes no hosts, and none are listed.",
    "host-name": "A host is not an address or a name that can be one.",
    "host-twice": "A host is listed twice.",
    "nodes-and-hosts": "`nodes` says another number than there are hosts in the list.",
}
_MOUNTS = {
    "mount-path": "No bucket can be mounted at this path.",
    "mount-twice": "Two mounts of different content have one path.",
    "nested-mount": "A mount is inside of another one.",
    "unknown-store": "There is no such object store, or the source is the address of none.",
    "foreign-store": "The hosts have no identity in the cloud of the bucket, and no credentials are named.",
    "store-and-source": "`store` and `source` name different stores.",
    "bucket-name": "The source names no bucket, or one that cannot exist.",
    "source-folder": "The folder of the source is not written as it is in the bucket.",
    "region": "The store needs the region of its bucket.",
    "client-cannot": "The FUSE client cannot do this.",
    "client-build": "The FUSE client is not built for the hosts' architecture.",
    "option-name": "This cannot be the name of an option of the FUSE client.",
    "settled-option": "px-ansible sets this option of the FUSE client by itself, from another key.",
    "file-mode": "The mode is not three octal digits in which the owner can read.",
    "cache-path": "The cache cannot lie at this path.",
    "literal-secret": "A secret stands in px.yaml itself, where only its place may be named.",
    "secret-place": "The place of a secret is not one environment variable or one file.",
    "sign-in": "The credentials do not belong together, or are not complete.",
}
_REST = {"more": "Problems that were left out: there are more than anyone works through at once."}

RULES = {**_TEXT, **_YAML, **_SHAPE, **_CLUSTER, **_MOUNTS, **_REST}
