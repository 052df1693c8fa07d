"""The keys of blobfuse2's configuration file, version 2.5.5.

blobfuse2 ignores a key that it does not know, so that a misspelled one would change nothing and say nothing. From
its sample setup/advancedConfig.yaml and its components' sources:
https://github.com/Azure/azure-storage-fuse
"""

import difflib
from typing import Dict, FrozenSet, Optional, Tuple

from ansible_collections.px.storage.plugins.module_utils.fuse.mountpoint import Refused


def _keys(text: str) -> FrozenSet[str]:
    return frozenset(text.split())


TOP = ""
KEYS: Dict[str, FrozenSet[str]] = {
    TOP: _keys(
        """
        components read-only allow-other allow-root nonempty lazy-write wait-for-mount default-working-dir direct-io
        disable-kernel-cache dynamic-profile profiler-ip profiler-port cpu-profile mem-profile libfuse-options
        streaming block-cache use-attr-cache foreground secure-config passphrase
        """
    ),
    "logging": _keys("type level file-path max-file-size-mb file-count track-time"),
    "libfuse": _keys(
        """
        attribute-expiration-sec entry-expiration-sec negative-entry-expiration-sec default-permission uid gid umask
        fuse-trace extension disable-writeback-cache ignore-open-flags max-fuse-threads direct-io
        """
    ),
    "file_cache": _keys(
        """
        path timeout-sec max-size-mb policy max-eviction high-threshold low-threshold cleanup-on-start
        allow-non-empty-temp create-empty-file policy-trace offload-io empty-dir-check sync-to-flush ignore-sync
        refresh-sec hard-limit file-cache-timeout-in-seconds
        """
    ),
    "block_cache": _keys(
        """
        block-size-mb mem-size-mb path disk-size-mb disk-timeout-sec prefetch parallelism prefetch-on-open consistency
        cleanup-on-start
        """
    ),
    "xload": _keys("path mode block-size-mb workers pool-size export-progress validate-md5 cleanup-on-start"),
    "attr_cache": _keys("timeout-sec no-cache-on-list no-symlinks max-files cache-on-list"),
    "entry_cache": _keys("timeout-sec"),
    "azstorage": _keys(
        """
        account-name container type endpoint mode use-http subdirectory virtual-directory block-size-mb
        max-concurrency tier block-list-on-mount-sec max-retries max-retry-timeout-sec retry-backoff-sec
        max-retry-delay-sec http-proxy https-proxy fail-unsupported-op update-md5 validate-md5 max-results-for-list
        disable-compression telemetry honour-acl preserve-acl cpk-enabled cpk-encryption-key
        cpk-encryption-key-sha256 filter account-key sas appid resid objid tenantid clientid clientsecret
        oauth-token-path workload-identity-token aadendpoint auth-resource use-adls use-https set-content-type
        ca-cert-file
        """
    ),
    "health_monitor": _keys(
        "enable-monitoring stats-poll-interval-sec process-monitor-interval-sec output-path monitor-disable-list"
    ),
}


def split(given: str) -> Tuple[str, str]:
    """Return section and key of a name such as `attr_cache.timeout-sec`; the section is empty at the top.

    Raises:
        Refused: blobfuse2 knows no such key.

    """
    section, dot, key = given.rpartition(".")
    if dot and section not in KEYS:
        raise Refused(f"blobfuse2 has no section {section!r} (option {given})", _near(section, KEYS.keys()))
    if key not in KEYS[section]:
        raise Refused(f"blobfuse2 has no config key {given!r}", _near(given, _every()))
    return section, key


def _every() -> FrozenSet[str]:
    return frozenset(f"{section}.{key}" if section else key for section, keys in KEYS.items() for key in keys)


def _near(word: str, known: "object") -> Optional[str]:
    candidates = [name for name in known if name]  # type: ignore[attr-defined]
    near = difflib.get_close_matches(word, candidates, n=1)
    if not near and "." not in word:
        near = [name for name in sorted(candidates) if name.endswith("." + word)][:1]
    return f"did you mean {near[0]}?" if near else "write it as section.key, such as attr_cache.timeout-sec"
