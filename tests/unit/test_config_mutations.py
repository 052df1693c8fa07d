"""Whatever is in a px.yaml, it ends in a Config or in a ConfigError with places, and never in a traceback."""

from __future__ import annotations

import copy
from pathlib import Path

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from px_ansible.config import Config, parse
from px_ansible.errors import ConfigError
from px_ansible.issues import render_all
from px_ansible.source import read

FULL = (Path(__file__).parent / "full.px.yaml").read_text(encoding="utf-8")
VALID = yaml.safe_load(FULL)
PLACES = read(FULL.encode(), name="px.yaml").entries
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["..", "/", "gs://", "{{"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)


def places(node, path=()):
    yield path
    for key in node if isinstance(node, dict) else ():
        yield from places(node[key], (*path, key))


def checked(raw: bytes) -> Config | ConfigError:
    """Return what a file comes to, and hold each issue to a place in it."""
    try:
        return parse(raw, file=Path("px.yaml"), name="px.yaml", provider="local")
    except ConfigError as error:
        result = error
    assert result.issues
    assert render_all(result.issues, result.lines)
    assert all(issue.line >= 1 and issue.column >= 1 for issue in result.issues)
    return result


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    place=st.sampled_from([path for path in places(VALID) if path]),
    change=st.sampled_from(["value", "key", "remove"]),
    value=VALUES,
    key=st.one_of(st.text(max_size=8), st.integers(), st.booleans(), st.none()),
    flow=st.booleans(),
)
def test_one_change_to_a_valid_file_is_never_a_traceback(place, change, value, key, flow):
    data = copy.deepcopy(VALID)
    inside = data
    for part in place[:-1]:
        inside = inside[part]
    if change == "remove":
        del inside[place[-1]]
    elif change == "key":
        inside[key] = inside.pop(place[-1])
    else:
        inside[place[-1]] = value
    checked(yaml.safe_dump(data, default_flow_style=flow, allow_unicode=True).encode("utf-8", "surrogatepass"))


@settings(max_examples=300, deadline=None)
@given(place=st.sampled_from([path for path in places(VALID) if len(path) > 1 and path[-2] != "options"]))
def test_one_misspelt_key_is_one_issue_on_its_line(place):
    lines = FULL.splitlines()
    key = place[-1]
    if key.startswith("/"):
        return
    at = PLACES[place].key
    number, end = at.line - 1, at.column - 1 + len(key)
    lines[number] = f"{lines[number][:end]}x{lines[number][end:]}"
    found = checked("\n".join(lines).encode()).issues
    assert [(issue.line, issue.rule) for issue in found] == [(number + 1, "unknown-key")]
    assert found[0].hint == f"did you mean {key!r}?"


@settings(max_examples=400, deadline=None)
@given(start=st.integers(0, len(FULL)), length=st.integers(0, 20), text=st.text(max_size=10))
def test_one_edit_of_the_text_is_never_a_traceback(start, length, text):
    checked((FULL[:start] + text + FULL[start + length :]).encode("utf-8", "surrogatepass"))


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(),
        st.text(alphabet="ab:- \n{}[]#&*!|>'\"%@`,?<=~0/").map(str.encode),
        st.text().map(str.encode),
    )
)
def test_arbitrary_text_is_never_a_traceback(raw):
    assert isinstance(checked(raw), Config | ConfigError)
