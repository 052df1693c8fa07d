"""goofys' command line: Go's flag syntax through urfave/cli v1."""

import os
import re

VERSION = "0.24.0-45b8d78375af1b24604439d2e60c567654bcdf88"

# name: (kind, default). `*` marks the flags that fix the back end to S3.
FLAGS = {
    "o": ("list", ()),
    "cache": ("string", ""),
    "dir-mode": ("int", 0o755),
    "file-mode": ("int", 0o644),
    "uid": ("int", os.getuid()),
    "gid": ("int", os.getgid()),
    "endpoint": ("string", ""),
    "region": ("string*", "us-east-1"),
    "requester-pays": ("bool*", False),
    "storage-class": ("string*", "STANDARD"),
    "profile": ("string*", ""),
    "use-content-type": ("bool", False),
    "sse": ("bool*", False),
    "sse-kms": ("string*", ""),
    "sse-c": ("string*", ""),
    "acl": ("string*", ""),
    "subdomain": ("bool*", False),
    "cheap": ("bool", False),
    "no-implicit-dir": ("bool", False),
    "stat-cache-ttl": ("duration", 60.0),
    "type-cache-ttl": ("duration", 60.0),
    "http-timeout": ("duration", 30.0),
    "debug_fuse": ("bool", False),
    "debug_s3": ("bool", False),
    "f": ("bool", False),
    "help": ("bool", False),
    "h": ("bool", False),
    "version": ("bool", False),
    "v": ("bool", False),
}

HELP = """\
NAME:
   goofys - Mount an S3 bucket locally

USAGE:
   goofys [global options] bucket[:prefix] mountpoint

VERSION:
   {version}

OPTIONS:
{flags}
"""

_BOOLEANS = {
    **dict.fromkeys(("1", "t", "T", "true", "TRUE", "True"), True),
    **dict.fromkeys(("0", "f", "F", "false", "FALSE", "False"), False),
}
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)")


class Usage(Exception):
    """The command line is wrong; the text stands before the help."""


def parse(arguments):
    """Return (values, names that were given, positionals). Nothing after the first positional is a flag."""
    values = {name: list(default) if kind == "list" else default for name, (kind, default) in FLAGS.items()}
    given, rest = set(), list(arguments)
    while rest and len(rest[0]) > 1 and rest[0].startswith("-"):
        word = rest.pop(0)
        if word == "--":
            break
        name, equals, value = word[2 if word.startswith("--") else 1 :].partition("=")
        if not name or name.startswith("-"):
            raise Usage(f"Incorrect Usage. bad flag syntax: {word}")
        if name not in FLAGS:
            raise Usage(f"Incorrect Usage. flag provided but not defined: -{name}")
        kind = FLAGS[name][0].rstrip("*")
        if not equals and kind == "bool":
            value = "true"
        elif not equals:
            if not rest:
                raise Usage(f"Incorrect Usage. flag needs an argument: -{name}")
            value = rest.pop(0)
        given.add(name)
        if kind == "list":
            values[name].append(value)
        else:
            values[name] = _value(kind, name, value)
    return values, given, rest


def _value(kind, name, text):
    if kind == "string":
        return text
    read = {"bool": _BOOLEANS.get, "int": _integer, "duration": _duration}[kind](text)
    if read is None:
        boolean = "boolean " if kind == "bool" else ""
        quoted = '"' + text.replace('"', '\\"') + '"'
        raise Usage(f"Incorrect Usage. invalid {boolean}value {quoted} for flag -{name}: parse error")
    return read


def _integer(text):
    """Go's base 0: 0755 and 0o755 are octal, 0x1ed is hexadecimal, 755 is decimal."""
    if re.fullmatch(r"[-+]?0[0-7_]+", text):
        return int(text.replace("_", ""), 8)
    try:
        return int(text, 0)
    except ValueError:
        return None


def _duration(text):
    """Go's time.ParseDuration: a number without a unit is refused, but for 0."""
    plain = text.lstrip("+-") if len(text) - len(text.lstrip("+-")) <= 1 else text
    if plain == "0":
        return 0.0
    parts = _PART.findall(plain)
    if not parts or "".join(number + unit for number, unit in parts) != plain:
        return None
    return (-1 if text.startswith("-") else 1) * sum(float(number) * _UNITS[unit] for number, unit in parts)


def as_mount_does(arguments):
    """Re-order what mount(8) passes: `BUCKET MNT -o OPTS`; items of OPTS that begin with a dash are flags."""
    if len(arguments) == 4 and arguments[2] == "-o":
        parts = arguments[3].split(",")
        flags = [part for part in parts if part.startswith("-")]
        kept = ",".join(part for part in parts if not part.startswith("-"))
        return [*flags, *(["-o", kept] if kept else []), arguments[0], arguments[1]]
    return arguments


def help_text():
    """Return the help that follows a usage error."""
    names = (f"   {'-' if len(name) == 1 else '--'}{name}" for name in FLAGS)
    return HELP.format(version=VERSION, flags="\n".join(names))
