"""The role's entry points `present` and `absent`: an instance is made, started, mended or removed, whatever goes wrong.

A host has a zone of its own where a fault is for it alone, so that many share one run.
"""
# ruff: noqa: E501 - tables, and what Google says

from __future__ import annotations

import os
import stat
import time

import pytest
from ansible_collections.px.storage.plugins.module_utils.gcp import checks

from emulators.conftest import instance
from emulators.gce import PROJECT, catalog
from emulators.gcp_role import CONSOLE, KEY, meanwhile

OURS = {"px-cluster": "demo"}
NOWHERE = "127.255.255.254"
A, B, C = (f"us-central1-{letter}" for letter in "abc")


def spread(count, **variables):
    """Return hosts, each in a zone of its own."""
    return {
        f"demo-{number + 1}": {"provider_gcp_zone": zone, **variables}
        for number, zone in enumerate(catalog.ZONES[:count])
    }


def labels_of(cloud, name):
    return cloud.instance(name).data.get("labels", {})


def disk_labels(cloud, name):
    return next(one.data.get("labels", {}) for one in cloud.world.of("disks") if one.name == name)


def names(cloud):
    return sorted((one.name for one in cloud.world.of("instances")), key=lambda name: (len(name), name))


@pytest.fixture
def made(client):
    """Make instances as a run before has: name -> zone."""

    def made(zone, *names, key=KEY, **more):
        for name in names:
            items = [{"key": "ssh-keys", "value": f"px:{key}"}, {"key": "px-image", "value": "debian-12"}]
            items.append({"key": "enable-guest-attributes", "value": "TRUE"})
            labels = {**OURS, "px-host": name}
            client.made(
                f"zones/{zone}/instances",
                instance(name, zone, **{"labels": labels, "metadata": {"items": items}, **more}),
            )

    return made


def test_each_is_what_was_asked_for(role, cloud, tmp_path):
    script = tmp_path / "startup.sh"
    script.write_text("#!/bin/sh\necho {{ not a template }} > /x\n", encoding="utf-8")
    for metric in ("NVIDIA_T4_GPUS", "GPUS_ALL_REGIONS"):
        cloud.quotas.limit(metric, 8, "" if "ALL" in metric else "us-central1")
    account = cloud.accounts.add(PROJECT, f"mine@{PROJECT}.iam.gserviceaccount.com").email
    hosts = {
        "demo-1": {"provider_gcp_known_hosts_dir": str(role.known_hosts), "provider_gcp_labels": {"team": "a"}, "provider_gcp_ssh_user": "me"},
        "demo-2": {"provider_gcp_spot": True, "provider_gcp_startup": str(script)},
        "demo-3": {"provider_gcp_machine_type": "n1-standard-4", "provider_gcp_accelerator": {"type": "nvidia-tesla-t4", "count": 2}},
        "demo-4": {"provider_gcp_machine_type": "t2a-standard-1", "provider_gcp_image": "ubuntu-24.04", "provider_gcp_disk_gib": 50},
        "demo-5": {"provider_gcp_machine_type": "c4a-standard-1", "provider_gcp_image": "projects/debian-cloud/global/images/family/debian-13-arm64"},
        "demo-6": {"provider_gcp_service_account": account, "provider_gcp_disk_type": "pd-ssd"},
    }  # fmt: skip
    play = role.present(hosts)
    assert play.ok, play.output[-4000:]
    data = {name: cloud.instance(name).data for name in hosts}
    disks = {one.name: one.data for one in cloud.world.of("disks")}
    metadata = {name: {item["key"]: item["value"] for item in one["metadata"]["items"]} for name, one in data.items()}

    assert labels_of(cloud, "demo-1") == disk_labels(cloud, "demo-1") == {**OURS, "px-host": "demo-1", "team": "a"}
    assert metadata["demo-1"] == {
        "ssh-keys": f"me:{KEY}",
        "enable-oslogin": "FALSE",
        "block-project-ssh-keys": "TRUE",
        "enable-guest-attributes": "TRUE",
        "px-image": "debian-12",
    }
    assert data["demo-1"]["tags"]["items"] == ["px-demo"]
    assert data["demo-1"]["shieldedInstanceConfig"] == dict.fromkeys(
        ("enableSecureBoot", "enableVtpm", "enableIntegrityMonitoring"), True
    )
    assert data["demo-1"]["serviceAccounts"][0]["email"] == cloud.project.compute_account
    assert (disks["demo-1"]["type"].rpartition("/")[2], disks["demo-1"]["sizeGb"]) == ("pd-balanced", "20")
    file = role.known_hosts / "demo-1"
    assert file.read_text() == f"demo-1 ssh-ed25519 {cloud.machines.hook.host_key('demo-1')}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    schedule = data["demo-2"]["scheduling"]
    assert (schedule["preemptible"], schedule["automaticRestart"], schedule["onHostMaintenance"]) == (
        True,
        False,
        "TERMINATE",
    )
    assert metadata["demo-2"]["startup-script"].strip() == script.read_text().strip()
    assert data["demo-3"]["guestAccelerators"][0]["acceleratorCount"] == 2
    assert data["demo-3"]["scheduling"]["onHostMaintenance"] == "TERMINATE"
    assert "ubuntu-2404-noble-arm64" in disks["demo-4"]["sourceImage"]
    assert disks["demo-4"]["sizeGb"] == "50"
    assert metadata["demo-4"]["px-image"] == "ubuntu-24.04"
    assert disks["demo-5"]["type"].endswith("/hyperdisk-balanced")
    assert "debian-13-trixie-arm64" in disks["demo-5"]["sourceImage"]
    assert data["demo-6"]["serviceAccounts"][0]["email"] == account
    assert disks["demo-6"]["type"].endswith("/pd-ssd")

    before = len(role.gate.exchanges)
    again = role.present(hosts)
    assert (again.ok, again.changed) == (True, 0), again.output[-4000:]
    assert {one.method for one in role.gate.exchanges[before:] if one.host != "oauth2.googleapis.com"} == {"GET"}


