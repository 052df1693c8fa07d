"""The predefined roles that may be bound on what the emulator has, and their permissions there.

Cut down to the permissions that a call of the emulator, or a client of the bucket, needs.
"""

from __future__ import annotations

_READ = {"storage.objects.get", "storage.objects.list"}
_WRITE = {"storage.objects.create", "storage.objects.delete", "storage.objects.update"}
_FOLDERS = {"storage.folders.get", "storage.folders.list"}
_MANAGED = {"storage.managedFolders.get", "storage.managedFolders.list"}
_POLICY = {"storage.buckets.getIamPolicy", "storage.buckets.setIamPolicy"}

BUCKET = {
    "roles/storage.objectViewer": _READ | _FOLDERS | _MANAGED,
    "roles/storage.objectCreator": {"storage.objects.create"},
    "roles/storage.objectUser": _READ | _WRITE | _FOLDERS | _MANAGED,
    "roles/storage.objectAdmin": _READ
    | _WRITE
    | _FOLDERS
    | _MANAGED
    | {"storage.objects.getIamPolicy", "storage.objects.setIamPolicy"},
    "roles/storage.bucketViewer": {"storage.buckets.get", "storage.buckets.list"},
    "roles/storage.admin": _READ
    | _WRITE
    | _FOLDERS
    | _MANAGED
    | _POLICY
    | {"storage.buckets.get", "storage.buckets.list", "storage.buckets.update", "storage.buckets.delete"},
    "roles/storage.legacyBucketReader": {"storage.buckets.get", "storage.objects.list"},
    "roles/storage.legacyBucketWriter": {"storage.buckets.get", "storage.objects.list"} | _WRITE,
    "roles/storage.legacyBucketOwner": {"storage.buckets.get", "storage.buckets.update", "storage.objects.list"}
    | _WRITE
    | _POLICY,
    "roles/storage.legacyObjectReader": {"storage.objects.get"},
    "roles/storage.legacyObjectOwner": {"storage.objects.get", "storage.objects.update"},
}
ACCOUNT = {
    "roles/iam.serviceAccountUser": {"iam.serviceAccounts.actAs", "iam.serviceAccounts.get"},
    "roles/iam.serviceAccountTokenCreator": {
        "iam.serviceAccounts.getAccessToken",
        "iam.serviceAccounts.signBlob",
        "iam.serviceAccounts.signJwt",
        "iam.serviceAccounts.get",
    },
}
# What testIamPermissions of a bucket may be asked for.
OF_BUCKETS = {one for permissions in BUCKET.values() for one in permissions}
