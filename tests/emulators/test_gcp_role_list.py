"""The role's entry point `list`: what there is of a cluster, with few calls, or why nobody can tell."""

from __future__ import annotations

from collections import Counter

import pytest

from emulators.conftest import ZONE, instance
from emulators.gce import PROJECT
from emulators.gcp_role import ADDRESS_HOST, BUCKET, HERE

OURS = {"px-cluster": "demo"}
ACCOUNT = "px-demo-89e495@px-test.iam.gserviceaccount.com"


def listed(role, **more):
    play = role.play("list", **{"provider_gcp_project": None, **more})
    assert play.ok, play.output
    return play.returned


def test_nothing_is_there_and_the_project_is_that_of_the_key_file(role, gate):
    returned = listed(role)
    assert (returned["px_hosts"], returned["px_shared"]) == ([], [])
    assert returned["px_variables"] == {
        "provider_gcp_project": PROJECT,
        "provider_gcp_ssh_allow": [f"{HERE}/32"],
    }
    calls = Counter((one.method, one.host, one.path) for one in gate.asked())
    assert set(calls.values()) == {1}
    assert len(gate.asked("GET", "/aggregated/")) == 1
    assert {one.method for one in gate.asked() if one.host != "oauth2.googleapis.com"} == {"GET"}


def test_its_hosts_and_nobody_elses(role, gate, client, cloud):
    """One stops and is waited for until it has: whether it goes or stays shows only then."""
    for name, labels in (
        ("demo-1", {**OURS, "px-host": "demo-1"}),
        ("demo-2", OURS),
        ("demo-3", {}),
        ("demo-4", {"px-cluster": "demo-x"}),
        ("other-1", {"px-cluster": "other"}),
    ):
        metadata = {
            "items": [{"key": "ssh-keys", "value": "px:ssh-ed25519 AAAA px"}, {"key": "px-image", "value": "x"}]
        }
        client.made(f"zones/{ZONE}/instances", instance(name, labels=labels, metadata=metadata))
    client.made("zones/us-east1-b/instances", instance("demo-5", zone="us-east1-b", labels=OURS))
    cloud.operations.pace.rules += [("stop", "demo-2", 4.0), ("delete", "demo-5", 4.0)]
    client("POST", f"zones/{ZONE}/instances/demo-2/stop")
    client("DELETE", "zones/us-east1-b/instances/demo-5")
    assert cloud.clock.wait(lambda: cloud.instance("demo-5").data["status"] == "STOPPING", 5)
    before = len(gate.exchanges)

    hosts = listed(role, provider_gcp_ssh_allow=["192.0.2.0/24"])["px_hosts"]
    assert [(one["name"], one["state"]) for one in hosts] == [("demo-1", "running"), ("demo-2", "stopped")]
    first, second = hosts
    assert second["address"] is None
    assert (first["address"], first["zone"], first["region"]) == (role.cloud.machines.hook.address, ZONE, "us-central1")
    assert (first["machine_type"], first["image"], first["spot"]) == ("e2-standard-4", "x", False)
    assert first["key"] == "ssh-ed25519 AAAA px"
    assert (first["network"], first["accelerator"], first["startup"]) == ("default", "none", "")
    kinds = Counter(one.path for one in gate.exchanges[before:] if one.host != "compute.googleapis.com")
    assert not [path for path in kinds if "checkip" in path]


@pytest.mark.slow
def test_what_they_share_is_whole_or_not(role, client, cloud):
    role.cluster()
    shared = {one["name"]: one["state"] for one in listed(role)["px_shared"]}
    assert shared == {"network px-demo": "running", f"identity {ACCOUNT}": "running"}

    # Another address since yesterday, and somebody who took the right away.
    cloud.buckets[BUCKET].policy.bindings[:] = []
    shared = {one["name"]: one["state"] for one in listed(role, provider_gcp_ssh_allow=["192.0.2.1/32"])["px_shared"]}
    assert shared == {"network px-demo": "incomplete", f"identity {ACCOUNT}": "incomplete"}
    client.done("DELETE", "global/firewalls/px-demo-ssh")
    assert listed(role)["px_shared"][0]["state"] == "incomplete"


