"""storage.googleapis.com, JSON API: buckets and who may use them. Objects are another server's business."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from emulators.gce import errors, roles
from emulators.gce.call import Call, handles
from emulators.gce.policies import Policy


@dataclass
class Bucket:
    """One bucket."""

    name: str
    project_number: str
    location: str
    policy: Policy = field(default_factory=Policy)
    made: str = field(default_factory=lambda: dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"))

    def shown(self) -> dict[str, Any]:
        return {
            "kind": "storage#bucket",
            "id": self.name,
            "name": self.name,
            "selfLink": f"https://www.googleapis.com/storage/v1/b/{self.name}",
            "projectNumber": self.project_number,
            "generation": "1",
            "metageneration": str(self.policy.count),
            "location": self.location,
            "locationType": "multi-region" if self.location in ("US", "EU", "ASIA") else "region",
            "storageClass": "STANDARD",
            "etag": self.policy.etag,
            "timeCreated": self.made.replace("+00:00", "Z"),
            "updated": self.made.replace("+00:00", "Z"),
            "iamConfiguration": {
                "bucketPolicyOnly": {"enabled": True},
                "uniformBucketLevelAccess": {"enabled": True},
                "publicAccessPrevention": "inherited",
            },
        }


def standard_policy(project: str) -> Policy:
    """Return the policy that a new bucket has."""
    members = [f"projectEditor:{project}", f"projectOwner:{project}"]
    return Policy(
        [
            {"role": "roles/storage.legacyBucketOwner", "members": members},
            {"role": "roles/storage.legacyBucketReader", "members": [f"projectViewer:{project}"]},
        ]
    )


def _bucket(call: Call) -> Bucket:
    bucket = call.cloud.buckets.get(call.params["bucket"])
    if bucket is None:
        raise errors.no_bucket()
    return bucket


def _policy(call: Call, version: int) -> dict[str, Any]:
    bucket = _bucket(call)
    return {
        "kind": "storage#policy",
        "resourceId": f"projects/_/buckets/{bucket.name}",
        **bucket.policy.shown(version),
    }


def _require(call: Call, permission: str) -> None:
    """A bucket that is not there is said to be missing, to whoever asks with an identity."""
    if call.identity:
        _bucket(call)
    call.cloud.service("storage.googleapis.com").require(call, permission)


@handles("storage.buckets.get")
def get(call: Call) -> dict[str, Any]:
    _require(call, "storage.buckets.get")
    return _bucket(call).shown()


@handles("storage.buckets.getIamPolicy")
def get_policy(call: Call) -> dict[str, Any]:
    _require(call, "storage.buckets.getIamPolicy")
    return _policy(call, call.query.get("optionsRequestedPolicyVersion", 1))


@handles("storage.buckets.setIamPolicy")
def set_policy(call: Call) -> dict[str, Any]:
    _require(call, "storage.buckets.setIamPolicy")
    _bucket(call).policy.replace(call.body, roles.BUCKET, call.cloud.accounts.visible, _conflict)
    return _policy(call, call.body.get("version", 1))


def _conflict() -> errors.ApiError:
    return errors.ApiError(412, "Precondition Failed", "conditionNotMet", location="If-Match", locationType="header")


@handles("storage.buckets.testIamPermissions")
def test_permissions(call: Call) -> dict[str, Any]:
    bucket = _bucket(call)
    wanted = call.query.get("permissions", [])
    for one in wanted:
        if one not in roles.OF_BUCKETS:
            raise errors.ApiError(400, f"Invalid argument: unknown permission {one}", "invalid")
    held = [one for one in wanted if call.cloud.may(call.identity, one, f"buckets/{bucket.name}")]
    return {"kind": "storage#testIamPermissionsResponse", **({"permissions": held} if held else {})}
