"""`px-ansible init`: whatever it writes is valid, and so is every key that it shows as a comment."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from px_ansible import starter
from px_ansible.config import parse
from px_ansible.errors import ConfigError
from px_ansible.providers import PROVIDERS
from px_ansible.schema import bundled

FILE = Path("demo/px.yaml")
TOP = Path(__file__).parents[2]
BUCKETS = [
    starter.Bucket("gs://px-gcs-bucket"),
    starter.Bucket("gs://etc"),
    starter.Bucket("gs://a.bucket_with-all/of/it"),
    starter.Bucket("s3://my-bucket"),
    starter.Bucket("s3://my-bucket", region="eu-central-1"),
    starter.Bucket("s3://my-space/folder", store="spaces", region="nyc3"),
    starter.Bucket("https://myaccount.blob.core.windows.net/data"),
    starter.Bucket("gs://px-gcs-bucket", path="/mnt/data-set"),
]


def loads(text: str, provider: str | None = None):
    return parse(text.encode(), file=FILE, name="px.yaml", provider=provider)


def optional(text: str) -> list[tuple[int, str]]:
    """The lines that show a key and an example, by number."""
    lines = text.splitlines()
    return [
        (number, line)
        for number, line in enumerate(lines)
        if re.match(r"  # [a-z_]+: \S", line) and _last(lines, number)
    ]


def _last(lines: list[str], number: int) -> bool:
    """Sentences with a colon stand above the example, which ends its block."""
    return number + 1 == len(lines) or not lines[number + 1].strip().startswith("#")


@settings(max_examples=60, deadline=None)
@given(
    buckets=st.lists(st.sampled_from(BUCKETS), min_size=1, max_size=4),
    provider=st.sampled_from([None, *PROVIDERS]),
    name=st.none() | st.from_regex(r"(?!.*--)[a-z]([a-z0-9-]{0,38}[a-z0-9])?", fullmatch=True),
    nodes=st.integers(1, 200),
    cpus=st.integers(1, 16),
    hosts=st.lists(st.from_regex(r"h[a-z0-9-]{1,20}\.example", fullmatch=True), min_size=1, max_size=3, unique=True),
)
def test_what_is_written_is_valid(buckets, provider, name, nodes, cpus, hosts):
    if any(bucket.path for bucket in buckets):
        buckets = buckets[:1]  # the same path twice is the user's own error
    answers = starter.Answers(buckets, provider, name, nodes, cpus, hosts)
    try:
        text = starter.text_of(answers, FILE)
    except ConfigError as error:
        # What a cloud does not have is explained; it is never written.
        rules = {issue.rule for issue in error.issues}
        assert rules <= {"provider-open", "no-machine-type", "missing-key", "region"}
        return
    data = yaml.safe_load(text)
    config = loads(text, provider or "local")
    assert [mount.path for mount in config.mounts] == [path for path in data if path != "cluster"]
    assert len(config.mounts) == len(buckets)
    assert config.hosts == (tuple(hosts) if provider == "static" else config.hosts)
    if provider != "static":
        assert (config.nodes, config.cpus_per_node) == (nodes, cpus)
    assert config.cluster == (name or "demo")


@pytest.mark.parametrize("provider", ["local", "static"])
@pytest.mark.parametrize("bucket", BUCKETS[:7], ids=lambda bucket: bucket.store or bucket.source[:5])
def test_every_key_that_is_shown_may_be_used(bucket, provider):
    text = starter.text_of(starter.Answers([bucket], provider, hosts=["a", "b"]), FILE)
    shown = optional(text)
    assert len(shown) > 10
    for number, line in shown:
        lines = text.splitlines()
        lines[number] = line.replace("# ", "", 1)
        assert loads("\n".join(lines)), line


def test_the_keys_that_are_shown_are_those_of_the_schema():
    definitions = bundled()["$defs"]
    text = starter.text_of(starter.Answers(provider="local"), FILE)
    shown = [line.split()[1].rstrip(":") for _, line in optional(text)]
    assert len(set(shown)) == len(shown)
    known = {*definitions["cluster"]["properties"], *definitions["mount"]["properties"]}
    assert set(shown) <= known
    for key in ("memory_per_node", "name", "image", "local", "read_only", "cache", "credentials", "options"):
        assert key in shown
        says = definitions["cluster"]["properties"].get(key) or definitions["mount"]["properties"][key]
        says = definitions["provider-local"] if "$ref" in says else says
        if key != "credentials":  # which the store says in its own words
            assert says["description"] in " ".join(text.replace("\n  #", "").split())


def px(*arguments: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PX_")}
    return subprocess.run(
        [sys.executable, "-m", "px_ansible", *arguments],
        cwd=cwd,
        env=kept | {"PYTHONPATH": str(TOP)} | env,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("provider", [name for name in PROVIDERS if name != "static"])
def test_every_provider_has_an_example(provider, tmp_path):
    assert px("init", "--yes", "--provider", provider, cwd=tmp_path).returncode == 0
    done = px("validate", cwd=tmp_path)
    assert done.returncode == 0, done.stdout


def test_flags_say_it_all(tmp_path):
    done = px(
        *("init", "--source", "gs://one", "--source", "s3://two-two", "--path", "/data"),
        *("--nodes", "3", "--cpus", "8", "--name", "training", "--provider", "local"),
        cwd=tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Wrote px.yaml. What is next:\n  px-ansible doctor")
    assert yaml.safe_load((tmp_path / "px.yaml").read_text()) == {
        "cluster": {"provider": "local", "name": "training", "nodes": 3, "cpus_per_node": 8},
        "/data": {"source": "gs://one", "store": "gcs"},
        "/two-two": {"source": "s3://two-two", "store": "s3"},
    }
    assert px("validate", cwd=tmp_path).returncode == 0


def test_nothing_is_overwritten_unless_forced(tmp_path):
    (tmp_path / "px.yaml").write_text("mine\n")
    done = px("init", "--yes", cwd=tmp_path)
    assert done.returncode == 2
    assert "px.yaml is there already" in done.stderr
    assert (tmp_path / "px.yaml").read_text() == "mine\n"
    assert px("init", "--yes", "--force", cwd=tmp_path).returncode == 0
    assert "px-gcs-bucket" in (tmp_path / "px.yaml").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["px.yaml"]


def test_stdout_gets_the_file_alone(tmp_path):
    done = px("init", "--file", "-", cwd=tmp_path)
    assert (done.returncode, done.stderr, list(tmp_path.iterdir())) == (0, "", [])
    assert yaml.safe_load(done.stdout)["/px-gcs-bucket"] == {"source": "gs://px-gcs-bucket", "store": "gcs"}


def test_a_wrong_flag_is_explained_as_validate_does_and_nothing_is_written(tmp_path):
    done = px("init", "--nodes", "zero", "--source", "gs://Mine", "--provider", "local", cwd=tmp_path)
    assert done.returncode == 3
    assert "'nodes' must be a whole number, not the text 'zero'" in done.stderr
    assert "did you mean 'gs://mine'?" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_host_makes_it_a_cluster_of_hosts_that_are_there(tmp_path):
    assert px("init", "--yes", "--host", "a.example", "--source", "gs://mine", cwd=tmp_path).returncode == 0
    cluster = yaml.safe_load((tmp_path / "px.yaml").read_text())["cluster"]
    assert cluster == {"provider": "static", "static": {"hosts": ["a.example"]}}
    done = px("init", "--yes", "--force", "--host", "a.example", "--provider", "gcp", cwd=tmp_path)
    assert (done.returncode, "--host is for provider static, and not for gcp" in done.stderr) == (2, True)


def test_a_folder_that_is_not_there(tmp_path):
    done = px("init", "--yes", "-f", "nowhere/px.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "nowhere/px.yaml cannot be written: No such file or directory" in done.stderr


def talk(cwd: Path, answers: list[tuple[str, str]], *arguments: str) -> tuple[int, str]:
    """Run init on a terminal; each answer is given when its question is asked."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(cwd)
        os.environ.update(PYTHONPATH=str(TOP), TERM="xterm", COLUMNS="100")
        os.execv(sys.executable, [sys.executable, "-m", "px_ansible", "init", *arguments])
    seen, at = "", 0
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if answers and answers[0][0] in seen[at:]:
            at = len(seen)
            time.sleep(0.2)  # Python loses a Ctrl-C between the question and its wait for a key; no person is so fast
            os.write(terminal, answers.pop(0)[1].encode())
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                part = os.read(terminal, 65536)
            except OSError:
                break
            if not part:
                break
            seen += part.decode()
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    for name in [name for name in os.environ if name.startswith("PX_")]:
        monkeypatch.delenv(name)


