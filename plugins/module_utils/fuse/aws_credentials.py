"""The program `aws-credentials`: AWS credentials for a client that asks with credential_process.

It runs on its own on the host, with nothing but Python's standard library, and is called anew whenever the
client's credentials have expired. What it does comes from its environment:
- PX_AWS_CREDENTIALS names a JSON file (AccessKeyId, SecretAccessKey, SessionToken): its keys are handed on with
  an expiration a few minutes ahead, so that new keys in the file are picked up by a running client.
- Without it, the instance's own role is asked for, from the metadata service in its second version (IMDSv2), which
  old SDKs cannot talk to. AWS_EC2_METADATA_SERVICE_ENDPOINT names another address of it, as for the SDKs.

Exit codes: 0 with the document on stdout; 1 without credentials, and why on stderr, never with a value.
"""

import calendar
import inspect
import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from typing import Any, Dict, NoReturn, Optional

NAME = "aws-credentials"

_METADATA = "http://169.254.169.254"
_ROLE = "/latest/meta-data/iam/security-credentials/"
# The SDK reads no more, and waits no longer than a minute.
_MOST_BYTES = 8192
_WHOLE_SECONDS = 30
_ANSWER_SECONDS = 2
_TRIES = 3
_FILE_SECONDS = 5 * 60
# New credentials of a role are there some minutes before the old ones end.
_EARLY_SECONDS = 5 * 60
_SOONEST_SECONDS = 60
_TIME = "%Y-%m-%dT%H:%M:%SZ"


class Missing(Exception):  # noqa: N818
    """There are no credentials, and why."""


def text(interpreter: str = "/usr/bin/python3") -> str:
    """Return the program as it is written to a host."""
    return f"#!{interpreter} -IS\n" + inspect.getsource(sys.modules[__name__])


def from_file(path: str, now: float) -> Dict[str, Any]:
    """Return the document of the keys in a file."""
    try:
        with open(path, encoding="utf-8") as file:
            keys = json.load(file)
    except OSError as error:
        raise Missing(f"{path}: {error.strerror}") from None
    except ValueError:
        raise Missing(f"{path} is not JSON") from None
    if not isinstance(keys, dict) or not keys.get("AccessKeyId") or not keys.get("SecretAccessKey"):
        raise Missing(f"{path} holds no AccessKeyId and SecretAccessKey")
    return _document(keys, keys.get("SessionToken"), now + _FILE_SECONDS)


def from_metadata(endpoint: str, now: float) -> Dict[str, Any]:
    """Return the document of the instance's role."""
    token = _ask(
        endpoint, "/latest/api/token", method="PUT", headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"}
    ).strip()
    headers = {"X-aws-ec2-metadata-token": token}
    role = (_ask(endpoint, _ROLE, headers=headers).split() or [""])[0]
    if not role:
        raise Missing("this host has no instance profile")
    try:
        keys = json.loads(_ask(endpoint, _ROLE + role, headers=headers))
        ends = calendar.timegm(time.strptime(keys["Expiration"][:19] + "Z", _TIME))
    except (ValueError, KeyError, TypeError):
        raise Missing(f"the metadata service says nothing useful of role {role}") from None
    if keys.get("Code", "Success") != "Success" or not keys.get("AccessKeyId") or not keys.get("SecretAccessKey"):
        raise Missing(f"the metadata service has no credentials of role {role}")
    # Asked for anew some minutes early; and where they are about to end already, not at every request.
    expiration = max(ends - _EARLY_SECONDS, min(ends, now + _SOONEST_SECONDS))
    return _document(keys, keys.get("Token"), expiration)


def _document(keys: Dict[str, Any], token: Optional[str], expiration: float) -> Dict[str, Any]:
    document = {
        "Version": 1,
        "AccessKeyId": keys["AccessKeyId"],
        "SecretAccessKey": keys["SecretAccessKey"],
        "Expiration": time.strftime(_TIME, time.gmtime(expiration)),
    }
    if token:
        document["SessionToken"] = token
    return document


def _ask(endpoint: str, path: str, *, headers: Dict[str, str], method: str = "GET") -> str:
    """Return an answer of the metadata service; asks again where it is busy."""
    request = urllib.request.Request(  # noqa: S310
        endpoint.rstrip("/") + path, headers=headers, method=method, data=b"" if method == "PUT" else None
    )
    # It is on the host's own link: never through a proxy.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for tries_left in reversed(range(_TRIES)):
        try:
            with opener.open(request, timeout=_ANSWER_SECONDS) as answer:
                return str(answer.read(_MOST_BYTES * 4).decode("utf-8"))
        except urllib.error.HTTPError as error:
            if error.code == 404 and path == _ROLE:  # noqa: PLR2004
                raise Missing("this host has no instance profile") from None
            what = f"the metadata service answers {error.code} to {path}"
            if error.code < 500 or not tries_left:  # noqa: PLR2004
                raise Missing(what) from None
        except (OSError, ValueError) as error:
            if not tries_left:
                cause = getattr(error, "reason", error)
                raise Missing(f"the metadata service {endpoint} does not answer: {cause}") from None
        time.sleep(0.5)
    raise AssertionError  # the last try has returned or raised


def _said(document: Dict[str, Any]) -> str:
    said = json.dumps(document)
    if len(said) >= _MOST_BYTES:
        raise Missing(f"the credentials are longer than the {_MOST_BYTES} bytes that the AWS SDK reads")
    return said


def _too_long(*_: object) -> NoReturn:
    raise Missing(f"the metadata service did not answer within {_WHOLE_SECONDS} s")


def main() -> int:
    """Print the credentials."""
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(_WHOLE_SECONDS)
    try:
        file = os.environ.get("PX_AWS_CREDENTIALS")
        if file:
            said = _said(from_file(file, time.time()))
        else:
            endpoint = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or _METADATA
            said = _said(from_metadata(endpoint, time.time()))
    except Missing as missing:
        sys.stderr.write(f"{NAME}: {missing}\n")
        return 1
    sys.stdout.write(said + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
