"""Where goofys 0.24.0 takes its keys from, in its order: aws-sdk-go 1.17.13 with the shared config.

Environment, profile (keys, then credential_process), ECS, EC2 by IMDSv1. Nothing else: no web identity, no IMDSv2.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import subprocess
import typing
import urllib.request

from standin import StandInLimit

_HTTP = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_METADATA = "http://169.254.169.254/latest/meta-data/iam/security-credentials/"
_PROCESS_SECONDS, _PROCESS_BYTES = 60, 8 << 10


class CredentialsError(Exception):
    """No keys; the text is the SDK's."""


class SetupError(Exception):
    """A configuration file cannot be read."""


class Keys(typing.NamedTuple):
    """Keys, and when they are asked for again; `expires` None: never."""

    identity: str
    secret: str
    token: str = ""
    expires: dt.datetime | None = None


def provider(profile):
    """Return a function that asks for keys, by what environment and files say at the start; raises SetupError."""
    environment = _from_environment()
    if environment:
        return lambda: environment
    name = profile or os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE") or "default"
    section = _profile(name)
    if "role_arn" in section:
        if not (section.get("source_profile") or section.get("credential_source")):
            return _none
        raise StandInLimit("role_arn asks AWS STS, which nothing serves here")
    if section.get("aws_access_key_id") and section.get("aws_secret_access_key"):
        keys = Keys(
            section["aws_access_key_id"], section["aws_secret_access_key"], section.get("aws_session_token", "")
        )
        return lambda: keys
    if section.get("credential_process"):
        return lambda: _from_process(section["credential_process"])
    return _from_ecs if _ecs_address() else _from_ec2


def _from_environment():
    identity = os.environ.get("AWS_ACCESS_KEY_ID") or os.environ.get("AWS_ACCESS_KEY")
    secret = os.environ.get("AWS_SECRET_ACCESS_KEY") or os.environ.get("AWS_SECRET_KEY")
    return Keys(identity, secret, os.environ.get("AWS_SESSION_TOKEN", "")) if identity and secret else None


def _none():
    raise CredentialsError("NoCredentialProviders: no valid providers in chain. Deprecated.")


def _profile(name):
    """Return a profile's keys: the config file's, over which those of the credentials file go."""
    home = os.environ.get("HOME", "")
    config = os.environ.get("AWS_CONFIG_FILE") or f"{home}/.aws/config"
    shared = os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or f"{home}/.aws/credentials"
    found = {}
    for path in (config, shared):
        sections = _ini(path)
        for title in (name, f"profile {name}"):
            found.update(sections.get(title, {}))
    return found


def _ini(path):
    """Return the sections of an INI file; none if it is missing."""
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"SharedConfigLoadError: failed to load config file, {path}\ncaused by: {error}") from None
    sections, current = {}, None
    for line in lines:
        if not line.strip() or line.lstrip().startswith(("#", ";")):
            continue
        title = re.fullmatch(r"\[([^\]]+)\]\s*", line)
        key, equals, value = line.partition("=")
        if title:
            current = sections.setdefault(" ".join(title.group(1).split()), {})
        elif line[0].isspace() and current is not None:
            continue
        elif equals and key.strip() and current is not None:
            current[key.strip()] = value.strip()
        else:
            raise SetupError(f"SharedConfigLoadError: failed to load config file, {path}\ncaused by: INIParseError")
    return sections


def _from_process(command):
    """Run credential_process as the SDK does: `sh -c`, our environment, one minute, 8 KiB."""
    try:
        ended = subprocess.run(["sh", "-c", command], stdout=subprocess.PIPE, timeout=_PROCESS_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise CredentialsError("ProcessProviderExecutionError: credential process timed out") from None
    if ended.returncode or len(ended.stdout) > _PROCESS_BYTES:
        raise CredentialsError(
            f"ProcessProviderExecutionError: error in credential_process\ncaused by: exit status {ended.returncode}"
        )
    try:
        document = json.loads(ended.stdout)
        expires = document.get("Expiration")
        until = _time(expires) if expires else None
    except (ValueError, AttributeError):
        raise CredentialsError("ProcessProviderParseError: parse failed of credential_process output") from None
    if document.get("Version") != 1:
        raise CredentialsError("ProcessProviderVersionError: wrong version in process output (not 1)")
    for name in ("AccessKeyId", "SecretAccessKey"):
        if not document.get(name):
            raise CredentialsError(f"ProcessProviderRequiredError: missing {name} in process output")
    return Keys(document["AccessKeyId"], document["SecretAccessKey"], document.get("SessionToken") or "", until)


def _time(text):
    """Read RFC 3339, as strictly as Go does."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)", text)
    if not found:
        raise ValueError(text)
    zone = "+00:00" if found.group(3) == "Z" else found.group(3)
    return dt.datetime.fromisoformat(found.group(1) + zone)


def _ecs_address():
    relative = os.environ.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
    return f"http://169.254.170.2{relative}" if relative else os.environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")


def _from_ecs():
    token = os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN")
    return _document(_get(_ecs_address(), {"Authorization": token} if token else {}))


def _from_ec2():
    """IMDSv1: no token is asked for, so that an instance with HttpTokens=required answers 401."""
    role = _get(_METADATA).split("\n")[0].strip()
    return _document(_get(_METADATA + role)) if role else _none()


def _get(url, headers=()):
    try:
        with _HTTP.open(urllib.request.Request(url, headers=dict(headers)), timeout=5) as answer:  # noqa: S310
            return answer.read().decode()
    except (OSError, ValueError):
        return _none()


def _document(text):
    try:
        document = json.loads(text)
        until = _time(document["Expiration"]) if document.get("Expiration") else None
        return Keys(document["AccessKeyId"], document["SecretAccessKey"], document.get("Token", ""), until)
    except (ValueError, KeyError, AttributeError):
        return _none()