def test_zones_and_quotas(role, cloud, gate):
    """No room: the next zone, and a clear end where there is none. No quota: an end at once."""
    cloud.exhaust(A)
    cloud.exhaust(C)
    cloud.quotas.limit("N2_CPUS", 2, "us-central1")
    hosts = {
        "demo-1": {"provider_gcp_zones": [A, C, B]},
        "demo-2": {"provider_gcp_zones": [A, C]},
        "demo-3": {"provider_gcp_zone": A},
        "demo-4": {"provider_gcp_machine_type": "n2-standard-4", "provider_gcp_zones": [B, A]},
        "demo-5": {"provider_gcp_zones": []},
        "demo-6": {"provider_gcp_machine_type": "no-such-type"},
    }
    play = role.present(hosts)
    assert names(cloud) == ["demo-1"]
    assert cloud.instance("demo-1").data["zone"].endswith(B)
    enough = "does not have enough resources available to fulfill the request"
    assert f"no zone of {A}, {C} has room: The zone 'projects/px-test/zones/{C}' {enough}" in play.said("demo-2")
    assert f"no zone of {A} has room: The zone 'projects/px-test/zones/{A}' {enough}" in play.said("demo-3")
    assert play.said("demo-3").endswith("| try again later, another region, or another machine_type")
    assert play.said("demo-4").startswith("Quota 'N2_CPUS' exceeded.")
    assert "| ask for more at console.cloud.google.com/iam-admin/quotas (N2_CPUS)" in play.said("demo-4")
    assert (
        play.said("demo-5")
        == "no zone is named to make demo-5 in | provider_gcp_zones, or provider_gcp_zone; checks returns those that fit"
    )
    assert "no-such-type" in play.said("demo-6")
    asked = [one.data["name"] for one in gate.asked("POST", "/instances")]
    assert sorted(asked) == ["demo-1"] * 3 + ["demo-2"] * 2 + ["demo-3", "demo-4", "demo-6"]


