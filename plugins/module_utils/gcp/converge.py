"""One instance that exists: started where it is stopped, its metadata and labels as wanted, reached by SSH."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.px.storage.plugins.module_utils.gcp import host_keys, instances
from ansible_collections.px.storage.plugins.module_utils.gcp.api import COMPUTE
from ansible_collections.px.storage.plugins.module_utils.gcp.errors import ApiError, GcpError

if t.TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.px.storage.plugins.module_utils.gcp.api import Api

Found = t.Mapping[str, t.Any]

_LOOK_AGAIN = 15  # seconds between looks at the API while an instance boots: its quota is for all of them
_TRIES = 5
_CHANGED_MEANWHILE = 412
_AGENT = 60.0  # seconds that the guest agent may take after sshd answers, before the address itself is asked


class Wanted(t.NamedTuple):
    """What an instance is to have.

    `new`: it was made a moment ago, and what is known of one with its name is out of date. Of `metadata`, what is empty
    is not to be there. `known_hosts` is the file for its host keys, `seconds` how long it may boot.
    """

    zone: str
    name: str
    cluster: str
    new: bool
    metadata: t.Mapping[str, str]
    labels: t.Mapping[str, str]
    known_hosts: Path | None
    seconds: float


class Done(t.NamedTuple):
    """What became of it; `notes` are what its user should know."""

    address: str
    changed: list[str]
    notes: list[str]


def converge(api: Api, wanted: Wanted) -> Done:
    """Bring an instance to what is wanted.

    Raises:
        GcpError: where it is gone, not the cluster's, or does not boot; with its console's last lines.
    """
    link = instances.url(api, wanted.zone, wanted.name)
    changed = []
    instance = _settled(api, link, wanted)
    if instance["status"] in ("TERMINATED", "SUSPENDED"):
        verb = "start" if instance["status"] == "TERMINATED" else "resume"
        # Before the start: the guest reads its keys and its script when it boots.
        changed += _set_metadata(api, link, instance, wanted)
        api.wait(api.post(f"{link}/{verb}"))
        changed.append("started")
        instance = _settled(api, link, wanted)
    changed += [*_set_metadata(api, link, instance, wanted), *_set_labels(api, link, instance, wanted)]
    changed += _label_disks(api, instance, wanted)
    address = _booted(api, link, wanted, instances.address(instance))
    notes = []
    if wanted.known_hosts and (wanted.new or host_keys.are_before(wanted.known_hosts, instance)):
        keys = host_keys.of_agent(api, link, min(_AGENT, wanted.seconds))
        if not keys:
            keys = host_keys.of_address(address)
            notes.append(f"{wanted.name}: Google was not told its host keys; those that {address} shows are taken")
        if not keys:
            raise GcpError(
                f"neither Google nor {address} tells the host keys of {wanted.name}", f"ssh-keyscan {address}"
            )
        changed += ["known_hosts"] * host_keys.write(wanted.known_hosts, wanted.name, keys)
    return Done(address, changed, notes)


def _settled(api: Api, link: str, wanted: Wanted) -> dict[str, t.Any]:
    """Return the instance once it is on no way to another state."""
    until = time.monotonic() + wanted.seconds
    while True:
        instance = api.get(link, may_miss=True)
        if not instance:
            raise GcpError(f"the instance {wanted.name} is gone from {wanted.zone}", "px-ansible provision")
        if not instances.is_of(instance, wanted.cluster):
            raise instances.foreign(wanted.name, wanted.zone)
        state = instances.STATES.get(instance["status"], "stopped")
        if state in ("running", "stopped"):
            return instance
        if time.monotonic() > until:
            raise GcpError(f"{wanted.name} is still {instance['status']} after {wanted.seconds:g} s")
        time.sleep(2)


def _booted(api: Api, link: str, wanted: Wanted, address: str | None) -> str:
    """Return the address as soon as an SSH server answers there."""
    if address is None:
        raise GcpError(f"{wanted.name} has no address that this computer could reach")
    began = looked = time.monotonic()
    while not host_keys.answers(address):
        now = time.monotonic()
        if now - began > wanted.seconds:
            fail(api, link, f"{wanted.name} does not answer SSH at {address} after {wanted.seconds:g} s", wanted)
        if now - looked > _LOOK_AGAIN:
            looked = now
            status = api.get(link, may_miss=True).get("status", "gone")
            if status != "RUNNING":
                fail(api, link, f"{wanted.name} was running, and is {status} before SSH answered", wanted)
        time.sleep(1)
    return address


def fail(api: Api, link: str, message: str, wanted: Wanted) -> t.NoReturn:
    """End with a message, and the last lines of the console."""
    named = f"{wanted.name} --zone={wanted.zone} --project={api.project}"
    hint = (
        f"gcloud compute instances get-serial-port-output {named} (all of it);"
        f" or gcloud compute instances delete {named}, and `px-ansible provision` makes it anew"
    )
    raise GcpError(message, hint, instances.console(api, link))


def _set_metadata(api: Api, link: str, instance: t.Mapping[str, t.Any], wanted: Wanted) -> list[str]:
    def body(found: Found) -> Found | None:
        before = instances.metadata_of(found)
        after = {key: value for key, value in before.items() if key not in wanted.metadata}
        after |= {key: value for key, value in wanted.metadata.items() if value}
        if after == before:
            return None
        items = [{"key": key, "value": value} for key, value in after.items()]
        return {"fingerprint": (found.get("metadata") or {}).get("fingerprint"), "items": items}

    operation = _write(api, link, "setMetadata", instance, body)
    if operation:
        api.wait(operation)
    return [] if operation is None else ["metadata"]


def _set_labels(api: Api, link: str, instance: t.Mapping[str, t.Any], wanted: Wanted) -> list[str]:
    operation = _write(api, link, "setLabels", instance, lambda found: _labels(found, wanted))
    if operation:
        api.wait(operation)
    return [] if operation is None else ["labels"]


def _label_disks(api: Api, instance: t.Mapping[str, t.Any], wanted: Wanted) -> list[str]:
    """Label the disks too: google.cloud's module cannot when it makes an instance, and they are what costs."""
    changed = []
    for one in instance.get("disks") or []:
        link = f"{COMPUTE}/{one['source'].partition('/v1/')[2]}"
        disk = api.get(link, may_miss=True)
        # Not waited for: nothing depends on it.
        if disk and _write(api, link, "setLabels", disk, lambda found: _labels(found, wanted)) is not None:
            changed = ["disk labels"]
    return changed


def _labels(found: Found, wanted: Wanted) -> Found | None:
    labels = found.get("labels") or {}
    if wanted.labels.items() <= labels.items():
        return None
    return {"labelFingerprint": found.get("labelFingerprint"), "labels": {**labels, **wanted.labels}}


def _write(api: Api, link: str, verb: str, found: Found, body_of: t.Callable[[Found], Found | None]) -> Found | None:
    """Write what goes with a fingerprint. Return the operation: {} where it was done already, None for nothing to do.

    A fingerprint that is not that of now may mean that somebody else has written, or that the first of our own tries
    has, whose answer was lost: what is there then is looked at.
    """
    done: Found | None = None
    for _ in range(_TRIES):
        body = body_of(found)
        if body is None:
            return done
        try:
            return api.post(f"{link}/{verb}", body)
        except ApiError as error:
            if error.status != _CHANGED_MEANWHILE:
                raise
        time.sleep(1)
        found, done = api.get(link), {}
    raise GcpError(f"{instances.last(link)} was changed by others, again and again", "px-ansible provision")
