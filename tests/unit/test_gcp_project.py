"""Which project it is: everywhere that one can be named, in order."""

from __future__ import annotations

import json

import pytest
from ansible_collections.px.storage.plugins.module_utils.gcp import project
from ansible_collections.px.storage.plugins.module_utils.gcp.errors import GcpError

VARIABLES = ("GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT")


@pytest.fixture
def places(tmp_path):
    """All places that name a project, each another one."""
    configurations = tmp_path / "gcloud/configurations"
    configurations.mkdir(parents=True)
    for name in ("default", "work"):
        (configurations / f"config_{name}").write_text(
            f"[core]\naccount = me\nproject = of-config-{name}\n", encoding="utf-8"
        )
    key, adc = tmp_path / "key.json", tmp_path / "adc.json"
    key.write_text(json.dumps({"type": "service_account", "project_id": "of-key"}), encoding="utf-8")
    adc.write_text(json.dumps({"type": "authorized_user", "quota_project_id": "of-adc"}), encoding="utf-8")
    params = {
        "project": "of-params",
        "service_account_file": str(key),
        "service_account_contents": '{"project_id": "of-contents"}',
    }
    env = {name: f"of-{name}" for name in VARIABLES}
    env |= {
        "CLOUDSDK_CONFIG": str(tmp_path / "gcloud"),
        "GOOGLE_APPLICATION_CREDENTIALS": str(adc),
        "NO_GCE_CHECK": "true",
    }
    return params, env


def test_the_order(places):
    params, env = places
    for name, found in (
        ("project", "of-params"),
        ("GOOGLE_CLOUD_PROJECT", "of-GOOGLE_CLOUD_PROJECT"),
        ("GCLOUD_PROJECT", "of-GCLOUD_PROJECT"),
        ("CLOUDSDK_CORE_PROJECT", "of-CLOUDSDK_CORE_PROJECT"),
        ("service_account_file", "of-key"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "of-adc"),
        ("service_account_contents", "of-contents"),
        ("CLOUDSDK_CONFIG", "of-config-default"),
    ):
        assert project.find(params, env) == found
        (params if name in params else env).pop(name)
        if name == "CLOUDSDK_CONFIG":
            env["CLOUDSDK_CONFIG"] = "/dev/null"
    with pytest.raises(GcpError, match="no project is named") as refused:
        project.find(params, env)
    assert "write 'gcp: {project: PROJECT}' below 'cluster' in px.yaml" in refused.value.hint


def test_gclouds_configuration_that_is_active(places):
    _, env = places
    mine = {name: env[name] for name in ("CLOUDSDK_CONFIG", "NO_GCE_CHECK")}
    assert project.find({}, {**mine, "CLOUDSDK_ACTIVE_CONFIG_NAME": "work"}) == "of-config-work"
    with open(f"{env['CLOUDSDK_CONFIG']}/active_config", "w", encoding="utf-8") as stream:  # noqa: PTH123
        stream.write("work\n")
    assert project.find({}, mine) == "of-config-work"
    assert project.find({}, {**mine, "CLOUDSDK_ACTIVE_CONFIG_NAME": "default"}) == "of-config-default"
    with pytest.raises(GcpError):
        project.find({}, {**mine, "CLOUDSDK_ACTIVE_CONFIG_NAME": "no-such"})


@pytest.mark.parametrize("content", ["", "not json", "[]", '"text"', "null", '{"project_id": ""}', "[core]\nproject"])
def test_files_that_name_none(tmp_path, content):
    (tmp_path / "key.json").write_text(content, encoding="utf-8")
    (tmp_path / "configurations").mkdir()
    (tmp_path / "configurations/config_default").write_text(content, encoding="utf-8")
    env = {
        "CLOUDSDK_CONFIG": str(tmp_path),
        "GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "key.json"),
        "NO_GCE_CHECK": "true",
    }
    with pytest.raises(GcpError):
        project.find({"service_account_contents": content}, env)


def test_contents_may_be_an_object_already():
    env = {"CLOUDSDK_CONFIG": "/dev/null", "NO_GCE_CHECK": "true"}
    assert project.find({"service_account_contents": {"project_id": "of-object"}}, env) == "of-object"
