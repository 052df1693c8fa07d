"""docs/google-cloud.md and what the code asks of Google Cloud are one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.px.storage.plugins.module_utils.gcp.checks import PERMISSIONS

from px_ansible.config import parse

TOP = Path(__file__).parents[2]
PAGE = (TOP / "docs" / "google-cloud.md").read_text(encoding="utf-8")
# What is asked of buckets, which may be another project's: it is no part of the check of the project.
OF_BUCKETS = {"storage.buckets.get", "storage.buckets.getIamPolicy", "storage.buckets.setIamPolicy"}
SPEAKS = [
    *TOP.glob("plugins/module_utils/gcp/*.py"),
    *TOP.glob("plugins/modules/gcp_*.py"),
    *TOP.glob("plugins/action/gcp_*.py"),
    *TOP.glob("plugins/lookup/gcp_*.py"),
    *TOP.glob("roles/provider_gcp/tasks/**/*.yml"),
]
SAID = "\n".join(path.read_text(encoding="utf-8") for path in SPEAKS)


def table(heading: str) -> list[list[str]]:
    """Return the cells of the table that begins with this heading."""
    rows = PAGE.partition(f"\n{heading}\n")[2].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows if not row.startswith("|---")]


MESSAGES = [row[0].strip("`") for row in table("| message | cause | what to type |")]


def test_the_role_to_copy_has_the_permissions_that_are_asked_for():
    (role,) = [
        text for text in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL) if "stage: GA" in text
    ]
    permissions = yaml.safe_load(role)["includedPermissions"]
    assert len(permissions) == len(set(permissions))
    assert set(permissions) == {*PERMISSIONS, *OF_BUCKETS}


def test_the_table_of_messages_was_found():
    assert len(MESSAGES) > 15


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_of_the_table_is_one_of_the_code(message):
    assert message in SAID


def test_every_key_of_metadata_is_on_the_page():
    variables = yaml.safe_load((TOP / "roles" / "provider_gcp" / "vars" / "main.yml").read_text(encoding="utf-8"))
    keys = set(re.findall(r"'([a-z-]+)':", variables["__provider_gcp_metadata"]))
    assert keys == set(re.findall(r"`([a-z-]+)`", " ".join(row[0] for row in table("| key | value |"))))


def test_every_key_of_the_block_is_on_the_page():
    keys = set(yaml.safe_load((TOP / "px_ansible/schema/providers/gcp.json").read_text(encoding="utf-8"))["properties"])
    said = set(re.findall(r"gcp\.([a-z_]+)", PAGE)) | set(re.findall(r"^    ([a-z_]+):", PAGE, re.MULTILINE))
    assert keys <= said


@pytest.mark.parametrize("page", ["docs/google-cloud.md", "README.md"])
def test_every_px_yaml_shown_is_one(page):
    text = (TOP / page).read_text(encoding="utf-8")
    shown = [one for one in re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL) if one[:8] == "cluster:"]
    assert shown
    for one in shown:
        whole = one if "\n/" in one else f"{one}\n/data: {{source: gs://my-bucket}}\n"
        parse(whole.encode(), file=Path("px.yaml"), name="px.yaml")