# The calls of the way to one host: method, path, and which of those that fit. {host} and {zone} are the host's.
CALLS = [
    ("GET", "/zones/{zone}/instances/{host}$", 1),
    ("GET", "/zones/{zone}/instances/{host}$", 2),
    ("GET", "/zones/{zone}/instances/{host}$", 3),
    ("POST", "/zones/{zone}/instances$", 1),
    ("GET", "/zones/{zone}/operations/", 1),
    ("GET", "/zones/{zone}/disks/{host}$", 1),
    ("POST", "/zones/{zone}/disks/{host}/setLabels$", 1),
    ("GET", "/zones/{zone}/instances/{host}/getGuestAttributes$", 1),
]
STATUSES = [{"status": 503}, {"status": 429}]
BREAKS = [{"cut": True}, {"drop": True}]


def hurt(gate, hosts, cases):
    """Let each host meet the faults of its case, which are calls and how they fail; return all faults."""
    assert len(cases) == len(hosts)
    return {
        (name, call): gate.faults.add(
            method=call[0],
            path=call[1].format(host=name, zone=its["provider_gcp_zone"]),
            nth=call[2],
            host="^(compute|www)",
            **how,
        )
        for (name, its), case in zip(hosts.items(), cases, strict=True)
        for call, how in case
    }


def unmet(faults):
    return [which for which, fault in faults.items() if fault.done != 1]


@pytest.mark.slow
def test_what_passes_is_tried_again(role, cloud, gate):
    """Each host meets two of the calls that fail, of which the second is made whatever came of the first."""
    pairs = list(zip(CALLS[:4], CALLS[4:], strict=True))
    cases = [[(call, how) for call in pair] for how in STATUSES + BREAKS for pair in pairs]
    hosts = spread(len(cases), provider_gcp_known_hosts_dir=str(role.known_hosts))
    faults = hurt(gate, hosts, cases)
    for nth, how in ((3, STATUSES[0]), (6, BREAKS[0])):
        gate.faults.add(method="GET", path="/aggregated/instances", nth=nth, **how)
    play = role.present(hosts)
    assert play.ok, "\n".join(play.said(name) for name, one in play.stats.items() if one["failures"])
    assert unmet(faults) == []
    assert names(cloud) == list(hosts)
    assert cloud.machines.hook.lives == dict.fromkeys(hosts, 1)
    for name in hosts:
        assert labels_of(cloud, name) == disk_labels(cloud, name) == {**OURS, "px-host": name}
        assert cloud.machines.hook.host_key(name) in (role.known_hosts / name).read_text()


MENDING = [
    ("POST", "/instances/{host}/start$", 1),
    ("POST", "/instances/{host}/setMetadata$", 1),
    ("POST", "/instances/{host}/setLabels$", 1),
    ("POST", "/disks/{host}/setLabels$", 1),
]
# What was begun by a call whose answer got lost is not waited for by its name: this one fails on hosts of its own.
WAITING = ("POST", "/zones/{zone}/operations/.*/wait$", 1)


@pytest.mark.slow
def test_a_stopped_one_is_started_with_the_key_and_labels_of_now(role, cloud, gate, made, client):
    ways = [*STATUSES[:1], *BREAKS]
    cases = [[(call, how) for call in MENDING] for how in ways] + [[(WAITING, how)] for how in ways]
    hosts = spread(len(cases) + 1, provider_gcp_labels={"team": "b"})
    for name, its in hosts.items():
        made(its["provider_gcp_zone"], name, key="ssh-ed25519 OLD px", labels={**OURS, "team": "a", "mine": "x"})
        client.done("POST", f"zones/{its['provider_gcp_zone']}/instances/{name}/stop")
    faults = hurt(gate, hosts, [*cases, []])
    play = role.present(hosts)
    assert play.ok, "\n".join(play.said(name) for name, one in play.stats.items() if one["failures"])
    assert unmet(faults) == []
    assert names(cloud) == list(hosts)
    for name in hosts:
        data = cloud.instance(name).data
        assert data["status"] == "RUNNING"
        items = {one["key"]: one["value"] for one in data["metadata"]["items"]}
        assert items == {"ssh-keys": f"px:{KEY}", "px-image": "debian-12", "enable-guest-attributes": "TRUE"}
        assert data["labels"] == {**OURS, "team": "b", "mine": "x", "px-host": name}
        assert disk_labels(cloud, name) == {**OURS, "team": "b", "px-host": name}
    (done,) = play.of("gcp_instance", list(hosts)[-1])
    assert done["steps"] == ["metadata", "started", "labels", "disk labels"]
    again = role.present(hosts)
    assert (again.ok, again.changed) == (True, 0)


