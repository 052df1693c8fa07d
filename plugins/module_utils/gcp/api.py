"""Calls of Google's APIs with the credentials of google.cloud's modules; what passes is tried again, with limits."""

from __future__ import annotations

import random
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor

from ansible.module_utils.basic import env_fallback
from ansible_collections.google.cloud.plugins.module_utils.gcp_utils import GcpSession
from ansible_collections.px.storage.plugins.module_utils.gcp import errors

try:
    import google.auth.exceptions
    import requests
except ImportError:  # GcpSession says so
    pass

COMPUTE = "https://compute.googleapis.com/compute/v1"
IAM = "https://iam.googleapis.com/v1"
STORAGE = "https://storage.googleapis.com/storage/v1"
PROJECTS = "https://cloudresourcemanager.googleapis.com/v1/projects"

_SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]
# cloud.google.com/storage/docs/retry-strategy: what is tried again, doubling the pause.
_PASSING = (408, 429, 500, 502, 503, 504)
_SOON = ("rateLimitExceeded", "userRateLimitExceeded", "RESOURCE_OPERATION_RATE_EXCEEDED")
_TRIES = 7
_LONGEST_PAUSE = 16.0
_TIMEOUT = (10, 150)  # seconds; an operation is waited for up to 120 in one call
_AT_ONCE = 8


# What GcpModule takes to sign in, for what is no module of its kind.
SIGN_IN: dict[str, dict[str, t.Any]] = {
    "project": {"type": "str", "fallback": (env_fallback, ["GCP_PROJECT"])},
    "auth_kind": {
        "type": "str",
        "required": True,
        "fallback": (env_fallback, ["GCP_AUTH_KIND"]),
        "choices": ["machineaccount", "serviceaccount", "accesstoken", "application"],
    },
    "service_account_email": {"type": "str", "fallback": (env_fallback, ["GCP_SERVICE_ACCOUNT_EMAIL"])},
    "service_account_file": {"type": "path", "fallback": (env_fallback, ["GCP_SERVICE_ACCOUNT_FILE"])},
    "service_account_contents": {
        "type": "jsonarg",
        "no_log": True,
        "fallback": (env_fallback, ["GCP_SERVICE_ACCOUNT_CONTENTS"]),
    },
    "access_token": {"type": "str", "no_log": True, "fallback": (env_fallback, ["GCP_ACCESS_TOKEN"])},
    "scopes": {"type": "list", "elements": "str", "fallback": (env_fallback, ["GCP_SCOPES"])},
}


class _Caller:
    """What GcpSession asks of a module: its arguments, and to end with a message."""

    def __init__(self, params: t.Mapping[str, t.Any]) -> None:
        self.params = {**params, "scopes": params.get("scopes") or _SCOPES}

    def fail_json(self, *, msg: str) -> t.NoReturn:
        raise errors.GcpError(msg)


class Api:
    """One session for all calls with these arguments of SIGN_IN: one token, connections that stay open."""

    def __init__(self, params: t.Mapping[str, t.Any]) -> None:
        try:
            self._session = GcpSession(_Caller(params), "compute").session()
        except (google.auth.exceptions.GoogleAuthError, OSError, ValueError) as error:
            raise refused(error) from None
        self.project: str = params.get("project") or ""

    def get(self, url: str, *, may_miss: bool = False, **params: t.Any) -> dict[str, t.Any]:
        """Return what is at a URL; an empty dict where it `may_miss` and is not there."""
        return self.call("GET", url, may_miss=may_miss, params=params)

    def post(self, url: str, body: t.Any = None, **params: t.Any) -> dict[str, t.Any]:
        """Post; only what may be done twice: each of these calls is tried again where its answer is lost."""
        return self.call("POST", url, json={} if body is None else body, params=params)

    def call(self, method: str, url: str, *, may_miss: bool = False, **more: t.Any) -> dict[str, t.Any]:
        """Call, and return the answer's JSON.

        Raises:
            ApiError: where Google refuses.
            GcpError: where it cannot be reached, or does not know the credentials.
        """
        for tries in range(1, _TRIES + 1):
            try:
                answer = self._session.request(method, url, timeout=_TIMEOUT, **more)
                body = _json(answer)
            except google.auth.exceptions.RefreshError as error:
                raise refused(error) from None
            except (requests.exceptions.RequestException, google.auth.exceptions.TransportError) as error:
                if tries == _TRIES:
                    raise unreachable(url, error) from None
            else:
                if answer.ok:
                    return body if isinstance(body, dict) else {}
                if may_miss and answer.status_code == requests.codes.not_found:
                    return {}
                error = errors.read(answer.status_code, body)
                if tries == _TRIES or not (answer.status_code in _PASSING or error.reason in _SOON):
                    raise error
            time.sleep(min(2.0 ** (tries - 1), _LONGEST_PAUSE) * random.uniform(0.5, 1))  # noqa: S311
        raise AssertionError  # the last try has returned or raised

    def pages(self, url: str, **params: t.Any) -> t.Iterator[dict[str, t.Any]]:
        """Yield every page of a list."""
        page = self.get(url, **params)
        yield page
        while token := page.get("nextPageToken"):
            page = self.get(url, **params, pageToken=token)
            yield page

    def aggregated(self, kind: str, expression: str, fields: str) -> t.Iterator[dict[str, t.Any]]:
        """Yield the resources of a kind in all zones that fit a filter; one call, however many zones there are."""
        url = f"{COMPUTE}/projects/{self.project}/aggregated/{kind}"
        wanted = f"items/*/{kind}({fields}),nextPageToken"
        for page in self.pages(url, filter=expression, fields=wanted, maxResults=500):
            for of_zone in (page.get("items") or {}).values():
                yield from of_zone.get(kind) or []

    def wait(self, operation: t.Mapping[str, t.Any]) -> None:
        """Wait until an operation of Compute Engine is done.

        Raises:
            ApiError: with what it failed with.
        """
        link = operation["selfLink"]
        while operation["status"] != "DONE":
            # Returns when it is done, or after two minutes at most.
            operation = self.post(f"{link}/wait")
        for one in (operation.get("error") or {}).get("errors") or []:
            status = int(operation.get("httpErrorStatusCode") or 0)
            raise errors.ApiError(status, str(one.get("message") or one.get("code")), str(one.get("code")))

    def at_once(self, *calls: t.Callable[[], t.Any]) -> list[t.Any]:
        """Return what calls return, made side by side."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(lambda call: call(), calls))


def _json(answer: requests.Response) -> t.Any:
    try:
        return answer.json() if answer.content else {}
    except ValueError:
        return answer.text


def refused(error: Exception) -> errors.GcpError:
    """Return the error of credentials that are not there or that Google does not take."""
    text = str(error.args[0] if error.args else error).strip()
    return errors.GcpError(
        f"Google's credentials are refused: {text}",
        "gcloud auth application-default login; or export GOOGLE_APPLICATION_CREDENTIALS=KEY.json",
    )


def unreachable(url: str, error: Exception) -> errors.GcpError:
    """Return the error of a host that does not answer."""
    host = url.split("/")[2]
    return errors.GcpError(f"{host} cannot be reached: {error}", f"curl -sS https://{host} (is there a proxy?)")
