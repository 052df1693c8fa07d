"""state.py and what it stands on: lock.py, key.py, runs.py."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from px_ansible import runs
from px_ansible.errors import PrerequisiteError
from px_ansible.state import clusters_folder, open_cluster


@pytest.fixture(autouse=True)
def own_state_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def project(tmp_path):
    file = tmp_path / "project" / "px.yaml"
    file.parent.mkdir()
    file.write_text("cluster: {nodes: 1}\n")
    return file


@pytest.fixture
def state(project):
    return open_cluster("local", "demo", project)


def modes(folder):
    return {path: stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.rglob("*")] if not path.is_symlink()}


def test_everything_is_private(state, own_state_folder):
    before = os.umask(0)
    try:
        state.key()
        state.known_hosts_dir()
        state.write_inventory({"demo-1": {"ansible_host": "10.0.0.2"}})
        state.write_applied([{"path": "/data", "client": "gcsfuse", "bucket": "b"}])
        state.new_run("provision")
        with state.lock():
            found = modes(own_state_folder / "px-ansible")
    finally:
        os.umask(before)
    assert state.folder == own_state_folder / "px-ansible" / "clusters" / "local" / "demo"
    names = {path.name for path in found}
    assert {"cluster.json", "inventory.json", "applied.json", "key", "key.pub", "known_hosts", "lock"} <= names
    for path, mode in found.items():
        assert mode == (0o700 if path.is_dir() else 0o600), path


def test_a_folder_from_before_is_closed(project):
    folder = clusters_folder() / "local" / "demo"
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    open_cluster("local", "demo", project)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_what_is_written_is_read_by_the_next_command(state, project):
    assert state.read_inventory() == {}
    assert state.read_applied() == []
    state.write_inventory({"demo-1": {"ansible_host": "10.0.0.2"}})
    state.write_applied([{"path": "/data", "client": "gcsfuse", "bucket": "b"}])
    again = open_cluster("local", "demo", project)
    assert again.read_inventory() == {"demo-1": {"ansible_host": "10.0.0.2"}}
    assert again.read_applied() == [{"path": "/data", "client": "gcsfuse", "bucket": "b"}]
    assert again.project_file() == project
    assert json.loads((state.folder / "inventory.json").read_text())["version"] == 1


def test_two_projects_do_not_share_a_cluster(state, project, tmp_path):
    other = tmp_path / "other" / "px.yaml"
    other.parent.mkdir()
    other.write_text("")
    with pytest.raises(PrerequisiteError) as caught:
        open_cluster("local", "demo", other)
    assert str(project) in caught.value.message
    assert str(other) in caught.value.message
    assert "cluster.name" in caught.value.hint
    assert open_cluster("gcp", "demo", other).project_file() == other


def test_a_moved_project_keeps_its_cluster(state, project, tmp_path):
    state.write_inventory({"demo-1": {}})
    project.parent.rename(tmp_path / "moved")
    moved = tmp_path / "moved" / "px.yaml"
    again = open_cluster("local", "demo", moved)
    assert again.project_file() == moved
    assert again.read_inventory() == {"demo-1": {}}


def test_a_link_to_the_same_file_is_the_same_project(state, project, tmp_path):
    link = tmp_path / "link.yaml"
    link.symlink_to(project)
    assert open_cluster("local", "demo", link).project_file() == project


@pytest.mark.parametrize("name", ["../x", "", ".", "a/b", ".hidden"])
def test_a_name_is_never_a_way_out_of_the_folder(name, project):
    with pytest.raises(ValueError, match="not a name"):
        open_cluster("local", name, project)


def read_all(project):
    state = open_cluster("local", "demo", project)
    return state.read_inventory(), state.read_applied()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"hosts": {}}', '{"version": "1"}', "\udcff"])
@pytest.mark.parametrize("name", ["cluster.json", "inventory.json", "applied.json"])
def test_a_damaged_file_is_named(state, project, name, text):
    (state.folder / name).write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(PrerequisiteError) as caught:
        read_all(project)
    assert str(state.folder / name) in caught.value.message
    assert f"rm {state.folder / name}" in caught.value.hint


def test_a_file_of_the_future_is_not_touched(state, project):
    (state.folder / "inventory.json").write_text('{"version": 2, "hosts": []}')
    with pytest.raises(PrerequisiteError, match="newer px-ansible"):
        state.read_inventory()


def test_a_state_folder_that_cannot_be_written(project, own_state_folder):
    own_state_folder.write_text("a file in the way")
    with pytest.raises(PrerequisiteError, match="cannot be kept") as caught:
        open_cluster("local", "demo", project)
    assert "sudo" in caught.value.hint


def test_a_failed_write_leaves_the_old_file(state):
    state.write_inventory({"demo-1": {"port": 22}})
    with pytest.raises(TypeError):
        state.write_inventory({"demo-1": {"port": object()}})
    assert state.read_inventory() == {"demo-1": {"port": 22}}
    assert [path.name for path in state.folder.iterdir() if path.name.startswith(".")] == []


HOLD = """
import sys
from pathlib import Path
from px_ansible.state import open_cluster
sys.argv[0] = "/somewhere/px-ansible"
with open_cluster("local", "demo", Path(sys.argv[3])).lock():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(project):
    made = []

    def hold():
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, "provision", "--yes", str(project)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        made.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield hold
    for process in made:
        process.kill()
        process.communicate()


