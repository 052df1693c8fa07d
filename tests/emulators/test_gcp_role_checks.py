"""The role's entry point `checks`: all that keeps hosts from being made, in one list, before any is."""
# ruff: noqa: E501 - tables, and what Google says

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emulators.conftest import ZONE, instance
from emulators.gce import PROJECT
from emulators.gcp_role import BUCKET

HOSTS = ["demo-1", "demo-2"]


@pytest.fixture
def ask(role, gate):
    def ask(**more):
        before = len(gate.exchanges)
        play = role.play("checks", **{"px_new_hosts": HOSTS, "provider_gcp_zones": None, **more})
        assert play.ok, play.output
        # It asks permissions and tokens by POST; it changes nothing.
        assert {one.path.rpartition(":")[2] for one in gate.exchanges[before:] if one.method != "GET"} <= {
            "testIamPermissions",
            "/token",
        }
        checks = play.returned["px_checks"]
        assert all(one["state"] in ("ok", "warning", "missing") for one in checks)
        return {one["name"]: one for one in checks}, play.returned["px_variables"]

    return ask


def missing(checks):
    return {name: (one["found"], one["hint"]) for name, one in checks.items() if one["state"] == "missing"}


def gpus(machine_type, kind, count):
    return {"provider_gcp_machine_type": machine_type, "provider_gcp_accelerator": {"type": kind, "count": count}}


def test_all_is_well(ask, gate):
    checks, variables = ask(provider_gcp_project=None)
    assert missing(checks) == {}
    assert variables == {
        "provider_gcp_project": PROJECT,
        "provider_gcp_zones": [f"us-central1-{letter}" for letter in "abcf"],
    }
    assert set(checks) == {"project", "machine type", "quota", "permissions", "image", f"bucket {BUCKET}"}
    assert len(gate.asked("GET", "/aggregated/")) == 2  # machine types, instances


def test_everything_is_missing_and_said_at_once(ask, cloud, client):
    cloud.quotas.limit("CPUS", 6, "us-central1")
    cloud.quotas.limit("IN_USE_ADDRESSES", 1, "us-central1")
    cloud.quotas.limit("CPUS_ALL_REGIONS", 7)
    client.made(f"zones/{ZONE}/instances", instance("demo-2"))
    client.made("global/networks", {"name": "px-demo", "autoCreateSubnetworks": True})
    cloud.controller.denied |= {"compute.firewalls.create", "compute.instances.setLabels"}
    checks, _ = ask(
        provider_gcp_buckets=[{"name": BUCKET}, {"name": "not-there"}],
        provider_gcp_image="projects/debian-cloud/global/images/family/debian-99",
        provider_gcp_service_account=f"nobody@{PROJECT}.iam.gserviceaccount.com",
    )
    found = missing(checks)
    assert set(found) == {"quota", "permissions", "names", "image", "network", "identity", "bucket not-there"}
    assert found["permissions"][0] == "compute.firewalls.create, compute.instances.setLabels"
    assert found["names"][0] == f"the instance demo-2 in {ZONE} is not of this cluster, and has the name of a host"
    assert "debian-99" in found["image"][0]
    assert found["network"][0] == "there is a network px-demo that is not of this cluster"
    assert found["identity"][0].startswith("there is no service account nobody@")
    assert found["bucket not-there"][1].startswith("gcloud storage buckets create gs://not-there --project=px-test")


def test_each_quota_that_is_short(role, cloud, client):
    client.made(f"zones/{ZONE}/instances", instance("other-1"))
    cloud.quotas.limit("CPUS", 8, "us-central1")
    cloud.quotas.limit("IN_USE_ADDRESSES", 2, "us-central1")
    cloud.quotas.limit("SSD_TOTAL_GB", 30, "us-central1")
    cloud.quotas.limit("INSTANCES", 2, "us-central1")
    cloud.quotas.limit("CPUS_ALL_REGIONS", 5)
    play = role.play("checks", px_new_hosts=HOSTS)
    found = sorted(one["found"] for one in play.returned["px_checks"] if one["name"] == "quota")
    assert [one.partition(",")[0] for one in found] == [
        "CPUS in us-central1: 8 more are needed",
        "CPUS_ALL_REGIONS in all regions: 8 more are needed",
        "INSTANCES in us-central1: 2 more are needed",
        "IN_USE_ADDRESSES in us-central1: 2 more are needed",
        "SSD_TOTAL_GB in us-central1: 40 more are needed",
    ]
    assert "4 of 8 are free" in found[0]
    assert "1 of 5 are free" in found[1]


