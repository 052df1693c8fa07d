"""The right of a service account on buckets: read, changed and written back whole, with its etag."""

from __future__ import annotations

import random
import time
import typing as t
from urllib.parse import quote

from ansible_collections.px.storage.plugins.module_utils.gcp.api import STORAGE
from ansible_collections.px.storage.plugins.module_utils.gcp.errors import ApiError, GcpError

if t.TYPE_CHECKING:
    from ansible_collections.px.storage.plugins.module_utils.gcp.api import Api

Policy = dict[str, t.Any]

READ = "roles/storage.objectViewer"
WRITE = "roles/storage.objectUser"
ROLES = (READ, WRITE)
_CHANGED_MEANWHILE = 412
# The options of a bucket in an argument spec.
OPTIONS = {"name": {"type": "str", "required": True}, "read_only": {"type": "bool", "default": False}}
_NOT_FOUND, _FORBIDDEN, _INVALID = 404, 403, 400
_TRIES = 10


class HiddenError(GcpError):
    """A policy that the caller may not see."""


class MissingError(GcpError):
    """A bucket that is not there."""


def role_for(bucket: t.Mapping[str, t.Any]) -> str:
    """Return the smallest role with which gcsfuse can do what a mount asks: reading, or writing too."""
    return READ if bucket.get("read_only") else WRITE


def policy_of(api: Api, bucket: str) -> Policy:
    """Return who may do what with a bucket. Version 3, or conditions would be lost when it is written back."""
    return api.get(_url(bucket), optionsRequestedPolicyVersion=3)


def grants(policy: Policy, role: str, member: str) -> bool:
    """Tell whether a policy gives a member a role without a condition."""
    return any(one["role"] == role and member in one["members"] for one in _unconditional(policy))


def set_roles(api: Api, bucket: str, member: str, roles: t.Collection[str], *, check_mode: bool = False) -> bool:
    """Give a member these of our roles on a bucket, and take the others of ours away; return whether that changed it.

    Raises:
        HiddenError: where the policy cannot be seen.
        MissingError: where there is no such bucket.
        GcpError: where it may not be changed, with the command for somebody who may.
    """
    for tries in range(1, _TRIES + 1):
        policy = _visible(api, bucket)
        if not _change(policy, member, roles):
            return False
        if check_mode:
            return True
        try:
            api.call("PUT", _url(bucket), json=policy)
        except ApiError as error:
            # Somebody else wrote meanwhile, or the account is so new that this API does not know it yet.
            passes = error.status == _CHANGED_MEANWHILE or (error.status == _INVALID and "does not exist" in str(error))
            if not passes or tries == _TRIES:
                raise _explained(error, bucket, member, roles) from None
            time.sleep(min(0.5 * 2**tries, 10) * random.uniform(0.5, 1))  # noqa: S311
        else:
            return True
    raise AssertionError  # the last try has returned or raised


def _visible(api: Api, bucket: str) -> Policy:
    try:
        return policy_of(api, bucket)
    except ApiError as error:
        if error.status == _NOT_FOUND:
            raise MissingError(*missing(bucket, api.project)) from None
        if error.status == _FORBIDDEN:
            raise HiddenError(f"gs://{bucket}: {error.message}", error.hint) from None
        raise


def missing(bucket: str, project: str) -> tuple[str, str]:
    """Return what to say of a bucket that is not there, and what helps."""
    hint = f"gcloud storage buckets create gs://{bucket} --project={project}; or is the name misspelt?"
    return f"there is no bucket gs://{bucket}", hint


def command(bucket: str, member: str, role: str, verb: str = "add") -> str:
    """Return what grants a role, or with `remove` takes it away, for somebody who may."""
    return f"gcloud storage buckets {verb}-iam-policy-binding gs://{bucket} --member={member} --role={role}"


def _explained(error: ApiError, bucket: str, member: str, roles: t.Collection[str]) -> GcpError:
    """Return the error of a policy that could not be written, in words that say what to do."""
    if error.status != _FORBIDDEN:
        return GcpError(f"gs://{bucket}: {error.message}", error.hint)
    if not roles:
        hint = " && ".join(command(bucket, member, role, verb="remove") for role in ROLES)
        return GcpError(f"you may not take the right of {member} on gs://{bucket} away: {error.message}", hint)
    hint = " && ".join(command(bucket, member, role) for role in roles)
    return GcpError(f"you may not grant {member} a right on gs://{bucket}: {error.message}", hint)


def _change(policy: Policy, member: str, roles: t.Collection[str]) -> bool:
    """Bring the bindings of a member to these of our roles; a binding with a condition is somebody else's."""
    changed = False
    for role in ROLES:
        mine = [one for one in _unconditional(policy) if one["role"] == role]
        there = any(member in one["members"] for one in mine)
        if role in roles and not there:
            changed = True
            if mine:
                mine[0]["members"].append(member)
            else:
                policy.setdefault("bindings", []).append({"role": role, "members": [member]})
        elif role not in roles and there:
            changed = True
            for one in mine:
                one["members"] = [name for name in one["members"] if name != member]
    policy["bindings"] = [one for one in policy.get("bindings") or [] if one["members"]]
    return changed


def _unconditional(policy: Policy) -> list[dict[str, t.Any]]:
    return [one for one in policy.get("bindings") or [] if not one.get("condition")]


def _url(bucket: str) -> str:
    return f"{STORAGE}/b/{quote(bucket, safe='')}/iam"
