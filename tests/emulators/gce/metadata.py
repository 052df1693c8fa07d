"""What an instance finds at http://169.254.169.254: who it is, its attributes, tokens of its service account.

Everything is read from the emulated instance at the moment of asking, so a change by the API shows at once.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from emulators.exchange import Answer
from emulators.gce import guest_attributes
from emulators.gce.identities import CLOUD_PLATFORM

if TYPE_CHECKING:
    from emulators.exchange import Request
    from emulators.gce.cloud import GoogleCloud
    from emulators.gce.world import Resource

ROOT = "/computeMetadata/v1/"
GUEST_ATTRIBUTES = f"{ROOT}instance/guest-attributes/"
WRITES = ("PUT", "DELETE")
FLAVOR = {"Metadata-Flavor": "Google", "Server": "Metadata Server for VM"}
LONGEST_WAIT = 600.0


class _Lost(Exception):  # noqa: N818 - what it says
    """A path that leads nowhere."""


@dataclass
class Metadata:
    """The metadata of one instance, by its name."""

    cloud: GoogleCloud
    name: str

    def __call__(self, request: Request) -> Answer:
        if request.path == "/" and request.method == "GET":
            return self._text("computeMetadata/\n")
        refused = [(status, why) for status, why, so in self._reasons(request) if so]
        if refused:
            return self._refuse(*refused[0])
        query = dict(parse_qsl(request.target.partition("?")[2], keep_blank_values=True))
        try:
            if request.method in WRITES:
                return self._write(request)
            return self._answer(request.path, query)
        except guest_attributes.RefusedError as error:
            return self._refuse(*error.args)
        except _Lost:
            return self._refuse(HTTPStatus.NOT_FOUND, request.path)

    def _reasons(self, request: Request) -> list[tuple[int, str, bool]]:
        """Return (status, words, whether it is so) for all that makes a request one that is not answered."""
        headers = request.headers
        return [
            (HTTPStatus.FORBIDDEN, "a request that was forwarded", "X-Forwarded-For" in headers),
            (HTTPStatus.METHOD_NOT_ALLOWED, request.method, not _may_be(request)),
            (HTTPStatus.FORBIDDEN, "no header 'Metadata-Flavor: Google'", headers.get("Metadata-Flavor") != "Google"),
            (HTTPStatus.NOT_FOUND, request.path, not request.path.startswith(ROOT)),
        ]

    def fault(self, status: int) -> Answer:
        return self._refuse(status, f"injected {status}")

    def _answer(self, path: str, query: dict[str, str]) -> Answer:
        found = self._find(path, query)
        folder = isinstance(found, dict) and not isinstance(found, _Json)
        if folder and not path.endswith("/") and query.get("recursive") != "true":
            return Answer(HTTPStatus.MOVED_PERMANENTLY, b"", {**FLAVOR, "Location": f"{path}/"})
        if query.get("wait_for_change") == "true":
            seen = query.get("last_etag") or _etag(found)
            seconds = min(float(query.get("timeout_sec") or LONGEST_WAIT), LONGEST_WAIT)
            self.cloud.clock.wait(lambda: _etag(self._find(path, query)) != seen, seconds)
            found = self._find(path, query)
        if isinstance(found, _Json) or query.get("alt") == "json" or (folder and query.get("recursive") == "true"):
            body = json.dumps(_camel(found)).encode()
            return Answer(HTTPStatus.OK, body, {**FLAVOR, "Content-Type": "application/json", "ETag": _etag(found)})
        if isinstance(found, dict):
            return self._text(
                "".join(f"{name}/\n" if isinstance(one, dict) else f"{name}\n" for name, one in found.items())
            )
        if isinstance(found, list):
            return self._text("".join(f"{one}\n" for one in found), _etag(found))
        return self._text(str(found), _etag(found))

    def _write(self, request: Request) -> Answer:
        """Take a guest attribute, or take it away."""
        with self.cloud.clock.changed:
            instance = self._instance()
            if not guest_attributes.enabled(instance, self.cloud.project):
                return self._refuse(HTTPStatus.FORBIDDEN, "Guest attributes endpoint access is disabled.")
            words = _words(request.path.removeprefix(GUEST_ATTRIBUTES))
            if request.method == "PUT":
                guest_attributes.put(instance, words, request.body.decode(errors="replace"))
            else:
                guest_attributes.delete(instance, words)
            self.cloud.clock.changed.notify_all()
        return self._text("")

    def _instance(self) -> Resource:
        """Return the instance, which may be gone while its machine still asks."""
        found = [one for one in self.cloud.world.of("instances") if one.name == self.name]
        return found[0] if found else _lose()

    def _find(self, path: str, query: dict[str, str]) -> Any:
        with self.cloud.world.lock:
            words = _words(path.removeprefix(ROOT))
            account = self._account()
            if words[:2] == ["instance", "service-accounts"] and words[3:] == ["token"]:
                return self._token(words[2], query) if account else _lose()
            node: Any = self._tree(account)
            for word in words:
                node = node[word] if isinstance(node, dict) and word in node else _lose()
            return node

    def _account(self) -> dict[str, Any] | None:
        """Return the instance's service account, as long as there is one of that name."""
        accounts = self._instance().data.get("serviceAccounts", [])
        return accounts[0] if accounts and self.cloud.accounts.find(accounts[0]["email"]) else None

    def _tree(self, account: dict[str, Any] | None) -> dict[str, Any]:
        instance = self._instance()
        order = self.cloud.order(instance)
        project = f"projects/{order.number}"
        first = instance.data["networkInterfaces"][0]
        access = first.get("accessConfigs", [{}])[0]
        mine = {"aliases": ["default"], "email": account["email"], "scopes": account["scopes"]} if account else {}
        return {
            "instance": {
                "attributes": order.metadata,
                "guest-attributes": _Apart(guest_attributes.of(instance)),
                "hostname": order.hostname,
                "id": int(order.id),
                "machine-type": f"{project}/machineTypes/{order.machine_type}",
                "name": order.name,
                "network-interfaces": {
                    "0": {
                        "ip": first["networkIP"],
                        "access-configs": {"0": {"external-ip": access.get("natIP", ""), "type": "ONE_TO_ONE_NAT"}},
                    }
                },
                "preempted": "FALSE",
                "scheduling": {"preemptible": str(order.spot).upper()},
                "service-accounts": {"default": mine, account["email"]: mine} if account else {},
                "tags": list(order.tags),
                "zone": f"{project}/zones/{order.zone}",
            },
            "project": {
                "attributes": self.cloud.project.metadata,
                "numeric-project-id": int(order.number),
                "project-id": order.project,
            },
            "universe": {"universe-domain": "googleapis.com"},
        }

    def _token(self, name: str, query: dict[str, str]) -> dict[str, Any]:
        """Hand out a token: of the instance's scopes, or of those asked for as far as they lie within."""
        account = self._account() or _lose()
        if name not in ("default", account["email"]):
            _lose()
        held = set(account["scopes"])
        asked = set(filter(None, query.get("scopes", "").split(",")))
        scopes = (asked if CLOUD_PLATFORM in held else asked & held) or held
        identities = self.cloud.identities
        token = identities.issue(account["email"], scopes)
        return _Json({"access_token": token, "expires_in": identities.seconds, "token_type": "Bearer"})

    def _text(self, text: str, etag: str = "") -> Answer:
        headers = {**FLAVOR, "Content-Type": "application/text"} | ({"ETag": etag} if etag else {})
        return Answer(HTTPStatus.OK, text.encode(), headers)

    def _refuse(self, status: int, why: str) -> Answer:
        body = f"<!DOCTYPE html>\n<title>Error {int(status)}</title>\n{why}\n".encode()
        return Answer(status, body, {**FLAVOR, "Content-Type": "text/html; charset=UTF-8"})


class _Json(dict):  # type: ignore[type-arg]
    """A document that is one leaf of the tree."""


class _Apart(dict):  # type: ignore[type-arg]
    """A folder that a look at the whole tree does not show."""


def _may_be(request: Request) -> bool:
    """Tell whether a path knows the method: all can be read, guest attributes written."""
    return request.method == "GET" or (request.method in WRITES and request.path.startswith(GUEST_ATTRIBUTES))


def _words(path: str) -> list[str]:
    return [unquote(word) for word in path.split("/") if word]


def _lose() -> Any:
    raise _Lost


def _etag(found: Any) -> str:
    seen = _camel(found) if isinstance(found, dict) else found
    return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()[:16]


def _camel(node: Any) -> Any:
    """Spell names as the recursive form has them; attributes keep theirs."""
    if isinstance(node, _Json) or not isinstance(node, dict):
        return node
    result = {}
    for name, one in node.items():
        if isinstance(one, _Apart):
            continue
        first, *others = name.split("-") if "@" not in name else [name]
        spelled = first + "".join(word.capitalize() for word in others)
        result[spelled] = one if name == "attributes" else _camel(one)
    return result
