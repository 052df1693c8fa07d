"""Every folder of `invalid` has a px.yaml, and the very text that the user gets for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from px_ansible.config import load
from px_ansible.errors import ConfigError
from px_ansible.issues import render_all

CASES = sorted(path.parent for path in (Path(__file__).parent / "invalid").glob("*/px.yaml"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_errors(case, monkeypatch, update_golden):
    monkeypatch.chdir(case)
    with pytest.raises(ConfigError) as caught:
        load(Path("px.yaml"))
    issues, lines = caught.value.issues, caught.value.lines
    text = render_all(issues, lines) + "\n"
    expected = case / "errors.txt"
    if update_golden:
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")
    assert [(issue.line, issue.column) for issue in issues] == sorted((i.line, i.column) for i in issues)
    for issue in issues:
        assert issue.rule
        assert issue.hint, f"what to type instead is missing: {issue.message}"
        assert 1 <= issue.line <= max(1, len(lines))


def test_one_mistake_is_one_issue():
    """Cases called after a single mistake must not bury it under what follows from it."""
    single = [
        "gs_with_s3",
        "nodes_zero",
        "nodes_two",
        "no_cluster",
        "provider_typo",
        "mount_twice",
        "anchored_mistake",
    ]
    for name in single:
        text = (Path(__file__).parent / "invalid" / name / "errors.txt").read_text(encoding="utf-8")
        assert text.count("px.yaml:") == 1, name
