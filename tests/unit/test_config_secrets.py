"""px.yaml says where secrets are; they are looked for before anything is made, and what is missing is told at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from px_ansible import lookups
from px_ansible.config import parse
from px_ansible.config.credentials import shown_lines
from px_ansible.errors import ConfigError, PrerequisiteError
from px_ansible.issues import render_all
from px_ansible.plans import Found, make_plan
from px_ansible.plans.mounts import is_emulated

TEXT = """
cluster: {nodes: 1}
/a:
  source: s3://my-bucket
  endpoint: https://s3.example.com
  credentials:
    access_key_id: {env: PX_TEST_KEY}
    secret_access_key: {file: keys/secret}
/b:
  source: https://myaccount.blob.core.windows.net/my-container
  credentials:
    account_key: {env: PX_TEST_ACCOUNT_KEY}
"""


def config(text=TEXT, *, folder=Path("/project"), provider="local"):
    return parse(text.encode(), file=folder / "px.yaml", name="px.yaml", provider=provider)


@pytest.fixture
def secrets(tmp_path, monkeypatch):
    """Everything that TEXT names, in a project of its own."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "secret").write_text("one\n")
    monkeypatch.setenv("PX_TEST_KEY", "two")
    monkeypatch.setenv("PX_TEST_ACCOUNT_KEY", "three")
    return tmp_path


def test_what_is_there_is_enough(secrets):
    lookups.require(config(folder=secrets).mounts)


def test_all_that_is_missing_is_told_at_once(secrets, monkeypatch):
    monkeypatch.delenv("PX_TEST_KEY")
    monkeypatch.setenv("PX_TEST_ACCOUNT_KEY", " ")
    (secrets / "keys" / "secret").unlink()
    with pytest.raises(PrerequisiteError) as caught:
        lookups.require(config(folder=secrets).mounts)
    assert caught.value.exit_code == 4
    assert caught.value.log == (
        "the environment variable PX_TEST_KEY is not set (access_key_id of /a)",
        f"the file {secrets}/keys/secret cannot be read: No such file or directory (secret_access_key of /a)",
        "the environment variable PX_TEST_ACCOUNT_KEY is empty (account_key of /b)",
    )
    assert "export PX_TEST_ACCOUNT_KEY PX_TEST_KEY" in caught.value.hint
    assert "--preserve-env=PX_TEST_ACCOUNT_KEY,PX_TEST_KEY" in caught.value.hint


def test_an_empty_file_is_no_secret(secrets):
    (secrets / "keys" / "secret").write_text("")
    with pytest.raises(PrerequisiteError, match="cannot be read") as caught:
        lookups.require(config(folder=secrets).mounts)
    assert caught.value.log[0].startswith(f"the file {secrets}/keys/secret is empty")


def test_a_variable_that_ansible_never_sees_is_refused(monkeypatch):
    monkeypatch.setenv("ANSIBLE_KEY", "x")
    with pytest.raises(PrerequisiteError) as caught:
        lookups.require(config(TEXT.replace("PX_TEST_KEY", "ANSIBLE_KEY")).mounts[:1])
    assert "the environment variable ANSIBLE_KEY is Ansible's own" in caught.value.log[0]


def test_an_emulated_bucket_asks_for_none():
    local = config()
    assert [is_emulated(local, mount) for mount in local.mounts] == [False, True]


def test_a_plan_knows_places_and_no_values(secrets):
    of = config(folder=secrets)
    first, second = make_plan(of, Found(), "key").mounts
    assert json.dumps(first.variables["credentials"]) == json.dumps(
        {
            "access_key_id": "{{ lookup('ansible.builtin.env', 'PX_TEST_KEY') }}",
            "secret_access_key": f"{{{{ lookup('ansible.builtin.file', '{secrets}/keys/secret') }}}}",
        }
    )
    assert second.variables["endpoint"] == "http://buckets.px.internal:10000/myaccount"
    before = first.digest
    (secrets / "keys" / "secret").write_text("rotated")
    assert make_plan(of, Found(), "key").mounts[0].digest == before


@pytest.mark.parametrize(
    "line",
    [
        "secret_access_key: TOPSECRET",
        "secret_access_key: 'TOPSECRET",
        "{access_key_id: {env: A}, secret_access_key: TOPSECRET}",
        "secret_acces_key: TOPSECRET",
        "access_key_id: {env: TOP-SECRET}",
        "secret_access_key: [TOPSECRET]",
        "secret_access_key: {env: A, value: TOPSECRET}",
        "secret_access_key: |\n      TOPSECRET\n      TOPSECRET",
        "secret_access_key: !!binary TOPSECRET",
    ],
)
def test_a_literal_secret_is_refused_and_not_shown(line):
    text = f"cluster: {{}}\n/a:\n  source: s3://my-bucket\n  credentials:\n    {line}\n"
    with pytest.raises(ConfigError) as caught:
        config(text)
    shown = render_all(caught.value.issues, caught.value.lines)
    assert "TOP" not in shown
    assert "SECRET" not in shown.replace("AWS_SECRET_ACCESS_KEY", "")
    assert caught.value.issues


def test_lines_without_secrets_are_shown_as_they_are():
    lines = TEXT.splitlines()
    assert list(shown_lines(lines)) == lines
