"""blobfuse2's command line: pflag's syntax, the flags of `mount` and the values of -o."""

import re

# name: (kind, the config key that it sets; empty: none that is read here).
MOUNT = {
    "disable-version-check": ("bool", ""),
    "config-file": ("string", ""),
    "secure-config": ("bool", "secure-config"),
    "passphrase": ("string", "passphrase"),
    "log-type": ("string", "logging.type"),
    "log-level": ("string", "logging.level"),
    "log-file-path": ("string", "logging.file-path"),
    "foreground": ("bool", "foreground"),
    "read-only": ("bool", "read-only"),
    "lazy-write": ("bool", "lazy-write"),
    "default-working-dir": ("string", "default-working-dir"),
    "streaming": ("bool", "streaming"),
    "block-cache": ("bool", "block-cache"),
    "use-attr-cache": ("bool", "use-attr-cache"),
    "invalidate-on-sync": ("bool", ""),
    "pre-mount-validate": ("bool", ""),
    "basic-remount-check": ("bool", ""),
    "o": ("list", ""),
    "wait-for-mount": ("duration", "wait-for-mount"),
    "attr-timeout": ("uint32", "libfuse.attribute-expiration-sec"),
    "entry-timeout": ("uint32", "libfuse.entry-expiration-sec"),
    "negative-timeout": ("uint32", "libfuse.negative-entry-expiration-sec"),
    "allow-other": ("bool", "allow-other"),
    "disable-writeback-cache": ("bool", "libfuse.disable-writeback-cache"),
    "d": ("bool", ""),
    "ignore-open-flags": ("bool", "libfuse.ignore-open-flags"),
    "tmp-path": ("string", "file_cache.path"),
    "file-cache-timeout": ("uint32", "file_cache.timeout-sec"),
    "file-cache-timeout-in-seconds": ("uint32", "file_cache.timeout-sec"),
    "cache-size-mb": ("float", "file_cache.max-size-mb"),
    "high-disk-threshold": ("uint32", "file_cache.high-threshold"),
    "low-disk-threshold": ("uint32", "file_cache.low-threshold"),
    "max-eviction": ("uint32", "file_cache.max-eviction"),
    "file-cache-policy": ("string", "file_cache.policy"),
    "empty-dir-check": ("bool", "file_cache.empty-dir-check"),
    "background-download": ("bool", ""),
    "upload-modified-only": ("bool", ""),
    "cache-poll-timeout-msec": ("uint32", ""),
    "sync-to-flush": ("bool", "file_cache.sync-to-flush"),
    "ignore-sync": ("bool", "file_cache.ignore-sync"),
    "hard-limit": ("bool", "file_cache.hard-limit"),
    "block-cache-block-size": ("float", "block_cache.block-size-mb"),
    "block-cache-pool-size": ("uint64", "block_cache.mem-size-mb"),
    "block-cache-disk-size": ("uint64", "block_cache.disk-size-mb"),
    "block-cache-disk-timeout": ("uint32", "block_cache.disk-timeout-sec"),
    "block-cache-prefetch": ("uint32", "block_cache.prefetch"),
    "block-cache-parallelism": ("uint32", "block_cache.parallelism"),
    "block-cache-path": ("string", "block_cache.path"),
    "block-cache-prefetch-on-open": ("bool", "block_cache.prefetch-on-open"),
    "attr-cache-timeout": ("uint32", "attr_cache.timeout-sec"),
    "no-symlinks": ("bool", "attr_cache.no-symlinks"),
    "container-name": ("string", "azstorage.container"),
    "subdirectory": ("string", "azstorage.subdirectory"),
    "virtual-directory": ("bool", "azstorage.virtual-directory"),
    "disable-compression": ("bool", "azstorage.disable-compression"),
    "cpk-enabled": ("bool", "azstorage.cpk-enabled"),
    "preserve-acl": ("bool", "azstorage.preserve-acl"),
    "filter": ("string", "azstorage.filter"),
    "use-https": ("bool", "azstorage.use-https"),
    "use-adls": ("bool", "azstorage.use-adls"),
    "max-concurrency": ("uint32", "azstorage.max-concurrency"),
    "cancel-list-on-mount-seconds": ("uint32", "azstorage.block-list-on-mount-sec"),
    "http-proxy": ("string", "azstorage.http-proxy"),
    "https-proxy": ("string", "azstorage.https-proxy"),
    "max-retry": ("uint32", "azstorage.max-retries"),
    "max-retry-interval-in-seconds": ("uint32", "azstorage.max-retry-timeout-sec"),
    "retry-delay-factor": ("uint32", "azstorage.retry-backoff-sec"),
    "set-content-type": ("bool", "azstorage.set-content-type"),
    "ca-cert-file": ("string", "azstorage.ca-cert-file"),
    "debug-libcurl": ("bool", ""),
    "telemetry": ("string", "azstorage.telemetry"),
    "honour-acl": ("bool", "azstorage.honour-acl"),
    "help": ("bool", ""),
}
UNMOUNT = {"lazy": ("bool", ""), "help": ("bool", ""), "disable-version-check": ("bool", "")}
_SHORT = {"o": "o", "d": "d", "h": "help", "z": "lazy"}