@pytest.mark.parametrize(("spot", "metric"), [(False, "NVIDIA_T4_GPUS"), (True, "PREEMPTIBLE_NVIDIA_T4_GPUS")])
def test_quotas_of_gpus(role, cloud, spot, metric):
    accelerator = {"type": "nvidia-tesla-t4", "count": 2}
    more = {
        "provider_gcp_machine_type": "n1-standard-4",
        "provider_gcp_accelerator": accelerator,
        "provider_gcp_spot": spot,
    }
    play = role.play("checks", px_new_hosts=HOSTS, provider_gcp_zones=None, **more)
    found = [one["found"] for one in play.returned["px_checks"] if one["name"] == "quota"]
    assert found == [
        f"{metric} in us-central1: 4 more are needed, 0 of 0 are free",
        "GPUS_ALL_REGIONS in all regions: 4 more are needed, 0 of 0 are free",
    ]


def test_gpus_that_a_machine_type_has_built_in(ask):
    checks, variables = ask(provider_gcp_machine_type="g2-standard-4")
    assert "L4_GPUS" in checks["quota"]["found"] or "GPUS_ALL_REGIONS" in checks["quota"]["found"]
    assert variables["provider_gcp_zones"] == [f"us-central1-{letter}" for letter in "abc"]


def test_only_zones_that_have_the_gpu_are_tried(ask):
    """The machine type is in all zones of us-east1, the GPU in two of them."""
    accelerator = {"type": "nvidia-tesla-t4", "count": 1}
    wanted = {
        "provider_gcp_region": "us-east1",
        "provider_gcp_machine_type": "n1-standard-4",
        "provider_gcp_accelerator": accelerator,
    }
    checks, variables = ask(**wanted)
    assert variables["provider_gcp_zones"] == ["us-east1-c", "us-east1-d"]
    checks, _ = ask(**wanted, provider_gcp_zone="us-east1-b")
    assert missing(checks)["GPU"][0] == "nvidia-tesla-t4 is not offered in us-east1-b"
    assert "us-east1-c" in missing(checks)["GPU"][1]
    checks, _ = ask(**{**wanted, "provider_gcp_accelerator": {"type": "nvidia-x", "count": 1}})
    assert missing(checks)["GPU"][0] == "nvidia-x is not offered in the region us-east1"


@pytest.mark.parametrize(
    ("wanted", "name", "found", "hint"),
    [
        ({"provider_gcp_zone": "us-central1-x"}, "zone", "there is no zone us-central1-x", "zones of us-central1: us-central1-a, "),
        ({"provider_gcp_zones": ["us-central1-a", "us-x-a"]}, "zone", "there is no zone us-x-a", "zones of us-central1: "),
        ({"provider_gcp_machine_type": "a3-highgpu-8g", "provider_gcp_zone": "us-central1-f"}, "machine type", "a3-highgpu-8g is not offered in us-central1-f", "it is offered in us-central1-a, "),
        ({"provider_gcp_machine_type": "t2a-standard-4", "provider_gcp_region": "us-east1"}, "machine type", "t2a-standard-4 is not offered in the region us-east1", "it is offered in europe-west4-a, "),
        ({"provider_gcp_machine_type": "e9-huge"}, "machine type", "e9-huge is not offered in the region us-central1", "gcloud compute machine-types list"),
        ({"provider_gcp_region": "us-nowhere1"}, "machine type", "e2-standard-4 is not offered in the region us-nowhere1", "it is offered in "),
        (gpus("n1-standard-4", "nvidia-tesla-t4", 8), "GPU", "an instance has at most 4 nvidia-tesla-t4, not 8", "'count' below 'accelerator'"),
        (gpus("e2-standard-4", "nvidia-tesla-t4", 1), "GPU", "e2-standard-4 takes no GPUs", "machine_type: n1-standard-8"),
        (gpus("g2-standard-4", "nvidia-l4", 2), "GPU", "g2-standard-4 has 1 nvidia-l4, and takes no 2 nvidia-l4", "take 'accelerator' out"),
        ({"provider_gcp_network": "not-there"}, "network", "there is no network not-there", "gcloud compute networks list"),
        ({"provider_gcp_project": "no-such"}, "project", "there is no project no-such", "gcloud projects list"),
    ],
    ids=lambda value: next(iter(value.values())) if isinstance(value, dict) and len(value) == 1 else None,
)  # fmt: skip
def test_one_thing_is_missing(ask, wanted, name, found, hint):
    checks, _ = ask(**wanted)
    said = missing(checks)
    assert list(said) == [name]
    assert said[name][0] == found
    assert said[name][1].startswith(hint)


