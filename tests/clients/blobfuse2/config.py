"""blobfuse2's configuration: its keys, and flags over environment over file.

The real one ignores a key that it does not know. The stand-in refuses it, on purpose: only so a typo is found.
"""

import os

import yaml_subset

_BOOL, _INT, _NUMBER, _TEXT, _LIST = "bool", "int", "number", "text", "list"


def _keys(kind, names):
    return dict.fromkeys(names.split(), kind)


KEYS = {
    "": {
        **_keys(_LIST, "components libfuse-options"),
        **_keys(_BOOL, "foreground read-only allow-other allow-root nonempty lazy-write secure-config direct-io"),
        **_keys(_BOOL, "disable-kernel-cache dynamic-profile streaming block-cache use-attr-cache"),
        **_keys(_TEXT, "default-working-dir passphrase profiler-ip cpu-profile mem-profile wait-for-mount"),
        **_keys(_INT, "profiler-port"),
    },
    "logging": {
        **_keys(_TEXT, "type level file-path"),
        **_keys(_INT, "max-file-size-mb file-count"),
        **_keys(_BOOL, "track-time"),
    },
    "libfuse": {
        **_keys(_INT, "attribute-expiration-sec entry-expiration-sec negative-entry-expiration-sec"),
        **_keys(_INT, "default-permission uid gid umask max-fuse-threads"),
        **_keys(_BOOL, "fuse-trace disable-writeback-cache ignore-open-flags direct-io"),
        **_keys(_TEXT, "extension"),
    },
    "file_cache": {
        **_keys(_TEXT, "path policy"),
        **_keys(_INT, "timeout-sec max-eviction high-threshold low-threshold refresh-sec"),
        **_keys(_INT, "file-cache-timeout-in-seconds"),
        **_keys(_NUMBER, "max-size-mb"),
        **_keys(_BOOL, "cleanup-on-start allow-non-empty-temp create-empty-file policy-trace offload-io"),
        **_keys(_BOOL, "empty-dir-check sync-to-flush ignore-sync hard-limit"),
    },
    "block_cache": {
        **_keys(_NUMBER, "block-size-mb"),
        **_keys(_INT, "mem-size-mb disk-size-mb disk-timeout-sec prefetch parallelism"),
        **_keys(_TEXT, "path"),
        **_keys(_BOOL, "prefetch-on-open consistency cleanup-on-start"),
    },
    "xload": {
        **_keys(_TEXT, "path mode"),
        **_keys(_NUMBER, "block-size-mb"),
        **_keys(_INT, "workers pool-size"),
        **_keys(_BOOL, "export-progress validate-md5 cleanup-on-start"),
    },
    "attr_cache": {
        **_keys(_INT, "timeout-sec max-files"),
        **_keys(_BOOL, "no-cache-on-list no-symlinks cache-on-list"),
    },
    "entry_cache": _keys(_INT, "timeout-sec"),
    "loopbackfs": _keys(_TEXT, "path"),
    "azstorage": {
        **_keys(_TEXT, "account-name container type endpoint mode subdirectory tier account-key sas"),
        **_keys(_TEXT, "appid resid objid tenantid clientid clientsecret oauth-token-path workload-identity-token"),
        **_keys(_TEXT, "aadendpoint auth-resource http-proxy https-proxy telemetry filter ca-cert-file"),
        **_keys(_TEXT, "cpk-encryption-key cpk-encryption-key-sha256"),
        **_keys(_INT, "block-size-mb max-concurrency block-list-on-mount-sec max-retries max-retry-timeout-sec"),
        **_keys(_INT, "retry-backoff-sec max-retry-delay-sec max-results-for-list"),
        **_keys(_BOOL, "use-http virtual-directory fail-unsupported-op update-md5 validate-md5 disable-compression"),
        **_keys(_BOOL, "honour-acl preserve-acl cpk-enabled use-adls use-https set-content-type"),
    },
    "mountall": _keys(_LIST, "container-allowlist container-denylist"),
    "health_monitor": {
        **_keys(_BOOL, "enable-monitoring"),
        **_keys(_INT, "stats-poll-interval-sec process-monitor-interval-sec"),
        **_keys(_TEXT, "output-path"),
        **_keys(_LIST, "monitor-disable-list"),
    },
}

