"""The client roles in an estate without px.yaml: what they run on a host, what they leave, and what they never say."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from apt_repository import AptRepository
from estate import Estate
from traces import Computer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from estate import Run

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "px-ansible"
GCS = {"endpoint": "http://buckets.px.internal:4443/storage/v1/", "anonymous": True}
OPTIONS = {"options": {"enable-hns": False, "enable-atomic-rename-object": False}}
ONE = {"path": "/one", "bucket": "one", **GCS, **OPTIONS}
TWO = {"path": "/two", "bucket": "two", "read_only": True, **GCS, **OPTIONS}
BOTH = [ONE, TWO]
INSTALLED = "/usr/local/bin/gcsfuse"
SECRET = "c2VjcmV0LW9mLXRoZS1lc3RhdGU"  # noqa: S105 - what must never be seen; it is base64 as keys are


@pytest.fixture(scope="module")
def estate() -> Iterator[Estate]:
    computer = Computer.now()
    one = Estate("roles", 2, [{"store": "gcs", "name": name, "port": 4443} for name in ("one", "two")])
    try:
        one.up()
        yield one
    finally:
        left = one.down()
    left += computer.differences()
    assert not left, "\n".join(left)


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory, estate: Estate) -> dict[str, Path]:
    """Two builds of the same client: the cached one, and one whose file is another but works alike."""
    folder = tmp_path_factory.mktemp("builds")
    arch = estate.on(estate.hosts[0], "uname -m")
    (cached,) = (CACHE / "clients").glob(f"gcsfuse-3.11.2-{arch}/gcsfuse")
    other = folder / "gcsfuse-other"
    other.write_bytes(cached.read_bytes() + b"\n")
    return {"cached": cached, "other": other}


def pinned(build: Path, sha256: str | None = None) -> dict[str, Any]:
    pin = sha256 or digest(build)
    return {
        "gcsfuse_install_method": "binary",
        "gcsfuse_release_file": str(build),
        # Not the user's: what a test names shall not stay there.
        "gcsfuse_cache_dir": str(build.parent / "cache"),
        "gcsfuse_release_sha256": {"3.11.2": {os.uname().machine: pin}},
    }


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def on_host(estate: Estate, path: str = INSTALLED) -> str:
    return estate.on(estate.hosts[0], f"sha256sum {path} | cut -d' ' -f1")


def processes(estate: Estate) -> dict[str, str]:
    """Return mount path -> process of its client on the first host."""
    script = (
        "for unit in /etc/systemd/system/px-mount-*.service; do [ -e $unit ] || continue;"
        " path=$(sed -n s/^Path=//p $unit); [ -z $path ] ||"
        " echo $path $(systemctl show -P MainPID $(basename $unit)); done"
    )
    return dict(line.split(" ", 1) for line in estate.on(estate.hosts[0], script).splitlines())


def mounted(estate: Estate, host: str) -> set[str]:
    return set(estate.on(host, "awk '$3 ~ /^fuse/ {print $2}' /proc/mounts").splitlines())


def right(run: Run) -> Run:
    assert run.code == 0, run.output
    return run


def refused(run: Run) -> str:
    assert run.code == 2, run.output
    return " ".join(run.failures)


def test_check_mode_on_an_empty_host_writes_nothing(estate: Estate) -> None:
    run = right(estate.role("gcsfuse", "main", "--check", "--diff", gcsfuse_mounts=BOTH))
    assert any("Copy the client" in change for change in run.changed)
    assert any("Bring the mounts" in change for change in run.changed)
    assert "+ExecStart=" in run.output
    for host in estate.hosts:
        assert (
            estate.on(host, f"ls -d {INSTALLED} /etc/px-mounts /etc/systemd/system/px-* /one 2>/dev/null", code=None)
            == ""
        )


def test_three_tasks_on_a_host_bring_up_its_mounts(estate: Estate) -> None:
    run = right(estate.role("gcsfuse", gcsfuse_mounts=BOTH))
    for host in estate.hosts:
        assert run.remote(host) == ["px.storage.fuse_host_info", "copy", "px.storage.mounts"]
        assert mounted(estate, host) == {"/one", "/two"}
    # All hosts share one look into the client cache.
    assert run.controller.count("px.storage.client_binary") == 1
    first, second = estate.hosts
    estate.on(first, "echo written > /one/file")
    assert estate.on(second, "cat /one/file") == "written"
    assert estate.on(first, "touch /two/file", code=None) == ""
    assert estate.on(first, "ls /two") == ""


def test_a_second_run_takes_two_and_changes_nothing(estate: Estate) -> None:
    before = processes(estate)
    run = right(estate.role("gcsfuse", gcsfuse_mounts=BOTH))
    assert run.changed == []
    for host in estate.hosts:
        assert run.remote(host) == ["px.storage.fuse_host_info", "px.storage.mounts"]
    assert processes(estate) == before
    assert right(estate.role("gcsfuse", "main", "--check", "--diff", gcsfuse_mounts=BOTH)).changed == []


def test_a_wrong_checksum_replaces_nothing(estate: Estate, builds: dict[str, Path]) -> None:
    before, sha256 = processes(estate), on_host(estate)
    wrong = pinned(builds["other"], "0" * 64)
    said = refused(estate.role("gcsfuse", hosts=estate.hosts[0], gcsfuse_mounts=BOTH, **wrong))
    assert "wrong checksum" in said
    assert digest(builds["other"]) in said
    assert (processes(estate), on_host(estate)) == (before, sha256)


def test_another_build_is_an_upgrade_in_place(estate: Estate, builds: dict[str, Path]) -> None:
    host = estate.hosts[0]
    before = processes(estate)
    foreseen = right(
        estate.role("gcsfuse", "main", "--check", hosts=host, gcsfuse_mounts=BOTH, **pinned(builds["other"]))
    )
    assert any("fetched" in line or "Copy" in line or "would" in line for line in foreseen.changed)
    assert on_host(estate) == digest(builds["cached"])

    run = right(estate.role("gcsfuse", hosts=host, gcsfuse_mounts=BOTH, **pinned(builds["other"])))
    assert on_host(estate) == digest(builds["other"])
    after = processes(estate)
    assert set(after) == set(before)
    assert all(after[path] != before[path] for path in before)
    assert mounted(estate, host) == {"/one", "/two"}
    assert estate.on(host, "cat /one/file") == "written"
    assert len(run.changed) == 3, run.changed  # the cache, the binary, the mounts
    assert right(estate.role("gcsfuse", hosts=host, gcsfuse_mounts=BOTH, **pinned(builds["other"]))).changed == []


def test_a_copy_that_fails_leaves_the_old_one(estate: Estate, builds: dict[str, Path]) -> None:
    host = estate.hosts[0]
    estate.on(host, "mkdir -p /opt/small && mount -t tmpfs -o size=80m tmpfs /opt/small")
    place = {"gcsfuse_path": "/opt/small/gcsfuse", "hosts": host}
    right(estate.role("gcsfuse", "install", **place))
    said = estate.role("gcsfuse", "install", **place, **pinned(builds["other"]))
    assert "No space left" in said.output
    assert said.code == 2
    assert on_host(estate, "/opt/small/gcsfuse") == digest(builds["cached"])
    assert estate.on(host, "ls -A /opt/small") == "gcsfuse"
    estate.on(host, "umount /opt/small")


def test_no_secret_is_printed_or_logged(estate: Estate) -> None:
    host = estate.hosts[0]
    key = json.dumps({"type": "service_account", "private_key": SECRET})
    mounts = {
        "right": {"credentials": {"service_account_key": key}},
        "misspelt": {"credentials": {"service_acount_key": SECRET}},
        "of another store": {"credentials": {"account_key": SECRET}},
        # As base64 it looks like NAME=VALUE, which Ansible would take apart.
        "no dictionary": {"credentials": f"{SECRET}=="},
        "wrong elsewhere": {"credentials": {"service_account_key": key}, "uid": "nobody"},
        "unknown key": {"credentials": {"service_account_key": key}, "no_such_key": 1},
    }
    tasks = []
    for name, mount in mounts.items():
        secret = {"path": "/secret", "bucket": "one", "endpoint": GCS["endpoint"], **OPTIONS, **mount}
        role = {"name": "px.storage.gcsfuse", "tasks_from": "mount"}
        variables = {"gcsfuse_mounts": [secret], "gcsfuse_timeout": 5}
        failed = {"ansible.builtin.debug": {"msg": f"refused: {name}"}}
        tasks.append({"block": [{"ansible.builtin.include_role": role, "vars": variables}], "rescue": [failed]})
    run = estate.run([{"hosts": host, "gather_facts": False, "tasks": tasks}], "-vvv", "--diff")
    for name in list(mounts)[1:]:
        assert f"refused: {name}" in run.output
    assert "credentials must be a dictionary of service_account_key" in run.output
    assert SECRET not in run.output
    assert SECRET not in estate.on(
        host, "journalctl --no-pager --since=-5min; ps -ef; cat /etc/systemd/system/px-*", code=None
    )
    right(estate.role("gcsfuse", "unmount", hosts=host, gcsfuse_mounts=[{"path": "/secret"}]))
    assert estate.on(host, "ls -d /secret /etc/px-mounts/secret 2>/dev/null", code=None) == ""


def test_unmount_takes_what_is_listed_and_then_all(estate: Estate) -> None:
    host = estate.hosts[0]
    foreseen = right(estate.role("gcsfuse", "unmount", "--check", hosts=host, gcsfuse_mounts=[ONE]))
    assert len(foreseen.changed) == 1
    assert mounted(estate, host) == {"/one", "/two"}
    assert len(right(estate.role("gcsfuse", "unmount", hosts=host, gcsfuse_mounts=[ONE])).changed) == 1
    assert mounted(estate, host) == {"/two"}
    right(estate.role("gcsfuse", "unmount", hosts=host))
    assert mounted(estate, host) == set()
    assert right(estate.role("gcsfuse", "unmount", hosts=host)).changed == []


def test_uninstall_leaves_nothing(estate: Estate) -> None:
    foreseen = right(estate.role("gcsfuse", "uninstall", "--check", hosts=estate.hosts[1]))
    assert len(foreseen.changed) == 2
    assert mounted(estate, estate.hosts[1]) == {"/one", "/two"}

    right(estate.role("gcsfuse", "uninstall"))
    for host in estate.hosts:
        left = f"ls -d {INSTALLED} /etc/px-mounts /var/cache/px-mounts/* /etc/systemd/system/px-* /one /two 2>/dev/null"
        assert estate.on(host, left, code=None) == ""
        assert estate.on(host, "command -v fusermount3") != ""
    assert right(estate.role("gcsfuse", "uninstall")).changed == []


def test_two_clients_in_one_play_and_the_rclone_of_pip(estate: Estate) -> None:
    host = estate.hosts[0]
    mounts = [{"path": "/by-rclone", "bucket": "one", "store": "gcs", **GCS}]
    plays = [
        {
            "hosts": host,
            "gather_facts": False,
            "vars": {"gcsfuse_mounts": [ONE], "rclone_mounts": mounts},
            "roles": ["px.storage.gcsfuse", "px.storage.rclone"],
        }
    ]
    run = right(estate.run(plays))
    assert run.remote(host) == ["px.storage.fuse_host_info", "copy", "px.storage.mounts"] * 2
    # What is written through one is there through the other, once rclone has uploaded it.
    wait = "for _ in $(seq 30); do cat /one/by 2>/dev/null && break; sleep 0.5; done"
    assert estate.on(host, f"echo rclone > /by-rclone/by; {wait}") == "rclone"
    assert mounted(estate, host) == {"/one", "/by-rclone"}
    again = right(estate.run(plays))
    assert again.changed == []
    assert again.remote(host) == ["px.storage.fuse_host_info", "px.storage.mounts"] * 2
    right(estate.role("rclone", "uninstall", hosts=host))
    assert mounted(estate, host) == {"/one"}
    right(estate.role("gcsfuse", "uninstall", hosts=host))


@pytest.fixture(scope="module")
def repository(estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AptRepository]:
    if shutil.which("gpg") is None:
        pytest.skip("signing a repository takes gpg")
    _take_python_apt_along(estate, estate.hosts[1])
    gateway = estate.on(estate.hosts[0], "getent hosts buckets.px.internal | cut -d' ' -f1")
    made = AptRepository(tmp_path_factory.mktemp("apt"), gateway)
    made.add("gcsfuse", "3.11.2", "gcsfuse")
    made.add("gcsfuse", "3.12.0", "gcsfuse")
    made.add("fuse3", "99.0", "fusermount3")
    yield made
    made.close()


def _take_python_apt_along(estate: Estate, host: str) -> None:
    """Ansible's apt needs Python's apt on the host, and would fetch it from the vendor."""
    listed = subprocess.run(["dpkg", "-L", "python3-apt"], capture_output=True, text=True, check=False).stdout
    modules = [path for path in listed.split() if "dist-packages/apt" in path and Path(path).is_file()]
    if not modules:
        pytest.skip("takes this computer's python3-apt along, which is not installed")
    archive = estate.folder / "python3-apt.tar"
    subprocess.run(["tar", "--create", "--absolute-names", "--file", archive, *modules], check=True)
    estate.put(host, archive, "/root/python3-apt.tar")
    estate.on(host, "tar --extract --absolute-names --file /root/python3-apt.tar")
    if estate.on(host, "/usr/bin/python3 -c 'import apt'; echo $?") != "0":
        pytest.skip("this computer's python3-apt is not for the Python of the machines")


def of_repository(repository: AptRepository, **more: Any) -> dict[str, Any]:
    return {
        "gcsfuse_install_method": "package",
        "gcsfuse_package_url": repository.url,
        "gcsfuse_package_suite": "stable",
        "gcsfuse_package_key_url": f"{repository.url}/key.asc",
        "gcsfuse_package_key_sha256": repository.key_sha256,
        **more,
    }


def test_a_package_comes_from_a_signed_repository_in_the_version_that_is_pinned(
    estate: Estate, repository: AptRepository
) -> None:
    host = estate.hosts[1]
    # What the machine's own sources offer cannot be reached.
    estate.on(host, "rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*; dpkg --purge --force-depends fuse3")
    no_fuse = {"hosts": host, "fuse_mount_install_fuse": False}
    wrong = of_repository(repository, gcsfuse_package_key_sha256="0" * 64)
    assert "checksum" in refused(estate.role("gcsfuse", "install", **no_fuse, **wrong))
    assert estate.on(host, "ls -d /usr/share/keyrings/px-* /etc/apt/*/px-* 2>/dev/null", code=None) == ""

    right(estate.role("gcsfuse", "install", "--check", "--diff", **no_fuse, **of_repository(repository)))
    assert estate.on(host, "ls -d /usr/share/keyrings/px-* /etc/apt/*/px-* 2>/dev/null", code=None) == ""

    right(estate.role("gcsfuse", "install", **no_fuse, **of_repository(repository)))
    assert estate.on(host, "gcsfuse") == "gcsfuse 3.11.2"
    # Whoever upgrades the host leaves it alone.
    assert "3.12.0" not in estate.on(host, "apt-get --simulate dist-upgrade")
    assert right(estate.role("gcsfuse", "install", **no_fuse, **of_repository(repository))).changed == []

    right(estate.role("gcsfuse", "install", **no_fuse, **of_repository(repository, gcsfuse_version="3.12.0")))
    assert estate.on(host, "gcsfuse") == "gcsfuse 3.12.0"
    right(estate.role("gcsfuse", "install", **no_fuse, **of_repository(repository)))
    assert estate.on(host, "gcsfuse") == "gcsfuse 3.11.2"


def test_fuse3_is_installed_where_it_is_missing(estate: Estate, repository: AptRepository) -> None:
    host = estate.hosts[1]
    run = right(estate.role("gcsfuse", "install", hosts=host, **of_repository(repository)))
    assert run.remote(host)[:2] == ["px.storage.fuse_host_info", "apt"]
    assert estate.on(host, "fusermount3") == "fuse3 99.0"
    assert estate.on(host, "dpkg-query -W -f '${Status}' fuse", code=None) != "install ok installed"
    assert right(estate.role("gcsfuse", "install", hosts=host, **of_repository(repository))).changed == []


def test_a_package_is_removed_with_its_repository(estate: Estate, repository: AptRepository) -> None:
    host = estate.hosts[1]
    wanted = of_repository(repository)
    right(estate.role("gcsfuse", "uninstall", hosts=host, **wanted))
    left = "ls /usr/bin/gcsfuse /usr/share/keyrings/px-* /etc/apt/sources.list.d/px-* /etc/apt/preferences.d/px-*"
    assert estate.on(host, f"{left} 2>/dev/null", code=None) == ""
    assert estate.on(host, "fusermount3") == "fuse3 99.0"
    assert right(estate.role("gcsfuse", "uninstall", hosts=host, **wanted)).changed == []