def test_things_of_the_same_name_that_somebody_else_made_are_not_its(role, client):
    client.made("global/networks", {"name": "px-demo", "autoCreateSubnetworks": True})
    client.made(
        "global/firewalls",
        {"name": "px-demo-ssh", "network": "global/networks/px-demo", "allowed": [{"IPProtocol": "tcp"}]},
    )
    body = {"accountId": ACCOUNT.partition("@")[0], "serviceAccount": {"displayName": "mine"}}
    assert client("POST", f"https://iam.googleapis.com/v1/projects/{PROJECT}/serviceAccounts", body)[0] == 200
    assert listed(role)["px_shared"] == []


def test_the_project_of_the_environment_comes_before_that_of_the_key(role):
    play = role.play("list", provider_gcp_project=None, env={"GOOGLE_CLOUD_PROJECT": "no-such"})
    assert "Failed to find project no-such" in play.said()


def test_without_a_project_the_line_to_write_is_named(role, cloud):
    file = cloud.identities.user_file(cloud.user.email, PROJECT, role.folder / "adc.json")
    file.write_text(file.read_text().replace('"quota_project_id"', '"other"'))
    play = role.play("list", provider_gcp_project=None, env={"GOOGLE_APPLICATION_CREDENTIALS": str(file)})
    assert play.said() == (
        "no project is named: not in px.yaml, not in the environment, not in the credentials, not by gcloud | "
        "write 'gcp: {project: PROJECT}' below 'cluster' in px.yaml; or export GOOGLE_CLOUD_PROJECT=PROJECT"
    )


@pytest.mark.parametrize("service", ["compute", "iam"])
def test_an_api_that_is_switched_off(role, cloud, service):
    cloud.project.services.remove(f"{service}.googleapis.com")
    said = role.play("list", provider_gcp_project=None).said()
    assert "has not been used in project 764086051850 before or it is disabled" in said
    assert said.endswith(f"| gcloud services enable {service}.googleapis.com --project 764086051850")


def test_credentials_that_google_refuses(role, cloud):
    cloud.identities.remove(cloud.controller.email)
    said = role.play("list", provider_gcp_project=None).said()
    assert said.startswith("Google's credentials are refused: ")
    assert "| gcloud auth application-default login" in said


def test_no_credentials_at_all(role):
    said = role.play("list", env={"GOOGLE_APPLICATION_CREDENTIALS": "", "HOME": str(role.folder)}).said()
    assert said.startswith("Google's credentials are refused: ")
    assert "| gcloud auth application-default login" in said


def test_a_token_that_has_ended(role, cloud):
    token = cloud.identities.issue(
        cloud.controller.email, {"https://www.googleapis.com/auth/cloud-platform"}, seconds=0
    )
    play = role.play("list", env={"GCP_ACCESS_TOKEN": token})
    assert "| gcloud auth application-default login" in play.said()
    assert token not in play.output


def test_who_does_not_say_the_address_keeps_no_list_from_coming(role, gate):
    gate.faults.add(host=ADDRESS_HOST, drop=True, times=0)
    assert listed(role)["px_variables"]["provider_gcp_ssh_allow"] == []


@pytest.mark.parametrize("how", [{"status": 503}, {"cut": True}], ids=str)
def test_what_passes_is_tried_again(role, gate, how):
    """The first call to each host, and to each path of Compute Engine."""
    for host, path in (
        ("compute", "aggregated"),
        ("compute", "networks/"),
        ("compute", "firewalls/"),
        ("iam", "serviceAccounts/"),
    ):
        gate.faults.add(method="GET", host=f"^{host}", path=path, **how)
    assert listed(role)["px_hosts"] == []