def test_the_lock_says_who_holds_it(state, holder):
    process = holder()
    with pytest.raises(PrerequisiteError) as caught, state.lock():
        pass
    assert f"pid {process.pid}" in caught.value.message
    assert "px-ansible provision --yes" in caught.value.message
    assert time.strftime("since %Y-%m-%d") in caught.value.message
    assert f"kill -INT {process.pid}" in caught.value.hint


def test_a_killed_holder_holds_nothing_and_the_next_is_named(state, holder):
    first = holder()
    first.send_signal(signal.SIGKILL)
    first.wait()
    with state.lock():
        assert json.loads((state.folder / "lock").read_text())["pid"] == os.getpid()
    second = holder()
    with pytest.raises(PrerequisiteError, match=f"pid {second.pid},"), state.lock():
        pass


def test_a_lock_whose_file_says_nothing_yet(state):
    with (state.folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(PrerequisiteError, match="Another px-ansible works on the cluster 'demo'"), state.lock():
            pass


def test_a_cluster_can_be_cleared_under_its_lock(state, holder, own_state_folder):
    state.key()
    state.new_run("destroy")
    with state.lock():
        state.clear()
        assert not state.folder.exists()
        # The cluster can begin anew while the old lock is still held.
        process = holder()
        process.communicate("")
        assert process.returncode == 0
    assert [path.name for path in (clusters_folder() / "local").iterdir()] == ["demo"]
    state.clear()
    assert list(clusters_folder().iterdir()) == []


def test_a_lock_after_another_one_cleared_the_cluster(state, project):
    open_cluster("local", "demo", project).clear()
    with state.lock():
        assert (state.folder / "lock").exists()


def key_of_text(text):
    return text.split()[1]


def key_of(path):
    return key_of_text(path.read_text())


def test_the_key_is_made_once(state):
    key = state.key()
    public = key.with_name("key.pub").read_text()
    assert public.startswith("ssh-ed25519 ")
    assert public.endswith(" px-ansible:demo\n")
    written = key.read_bytes()
    state.write_inventory({"demo-1": {}})
    assert state.key() == key
    assert key.read_bytes() == written


@pytest.mark.parametrize("hosts", [{}, {"demo-1": {}}])
def test_a_lost_key_is_made_anew(state, hosts):
    key = state.key()
    first = key_of(key.with_name("key.pub"))
    key.unlink()
    state.write_inventory(hosts)
    state.key()
    assert key_of(key.with_name("key.pub")) != first
    checked = subprocess.run(["ssh-keygen", "-y", "-f", str(key)], capture_output=True, text=True, check=True)
    assert checked.stdout.split()[1] == key_of(key.with_name("key.pub"))
    assert {path.name for path in state.folder.glob(".*")} == set()


def test_a_damaged_key_is_left_to_be_mended(state):
    key = state.key()
    key.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nnonsense\n")
    with pytest.raises(PrerequisiteError, match="cannot be used: it is damaged, or has a passphrase") as caught:
        state.key()
    assert f"rm {key}" in caught.value.hint
    assert "nonsense" in key.read_text()


def test_a_cluster_that_had_a_key_of_px_yaml_gets_its_own(state, tmp_path):
    given = tmp_path / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(given)], check=True)
    assert key_of_text(state.public_key(given)) == key_of(given.with_suffix(".pub"))
    state.write_inventory({"demo-1": {}})
    own = state.public_key()
    assert key_of_text(own) != key_of_text(state.public_key(given))
    assert own == state.public_key()


@pytest.mark.parametrize("text", [None, "", "ssh-ed25519 AAAA other\n"])
def test_a_lost_public_half_comes_back_from_the_private_one(state, text):
    key = state.key()
    public = key.with_name("key.pub")
    first = public.read_text()
    state.write_inventory({"demo-1": {}})
    if text is None:
        public.unlink()
    else:
        public.write_text(text)
    state.key()
    assert public.read_text() == first
    assert stat.S_IMODE(public.stat().st_mode) == 0o600


def test_a_computer_without_ssh_keygen(state, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PrerequisiteError, match="ssh-keygen is not installed") as caught:
        state.key()
    assert "apt install openssh-client" in caught.value.hint