def test_a_bucket_that_is_closed_is_left_to_the_hosts(ask, cloud):
    """Who makes the hosts may see nothing of the bucket, and the hosts may use it all the same."""
    cloud.controller.denied.add("storage.buckets.get")
    checks, _ = ask()
    assert checks[f"bucket {BUCKET}"]["state"] == "warning"
    assert "does not have storage.buckets.get access" in checks[f"bucket {BUCKET}"]["found"]


@pytest.mark.parametrize("service", ["compute", "iam"])
def test_an_api_that_is_switched_off(ask, cloud, service):
    cloud.project.services.remove(f"{service}.googleapis.com")
    checks, _ = ask()
    hints = {hint for _, hint in missing(checks).values()}
    assert hints == {f"gcloud services enable {service}.googleapis.com --project 764086051850"}


def test_permissions_that_cannot_be_asked_show_when_they_are_needed(ask, gate):
    gate.faults.add(host="cloudresourcemanager", status=403, times=0)
    checks, _ = ask()
    assert missing(checks) == {}
    assert "permissions" not in checks


def test_hosts_that_are_there_take_nothing_more_of_a_quota(ask, cloud, client):
    """One is to be made anew, one to be started: what they have is theirs."""
    labels = {"px-cluster": "demo"}
    for name in HOSTS:
        client.made(f"zones/{ZONE}/instances", instance(name, labels=labels))
    client.done("POST", f"zones/{ZONE}/instances/demo-2/stop")
    cloud.quotas.limit("CPUS", 8, "us-central1")
    cloud.quotas.limit("CPUS_ALL_REGIONS", 8)
    cloud.quotas.limit("INSTANCES", 2, "us-central1")
    cloud.quotas.limit("IN_USE_ADDRESSES", 2, "us-central1")
    cloud.quotas.limit("SSD_TOTAL_GB", 40, "us-central1")
    cloud.quotas.limit("DISKS_TOTAL_GB", 40, "us-central1")
    checks, _ = ask()
    assert missing(checks) == {}
    cloud.quotas.limit("CPUS", 7, "us-central1")
    checks, _ = ask()
    assert list(missing(checks)) == ["quota"]


def test_a_project_that_nothing_names_is_a_row(ask, role):
    """The file of credentials names none either, and no configuration of gcloud."""
    key = json.loads(Path(role.environment["GOOGLE_APPLICATION_CREDENTIALS"]).read_text())
    Path(role.environment["GOOGLE_APPLICATION_CREDENTIALS"]).write_text(json.dumps({**key, "project_id": ""}))
    checks, _ = ask(provider_gcp_project=None)
    assert list(missing(checks)) == ["project"]
    assert "no project is named" in missing(checks)["project"][0]


def test_credentials_that_google_refuses_are_a_row(ask, cloud):
    cloud.identities.remove(cloud.controller.email)
    checks, _ = ask()
    assert "gcloud auth application-default login" in checks["credentials"]["hint"]
