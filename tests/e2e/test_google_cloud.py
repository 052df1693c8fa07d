"""Google Cloud from px.yaml to the file in the bucket: unmodified modules, instances that boot, real gcsfuse."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from google_cloud import HERE, CloudProject, World

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[2] / "examples" / "quickstart" / "px.yaml"
BUCKET = {"source": "gs://px-gcs-bucket", "store": "gcs"}
MOUNT = "/px-gcs-bucket"


@pytest.fixture(scope="module")
def page(world: World) -> Iterator[CloudProject]:
    """Return the project of the product page: its px.yaml word for word, and no flag."""
    project = CloudProject.on(world, "page")
    project.file.write_bytes(PAGE.read_bytes())
    yield project
    project.px("destroy", "--yes", code=None)
    project.remove_folders()


def test_the_page_word_for_word(world: World, page: CloudProject) -> None:
    before = world.cloud.left()
    said = page.px("provision", "--yes").said
    assert "Done: 2 hosts created, 1 mount added." in said

    page.run_on(1, f"echo from-one > {MOUNT}/file")
    assert page.run_on(2, f"cat {MOUNT}/file") == "from-one"
    # What runs is what a user gets: no endpoint, no key, nobody anonymous.
    unit = page.run_on(2, "cat /etc/systemd/system/px-mount-px-gcs-bucket.service")
    command = next(line for line in unit.splitlines() if line.startswith("ExecStart="))
    assert command == (
        "ExecStart=/usr/local/bin/gcsfuse --foreground --implicit-dirs=true --log-format=text --log-severity=warning"
        f" --uid={page.run_on(2, 'id -u')} --gid={page.run_on(2, 'id -g')} -o allow_other px-gcs-bucket {MOUNT}"
    )
    page.run_on(2, "sudo test ! -e /etc/px-mounts/px-gcs-bucket")
    assert before == []


def test_what_was_made_is_labelled_and_closed_and_may_use_the_bucket_alone(world: World, page: CloudProject) -> None:
    found = world.instances(page.name)
    assert sorted(found) == [page.host(1), page.host(2)]
    for name, one in found.items():
        assert one["labels"] == {"px-cluster": page.name, "px-host": name}
        assert one["shieldedInstanceConfig"]["enableSecureBoot"] is True
        metadata = {item["key"]: item["value"] for item in one["metadata"]["items"]}
        assert metadata["block-project-ssh-keys"] == "TRUE"
        assert "PRIVATE" not in str(metadata)
    disks = world.google("compute").disks().aggregatedList(project="px-test").execute()["items"]
    labels = [one["labels"] for place in disks.values() for one in place.get("disks", [])]
    assert {one["px-host"] for one in labels if one["px-cluster"] == page.name} == set(found)
    rules = world.google("compute").firewalls().list(project="px-test").execute()["items"]
    (rule,) = [one for one in rules if page.name in one["name"]]
    assert (rule["sourceRanges"], rule["allowed"]) == ([f"{HERE}/32"], [{"IPProtocol": "tcp", "ports": ["22"]}])
    policy = world.google("storage").buckets().getIamPolicy(bucket="px-gcs-bucket").execute()
    account = found[page.host(1)]["serviceAccounts"][0]["email"]
    roles = [one["role"] for one in policy["bindings"] if f"serviceAccount:{account}" in one["members"]]
    assert roles == ["roles/storage.objectUser"]


def test_a_second_run_changes_nothing_and_asks_once_for_each_kind(world: World, page: CloudProject) -> None:
    mark = len(world.gate.asked())
    said = page.px("provision", "--yes").said
    assert "Nothing changed" in said
    calls = [one for one in world.since(mark) if not one.host.startswith(("oauth2", "checkip"))]
    # The hosts' own calls are for objects.
    calls = [one for one in calls if not one.path.endswith("/o") and "StorageControl" not in one.path]
    assert {one.method for one in calls} == {"GET"}
    assert max(Counter(one.path for one in calls).values()) == 1
    assert len(calls) <= 5


def test_it_grows_and_shrinks(world: World, page: CloudProject) -> None:
    before = {name: one["id"] for name, one in world.instances(page.name).items()}
    page.write(nodes=3, cpus_per_node=4)
    assert "1 host created" in page.px("provision", "--yes").said
    now = {name: one["id"] for name, one in world.instances(page.name).items()}
    assert now.items() >= before.items()
    assert page.run_on(3, f"cat {MOUNT}/file") == "from-one"

    page.write(nodes=1, cpus_per_node=4)
    refused = page.px("provision", code=2)
    assert "add --yes" in refused.stderr
    assert "2 hosts removed" in page.px("provision", "--yes").said
    assert world.instances(page.name).keys() == {page.host(1)}
    assert not (page.state / "known_hosts" / page.host(3)).exists()


def test_a_host_that_was_stopped_is_shown_and_started(world: World, page: CloudProject) -> None:
    world.do(page.host(1), "stop")
    status = page.px("status", code=None)
    assert "stopped" in status.stdout
    assert status.code != 0
    assert f"start {page.host(1)}" in page.px("plan").said
    page.px("provision", "--yes")
    assert page.run_on(1, f"cat {MOUNT}/file") == "from-one"


def test_another_startup_script_and_labels_reach_a_host_that_is_there(world: World, page: CloudProject) -> None:
    (page.file.parent / "setup.sh").write_text("#!/bin/sh\ntouch /run/set-up\n")
    page.write(nodes=1, cpus_per_node=4, labels={"team": "vision"}, gcp={"startup": "setup.sh"})
    assert "other labels, another startup script" in " ".join(page.px("plan").said.split())
    assert "1 host changed" in page.px("provision", "--yes").said
    assert world.instances(page.name)[page.host(1)]["labels"]["team"] == "vision"
    assert "Nothing changed" in page.px("provision", "--yes").said
    # It runs when the host boots.
    world.do(page.host(1), "stop")
    page.px("provision", "--yes")
    page.run_on(1, "timeout 30 sh -c 'until test -e /run/set-up; do sleep 0.2; done'")


def test_a_host_whose_keys_are_lost_here_is_asked_for_them_again(page: CloudProject) -> None:
    known = page.state / "known_hosts" / page.host(1)
    before = known.read_text()
    known.unlink()
    assert "its host keys are not known here" in page.px("plan").said
    page.px("provision", "--yes")
    assert known.read_text() == before
    assert known.stat().st_mode & 0o777 == 0o600
    assert page.run_on(1, "hostname") == page.host(1)


def test_host_keys_that_google_does_not_tell_are_those_of_the_address(world: World, page: CloudProject) -> None:
    """As where the organization switches guest attributes off: with a warning, and once."""
    known = page.state / "known_hosts" / page.host(1)
    before = known.read_text()
    known.unlink()
    refused = world.gate.faults.add(path="/getGuestAttributes", status=403, times=0)
    try:
        said = page.px("provision", "--yes").said
        shows = f"those that {page.address(1)} shows are taken"
        assert f"{page.host(1)}: Google was not told its host keys; {shows}" in said
        assert (known.read_text(), known.stat().st_mode & 0o777) == (before, 0o600)
        assert "Nothing changed" in page.px("provision", "--yes").said
        assert refused.met == 1
    finally:
        world.gate.faults.clear()


def test_another_user_logs_in_and_has_the_files(page: CloudProject) -> None:
    page.write(nodes=1, cpus_per_node=4, ssh={"user": "ops"})
    assert "ssh_user px -> ops" in page.px("plan").said
    page.px("provision", "--yes")
    told = page.px("ssh", "1", "--", f"id -un; stat -c %U {MOUNT}/file; echo more > {MOUNT}/file").said
    assert told == "ops ops"
    assert "Nothing changed" in page.px("provision", "--yes").said


def test_no_secret_is_in_what_the_runs_left(world: World, page: CloudProject) -> None:
    key = world.cloud.key.read_text()
    secret = key.split("PRIVATE KEY-----")[1][:60].encode().decode("unicode_escape").strip().splitlines()[0]
    texts = [path.read_bytes() for path in page.state.rglob("*") if path.is_file() and path.name != "key"]
    assert len(texts) > 20
    assert not [text for text in texts if secret.encode() in text or b"ya29." in text]
    assert {path.stat().st_mode & 0o077 for path in page.state.rglob("*") if path.is_file()} == {0}


def test_destroy_leaves_nothing_but_the_bucket(world: World, page: CloudProject) -> None:
    said = page.px("destroy", "--yes").said
    assert "nothing of them is left; buckets stay" in said
    # Asked by a client that nobody here wrote.
    assert world.everything() == world.at_first
    assert world.cloud.left() == []
    assert not page.state.exists()
    assert world.google("storage").buckets().get(bucket="px-gcs-bucket").execute()["name"] == "px-gcs-bucket"


def test_a_host_that_never_boots_holds_up_no_other(world: World) -> None:
    project = CloudProject.on(world, "dead")
    project.write(nodes=2, spot=True, gcp={"boot_timeout": 20})
    world.guests.never_boots.add(project.host(2))
    try:
        report = project.provision(code=5)
        states = {one["name"]: one for one in report["hosts"]}
        assert states[project.host(1)]["state"] == "running"
        assert [one["ready"] for one in states[project.host(1)]["mounts"]] == [True]
        dead = states[project.host(2)]
        assert "does not answer SSH" in dead["error"]
        assert any("Kernel panic" in line for line in dead["log"])
        assert "gcloud compute instances delete" in dead["hint"]

        # As the hint says: it goes by hand, and comes back in order.
        world.guests.never_boots.clear()
        world.do(project.host(2), "delete")
        project.provision()
        assert project.run_on(2, "hostname") == project.host(2)

        # Google takes a spot host back.
        world.cloud.preempt(project.host(1))
        assert "stopped" in project.px("status", code=None).stdout
        project.provision()
        assert MOUNT in project.run_on(1, "cat /proc/mounts")
    finally:
        project.px("destroy", "--yes", code=None)
        project.remove_folders()
    assert world.cloud.left() == []


def test_a_right_that_is_missing_is_named_before_anybody_mounts(world: World) -> None:
    account = "reader@px-test.iam.gserviceaccount.com"
    world.cloud.accounts.add("px-test", account)
    project = CloudProject.on(world, "canary")
    project.write(nodes=2, gcp={"service_account": account, "access_timeout": 5})
    try:
        report = project.provision(code=5)
        for host in report["hosts"]:
            assert host["error"] == (
                f"{account} may not use gs://px-gcs-bucket: storage.objects.list, storage.objects.get,"
                " storage.objects.create, storage.objects.delete is missing"
            )
            assert host["hint"] == (
                "gcloud storage buckets add-iam-policy-binding gs://px-gcs-bucket"
                f" --member=serviceAccount:{account} --role=roles/storage.objectUser"
            )
            assert host["mounts"] == []
        # What the hint says, done.
        policies = world.google("storage").buckets()
        policy = policies.getIamPolicy(bucket="px-gcs-bucket").execute()
        policy["bindings"].append({"role": "roles/storage.objectUser", "members": [f"serviceAccount:{account}"]})
        policies.setIamPolicy(bucket="px-gcs-bucket", body=policy).execute()
        project.provision()
        project.run_on(1, f"echo granted > {MOUNT}/granted")
        assert project.run_on(2, f"cat {MOUNT}/granted") == "granted"
    finally:
        project.px("destroy", "--yes", code=None)
        project.remove_folders()
    # A service account of the user's stays, and so does its right.
    assert [one for one in world.cloud.left() if account not in one] == []
