"""Credentials stay where they are: acting as somebody else, and what Ansible prints at its loudest."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from emulators.gce import PROJECT
from emulators.gce.identities import CLOUD_PLATFORM
from emulators.gcp_role import BUCKET

PX = f"""
cluster:
  name: demo
  nodes: 1
  gcp: {{{{impersonate: {{account}}}}}}

/{BUCKET}:
  source: gs://{BUCKET}
"""


class Watch:
    """The tokens that were handed out, and every command line that showed one."""

    def __init__(self, cloud, words=()):
        self.cloud = cloud
        self.words = list(words)
        self.seen = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    @property
    def secrets(self):
        return [*self.words, *self.cloud.identities._tokens]

    def _look(self):
        while not self._ended.is_set():
            for folder in Path("/proc").glob("[0-9]*"):
                try:
                    text = (folder / "cmdline").read_bytes().decode(errors="replace")
                except OSError:
                    continue
                self.seen |= {text for secret in self.secrets if secret in text}
            time.sleep(0.05)

    def found(self, text):
        return [secret[:20] for secret in self.secrets if secret in text]


def private_key(cloud):
    lines = json.loads(cloud.key.read_text())["private_key"].splitlines()
    return lines[len(lines) // 2]


@pytest.fixture
def deploy(cloud):
    """An account that may do all, and that the controller, who may do nothing, may act as."""
    email = f"deploy@{PROJECT}.iam.gserviceaccount.com"
    account = cloud.accounts.add(PROJECT, email)
    cloud.identities[email].owner = True
    cloud.controller.owner = False
    account.policy.bindings.append(
        {"role": "roles/iam.serviceAccountTokenCreator", "members": [cloud.controller.member]}
    )
    return email


def test_at_its_loudest_ansible_prints_no_secret(role, cloud):
    with Watch(cloud, [private_key(cloud)]) as watch:
        output = role.play("list", verbose=3).output
        cloud.controller.denied.add("compute.instances.setLabels")
        failed = role.present(["demo-1"], verbose=3)
        cloud.controller.denied.clear()
        made = role.present(["demo-1"], verbose=3)
    assert failed.stats["demo-1"]["failures"] == 1
    assert made.ok, made.output
    assert "invocation" in made.output
    for text in (output, failed.output, made.output):
        assert watch.found(text) == []
    assert watch.seen == set()


@pytest.mark.slow
def test_acting_as_another(role, cloud, gate, deploy):
    """All calls are the other's; the modules get a token of an hour, which is shown nowhere."""
    with Watch(cloud) as watch:
        listed = role.play("list", provider_gcp_impersonate=deploy, verbose=3)
        made = role.present(["demo-1", "demo-2"], provider_gcp_impersonate=deploy, verbose=3)
        shared = role.cluster(provider_gcp_impersonate=deploy, provider_gcp_network="default", verbose=3)
    for play in (listed, made, shared):
        assert play.ok, play.output[-3000:]
        assert watch.found(play.output) == []
        assert watch.found(json.dumps(play.results)) == []
    assert watch.seen == set()
    assert cloud.instance("demo-1").data["status"] == "RUNNING"
    # The controller may do nothing itself: whatever it had asked would have been refused.
    assert [str(one) for one in gate.asked() if one.status == 403] == []
    assert gate.asked("POST", ":generateAccessToken", "iamcredentials.googleapis.com")


def test_who_may_not_act_as_another(role, cloud, deploy):
    cloud.accounts.find(deploy).policy.bindings.clear()
    play = role.play("list", provider_gcp_impersonate=deploy)
    said = play.said()
    assert f"cannot act as {deploy}" in said
    assert "roles/iam.serviceAccountTokenCreator" in said
    made = role.present(["demo-1"], provider_gcp_impersonate=deploy)
    assert f"cannot act as {deploy}" in made.said("demo-1")


def test_a_token_that_is_given_is_shown_nowhere(role, cloud):
    token = cloud.identities.issue(cloud.controller.email, {CLOUD_PLATFORM})
    with Watch(cloud, [token]) as watch:
        play = role.play("list", verbose=3, env={"GCP_ACCESS_TOKEN": token, "GOOGLE_APPLICATION_CREDENTIALS": ""})
    assert play.ok, play.output
    assert watch.found(play.output) == []
    assert watch.seen == set()


def test_what_px_ansible_keeps_of_its_runs_has_no_secret(role, cloud, gate, deploy, tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "px.yaml").write_text(PX.format(account=deploy), encoding="utf-8")
    with Watch(cloud, [private_key(cloud)]) as watch:
        output = role.px("plan", "-vv", folder=folder)
        output += role.px("status", folder=folder, code=5)
    assert watch.found(output) == []
    assert watch.seen == set()
    assert [str(one) for one in gate.asked() if one.status == 403] == []
    kept = [file for file in (tmp_path / "state").rglob("*") if file.is_file()]
    assert any(file.name == "events.jsonl" for file in kept)
    assert [file.name for file in kept if watch.found(file.read_text(errors="replace"))] == []