_BOOLEANS = {
    **dict.fromkeys(("1", "t", "T", "true", "TRUE", "True"), True),
    **dict.fromkeys(("0", "f", "F", "false", "FALSE", "False"), False),
}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")

_DROPPED = ("default_permissions", "rw", "dev", "nodev", "suid", "nosuid", "delay_connect", "auto", "noauto")
_DROPPED += ("user", "nouser", "exec", "noexec")
_FUSE = {
    "allow_other": ("allow-other", "bool"),
    "allow_root": ("allow-root", "bool"),
    "ro": ("read-only", "bool"),
    "nonempty": ("nonempty", "bool"),
    "direct_io": ("direct-io", "bool"),
    "attr_timeout": ("libfuse.attribute-expiration-sec", "int"),
    "entry_timeout": ("libfuse.entry-expiration-sec", "int"),
    "negative_timeout": ("libfuse.negative-entry-expiration-sec", "int"),
    "umask": ("libfuse.umask", "int"),
    "uid": ("libfuse.uid", "int"),
    "gid": ("libfuse.gid", "int"),
}


class BadFlag(Exception):
    """pflag's text; exit code 2."""


class BadOption(Exception):
    """A value of -o that blobfuse2 does not know; exit code 1."""


def parse(arguments, known):
    """Return ({flag: value} of those given, positionals); flags may stand anywhere."""
    values, positionals, rest = {}, [], list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return values, positionals + rest
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            if name not in known or len(name) == 1:
                raise BadFlag(f"unknown flag: --{name}")
        elif word.startswith("-") and len(word) > 1:
            letter, value = word[1], word[2:]
            name = _SHORT.get(letter)
            if name not in known:
                raise BadFlag(f"unknown shorthand flag: {letter!r} in {word}")
            equals, value = ("=", value.lstrip("=")) if value else ("", "")
        else:
            positionals.append(word)
            continue
        kind = known[name][0]
        if not equals and kind == "bool":
            value = "true"
        elif not equals:
            if not rest:
                raise BadFlag(f"flag needs an argument: {word}")
            value = rest.pop(0)
        if kind == "list":
            values.setdefault(name, []).extend(value.split(","))
        else:
            values[name] = _value(kind, name, value)
    return values, positionals


def _value(kind, name, text):
    try:
        if kind == "bool":
            return _BOOLEANS[text]
        if kind in ("uint32", "uint64"):
            number = int(text, 0)
            if not 0 <= number < 2 ** int(kind[4:]):
                raise ValueError(text)
            return number
        if kind == "float":
            return float(text)
        if kind == "duration":
            number, unit = _DURATION.fullmatch(text).groups()
            return float(number) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[unit]
    except (KeyError, ValueError, AttributeError):
        raise BadFlag(f'invalid argument "{text}" for "--{name}" flag: parse error') from None
    return text


def with_flags_of_o(values):
    """Return the values after the items of -o that begin with `--` were read as flags."""
    hidden = [item for item in values.get("o", []) if item.startswith("--")]
    if not hidden:
        return values
    again, _ = parse(hidden, MOUNT)
    return {**values, **again, "o": [item for item in values["o"] if not item.startswith("--")]}


def settings(values):
    """Return {config key: value} of what was given, with the values of -o."""
    found = {MOUNT[name][1]: value for name, value in values.items() if MOUNT[name][1]}
    for item in values.get("o", []):
        name, _, value = item.partition("=")
        if item in _DROPPED:
            continue
        key, kind = _FUSE.get(name, ("", ""))
        if not key or (kind == "int" and not value.isdigit()) or (kind == "bool" and value):
            raise BadOption(f"invalid FUSE options. Allowed FUSE configurations are: {_allowed()}")
        found[key] = int(value) if kind == "int" else True
    return found


def _allowed():
    return ", ".join(f"`-o {name}{'=' if kind == 'int' else ''}`" for name, (_, kind) in _FUSE.items())
