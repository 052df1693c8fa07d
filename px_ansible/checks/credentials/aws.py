"""Amazon: what boto3 looks for, in its order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from px_ansible.checks.credentials.ini import Unreadable, profiles
from px_ansible.checks.model import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from px_ansible.checks.model import Surroundings

SUBJECT = "provider aws"
_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_LOGIN = "aws configure; or export AWS_PROFILE=NAME; or export AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
_CONTAINER = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")
# What makes a profile one that signs in, and not only a region: key -> in words.
_WAYS = {
    "aws_access_key_id": "access key",
    "role_arn": "role",
    "sso_session": "single sign-on",
    "sso_start_url": "single sign-on",
    "credential_process": "a program's",
    "login_session": "login",
}


def check(at: Surroundings) -> Check:
    """Say where the credentials are."""
    named = at.env.get("AWS_PROFILE") or at.env.get("AWS_DEFAULT_PROFILE")
    try:
        return next(_places(at, named))
    except Unreadable as error:
        return Check(SUBJECT, "credentials", "missing", str(error), _LOGIN)


def _places(at: Surroundings, named: str | None) -> Iterator[Check]:
    """Yield what each place says, the first one first."""
    # A profile that the environment names wins over keys in it.
    if not named:
        yield from _environment(at)
    found = _profiles(at)
    yield from _profile(found, named)
    yield from (_ok(f"environment variable {name}") for name in _CONTAINER if at.env.get(name))
    if "Amazon EC2" in at.maker():
        yield Check(SUBJECT, "credentials", "warning", "only the role of this VM, if it has one", _LOGIN)
    others = sorted(name for name, files in found.items() if any(set(_WAYS) & keys for keys in files.values()))
    if others:
        yield _none(f"no profile is chosen; there are: {', '.join(others)}")
    yield _none("in no variable, and in no profile of ~/.aws")


def _environment(at: Surroundings) -> Iterator[Check]:
    if names := [name for name in _KEYS if at.env.get(name)]:
        yield _keys(names)
    if at.env.get("AWS_WEB_IDENTITY_TOKEN_FILE") and at.env.get("AWS_ROLE_ARN"):
        yield _ok("environment variables AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN")


def _profile(found: Mapping[str, Mapping[str, frozenset[str]]], named: str | None) -> Iterator[Check]:
    wanted = named or "default"
    for path, keys in found.get(wanted, {}).items():
        for way in (way for key, way in _WAYS.items() if key in keys):
            yield _ok(f"{path}, profile {wanted}: {way}" + (" (AWS_PROFILE)" if named else ""))
    if named:
        there = f"there are: {', '.join(sorted(found))}" if found else "there is none"
        yield _none(f"no profile {named!r} that signs in; {there}")


def _keys(names: list[str]) -> Check:
    if len(names) == len(_KEYS):
        return _ok(f"environment variables {' and '.join(_KEYS)}")
    other = next(name for name in _KEYS if name not in names)
    return Check(SUBJECT, "credentials", "missing", f"{names[0]} is set, and {other} is not", f"export {other}")


def _profiles(at: Surroundings) -> Mapping[str, Mapping[str, frozenset[str]]]:
    """Return the profiles, each with the files that have it and the names of its keys there."""
    files = {
        "credentials": at.env.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials",
        "config": at.env.get("AWS_CONFIG_FILE") or "~/.aws/config",
    }
    found: dict[str, dict[str, frozenset[str]]] = {}
    for kind, written in files.items():
        path = at.home / written[2:] if written.startswith("~/") else Path(written)
        for section, keys in profiles(path).items():
            # In the file config a profile is called `profile NAME`, and other sections are none.
            name = section.removeprefix("profile ").strip()
            if kind == "credentials" or section.startswith("profile ") or section == "default":
                found.setdefault(name, {})[str(path)] = keys
    return found


def _ok(found: str) -> Check:
    return Check(SUBJECT, "credentials", "ok", found)


def _none(found: str) -> Check:
    return Check(SUBJECT, "credentials", "missing", found, _LOGIN)
