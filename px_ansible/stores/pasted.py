"""Addresses as consoles and other tools show them -> the source that px.yaml wants.

One row per form: its store, and what of it is bucket, prefix, account and region. The region, and the endpoint of
another cloud of the same vendor, are keys of their own in px.yaml.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = r"(?P<bucket>[^/?#@;]+)"
_REST = r"(?:/(?P<prefix>[^?#;]*))?(?:[?#;].*)?"
_REGION = r"(?P<region>[a-z0-9-]+)"
_ACCOUNT = r"(?P<account>[a-z0-9]+)"

_FORMS: tuple[tuple[str, str], ...] = (
    ("gcs", rf"(?:gcs|GS)://{_NAME}{_REST}"),
    ("gcs", rf"https?://(?:www\.)?storage\.(?:googleapis|cloud\.google)\.com/{_NAME}{_REST}"),
    ("gcs", rf"https?://{_NAME}\.storage\.googleapis\.com{_REST}"),
    ("gcs", rf"https?://console\.cloud\.google\.com/storage/browser/(?:_details/)?{_NAME}{_REST}"),
    ("spaces", rf"https?://{_NAME}\.{_REGION}\.(?:cdn\.)?digitaloceanspaces\.com{_REST}"),
    ("spaces", rf"https?://{_REGION}\.digitaloceanspaces\.com/{_NAME}{_REST}"),
    ("spaces", rf"(?:spaces|do)://{_NAME}{_REST}"),
    ("s3", rf"(?:s3a|s3n|S3)://{_NAME}{_REST}"),
    ("s3", rf"arn:aws[a-z-]*:s3:::{_NAME}{_REST}"),
    ("s3", rf"https?://s3(?:[.-]{_REGION})?\.amazonaws\.com/{_NAME}{_REST}"),
    ("s3", rf"https?://{_NAME}\.s3(?:[.-](?:dualstack\.)?{_REGION})?\.amazonaws\.com{_REST}"),
    ("azure", rf"(?:wasbs?|abfss?)://{_NAME}@{_ACCOUNT}\.(?:blob|dfs)\.(?P<cloud>[a-z.]+){_REST}"),
    ("azure", rf"https?://{_ACCOUNT}\.(?:blob|dfs)\.(?P<cloud>core\.[a-z.]+)/{_NAME}{_REST}"),
)
_PUBLIC_AZURE = "core.windows.net"


def meant(source: str) -> Mapping[str, str] | None:
    """Return the keys of the mount that a pasted address means, `source` and `store` first; None where it is none.

    Of a query nothing is kept: it may be a signature, which is a secret.
    """
    for store, form in _FORMS:
        if found := re.fullmatch(form, source):
            return _keys(store, {name: text or "" for name, text in found.groupdict().items()})
    return None


def _keys(store: str, parts: Mapping[str, str]) -> Mapping[str, str]:
    folder = f"/{parts['prefix'].strip('/')}" if parts["prefix"].strip("/") else ""
    bucket = parts["bucket"] + folder
    if store == "azure":
        account, cloud = parts["account"], parts["cloud"]
        keys = {"source": f"https://{account}.blob.{_PUBLIC_AZURE}/{bucket}"}
        if cloud != _PUBLIC_AZURE:
            keys["endpoint"] = f"https://{account}.blob.{cloud}"
        return keys
    keys = {"source": f"{'gs' if store == 'gcs' else 's3'}://{bucket}"}
    if store == "spaces":
        keys["store"] = store
    if parts.get("region"):
        keys["region"] = parts["region"]
    return keys
