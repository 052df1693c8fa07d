"""The provider's own checks before anything is made, with a real run of a role that this test writes.

No provider of this version has such checks: the row of a cloud stands in for one.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from px_ansible import api, cli, content, preflight, prerequisites
from px_ansible.checks import Check, clouds
from px_ansible.checks.model import Surroundings
from px_ansible.config import load
from px_ansible.errors import PrerequisiteError, RunError
from px_ansible.providers import PROVIDERS

if TYPE_CHECKING:
    from pathlib import Path

TOP = content.root()
CLOUD = "gcp"
LIST = """
- name: Return what there is
  ansible.builtin.set_stats:
    data:
      px_hosts: []
      px_shared: []
      px_variables: {provider_gcp_project: of-credentials}
"""
CHECKS = """
- name: Return what is missing
  ansible.builtin.set_stats:
    data:
      px_checks: "{{ lookup('ansible.builtin.file', CHECKS) | from_json }}"
      px_variables:
        provider_gcp_zones: ["{{ provider_gcp_region }}-b"]
        seen: "{{ provider_gcp_project }} {{ px_new_hosts | join(' ') }} {{ provider_gcp_buckets[0].name }}"
"""
PRESENT = """
- name: Stop, with what arrived
  ansible.builtin.fail:
    msg: "{{ provider_gcp_zones[0] }} / {{ provider_gcp_project }} / {{ seen }}"