def test_the_last_20_runs_stay(state):
    made = [state.new_run("provision" if number % 2 else "mount --all") for number in range(23)]
    assert [path.name for path in made] == sorted(path.name for path in made)
    assert made[0].name.endswith("Z-mount-all")
    assert runs.all_runs(state.folder / "runs") == made[3:]


def test_runs_that_only_look_push_out_no_others(state):
    provision = state.new_run("provision")
    looks = [state.new_run(command) for _ in range(12) for command in ("list", "status")]
    assert runs.all_runs(state.folder / "runs") == [provision, *looks[4:]]


def test_the_copy_of_px_yaml_is_the_files_text_and_private(state, project):
    assert state.copy_of_px_yaml() is None
    state.keep_px_yaml(project)
    assert state.copy_of_px_yaml() == project.read_bytes()
    assert stat.S_IMODE((state.folder / "px.yaml").stat().st_mode) == 0o600
    state.keep_px_yaml(Path("/dev/null"))  # what is no file cannot be read twice
    assert state.copy_of_px_yaml() == project.read_bytes()


def test_a_folder_that_is_gone_is_remembered(state, project):
    known = state.read("cluster.json")["project_folder"]
    project.unlink()
    project.parent.rmdir()
    assert open_cluster("local", "demo", project).read("cluster.json")["project_folder"] == known


def test_the_rest_of_a_killed_run_is_scrubbed(state):
    run = state.new_run("provision")
    artifacts = run / "artifacts" / "ansible"
    (artifacts / "job_events").mkdir(parents=True)
    (artifacts / "job_events" / "1-partial.json").write_text("secret")
    (artifacts / "command").write_text("secret")
    (artifacts / "stdout").write_text("PLAY")
    os.mkfifo(run / "lifeline")
    state.new_run("status")
    assert [path.name for path in artifacts.iterdir()] == ["stdout"]
    assert not (run / "lifeline").exists()


def test_a_run_that_goes_on_is_left_alone_and_waited_for(state):
    run = state.new_run("provision")
    os.mkfifo(run / "lifeline")
    code = "import fcntl,os,sys,time; f=os.open(sys.argv[1], os.O_RDWR); fcntl.flock(f, 2); print(flush=True)"
    code += "; time.sleep(1.5)"
    with subprocess.Popen([sys.executable, "-c", code, str(run / "lifeline")], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        for _ in range(21):
            state.new_run("status")
        assert run.is_dir()
        began = time.monotonic()
        with state.lock():
            assert time.monotonic() - began > 0.5
            assert process.wait(1) == 0


def test_a_run_that_never_ends_is_named(state, monkeypatch):
    monkeypatch.setattr(runs, "_PATIENCE", 0.2)
    run = state.new_run("provision")
    os.mkfifo(run / "lifeline")
    lifeline = os.open(run / "lifeline", os.O_RDWR)
    fcntl.flock(lifeline, fcntl.LOCK_EX)
    try:
        with pytest.raises(PrerequisiteError, match=str(run)), state.lock():
            pass
    finally:
        os.close(lifeline)
    with state.lock():
        assert Path(run).is_dir()


@pytest.fixture
def own_key(tmp_path):
    """Make a key as a user does."""

    def made(passphrase=""):
        path = tmp_path / "mine" / "id"
        path.parent.mkdir()
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", "me", "-f", path], check=True)
        return path

    return made


def test_a_key_that_px_yaml_names_is_used_where_it_is(state, own_key):
    path = own_key()
    path.with_suffix(".pub").unlink()
    path.chmod(0o400)
    before = path.read_bytes()
    kind, half, comment = state.public_key(path).split()
    made = subprocess.run(["ssh-keygen", "-y", "-f", path], capture_output=True, text=True, check=True).stdout
    assert ([kind, half], comment) == (made.split()[:2], "px-ansible:demo")
    assert not (state.folder / "key").exists()
    assert [one.name for one in path.parent.iterdir()] == ["id"]
    state.clear()
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (before, 0o400)


def no_key(path):
    path.write_text("no key\n")


def open_to_all(path):
    path.chmod(0o644)


@pytest.mark.parametrize(
    ("passphrase", "spoil", "said", "hint"),
    [
        ("secret", lambda _path: None, "has a passphrase", "ssh-keygen -p -f "),
        ("", Path.unlink, "cannot be read: No such file or directory", "take ssh.key out"),
        ("", no_key, "is no private key", "take ssh.key out"),
        ("", open_to_all, "can be read by others", "chmod 600 "),
    ],
)
def test_a_key_of_px_yaml_that_cannot_be_used_says_why(state, own_key, passphrase, spoil, said, hint):
    path = own_key(passphrase)
    spoil(path)
    with pytest.raises(PrerequisiteError) as refused:
        state.public_key(path)
    assert f"The SSH key {path} (px.yaml's ssh.key) {said}" in refused.value.message
    assert hint in refused.value.hint