def test_one_that_is_there_gets_the_script_and_the_labels_of_now(role, cloud, made, tmp_path):
    script = tmp_path / "setup.sh"
    script.write_text("#!/bin/sh\necho new\n", encoding="utf-8")
    kept = [{"key": "ssh-keys", "value": f"px:{KEY}"}, {"key": "theirs", "value": "x"}]
    for name in ("demo-1", "demo-2"):
        made(A, name, metadata={"items": [*kept, {"key": "startup-script", "value": "#!/bin/sh\necho old"}]})
    hosts = {"demo-1": {"provider_gcp_startup": str(script), "provider_gcp_labels": {"team": "b"}}, "demo-2": {}}
    play = role.present(hosts)
    assert play.ok, play.output
    metadata = {
        name: {one["key"]: one["value"] for one in cloud.instance(name).data["metadata"]["items"]} for name in hosts
    }
    theirs = {"ssh-keys": f"px:{KEY}", "theirs": "x"}
    assert metadata == {"demo-1": {**theirs, "startup-script": "#!/bin/sh\necho new"}, "demo-2": theirs}
    assert labels_of(cloud, "demo-1") == disk_labels(cloud, "demo-1") == {**OURS, "px-host": "demo-1", "team": "b"}
    again = role.present(hosts)
    assert (again.ok, again.changed) == (True, 0)


def test_one_that_is_not_the_clusters_is_refused_and_stays_as_it_is(role, cloud, client):
    """In the zone that it would be made in, and in another."""
    client.made(f"zones/{A}/instances", instance("demo-1", A))
    client.made(f"zones/{C}/instances", instance("demo-2", C, labels={"px-cluster": "other"}))
    before = {name: dict(cloud.instance(name).data) for name in ("demo-1", "demo-2")}
    play = role.present(["demo-1", "demo-2", "demo-3"], provider_gcp_zones=[A])
    for name, zone in (("demo-1", A), ("demo-2", C)):
        assert play.said(name) == (
            f"there is an instance {name} in {zone} that is not of this cluster | "
            "give the cluster another name: 'name' below 'cluster' in px.yaml"
        )
    assert play.stats["demo-3"]["failures"] == 0
    gone = role.absent(["demo-1", "demo-2", "demo-3"])
    assert gone.ok, gone.output
    assert {name: cloud.instance(name).data for name in before} == before
    assert names(cloud) == ["demo-1", "demo-2"]


@pytest.mark.slow
def test_the_end_of_the_console_where_nobody_answers(role, cloud, client):
    hook = cloud.machines.hook
    hook.addresses = dict.fromkeys(("demo-1", "demo-3"), NOWHERE)
    hosts = {
        "demo-1": {"provider_gcp_boot_timeout": 2},
        "demo-2": {},
        "demo-3": {"provider_gcp_zone": B, "provider_gcp_boot_timeout": 60},
    }
    start = hook.on_start

    def preempted(order):
        """Take it back whenever it runs."""
        if order.name == "demo-3":
            cloud.clock.after(3.0, lambda: cloud.instance("demo-3").data.update(status="TERMINATED"))
        return start(order)

    hook.on_create = hook.on_start = preempted
    play = role.present(hosts)
    said = play.failure("demo-1")
    assert said["msg"] == f"demo-1 does not answer SSH at {NOWHERE} after 2 s"
    assert said["hint"].startswith(
        f"gcloud compute instances get-serial-port-output demo-1 --zone={A} --project=px-test"
    )
    assert said["log"] == ["[  OK  ] Started a thing", "[31mKernel panic - not syncing: VFS[0m"]
    assert "\x1b" in CONSOLE
    assert play.failure("demo-3")["msg"] == "demo-3 was running, and is TERMINATED before SSH answered"
    assert play.stats["demo-2"]["failures"] == 0
    assert len(names(cloud)) == 3


