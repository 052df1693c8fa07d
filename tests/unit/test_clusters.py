"""clusters.py: which cluster is meant, and by which px.yaml; and the options that ask for it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from px_ansible import clusters
from px_ansible.config import load
from px_ansible.errors import PrerequisiteError, UsageError
from px_ansible.state import open_cluster

TEXT = "cluster: {nodes: 1}\n/data: {source: 'gs://bucket-1'}\n"


@pytest.fixture(autouse=True)
def own_state_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def make(tmp_path):
    """Make a project and its state, as a provision leaves it."""

    def project(name, provider="local", text=TEXT, *, hosts=True):
        file = tmp_path / name / "px.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        config = load(file, provider=provider)
        state = open_cluster(config.provider, config.cluster, file)
        if hosts:
            state.keep_px_yaml(file)
            state.write_inventory({f"{config.cluster}-1": {"address": "198.18.0.2"}})
        return file, state

    return project


def px(*arguments, cwd, **env):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PX_")}
    return subprocess.run(
        [sys.executable, "-m", "px_ansible", *arguments],
        cwd=cwd,
        env={**kept, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_cluster_is_found_by_name_and_by_provider(make):
    _, one = make("one")
    _, two = make("two")
    assert [state.cluster for state in clusters.known_clusters()] == ["one", "two"]
    assert clusters.find("one") == one
    assert clusters.find("local/two") == two
    assert clusters.find("two", "local") == two


def test_a_name_that_two_providers_have(make, tmp_path):
    make("one")
    static = "cluster: {name: one, static: {hosts: [a]}}\n/data: {source: 'gs://bucket-1'}\n"
    make("other", "static", static)
    with pytest.raises(UsageError, match="2 providers have a cluster 'one'") as caught:
        clusters.find("one")
    assert caught.value.hint == "-c local/one or -c static/one"
    assert clusters.find("static/one").provider == "static"
    assert clusters.find("one", "static").provider == "static"
    with pytest.raises(UsageError, match="not of the provider 'local'"):
        clusters.find("static/one", "local")


@pytest.mark.parametrize(
    ("name", "hint"), [("trainig", "did you mean 'training'?"), ("xyz", "there are: training"), ("gcp/training", "'tr")]
)
def test_a_name_that_nobody_has(make, name, hint):
    make("training")
    with pytest.raises(UsageError, match=f"no cluster {name!r}") as caught:
        clusters.find(name)
    assert hint in caught.value.hint


def test_the_copy_is_used_where_the_project_is_gone(make):
    file, state = make("one")
    assert clusters.config_of(state, copy=False) == clusters.Known(load(file, provider="local"))
    file.unlink()
    known = clusters.config_of(state, copy=True)
    assert (known.config.cluster, known.config.hosts, known.config.file) == ("one", ("one-1",), file)
    assert (
        known.note
        == f"The px.yaml of the cluster 'one', {file}, is gone: this is about the cluster as it was last provisioned."
    )
    with pytest.raises(PrerequisiteError, match=r"is gone, and only px.yaml says") as caught:
        clusters.config_of(state, copy=False)
    assert caught.value.hint.startswith("-f FILE, a px.yaml with `name: one`")


def test_a_px_yaml_that_is_another_clusters_now(make):
    file, state = make("one")
    file.write_text(TEXT.replace("nodes", "name: two, nodes"))
    known = clusters.config_of(state, copy=True)
    assert known.config.cluster == "one"
    assert "is of the cluster 'two' now, and no longer of 'one'" in known.note


def test_without_a_copy_there_is_nothing_to_go_by(make):
    file, state = make("one", hosts=False)
    file.unlink()
    with pytest.raises(PrerequisiteError, match="no copy was kept") as caught:
        clusters.config_of(state, copy=True)
    assert str(state.folder) in caught.value.hint


def renamed(file, name):
    return file.parent.rename(file.parent.parent / name) / "px.yaml"


def test_a_renamed_folder_is_noticed(make):
    file, _ = make("one")
    new = renamed(file, "two")
    new.write_text(TEXT.replace("1", "2"))  # also where its text is another one
    with pytest.raises(PrerequisiteError, match=r"made the cluster 'one' \(one-1\)") as caught:
        clusters.refuse_renamed(load(new, provider="local"))
    assert "`name: one`" in caught.value.hint
    assert "px-ansible destroy -c one" in caught.value.hint
    assert "`name: two`" in caught.value.hint


@pytest.mark.parametrize("name", ["one", "two"])
def test_a_px_yaml_with_a_name_says_what_it_wants(make, name):
    file, _ = make("one")
    new = renamed(file, "two")
    new.write_text(TEXT.replace("nodes", f"name: {name}, nodes"))
    clusters.refuse_renamed(load(new, provider="local"))


def test_a_copied_project_whose_original_is_gone_is_noticed_by_its_text(make, tmp_path):
    file, _ = make("one")
    (tmp_path / "copied").mkdir()
    new = tmp_path / "copied" / "px.yaml"
    new.write_text(TEXT)
    clusters.refuse_renamed(load(new, provider="local"))  # the original is there
    file.unlink()
    with pytest.raises(PrerequisiteError, match="made the cluster 'one'"):
        clusters.refuse_renamed(load(new, provider="local"))
    new.write_text(TEXT + "# another one\n")
    clusters.refuse_renamed(load(new, provider="local"))


def test_a_cluster_without_hosts_is_nobodys_concern(make):
    file, state = make("one")
    state.write_inventory({})
    clusters.refuse_renamed(load(renamed(file, "two"), provider="local"))


def test_list_says_what_there_is_and_what_is_damaged(make, tmp_path):
    assert "There are no clusters yet" in px("list", cwd=tmp_path).stdout
    make("planned", hosts=False)
    assert "There are no clusters yet" in px("list", cwd=tmp_path).stdout
    file, _ = make("one")
    _, other = make("other")
    file.unlink()
    (other.folder / "inventory.json").write_text("{")
    shown = px("list", cwd=tmp_path)
    assert f"{file} (gone)" in shown.stdout
    assert "planned" not in shown.stdout
    assert f"other: {other.folder}/inventory.json is damaged" in shown.stdout
    assert shown.returncode == 0


def test_the_command_line_wins_over_variables(make, tmp_path):
    one, _ = make("one")
    two, _ = make("two")
    there = tmp_path / "one"
    # `runs` asks no host and needs no root.
    assert "no run yet" in px("runs", "--provider", "local", cwd=there).stdout
    wrong = px("runs", "--provider", "local", "-f", str(one), "-c", "two", cwd=tmp_path)
    assert wrong.returncode == 2
    assert f"{one} is of the cluster 'one', not of 'two'" in wrong.stderr
    assert "`name: two`" in wrong.stderr
    both = px("runs", "--provider", "local", "-f", str(one), cwd=tmp_path, PX_CLUSTER="none-such")
    assert "no run yet" in both.stdout, both.stderr
    both = px("runs", "-c", "two", cwd=tmp_path, PX_FILE="none-such")
    assert "no run yet" in both.stdout, both.stderr
    assert two.exists()
