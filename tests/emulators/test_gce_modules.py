"""The unmodified modules and inventory plugin of google.cloud, run by ansible-playbook through the gate."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from emulators.conftest import ZONE, instance

HERE = Path(__file__).parent / "playbooks"
PROGRAMS = Path(sys.executable).parent
P = "projects/px-test"


@pytest.fixture
def ansible(cloud, gate, tmp_path):
    """Return what runs one of Ansible's programs through the gate."""
    more = {"ANSIBLE_HOME": str(tmp_path / "home"), "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"}
    more["ANSIBLE_LOAD_CALLBACK_PLUGINS"] = "1"
    environment = gate.process_environment(**cloud.environment, **more)

    def run(program, *arguments, code=0):
        command = [str(PROGRAMS / program), *arguments]
        done = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)

    return run


def test_the_modules_make_keep_and_remove_a_cluster(ansible, cloud, gate, client):
    def play(state):
        return ansible("ansible-playbook", "cluster.yml", "-e", f"state={state}")["stats"]["localhost"]

    first = play("present")
    assert (first["ok"], first["changed"], first["failures"]) == (5, 5, 0)
    made = [client.get(f"zones/{ZONE}/instances/px-demo-{number}") for number in (1, 2)]
    assert [one["status"] for one in made] == ["RUNNING", "RUNNING"]
    assert made[0]["labels"] == {"px-cluster": "px-demo", "px-host": "px-demo-1"}
    assert {one["key"]: one["value"] for one in made[0]["metadata"]["items"]} == {
        "ssh-keys": "px:ssh-ed25519 AAAA px",
        "enable-oslogin": "FALSE",
    }
    assert made[0]["serviceAccounts"][0]["email"] == f"px-demo@{cloud.project.id}.iam.gserviceaccount.com"
    assert made[0]["shieldedInstanceConfig"]["enableSecureBoot"] is True
    assert client.get("global/firewalls/px-demo-ssh")["sourceRanges"] == ["198.51.100.7/32"]

    before = len(gate.exchanges)
    assert play("present")["changed"] == 0
    asked = [one for one in gate.exchanges[before:] if one.host != "oauth2.googleapis.com"]
    assert {one.method for one in asked} == {"GET"}

    assert play("absent")["changed"] == 5
    assert cloud.left() == []
    assert gate.refused == []
    wrong = [str(one) for one in gate.exchanges if one.status not in (200, 404)]
    assert wrong == []


def test_the_inventory_plugin_lists_by_label(ansible, client, cloud):
    for name, cluster in (("px-demo-1", "px-demo"), ("px-demo-2", "px-demo"), ("other-1", "other")):
        client.made(f"zones/{ZONE}/instances", instance(name, labels={"px-cluster": cluster}))
    client.made(
        "zones/us-east1-b/instances", instance("px-demo-3", zone="us-east1-b", labels={"px-cluster": "px-demo"})
    )
    client.done("POST", f"zones/{ZONE}/instances/px-demo-2/stop")
    found = ansible("ansible-inventory", "-i", "inventory.gcp_compute.yml", "--list")
    assert sorted(found["cluster_px_demo"]["hosts"]) == ["px-demo-1", "px-demo-3"]
    external = client.get(f"zones/{ZONE}/instances/px-demo-1")["networkInterfaces"][0]["accessConfigs"][0]["natIP"]
    assert found["_meta"]["hostvars"]["px-demo-1"]["ansible_host"] == {"__ansible_unsafe": external}


def test_a_module_says_what_google_said(ansible, cloud):
    cloud.exhaust(ZONE)
    family = "projects/debian-cloud/global/images/family/debian-12"
    arguments = {
        "project": cloud.project.id,
        "auth_kind": "application",
        "name": "px-demo-1",
        "zone": ZONE,
        "machine_type": "e2-standard-4",
        "disks": [{"boot": True, "auto_delete": True, "initialize_params": {"source_image": family}}],
        "network_interfaces": [{"network": {"selfLink": "global/networks/default"}}],
    }
    module = ["-m", "google.cloud.gcp_compute_instance", "-a", json.dumps(arguments)]
    play = ansible("ansible", "localhost", *module, code=2)
    message = play["plays"][0]["tasks"][0]["hosts"]["localhost"]["msg"]
    assert "'code': 'ZONE_RESOURCE_POOL_EXHAUSTED'" in str(message)
    assert cloud.left() == []