_ENVIRONMENT = {
    "ACCOUNT": "account-name",
    "ACCOUNT_TYPE": "type",
    "ACCESS_KEY": "account-key",
    "SAS_TOKEN": "sas",
    "IDENTITY_CLIENT_ID": "appid",
    "IDENTITY_RESOURCE_ID": "resid",
    "IDENTITY_OBJECT_ID": "objid",
    "SPN_TENANT_ID": "tenantid",
    "SPN_CLIENT_ID": "clientid",
    "SPN_CLIENT_SECRET": "clientsecret",
    "AAD_ENDPOINT": "aadendpoint",
    "AUTH_TYPE": "mode",
    "BLOB_ENDPOINT": "endpoint",
    "ACCOUNT_CONTAINER": "container",
    "AUTH_RESOURCE": "auth-resource",
    "CPK_ENCRYPTION_KEY": "cpk-encryption-key",
    "CPK_ENCRYPTION_KEY_SHA256": "cpk-encryption-key-sha256",
}


class ConfigError(Exception):
    """The configuration is refused; the text is blobfuse2's, or begins with `stand-in:`."""


def read(path):
    """Return {dotted key: value} of a config file, all of them known and of their kind; raises ConfigError."""
    try:
        with open(path, encoding="utf-8") as file:
            document = yaml_subset.load(file.read())
    except (OSError, UnicodeDecodeError, yaml_subset.NotYaml) as error:
        raise ConfigError(f"invalid config file [{error}]") from None
    found = {}
    for key, value in document.items():
        name = key.lower()
        if name in KEYS and name:
            if value is not None and not isinstance(value, dict):
                raise ConfigError(f"failed to unmarshal config [{name}: expected a map]")
            for inner, content in (value or {}).items():
                _put(found, name, inner.lower(), content)
        else:
            _put(found, "", name, value)
    return found


def _put(found, section, name, value):
    dotted = f"{section}.{name}" if section else name
    kind = KEYS[section].get(name)
    if kind is None:
        raise ConfigError(f"stand-in: unknown config key {dotted!r}, which blobfuse2 would ignore")
    fits = {
        _BOOL: isinstance(value, bool),
        _INT: isinstance(value, int) and not isinstance(value, bool) and value >= 0,
        _NUMBER: isinstance(value, (int, float)) and not isinstance(value, bool),
        _TEXT: isinstance(value, str),
        _LIST: isinstance(value, list) and all(isinstance(item, str) for item in value),
    }[kind]
    # A number or a word such as `no` where text is expected means itself only if it is written as it is read.
    if kind == _TEXT and isinstance(value, int) and not isinstance(value, bool):
        value, fits = str(value), True
    if not fits:
        raise ConfigError(f"config error in {section or 'mount'} [{dotted}: expected {kind}]")
    found[dotted] = value


def from_environment():
    """Return {dotted key: value} of AZURE_STORAGE_*."""
    found = {f"azstorage.{key}": os.environ.get(f"AZURE_STORAGE_{name}") for name, key in _ENVIRONMENT.items()}
    found["azstorage.oauth-token-path"] = os.environ.get("AZURE_OAUTH_TOKEN_FILE")
    for scheme in ("http", "https"):
        found[f"azstorage.{scheme}-proxy"] = os.environ.get(f"{scheme}_proxy")
    return {key: value for key, value in found.items() if value}


def merged(path, given):
    """Return file, under environment, under flags."""
    return {**(read(path) if path else {}), **from_environment(), **given}
