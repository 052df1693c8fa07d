"""Instances, quotas and host keys: what Compute Engine shows, as a cluster needs it."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ansible_collections.px.storage.plugins.module_utils.gcp import host_keys, instances, names, quotas
from hypothesis import given
from hypothesis import strategies as st

from px_ansible.config import load
from px_ansible.providers import gcp

ZONE = "https://www.googleapis.com/compute/v1/projects/p/zones/europe-west12-b"
RUNNING = {
    "name": "demo-1",
    "status": "RUNNING",
    "zone": ZONE,
    "machineType": f"{ZONE}/machineTypes/e2-standard-4",
    "labels": {"px-cluster": "demo", "px-host": "demo-1", "team": "vision"},
    "metadata": {
        "items": [{"key": "ssh-keys", "value": "px:ssh-ed25519 AAAA px"}, {"key": "px-image", "value": "debian-12"}]
    },
    "scheduling": {"preemptible": True},
    "guestAccelerators": [{"acceleratorType": f"{ZONE}/acceleratorTypes/nvidia-tesla-t4", "acceleratorCount": 2}],
    "serviceAccounts": [{"email": "reader@p.iam.gserviceaccount.com"}],
    "disks": [{"boot": False, "diskSizeGb": "500"}, {"boot": True, "diskSizeGb": "20"}],
    "networkInterfaces": [
        {
            "network": "https://www.googleapis.com/compute/v1/projects/p/global/networks/research",
            "subnetwork": "https://www.googleapis.com/compute/v1/projects/p/regions/europe-west12/subnetworks/research-e",
            "networkIP": "10.77.0.2",
            "accessConfigs": [{"natIP": "203.0.113.1"}],
        }
    ],
}


def test_a_host():
    assert instances.host(RUNNING) == {
        "name": "demo-1",
        "state": "running",
        "address": "203.0.113.1",
        "machine_type": "e2-standard-4",
        "image": "debian-12",
        "zone": "europe-west12-b",
        "region": "europe-west12",
        "disk_gib": 20,
        "spot": True,
        "key": "ssh-ed25519 AAAA px",
        "ssh_user": "px",
        "labels": {"team": "vision"},
        "startup": "",
        "accelerator": "2 x nvidia-tesla-t4",
        "network": "research",
        "subnetwork": "research-e",
        "service_account": "reader@p.iam.gserviceaccount.com",
    }


def test_what_is_the_clusters_own_is_called_so():
    host = instances.host(RUNNING, "research", "reader@p.iam.gserviceaccount.com")
    assert (host["network"], host["service_account"]) == (names.OWN, names.OWN) == (gcp.OWN, gcp.OWN)


def test_all_that_is_compared_is_listed():
    """A name that only one side has would make every plan replace every host, or none ever."""
    settings = replace(
        load(Path(__file__).parents[1] / "golden/plans/gcp_settings/px.yaml"),
        zone="us-central1-a", image="debian-12", disk_size_gib=20, region_from=None,
    )  # fmt: skip
    settings = replace(settings, settings={**settings.settings, "subnetwork": "research-e"})
    compared = gcp.GCP.attributes(settings)
    assert compared.keys() <= instances.host(RUNNING).keys()
    assert gcp.GCP.fixed == compared.keys() - {"labels", "startup", "ssh_user"}


def test_a_startup_script_is_compared_with_the_file_of_px_yaml(tmp_path):
    """Ansible's lookup takes the white space at its end away before the script goes to Google."""
    (tmp_path / "setup.sh").write_text("#!/bin/sh\necho é\n\n", encoding="utf-8")
    (tmp_path / "px.yaml").write_text(
        "cluster: {provider: gcp, nodes: 1, gcp: {startup: setup.sh}}\n/data: {source: 'gs://bucket'}\n",
        encoding="utf-8",
    )
    wanted = gcp.GCP.attributes(load(tmp_path / "px.yaml"))["startup"]
    script = {"key": "startup-script", "value": "#!/bin/sh\necho é"}
    assert instances.host({**RUNNING, "metadata": {"items": [script]}})["startup"] == wanted


def test_a_host_of_which_little_is_shown():
    bare = {"name": "demo-1", "status": "TERMINATED", "zone": ZONE, "machineType": "e2-micro"}
    host = instances.host(bare)
    assert {key for key, value in host.items() if value is None} == {"address", "image", "disk_gib", "key", "ssh_user"}
    assert (host["state"], host["spot"], host["machine_type"]) == ("stopped", False, "e2-micro")