"""
MISSING = [
    {"name": "compute API", "state": "missing", "found": "not enabled in my-project", "hint": "gcloud services enable"},
    {"name": "credentials", "state": "ok", "found": "key.json", "hint": ""},
    {"name": "CPUs", "state": "missing", "found": "8 of 24 are left, 12 are needed", "hint": None},
    {"name": "prices", "state": "warning", "found": "they are of yesterday", "hint": "wait"},
]


@pytest.fixture
def said(tmp_path, monkeypatch):
    """A collection whose provider_gcp says what the test writes into the file that is returned."""
    fake = tmp_path / "content"
    (fake / "roles" / "provider_gcp" / "tasks").mkdir(parents=True)
    for place in (*TOP.glob("playbooks"), *TOP.glob("plugins"), *TOP.glob("meta"), TOP / "galaxy.yml"):
        (fake / place.name).symlink_to(place)
    for role in (TOP / "roles").iterdir():
        if role.name != "provider_gcp":
            (fake / "roles" / role.name).symlink_to(role)
    file = tmp_path / "said.json"
    tasks = {"list": LIST, "checks": CHECKS.replace("CHECKS", f"'{file}'"), "cluster": "[]", "present": PRESENT}
    for name, text in tasks.items():
        (fake / "roles" / "provider_gcp" / "tasks" / f"{name}.yml").write_text(f"---{text}" if text != "[]" else text)
    # The client's cache is no part of this.
    (fake / "roles" / "gcsfuse").unlink()
    (fake / "roles" / "gcsfuse" / "tasks").mkdir(parents=True)
    (fake / "roles" / "gcsfuse" / "tasks" / "cache.yml").write_text("[]")
    monkeypatch.setattr(content, "root", lambda: fake)
    row = dataclasses.replace(PROVIDERS[CLOUD], role=True, checks=True)
    monkeypatch.setitem(PROVIDERS, CLOUD, row)
    monkeypatch.setattr(clouds, "here", lambda: Surroundings({"GCP_ACCESS_TOKEN": "x"}, tmp_path, tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return file


@pytest.fixture
def px_yaml(tmp_path):
    file = tmp_path / "project" / "px.yaml"
    file.parent.mkdir()
    file.write_text(
        textwrap.dedent(f"""\
            cluster: {{name: demo, provider: {CLOUD}, nodes: 2, region: europe-west4}}
            /data: {{source: "gs://my-bucket"}}
            """)
    )
    return file


def write(file: Path, checks: list[dict[str, object]]) -> None:
    file.write_text(json.dumps(checks))


def unasked(_plan):
    raise AssertionError("it was asked, though something is missing")


def test_nothing_is_asked_and_nothing_made_where_something_is_missing(said, px_yaml):
    write(said, MISSING)
    with pytest.raises(PrerequisiteError) as refused:
        api.provision(load(px_yaml), confirm=unasked)
    error = refused.value
    assert error.message == "provider gcp is not ready for the cluster 'demo': 2 things are missing"
    assert [one.name for one in error.missing] == ["compute API", "CPUs"]
    assert error.log == (
        "compute API: not enabled in my-project",
        "  Try: gcloud services enable",
        "CPUs: 8 of 24 are left, 12 are needed",
    )


def test_what_the_checks_found_out_reaches_the_role_and_a_warning_is_a_note(said, px_yaml):
    write(said, MISSING[1:2] + MISSING[3:])
    asked = []
    done = api.provision(load(px_yaml), confirm=asked.append)
    assert asked[0].variables["provider_gcp_zones"] == ["europe-west4-b"]
    hosts = done.report.hosts
    says = "europe-west4-b / of-credentials / of-credentials demo-1 demo-2 my-bucket"
    assert {name: host.error for name, host in hosts.items() if name != "localhost"} == {"demo-1": says, "demo-2": says}
    assert done.report.notes == ["prices: they are of yesterday (try: wait)"]


def test_checks_that_do_not_run_are_an_error_of_their_own(said, px_yaml):
    said.write_text("no JSON")
    with pytest.raises(RunError):
        api.provision(load(px_yaml), confirm=unasked)


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    return int(end.value.code)


def test_what_is_missing_is_shown_with_its_hint_below(said, px_yaml, capsys):
    write(said, MISSING)
    assert run("provision", "-f", str(px_yaml)) == 4
    shown = capsys.readouterr().err.splitlines()
    at = shown.index("Error: provider gcp is not ready for the cluster 'demo': 2 things are missing")
    assert shown[at + 1 :] == [
        "  compute API  not enabled in my-project",
        "               Try: gcloud services enable",
        "  CPUs         8 of 24 are left, 12 are needed",
    ]


def of_provider(text: str) -> dict[str, dict[str, object]]:
    rows = json.loads(text)["checks"]
    return {one["name"]: one for one in rows if one["subject"] == f"provider {CLOUD}"}


def test_doctor_asks_the_provider_and_leaves_nothing(said, px_yaml, tmp_path, capsys):
    write(said, MISSING)
    assert run("doctor", "-f", str(px_yaml), "--output", "json") == 4
    rows = of_provider(capsys.readouterr().out)
    assert (rows["CPUs"]["state"], rows["CPUs"]["needed"]) == ("missing", True)
    assert not (tmp_path / "state").exists()
    assert run("doctor", "-f", str(px_yaml)) == 4
    shown = capsys.readouterr().out
    assert shown.index("provider gcp\n") < shown.index("compute API") < shown.index("not needed now")
    assert "Not ready for provider gcp. Missing: compute API, CPUs." in shown


def test_doctor_offline_asks_nobody(said, px_yaml, capsys, monkeypatch):
    monkeypatch.setattr(preflight, "look", unasked)
    assert run("doctor", "-f", str(px_yaml), "--offline", "--output", "json") == 0
    assert "CPUs" not in of_provider(capsys.readouterr().out)
    monkeypatch.setenv("PX_OFFLINE", "1")
    assert run("doctor", "-f", str(px_yaml), "--output", "json") == 0


def test_doctor_asks_nobody_while_something_is_missing_here(said, px_yaml, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(preflight, "look", unasked)
    monkeypatch.setattr(clouds, "here", lambda: Surroundings({}, tmp_path, tmp_path))
    assert run("doctor", "-f", str(px_yaml), "--output", "json") == 4
    assert of_provider(capsys.readouterr().out)["credentials"]["state"] == "missing"


def test_doctor_says_why_the_provider_gave_no_answer(said, px_yaml, capsys):
    said.write_text("no JSON")
    assert run("doctor", "-f", str(px_yaml), "--output", "json") == 4
    answer = of_provider(capsys.readouterr().out)["answer"]
    assert (answer["state"], answer["hint"]) == ("missing", "px-ansible plan: it keeps what Ansible says")


def test_all_that_a_cloud_needs_of_this_computer_is_one_error(tmp_path, monkeypatch):
    row = dataclasses.replace(PROVIDERS[CLOUD], role=True)
    (tmp_path / "ssh").write_text("#!/bin/sh\n")
    (tmp_path / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(clouds, "here", lambda: Surroundings({}, tmp_path, tmp_path))
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", str(tmp_path))
    with pytest.raises(PrerequisiteError) as refused:
        prerequisites.require(row)
    assert refused.value.message.startswith("provider gcp needs what is not on this computer: ")
    names = [one.name for one in refused.value.missing]
    assert {"ssh-keygen", "google.cloud", "credentials"} <= set(names)
    assert all(one.hint for one in refused.value.missing)
    assert all(f"{one.name}: {one.found}" in refused.value.log for one in refused.value.missing)
    # Whoever only goes to hosts that are there signs in nowhere.
    with pytest.raises(PrerequisiteError, match="needs what is not on this computer: ssh-keygen"):
        prerequisites.require(row, asks=False)


def test_a_warning_refuses_no_run(tmp_path, monkeypatch):
    warned = Check("provider gcp", "credentials", "warning", "only the identity of this VM", "log in")
    monkeypatch.setattr(clouds, "checks", lambda *_: [warned])
    prerequisites.require(dataclasses.replace(PROVIDERS[CLOUD], role=True))


@pytest.mark.parametrize(
    ("nodes", "mounts", "tried"), [(2, "my-bucket", False), (3, "my-bucket", True), (2, "b2b", True)]
)
def test_the_buckets_are_tried_where_hosts_or_mounts_change(nodes, mounts, tried, monkeypatch, tmp_path):
    from px_ansible import inventory  # noqa: PLC0415
    from px_ansible.config import parse  # noqa: PLC0415
    from px_ansible.plans import Found, FoundHost, SharedThing, make_plan  # noqa: PLC0415

    def config(nodes: int, bucket: str):
        text = f"cluster: {{name: demo, nodes: {nodes}, machine_type: x}}\n/data: {{source: 'gs://{bucket}'}}\n"
        return parse(text.encode(), file=tmp_path / "px.yaml", name="px.yaml")

    before = make_plan(config(2, "my-bucket"), Found())
    its = PROVIDERS["gcp"].attributes(before.config)
    hosts = tuple(FoundHost(name, "running", "203.0.113.1", its) for name in before.config.hosts)
    # The identity is to be made: something changes, and nothing on the hosts.
    found = Found(hosts, (SharedThing("network", "running"),), tuple(before.applied()))
    plan = make_plan(config(nodes, mounts), found)
    places = inventory.Places(tmp_path, tmp_path, tmp_path)
    for row in (True, False):
        monkeypatch.setitem(PROVIDERS, CLOUD, dataclasses.replace(PROVIDERS[CLOUD], tries_buckets=row))
        group = inventory.inventory_of(plan, places, "key")["all"]["children"]["px_hosts"]["vars"]
        assert group.get("px_try_buckets", False) is (tried and row)
        assert group["px_changes"] is True


REFUSED = """
- name: Ask without a right
  ansible.builtin.fail:
    msg: you may not list
"""


def test_what_list_cannot_say_for_want_of_a_right_is_said_by_the_checks_with_all_else(said, px_yaml):
    """`list` ends with the first thing that is missing: without it, who has nothing would get it one by one."""
    (content.root() / "roles" / "provider_gcp" / "tasks" / "list.yml").write_text(f"---{REFUSED}")
    checks = CHECKS.replace("CHECKS", f"'{said}'").replace("{{ provider_gcp_project }}", "")
    (content.root() / "roles" / "provider_gcp" / "tasks" / "checks.yml").write_text(f"---{checks}")
    write(said, MISSING)
    for ask in (api.plan, api.provision):
        with pytest.raises(PrerequisiteError) as refused:
            ask(load(px_yaml))
        assert [one.name for one in refused.value.missing] == ["compute API", "CPUs"]
    assert [one.name for one in preflight.look(load(px_yaml), print)] == [str(one["name"]) for one in MISSING]
    # Where they know of nothing, it is what list has said.
    write(said, [])
    with pytest.raises(RunError, match="you may not list"):
        api.plan(load(px_yaml))
