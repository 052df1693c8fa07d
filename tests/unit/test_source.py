from __future__ import annotations

import time

import pytest

from px_ansible import yaml_nodes
from px_ansible.errors import ConfigError
from px_ansible.source import MAX_DEPTH, read
from px_ansible.text import MAX_BYTES, Span

TEXT = """\
# a comment
cluster:
  nodes: 2
  name: "no"
/data: &data
  source: gs://bucket
  options: {implicit-dirs: yes, x: ~}
/other: *data
"""


def source(text: str):
    return read(text.encode(), name="px.yaml")


def refused(raw: bytes | str):
    with pytest.raises(ConfigError) as caught:
        read(raw.encode() if isinstance(raw, str) else raw, name="px.yaml")
    (issue,) = caught.value.issues
    return issue


def test_data_is_what_yaml_says():
    mount = {"source": "gs://bucket", "options": {"implicit-dirs": True, "x": None}}
    assert source(TEXT).data == {"cluster": {"nodes": 2, "name": "no"}, "/data": mount, "/other": mount}


def test_every_key_and_value_has_its_place():
    entries = source(TEXT).entries
    assert entries["cluster", "nodes"].key == Span(3, 3, 5)
    assert entries["cluster", "nodes"].value == Span(3, 10, 1)
    assert entries["cluster", "name"].value == Span(4, 9, 4)
    assert entries["/data", "options", "implicit-dirs"].key == Span(7, 13, 13)
    assert entries["cluster", "name"].quoted
    assert not entries["cluster", "nodes"].quoted


def test_an_alias_has_its_own_place_and_its_content_that_of_the_anchor():
    entries = source(TEXT).entries
    assert entries[("/other",)].value == Span(8, 9, 5)
    assert entries["/other", "source"].value == Span(6, 11, 11)


def test_a_value_left_out_is_shown_at_its_key():
    assert source("cluster:\n").entries[("cluster",)].value == Span(1, 1, 7)


def test_merge_keys_are_written_out_and_own_keys_win():
    text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  y: 3\n  <<: [*a, *b]\n"
    assert source(text).data["c"] == {"y": 3, "x": 1, "z": 2}


def test_lines_agree_with_the_parser_for_all_line_ends():
    text = "a: 1\r\nb: 2\rc: 3\x85d: 4\u2028e: x\n"
    read_text = source(text)
    assert [read_text.entries[(key,)].value.line for key in "abcde"] == [1, 2, 3, 4, 5]
    assert read_text.lines[:5] == ("a: 1", "b: 2", "c: 3", "d: 4", "e: x")


def test_a_byte_order_mark_is_not_part_of_the_first_key():
    assert read(b"\xef\xbb\xbfa: 1\n", name="px.yaml").data == {"a": 1}


def test_columns_count_characters_and_not_bytes():
    assert source('{"größe": x}\n').entries[("größe",)].value == Span(1, 11, 1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True),
        ("0644", 420),
        ("1:30", 90),
        ("2026-11-22", "2026-11-22"),
        ("0b_", "0b_"),
        ("=", "="),
        ("9" * 5000, "9" * 5000),
        ("''", ""),
        ("", None),
        ("!!str 5", "5"),
        ("!!int x", "x"),
    ],
)
def test_scalars(text, value):
    assert source(f"a: {text}\n").data["a"] == value


def test_keys_are_always_text():
    assert source("no: 1\n5: 2\n~: 3\n").data == {"no": 1, "5": 2, "~": 3}


def test_small_problems_do_not_hide_each_other():
    issues = source('a: 1\na: 2\n"{{ b }}": 1\n? [c]\n: 1\nd: "x\\ny"\n').issues
    assert {issue.rule for issue in issues} == {"duplicate-key", "template", "yaml-key", "control-character"}


@pytest.mark.parametrize(
    ("raw", "line", "column", "rule"),
    [
        (b"", 1, 1, "empty"),
        (b"\n# nothing\n---\n", 1, 1, "empty"),
        (b"- 1\n", 1, 1, "not-a-mapping"),
        (b"text\n", 1, 1, "not-a-mapping"),
        (b"a:\n\tb: 1\n", 2, 1, "yaml-tab"),
        (b"a: 'x\n", 1, 4, "yaml-syntax"),
        (b"a: 1\n---\nb: 1\n", 2, 1, "yaml-document"),
        (b"a: 1\nb: *c\n", 2, 4, "yaml-syntax"),
        (b"a: 1\nb: \xff\n", 2, 4, "not-utf-8"),
        ("a: 1\n".encode("utf-16"), 1, 1, "not-utf-8"),
        (b"a: 1\nb: \x00\n", 2, 4, "not-text"),
        (b"%TAG ! x\n---\na: 1\n", 1, 1, "yaml-syntax"),
        (b"a: !vault x\n", 1, 4, "yaml-tag"),
    ],
)
def test_unreadable_files_are_refused_at_a_place(raw, line, column, rule):
    issue = refused(raw)
    assert (issue.line, issue.column, issue.rule) == (line, column, rule)
    assert issue.hint


def bomb() -> str:
    """A billion laughs in ten lines."""
    levels = "abcdefghij"
    text = "a: &a [x, x, x, x, x, x, x, x, x]\n"
    for name, inner in zip(levels[1:], levels, strict=False):
        text += f"{name}: &{name} [{', '.join([f'*{inner}'] * 9)}]\n"
    return text


def merge_bomb() -> str:
    text = "m0: &m0 {x: 1}\n"
    for number in range(1, 60):
        text += f"m{number}: &m{number} {{<<: [{', '.join([f'*m{number - 1}'] * 9)}]}}\n"
    return text


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("10 MB", "x" * 10_000_000, "too-large"),
        ("alias bomb", bomb(), "too-large"),
        ("merge bomb", merge_bomb(), "too-large"),
        ("many keys", "".join(f"k{number}: 1\n" for number in range(80_000)), "too-large"),
        ("deep lists", "[" * (MAX_BYTES - 1), "too-deep"),
        ("deep blocks", "".join(" " * depth + "a:\n" for depth in range(MAX_DEPTH * 3)), "too-deep"),
        ("directives", "".join(f"%TAG !a{number}! x\n" for number in range(40_000)), "yaml-syntax"),
        ("alias in itself", "a: &a [*a]\n", "yaml-syntax"),
    ],
)
def test_hostile_files_are_refused(name, text, rule):
    start = time.perf_counter()
    issue = refused(text)
    print(f"{name}: refused in {time.perf_counter() - start:.3f} s")
    assert issue.rule == rule


def test_the_python_parser_finds_the_same_places(monkeypatch):
    """PyYAML without its C library must not give other lines and columns."""
    fast = source(TEXT)
    monkeypatch.setattr(yaml_nodes, "_LOADER", yaml_nodes.yaml.SafeLoader)
    slow = source(TEXT)
    assert slow.entries == fast.entries
    assert slow.data == fast.data