@pytest.mark.parametrize(
    ("interfaces", "address"),
    [
        ([], None),
        ([{}], None),
        ([{"networkIP": "10.0.0.2", "accessConfigs": [{"type": "ONE_TO_ONE_NAT"}]}], None),  # stopped: it had one
        ([{"networkIP": "10.0.0.2"}], "10.0.0.2"),  # has none: reached from inside
        ([{"networkIP": "10.0.0.2", "accessConfigs": [{"natIP": "203.0.113.9"}]}], "203.0.113.9"),
    ],
)
def test_where_it_is_reached(interfaces, address):
    assert instances.address({"networkInterfaces": interfaces}) == address


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("PROVISIONING", "starting"),
        ("STAGING", "starting"),
        ("RUNNING", "running"),
        ("STOPPING", "stopping"),
        ("SUSPENDING", "stopping"),
        ("SUSPENDED", "stopped"),
        ("TERMINATED", "stopped"),
        ("WHATEVER", "stopped"),
    ],
)
def test_states(status, state):
    assert instances.host({**RUNNING, "status": status})["state"] == state


def test_what_is_a_clusters_is_said_in_a_description():
    assert names.description("demo") == "px-ansible cluster demo"


def order(machine_type="e2-standard-4", cpus=4, count=3, spot=False, **accelerators):
    return quotas.Order(
        count, machine_type, cpus, 20, spot, {key.replace("_", "-"): value for key, value in accelerators.items()}
    )


@pytest.mark.parametrize(
    ("machine_type", "metric"),
    [
        ("e2-standard-4", "CPUS"),
        ("n1-standard-4", "CPUS"),
        ("n2d-standard-4", "N2D_CPUS"),
        ("c3-standard-4", "C3_CPUS"),
        ("c4-standard-4", None),
    ],
)
def test_cpus_count_by_family(machine_type, metric):
    need = quotas.in_region(order(machine_type))
    counted = {name: value for name, value in need.items() if name.endswith("CPUS")}
    assert counted == ({metric: 12} if metric else {})
    assert (need["INSTANCES"], need["IN_USE_ADDRESSES"], need["SSD_TOTAL_GB"]) == (3, 3, 60)
    assert quotas.everywhere(order(machine_type)) == {"CPUS_ALL_REGIONS": 12}


def test_gpus_count_twice():
    assert quotas.in_region(order(nvidia_l4=2))["NVIDIA_L4_GPUS"] == 6
    assert quotas.in_region(order(nvidia_l4_vws=2))["NVIDIA_L4_GPUS"] == 6
    assert quotas.in_region(order(nvidia_l4=2, spot=True))["PREEMPTIBLE_NVIDIA_L4_GPUS"] == 6
    assert "NVIDIA_L4_GPUS" not in quotas.in_region(order(nvidia_l4=2, spot=True))
    assert quotas.everywhere(order(nvidia_unknown=2))["GPUS_ALL_REGIONS"] == 6


@given(st.integers(0, 50), st.integers(0, 50), st.integers(1, 50))
def test_a_quota_is_short_exactly_where_too_little_is_free(limit, usage, wanted):
    shown = [
        {"metric": "CPUS", "limit": float(limit), "usage": float(usage)},
        {"metric": "OTHER", "limit": 0, "usage": 0},
    ]
    short = list(quotas.shortages({"CPUS": wanted, "NOT_SHOWN": 99}, shown, "here"))
    assert bool(short) == (usage + wanted > limit)
    if short:
        assert short == [f"CPUS in here: {wanted} more are needed, {max(limit - usage, 0)} of {limit} are free"]


def test_what_is_held_is_not_needed_again():
    assert quotas.beyond({"CPUS": 8, "INSTANCES": 2, "GPUS": 1}, {"CPUS": 4, "INSTANCES": 2, "OTHER": 1}) == {
        "CPUS": 4,
        "GPUS": 1,
    }
    assert quotas.beyond({"CPUS": 4}, {"CPUS": 8}) == {}


@pytest.mark.parametrize("made", ["2026-11-27T04:00:00.123-08:00", "2026-11-27T12:00:00Z"])
def test_a_file_of_known_hosts_from_before_the_instance_is_anothers(tmp_path, made):
    file = tmp_path / "demo-1"
    instance = {"creationTimestamp": made}
    assert host_keys.are_before(file, instance)
    file.write_text("demo-1 ssh-ed25519 AAAA", encoding="utf-8")
    at = datetime(2026, 11, 27, 12, tzinfo=UTC).timestamp()
    for seconds, before in ((-5, True), (5, False)):
        os.utime(file, (at + seconds, at + seconds))
        assert host_keys.are_before(file, instance) is before
    assert not host_keys.are_before(file, {})


def test_host_keys_are_written_whole_and_for_their_owner(tmp_path):
    file = tmp_path / "hosts/demo-1"
    assert host_keys.write(file, "demo-1", ["ssh-rsa BBBB", "ssh-ed25519 AAAA"])
    assert file.read_text() == "demo-1 ssh-ed25519 AAAA\ndemo-1 ssh-rsa BBBB\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert not host_keys.write(file, "demo-1", ["ssh-ed25519 AAAA", "ssh-rsa BBBB"])
    file.chmod(0o644)
    assert host_keys.write(file, "demo-1", ["ssh-ed25519 CCCC"])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in file.parent.iterdir()] == ["demo-1"]


def test_nothing_answers():
    assert not host_keys.answers("127.255.255.254", 0.2)
    assert host_keys.of_address("127.255.255.254") == []
