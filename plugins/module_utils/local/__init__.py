"""Clusters of systemd-nspawn machines on this computer, with bucket servers beside them.

`record` keeps what exists on disk, `service` runs long-lived processes, `network` the bridge, `image` the base images,
`machine` one host, `bucket_server` the emulated stores, `cluster` what the hosts of one cluster share.
Runs on the controller only.
"""
