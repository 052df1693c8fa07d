#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Ask as the instance that this runs on whether it may use buckets."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gcp_bucket_canary
short_description: Try buckets as the identity of an instance
version_added: 0.2.0
author:
  - The px-ansible authors (@px-ansible)
description:
  - Runs on an instance, takes a token of its service account from the metadata server, lists each bucket, and asks whether it may write where that
    is wanted. Needs nothing but Python. Writes nothing.
  - A right that was granted a moment ago may take minutes until Cloud Storage knows it; that is waited for.
  - The first host of a run that comes to it tries, the others take its answer.
options:
  buckets:
    description: The buckets.
    type: list
    elements: dict
    required: true
    suboptions:
      name: {description: The bucket's name., type: str, required: true}
      read_only: {description: Whether it is only read., type: bool, default: false}
  timeout: {description: Seconds to wait until a right is known., type: int, default: 120}
attributes:
  check_mode: {description: The same with and without., support: full}
"""

EXAMPLES = r"""
- name: Try the bucket
  px.storage.gcp_bucket_canary:
    buckets: [{name: my-bucket}]
"""

RETURN = r"""
account: {description: The service account of the instance., type: str, returned: always}
answers:
  description: What each bucket said, with C(bucket), C(status), C(message) and C(missing), the permissions that are not there.
  type: list
  elements: dict
  returned: when the metadata server answered
"""

import json
import time
import typing as t
import urllib.error
import urllib.parse
import urllib.request

from ansible.module_utils.basic import AnsibleModule

METADATA = "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/"
STORAGE = "https://storage.googleapis.com/storage/v1/b/"
OK = 200
FORBIDDEN = 403
NOT_FOUND = 404
READING = ("storage.objects.list", "storage.objects.get")
WRITING = ("storage.objects.create", "storage.objects.delete")


class NoIdentityError(Exception):
    """The instance has no service account, or no metadata server answers."""


def metadata(name: str) -> str:
    """Return what the metadata server says of the instance's service account."""
    request = urllib.request.Request(METADATA + name, headers={"Metadata-Flavor": "Google"})  # noqa: S310 - its scheme is here
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=20) as answer:
            return str(answer.read().decode())
    except OSError as error:
        raise NoIdentityError(
            f"the metadata server does not know a service account of this instance: {error}"
        ) from None


def ask(path: str, token: str) -> tuple[int, dict[str, t.Any]]:
    """Return status and JSON of a call of Cloud Storage; status 0 where it cannot be reached."""
    request = urllib.request.Request(STORAGE + path, headers={"Authorization": "Bearer " + token})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        try:
            return error.code, json.loads(error.read())
        except ValueError:
            return error.code, {}
    except OSError as error:
        return 0, {"error": {"message": str(error)}}


def attempt(bucket: dict[str, t.Any], token: str) -> dict[str, t.Any]:
    """Return what a bucket says to reading, and to writing where that is wanted."""
    name = urllib.parse.quote(bucket["name"], safe="")
    status, data = ask(name + "/o?maxResults=1&fields=kind", token)
    message = (data.get("error") or {}).get("message", "") if status != OK else ""
    wanted = READING if bucket["read_only"] else READING + WRITING
    query = urllib.parse.urlencode([("permissions", one) for one in wanted])
    held_status, held = ask(name + "/iam/testPermissions?" + query, token)
    missing = [one for one in wanted if one not in held.get("permissions", [])] if held_status == OK else []
    if status == FORBIDDEN and not missing:
        missing = [READING[0]]
    return {"bucket": bucket["name"], "status": status, "message": message, "missing": missing}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "buckets": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {"name": {"type": "str", "required": True}, "read_only": {"type": "bool", "default": False}},
            },
            "timeout": {"type": "int", "default": 120},
        },
        supports_check_mode=True,
    )
    until = time.monotonic() + module.params["timeout"]
    try:
        account = metadata("email")
        while True:
            token = json.loads(metadata("token"))["access_token"]
            answers = [attempt(one, token) for one in module.params["buckets"]]
            refused = [one for one in answers if one["status"] != OK or one["missing"]]
            # A bucket that is not there does not come by waiting.
            if not refused or all(one["status"] == NOT_FOUND for one in refused) or time.monotonic() > until:
                break
            time.sleep(3)
    except NoIdentityError as error:
        module.exit_json(changed=False, account="", failure=str(error))
    module.exit_json(changed=False, account=account, answers=answers)


if __name__ == "__main__":
    main()
