"""Emulated instances that really boot, and real gcsfuse in them: what they know comes from the API and nowhere else."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from e2e.traces import Computer, bridge_of, ip, traces

from emulators.conftest import ZONE, Client, instance
from emulators.gate import Gate
from emulators.gce import PROJECT, GoogleCloud
from emulators.gce.guests import Guests
from emulators.gce.identities import CLOUD_PLATFORM

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(os.geteuid() != 0, reason="boots machines and needs root"),
]

TOP = Path(__file__).parents[2]
BUCKET = "px-gcs-bucket"
POLICY = f"https://storage.googleapis.com/storage/v1/b/{BUCKET}/iam"
MOUNT = "/px-gcs-bucket"
STRONG, WEAK = (f"{name}@{PROJECT}.iam.gserviceaccount.com" for name in ("px-strong", "px-weak"))
SCRIPT = "#!/bin/sh\nid -un > /var/tmp/startup-script-ran\ncat /proc/sys/kernel/random/boot_id >> /var/tmp/boots\n"
METADATA = "curl -sS -H Metadata-Flavor:Google http://metadata.google.internal/computeMetadata/v1/instance"


def until(ready, seconds, what):
    """Wait for something and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := ready():
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


class Fleet:
    """The instances of the module, and how a controller reaches them: by the API and by ssh as `px`."""

    def __init__(self, cloud, gate, guests, folder):
        self.cloud, self.gate, self.guests, self.folder = cloud, gate, guests, folder
        self.client = Client(cloud, gate)
        self.key = folder / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "px@here", "-f", self.key], check=True)
        self.public = (folder / "key.pub").read_text().strip()

    def begin(self, name, account=STRONG, **metadata):
        """Ask for an instance, and do not wait for it; return its operation."""
        values = {"ssh-keys": f"px:{self.public}", "enable-guest-attributes": "TRUE", "startup-script": SCRIPT}
        items = [{"key": key, "value": value} for key, value in {**values, **metadata}.items()]
        accounts = [{"email": account, "scopes": [CLOUD_PLATFORM]}]
        body = instance(name, metadata={"items": items}, serviceAccounts=accounts)
        status, operation = self.client("POST", f"zones/{ZONE}/instances", body)
        assert status == 200, operation
        return operation

    def end(self, operation):
        done = self.client("POST", operation["selfLink"] + "/wait")[1]
        assert (done["status"], "error" in done) == ("DONE", False), done

    def do(self, name, what, method="POST"):
        done = self.client.done(method, f"zones/{ZONE}/instances/{name}/{what}".rstrip("/"))
        assert "error" not in done, done

    def get(self, name, what="", **query):
        return self.client.get(f"zones/{ZONE}/instances/{name}/{what}", **query)

    def address(self, name):
        interface = self.get(name)["networkInterfaces"][0]
        assert interface["networkIP"] == interface["accessConfigs"][0]["natIP"]
        return interface["networkIP"]

    def host_keys(self, name):
        """Return what the machine has said of its host keys; nothing as long as it has not."""
        path = f"zones/{ZONE}/instances/{name}/getGuestAttributes"
        status, data = self.client("GET", path, params={"queryPath": "hostkeys/"})
        if status == 404:
            return {}
        return {one["key"]: one["value"] for one in data["queryValue"]["items"]}

    def ready(self, name, seconds=60):
        """Wait until ssh lets us in, with the host key that the machine has told."""
        keys = until(lambda: self.host_keys(name), seconds, f"{name} tells its host keys")
        address = self.address(name)
        (self.folder / f"known-{name}").write_text("".join(f"{address} {k} {v}\n" for k, v in keys.items()))
        until(lambda: self.ssh(name, "true").returncode == 0, seconds, f"{name} lets us in")

    def options(self, name):
        words = ("BatchMode=yes", f"UserKnownHostsFile={self.folder}/known-{name}", "ConnectTimeout=10")
        return [f"-i{self.key}", "-F/dev/null", *(f"-o{word}" for word in (*words, "StrictHostKeyChecking=yes"))]

    def ssh(self, name, command, user="px"):
        words = ["ssh", *self.options(name), f"{user}@{self.address(name)}", command]
        return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)

    def on(self, name, command):
        done = self.ssh(name, command)
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()

    def mount(self, *names, code=0):
        """Mount the bucket by the role, as on hosts of Google's: no endpoint, no credentials, no option."""
        hosts = {
            name: {
                "ansible_host": self.address(name),
                "ansible_user": "px",
                "ansible_python_interpreter": "/usr/bin/python3",
                "ansible_ssh_common_args": " ".join(self.options(name)),
            }
            for name in names
        }
        (self.folder / "inventory.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
        role = {"role": "px.storage.gcsfuse", "vars": {"gcsfuse_mounts": [{"path": MOUNT, "bucket": BUCKET}]}}
        play = {"hosts": "all", "gather_facts": False, "become": True, "roles": [role]}
        (self.folder / "mount.yml").write_text(yaml.safe_dump([play]))
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "PX_"))}
        own = {"ANSIBLE_COLLECTIONS_PATH": str(TOP / "tests" / "collections"), "ANSIBLE_NOCOLOR": "1"}
        own |= {"ANSIBLE_SSH_ARGS": "-o ControlMaster=no", "LC_ALL": "C.UTF-8"}
        command = [Path(sys.executable).parent / "ansible-playbook", "-i", "inventory.yml", "mount.yml"]
        done = subprocess.run(
            command, cwd=self.folder, env=kept | own, capture_output=True, text=True, timeout=400, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    folder, computer = tmp_path_factory.mktemp("guests"), Computer.now()
    with GoogleCloud(folder) as cloud, Gate(cloud.hosts, folder=folder) as gate, Guests(cloud, gate, folder) as guests:
        for email in (STRONG, WEAK):
            cloud.accounts.add(PROJECT, email)
        fleet = Fleet(cloud, gate, guests, folder)
        policy = fleet.client.get(POLICY)
        binding = {"role": "roles/storage.objectUser", "members": [f"serviceAccount:{STRONG}"]}
        assert fleet.client("PUT", POLICY, {**policy, "bindings": [*policy["bindings"], binding]})[0] == 200
        guests.never_boots.add("never")
        begun = [fleet.begin(name) for name in ("one", "two", "never")] + [fleet.begin("weak", WEAK)]
        for operation in begun:
            fleet.end(operation)
        for name in ("one", "two", "weak"):
            fleet.ready(name)
        yield fleet
        assert gate.broken == cloud.broken == []
    assert traces(guests.name) == []
    # By the names of this cloud's own, mounts have been looked for above; others' come and go.
    assert [one for one in computer.differences() if not one.startswith("mounts: ")] == []


def test_the_user_of_the_metadata_comes_in_and_root_does_not(fleet):
    assert fleet.on("one", "id -un; sudo -n id -un").split() == ["px", "root"]
    refused = fleet.ssh("one", "true", user="root")
    assert refused.returncode == 255
    assert "Permission denied (publickey)" in refused.stderr
    assert fleet.on("one", "sudo find /root/.ssh -name authorized_keys 2>/dev/null || true") == ""


def test_host_keys_are_those_that_the_machine_shows(fleet):
    done = subprocess.run(["ssh-keyscan", fleet.address("one")], capture_output=True, text=True, check=True)
    shown = dict(line.split()[1:] for line in done.stdout.splitlines() if not line.startswith("#"))
    assert fleet.host_keys("one") == shown
    assert set(shown) == {"ssh-ed25519"}
    assert fleet.host_keys("two") != shown
    key = fleet.get("one", "getGuestAttributes", variableKey="hostkeys/ssh-ed25519")
    assert key["variableValue"] == shown["ssh-ed25519"]


def test_the_startup_script_ran_as_root_and_the_console_is_the_serial_port(fleet):
    assert fleet.on("one", "cat /var/tmp/startup-script-ran") == "root"
    text = fleet.get("one", "serialPort", port=1)["contents"]
    assert "startup-script exit status 0" in text
    assert "one login:" in text


def test_a_machine_that_never_boots_has_an_address_and_a_panic(fleet):
    assert fleet.get("never")["status"] == "RUNNING"
    with pytest.raises(OSError, match=r"timed out|No route"):
        socket.create_connection((fleet.address("never"), 22), timeout=3)
    assert "Kernel panic - not syncing" in fleet.get("never", "serialPort", port=1)["contents"]
    assert fleet.host_keys("never") == {}


def test_the_metadata_server_is_in_the_machine_and_nowhere_else(fleet):
    data = json.loads(fleet.on("one", f"{METADATA}/service-accounts/default/token"))
    assert fleet.cloud.identities._tokens[data["access_token"]].email == STRONG
    assert fleet.on("two", f"{METADATA}/name") == "two"
    # Looked up, never connected to: a computer in a cloud has a metadata server of its own there.
    links = ip("address")
    assert "169.254.169.254" not in {one["local"] for link in links for one in link["addr_info"]}
    ways = ip("route", "show", "table", "all")
    bridge = bridge_of(fleet.guests.name)
    assert not [way for way in ways if way["dst"].startswith("169.254.169.254") or "169.254" in way.get("gateway", "")]
    assert not [way for way in ways if way["dst"] == "default" and way.get("dev") == bridge]


def test_what_one_writes_the_other_reads(fleet):
    fleet.mount("one", "two")
    unit = fleet.on("one", "grep ^ExecStart= /etc/systemd/system/px-mount-*.service")
    assert "/gcsfuse" in unit
    assert not re.search("endpoint|anonymous|hns|key-file", unit)
    # More than one chunk of an upload.
    fleet.on("one", f"head -c 40M /dev/urandom | sudo tee {MOUNT}/large | sha256sum > /tmp/sum; echo one > /tmp/small")
    fleet.on("one", f"sudo mkdir {MOUNT}/folder; sudo cp /tmp/small {MOUNT}/folder/small; sudo cp /tmp/small {MOUNT}/s")
    assert fleet.on("two", f"sudo cat {MOUNT}/folder/small") == "one"
    assert fleet.on("two", f"sha256sum < {MOUNT}/large") == fleet.on("one", "cat /tmp/sum")
    fleet.on("two", f"sudo mv {MOUNT}/s {MOUNT}/t; sudo rm {MOUNT}/large")
    assert fleet.on("two", f"ls {MOUNT}").split() == ["folder", "t"]
    assert fleet.gate.asked("POST", "StorageControl/GetStorageLayout")
    # And the controller, by the gate.
    objects = f"https://storage.googleapis.com/storage/v1/b/{BUCKET}/o"
    names = {one["name"] for one in fleet.client.get(objects)["items"]}
    assert {"folder/small", "t"} <= names


def test_who_may_not_is_refused_by_the_name_of_the_right(fleet):
    said = fleet.mount("weak", code=2)
    assert f"no permission to list bucket {BUCKET}" in said
    journal = fleet.on("weak", "sudo journalctl --no-pager")
    assert f"{WEAK} does not have storage.objects.list access to the Google Cloud Storage bucket." in journal


def test_other_keys_come_and_go_while_it_runs(fleet):
    def change(**values):
        metadata = fleet.get("two")["metadata"]
        items = {one["key"]: one["value"] for one in metadata["items"]} | values
        body = {"items": [{"key": key, "value": value} for key, value in items.items()]}
        body["fingerprint"] = metadata["fingerprint"]
        assert "error" not in fleet.client.done("POST", f"zones/{ZONE}/instances/two/setMetadata", body)

    def let_in(user):
        return fleet.ssh("two", "true", user=user).returncode == 0

    fleet.cloud.project.metadata["ssh-keys"] = f"team:{fleet.public}"
    mine, key = f"px:{fleet.public}", {"ssh-keys": f"px:{fleet.public}\nother:{fleet.public}"}
    change(**key)
    until(lambda: let_in("other") and let_in("team"), 20, "the instance's new user comes in, and the project's")
    change(**{"ssh-keys": mine, "block-project-ssh-keys": "TRUE"})
    until(lambda: not let_in("other") and not let_in("team"), 20, "both stay out")
    assert let_in("px")


def test_a_reboot_from_inside_keeps_the_metadata_server(fleet):
    before = fleet.on("one", "cut -d' ' -f22 /proc/1/stat")
    fleet.ssh("one", "sudo systemctl reboot")
    again = lambda: fleet.ssh("one", "cut -d' ' -f22 /proc/1/stat").stdout.strip() not in ("", before)  # noqa: E731
    until(again, 60, "it is back")
    assert fleet.on("one", f"{METADATA}/name") == "one"
    until(lambda: len(fleet.on("one", "cat /var/tmp/boots").split()) == 2, 10, "the startup script runs at each boot")
    until(lambda: fleet.ssh("one", f"test -e {MOUNT}/t").returncode == 0, 60, "the mount is back")


def test_it_stops_in_order_and_starts_with_the_same_disk(fleet):
    fleet.on("two", "echo kept | sudo tee /var/tmp/kept")
    fleet.do("two", "stop")
    assert fleet.get("two")["status"] == "TERMINATED"
    # In order: its units first.
    assert re.search("Stopped .*px-mount-px-gcs.*Halting system", fleet.guests.guest("two").console(), re.DOTALL)
    fleet.do("two", "start")
    fleet.ready("two")
    assert fleet.on("two", "cat /var/tmp/kept") == "kept"
    until(lambda: fleet.ssh("two", f"test -e {MOUNT}/t").returncode == 0, 60, "the mount is back")


def test_a_deleted_instance_leaves_nothing(fleet):
    machine = fleet.guests.guest("weak").machine
    address = fleet.address("weak")
    fleet.do("weak", "", method="DELETE")
    assert [one for one in traces(fleet.guests.name) if machine.name in re.split(r"[\s/=]", one)] == []
    assert not machine.folder.exists()
    with pytest.raises(OSError, match=r"."):
        socket.create_connection((address, 22), timeout=1)
