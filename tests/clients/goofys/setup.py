"""goofys' start up to the mount: source, probe, keys, test of the bucket."""

from __future__ import annotations

import random
import string
import typing

import credentials
import s3
from log import log
from rotation import Rotation
from standin import StandInLimit

_REASONS = {
    400: "invalid argument",
    401: "permission denied",
    403: "permission denied",
    405: "operation not supported",
    429: "resource temporarily unavailable",
    500: "resource temporarily unavailable",
}
_OTHER_STORES = ("wasb://", "abfs://", "adl://")


class Unusable(Exception):
    """The bucket cannot be mounted: the text of main.ERROR."""


class Source(typing.NamedTuple):
    """A bucket, what opens it, and how rclone is to reach it."""

    bucket: s3.Bucket
    prefix: str
    rotation: Rotation | None
    version: int

    def exists(self):
        """Tell whether the bucket exists, as far as that can be told."""
        try:
            if self.rotation is None:
                status, _, body = s3.head(self.bucket.url(), self.bucket.seconds)
            else:
                keys = self.rotation.keys()
                status, _, body = s3.signed("GET", self.bucket, keys, query="max-keys=1", version=self.version)
        except (s3.RequestError, credentials.CredentialsError):
            return True
        return not (status == 404 and (not body or b"NoSuchBucket" in body))


def open_source(text, values, s3_flags_given, given):
    """Return the Source of goofys' first argument; raises Unusable."""
    if text.startswith(_OTHER_STORES) and not s3_flags_given:
        raise StandInLimit(f"{text}: only S3 is served here")
    name, _, prefix = text.partition(":")
    prefix = prefix.strip("/")
    bucket = s3.Bucket(name, values["endpoint"], values["region"], values["subdomain"], values["http-timeout"] or None)
    try:
        if "region" not in given and _probe(bucket, "profile" in given) == "anonymous":
            return Source(bucket, prefix, None, 4)
        if "region" not in given:
            bucket = bucket._replace(region=_region(bucket))
        rotation = Rotation(credentials.provider(values["profile"]))
        version = _test(bucket, prefix, rotation)
    except credentials.SetupError as error:
        raise Unusable(f"Unable to setup backend: {error}") from None
    except (s3.RequestError, credentials.CredentialsError) as error:
        raise Unusable(f"Unable to access '{name}': {error}") from None
    return Source(bucket, prefix, rotation, version)


def _probe(bucket, with_profile):
    """The unsigned request without --region; --profile keeps an answer of 200 from meaning anonymous."""
    status, _, _ = s3.head(bucket.url(), None)
    if status == 404:
        raise Unusable(f"Unable to access '{bucket.name}': bucket {bucket.name} does not exist")
    if status == 200 and not with_profile:
        log("INFO", "anonymous bucket detected", "s3")
        return "anonymous"
    return "signed"


def _region(bucket):
    region = s3.head(bucket.url(), None)[1].get("x-amz-bucket-region")
    if region and region != bucket.region:
        log("INFO", f"Switching from region '{bucket.region}' to '{region}'", "s3")
    return region or bucket.region


def _test(bucket, prefix, rotation):
    """Ask for an object of a random name; return the version of the signature that the server takes."""
    key = f"{prefix}/" if prefix else ""
    key += "".join(random.choices(string.ascii_lowercase + string.digits, k=32))  # noqa: S311 - a name, no secret
    version = 4
    status, _, _ = s3.signed("HEAD", bucket, rotation.keys(), key)
    if status in (400, 403, 500) and bucket.endpoint and "amazonaws.com" not in bucket.endpoint:
        log("INFO", "Falling back to v2 signer", "s3")
        version = 2
        status, _, _ = s3.signed("HEAD", bucket, rotation.keys(), key, version=2)
    if status not in (200, 404):
        raise Unusable(f"Unable to access '{bucket.name}': {_REASONS.get(status, f'status code: {status}')}")
    return version