def test_wrong_answers_are_explained_and_asked_again(tmp_path):
    code, seen = talk(
        tmp_path,
        [
            ("Provider", "lcoal\r"),
            ("Provider", "local\r"),
            ("Bucket", "gs://Bad\r"),
            ("Bucket", "s3://my-data\r"),
            ("Mounted at", "/etc\r"),
            ("Mounted at", "\r"),
            ("Another bucket", "gs://my-data\r"),
            ("Mounted at", "\r"),
            ("Another bucket", "\r"),
            ("How many hosts", "0\r"),
            ("How many hosts", "3\r"),
            ("CPUs per host", "\r"),
        ],
    )
    assert code == 0, seen
    for says in ("there is no provider 'lcoal'", "did you mean 'local'?", "capital letter 'B'", "'/etc' is a folder"):
        assert says in seen
    assert "'nodes' must be from 1 to" in seen
    assert yaml.safe_load((tmp_path / "px.yaml").read_text()) == {
        "cluster": {"provider": "local", "nodes": 3, "cpus_per_node": 4},
        "/my-data": {"source": "s3://my-data", "store": "s3"},
        "/my-data-2": {"source": "gs://my-data", "store": "gcs"},
    }


def test_hosts_of_ones_own_are_asked_for_by_name(tmp_path):
    answers = [("Hosts", "me@a b\r"), ("Hosts", "a b\r")]
    code, seen = talk(tmp_path, answers, "--provider", "static", "--source", "gs://one-one")
    assert code == 0, seen
    assert "must be an address or a name alone" in seen
    assert yaml.safe_load((tmp_path / "px.yaml").read_text())["cluster"] == {
        "provider": "static",
        "static": {"hosts": ["a", "b"]},
    }


def test_only_what_no_option_says_is_asked(tmp_path):
    code, seen = talk(tmp_path, [("CPUs", "2\r")], "--provider", "local", "--source", "gs://one-one", "--nodes", "1")
    assert code == 0, seen
    assert "Bucket" not in seen
    assert yaml.safe_load((tmp_path / "px.yaml").read_text())["cluster"]["cpus_per_node"] == 2


def test_ctrl_c_at_a_question_leaves_nothing(tmp_path):
    code, seen = talk(tmp_path, [("Provider", "\x03")])
    assert code == 130
    assert seen.splitlines()[-1] == "Nothing was done."
    assert list(tmp_path.iterdir()) == []
