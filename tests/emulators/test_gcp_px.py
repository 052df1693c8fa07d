"""px-ansible on Google Cloud where no host is: what it says of what it may not see, and of what stands in its way."""

from __future__ import annotations

import json

import pytest

from emulators.conftest import ZONE, instance
from emulators.gce import PROJECT
from emulators.gcp_role import BUCKET

PX = f"""
cluster:
  name: demo
  nodes: 1

/{BUCKET}:
  source: gs://{BUCKET}
"""
NETWORK = {"name": "px-demo", "description": "px-ansible cluster demo", "autoCreateSubnetworks": False}
SUBNETWORK = {"name": "px-demo", "network": "global/networks/px-demo", "ipCidrRange": "10.64.0.0/20"}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "px.yaml").write_text(PX, encoding="utf-8")
    return folder


def test_what_is_in_use_by_somebody_else_stays_and_is_named(role, cloud, client, folder):
    client.made("global/networks", NETWORK)
    client.made("regions/us-central1/subnetworks", SUBNETWORK)
    theirs = instance("theirs", networkInterfaces=[{"subnetwork": "regions/us-central1/subnetworks/px-demo"}])
    client.made(f"zones/{ZONE}/instances", theirs)

    # The rule for SSH is not there.
    changes = json.loads(role.px("plan", "--output", "json", folder=folder))["shared"]
    assert {"name": "network px-demo", "action": "change"} in changes

    said = " ".join(role.px("destroy", "--yes", folder=folder, code=5).split())
    assert "all hosts: Remove the subnetworks: The subnetwork resource" in said
    assert f"Try: the instance theirs in {ZONE} is not the cluster's: see to it, then px-ansible destroy" in said
    assert "Still there: network px-demo; `px-ansible destroy` goes on from here." in said
    assert cloud.instance("theirs").data["status"] == "RUNNING"

    client.done("DELETE", f"zones/{ZONE}/instances/theirs")
    assert "nothing of them is left" in role.px("destroy", "--yes", folder=folder)
    assert cloud.left() == []


def test_who_may_see_nothing_is_told_of_all_that_is_missing(role, cloud, folder):
    cloud.controller.denied |= {"compute.instances.list", "compute.networks.get", "compute.projects.get"}
    said = " ".join(role.px("provision", "--yes", folder=folder, code=4).split())
    assert f"project {PROJECT}: it is not there, or you may not see it" in said
    assert "permissions compute.instances.list, compute.networks.get, compute.projects.get Try: the role of" in said