def test_operations_that_fail_or_take_their_time(role, cloud, gate):
    wait = "Internal error. Please try again or contact Google Support. (Code: '1')"
    cloud.fail("insert", "instances/demo-1$", code="INTERNAL_ERROR", message=wait)
    cloud.fail(
        "insert",
        "instances/demo-2$",
        code="RESOURCE_OPERATION_RATE_EXCEEDED",
        message="Operation rate exceeded",
        status=429,
    )
    cloud.fail(
        "insert",
        "instances/demo-3$",
        code="CONDITION_NOT_MET",
        message="Constraint constraints/compute.x violated",
        status=412,
    )
    cloud.operations.pace.rules.append(("insert", "instances/demo-4$", 6.0))
    # A fresh account, which Compute Engine does not know yet, beside those that it has long known.
    for account in cloud.accounts.of(PROJECT):
        account.made -= 7200.0
    cloud.accounts.lag = 3600.0
    fresh = cloud.accounts.add(PROJECT, f"fresh@{PROJECT}.iam.gserviceaccount.com").email

    def known():
        with cloud.world.lock:
            ended = [
                error["code"]
                for one in cloud.operations._data.values()
                for error in one.get("error", {}).get("errors", [])
            ]
        if "RESOURCE_NOT_FOUND" in ended:
            cloud.accounts.lag = 0.0

    with meanwhile(known):
        play = role.present(
            {"demo-1": {}, "demo-2": {}, "demo-3": {}, "demo-4": {}, "demo-5": {"provider_gcp_service_account": fresh}}
        )
    assert names(cloud) == ["demo-1", "demo-2", "demo-4", "demo-5"]
    assert play.said("demo-3").startswith("Constraint constraints/compute.x violated")
    assert [name for name, one in play.stats.items() if one["failures"]] == ["demo-3"]
    assert [one.data["name"] for one in gate.asked("POST", "/instances")].count("demo-4") == 1


def test_who_may_not(role, cloud):
    cloud.controller.owner = False
    cloud.controller.granted |= {*checks.PERMISSIONS} - {"iam.serviceAccounts.actAs"}
    play = role.present(["demo-1"])
    assert play.said("demo-1").startswith("The user does not have access to service account")
    assert play.said("demo-1").endswith("| grant roles/iam.serviceAccountUser on that service account")
    cloud.controller.granted.remove("compute.instances.create")
    play = role.present(["demo-1"])
    assert "| compute.instances.create is missing; ask somebody who may to grant it" in play.said("demo-1")
    assert names(cloud) == []


@pytest.mark.slow
def test_the_permissions_that_are_asked_for_are_enough(role, cloud, gate):
    """For all of a cluster's life; the right to grant one on a bucket is the bucket's."""
    cloud.controller.owner = False
    cloud.controller.granted |= {*checks.PERMISSIONS, "storage.buckets.get"}
    cloud.controller.granted |= {f"storage.buckets.{verb}IamPolicy" for verb in ("get", "set")}
    own = {"provider_gcp_network": None, "provider_gcp_service_account": None, "px_pending": True}
    place = {"provider_gcp_known_hosts_dir": str(role.known_hosts)}
    hosts = {"demo-1": {}, "demo-2": {"provider_gcp_spot": True, "provider_gcp_ssh_user": "me"}}
    plays = [role.play("checks", px_new_hosts=list(hosts)), role.present(hosts, **own, **place)]
    cloud.preempt("demo-2")
    plays += [role.present(hosts, **own, **place, provider_gcp_authorized_key="ssh-ed25519 NEW px"), role.play("list")]
    plays += [role.play("destroy", hosts, px_state="absent")]
    # Whoever may not see the project cannot ask what he may; that is no error.
    refused = [str(one) for one in gate.asked() if one.status == 403 and not one.path.endswith(":testIamPermissions")]
    assert refused == []
    assert [play.output[-2000:] for play in plays if not play.ok] == []
    assert cloud.left() == []


