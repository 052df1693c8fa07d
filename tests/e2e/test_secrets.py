"""Secrets of px.yaml's credentials: they reach the hosts, and nothing else: no file, no output, no command line."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest
from project import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import MakeProject
    from project import Project

KEY = "PXTESTKEY" + secrets.token_hex(4).upper()
SECRET = "pxtestsecret" + secrets.token_hex(12)
WRONG = "pxtestwrong" + secrets.token_hex(12)
PATH = "/secret-data"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """An S3 server of this computer that knows one key, and a bucket in it."""
    data = tmp_path_factory.mktemp("s3")
    (data / "my-bucket").mkdir()
    with socket.socket() as free:
        free.bind(("", 0))
        number = free.getsockname()[1]
    server = subprocess.Popen(
        [Path(sys.executable).with_name("rclone"), "serve", "s3", "--addr", f":{number}", data],
        env={"RCLONE_AUTH_KEY": f'"{KEY},{SECRET}"', "HOME": str(data), "PATH": os.environ["PATH"]},
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: socket.create_connection(("127.0.0.1", number), 1), 20, "the S3 server answers")
        yield number
    finally:
        server.kill()
        server.wait()


@pytest.fixture(scope="module")
def project(make_project: MakeProject, port: int) -> Project:
    mount = {
        "source": "s3://my-bucket",
        "client": "rclone",
        "endpoint": f"http://buckets.px.internal:{port}",
        "credentials": {"access_key_id": {"env": "PX_E2E_KEY"}, "secret_access_key": {"file": "my.secret"}},
    }
    # The second one has its server on the hosts' bridge, by whose name the first one is reached.
    return make_project("c2x", nodes=1, mounts={PATH: mount, "/emulated": {"source": "gs://px-gcs-bucket"}})


class Watch(threading.Thread):
    """Looks for secrets in the state folder and on all command lines for as long as it is told to."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.folder, self.found, self.ended = folder, set(), threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.02):
            self.look("/proc", "*/cmdline")
            self.look(str(self.folder), "**/*")

    def look(self, top: str, pattern: str) -> None:
        for path in Path(top).glob(pattern):
            try:
                # A run's lifeline is a pipe: whoever reads it waits, and takes what is meant for leash.py.
                text = path.read_bytes() if path.is_file() else b""
            except OSError:
                continue
            if any(one.encode() in text for one in (SECRET, WRONG)):
                self.found.add(f"{path}: {text[:300]!r}")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.join()
        self.look(str(self.folder), "**/*")


def test_what_is_missing_stops_before_anything_is_made(project: Project) -> None:
    done = project.px("provision", "--yes", code=4)
    assert "the environment variable PX_E2E_KEY is not set (access_key_id of /secret-data)" in done.said
    assert f"the file {project.folder}/my.secret cannot be read" in done.said
    project.px("validate")
    project.px("plan")
    assert not (Path("/var/lib/px-ansible/clusters") / project.name).exists()


@pytest.mark.parametrize("which", ["right", "wrong", "right again"])
def test_a_secret_is_nowhere_but_on_the_host(project: Project, which: str) -> None:
    secret = WRONG if which == "wrong" else SECRET
    (project.folder / "my.secret").write_text(secret + "\n")
    with Watch(project.top / "state") as watch:
        done = project.px("provision", "--yes", "-vvv", code=0 if secret == SECRET else 5, PX_E2E_KEY=KEY)
    assert not watch.found
    assert SECRET not in done.stdout + done.stderr
    assert WRONG not in done.stdout + done.stderr
    mounts = {
        mount["path"]: mount for mount in project.px("status", "--output", "json", code=None).data["hosts"][0]["mounts"]
    }
    if secret == SECRET:
        assert mounts[PATH]["ready"]
        assert project.on(1, f"date > {PATH}/now && cat {PATH}/now", timeout=30)
    holding = project.on(1, f"grep -rls {secret} /etc /run /usr/local/lib/px-storage /var/log || true").split()
    assert holding
    assert all(path.startswith("/etc/px-mounts/") for path in holding), holding
    assert set(project.on(1, f"stat -c %a {' '.join(holding)}").split()) == {"600"}


def test_a_killed_run_leaves_none_either(project: Project) -> None:
    project.environment["PX_E2E_KEY"] = KEY
    folder = project.state / "runs"
    before = set(folder.glob("*-provision"))

    def mounting() -> bool:
        events = (file for run in set(folder.glob("*-provision")) - before for file in run.glob("events.jsonl"))
        return any('"task": "Bring the mounts to what is wanted"' in file.read_text() for file in events)

    with Watch(project.top / "state") as watch:
        process = project.start("provision", "--yes", "--output", "json")
        until(mounting, 60, "the mounts are worked on", 0.01)
        process.kill()
        process.wait()
        until(lambda: "killed" in project.px("runs").said, 20, "its Ansible has ended")
        last = project.px("runs", "--output", "json").data["runs"][-1]
        assert (last["state"], last["exit_code"], last["ended"]) == ("killed", None, None)
    assert not watch.found
    project.provision()


def test_nothing_of_it_is_left_when_the_mount_goes(project: Project) -> None:
    project.write(nodes=1, mounts={"/emulated": {"source": "gs://px-gcs-bucket"}})
    project.provision()
    assert project.on(1, f"grep -rls {SECRET} /etc /run /var/cache || true") == ""