@pytest.mark.slow
def test_host_keys_are_those_of_the_machine_that_is_there_now(role, cloud, client):
    """A host that somebody removed by hand comes back as another machine, and its file of known hosts is old."""
    role.known_hosts.mkdir()
    files = {name: role.known_hosts / name for name in ("demo-1", "demo-2")}
    for name, file in files.items():
        file.write_text(f"{name} ssh-ed25519 AAAAold\n", encoding="utf-8")
        os.utime(file, (time.time() - 60, time.time() - 60))
    place = {"provider_gcp_known_hosts_dir": str(role.known_hosts)}
    assert role.present(["demo-1"], **place).ok
    key = cloud.machines.hook.host_key("demo-1")
    assert files["demo-1"].read_text() == f"demo-1 ssh-ed25519 {key}\n"
    again = role.present(["demo-1"], **place)
    assert again.changed == 0

    anew = role.present({"demo-1": {"px_replace": True}}, **place)
    assert anew.ok, anew.output
    assert cloud.machines.hook.lives == {"demo-1": 2}
    assert files["demo-1"].read_text() == f"demo-1 ssh-ed25519 {cloud.machines.hook.host_key('demo-1')}\n" != key


def test_a_host_whose_keys_nobody_tells_is_not_logged_in_to(role, cloud, gate):
    """Its agent is silent, and what speaks at its address has no keys."""
    cloud.machines.hook.agent = False
    place = {"provider_gcp_known_hosts_dir": str(role.known_hosts), "provider_gcp_boot_timeout": 3}
    play = role.present(["demo-1"], **place)
    address = cloud.machines.hook.address
    says = f"neither Google nor {address} tells the host keys of demo-1 | ssh-keyscan {address}"
    assert play.said("demo-1") == says
    # Waited for as long as the host may take to boot.
    assert len(gate.asked("GET", "/demo-1/getGuestAttributes")) > 1
    assert not (role.known_hosts / "demo-1").exists()


def test_a_spot_host_that_was_taken_back_comes_again(role, cloud):
    assert role.present(["demo-1"], provider_gcp_spot=True).ok
    cloud.preempt("demo-1")
    play = role.present(["demo-1"], provider_gcp_spot=True)
    assert play.ok, play.output
    assert play.of("gcp_instance", "demo-1")[0]["steps"] == ["started"]
    assert cloud.instance("demo-1").data["status"] == "RUNNING"


# By host: a removal whose answer got lost is not waited for by the name of its operation.
REMOVING = [
    [("GET", "/zones/{zone}/instances/{host}$", 1), ("GET", "/zones/{zone}/operations/", 1)],
    [("DELETE", "/zones/{zone}/instances/{host}$", 1)],
]


def test_absent_takes_what_is_the_clusters(role, cloud, gate, made, client):
    cases = [[(call, how) for call in calls] for how in STATUSES + BREAKS for calls in REMOVING]
    hosts = spread(len(cases))
    role.known_hosts.mkdir()
    for name, its in hosts.items():
        made(its["provider_gcp_zone"], name)
        (role.known_hosts / name).write_text(name, encoding="utf-8")
    for name in ("demo-99", "demo"):
        client.made(f"zones/{A}/instances", instance(name, A))
    faults = hurt(gate, hosts, cases)
    cloud.operations.pace.rules.append(("delete", "demo-8$", 5.0))
    # One that went a moment ago, though it was listed.
    listed = {"px_found": {"name": "demo-50", "zone": A}}
    every = {**hosts, "demo-50": listed, "demo-51": {"px_found": {}}, "demo-99": {}}
    gone = role.absent(every, provider_gcp_known_hosts_dir=str(role.known_hosts))
    assert gone.ok, gone.output[-4000:]
    assert unmet(faults) == []
    assert names(cloud) == ["demo", "demo-99"]
    assert list(role.known_hosts.iterdir()) == []
    assert sorted(one.name for one in cloud.world.of("disks")) == ["demo", "demo-99"]
