"""Whatever is in a px.yaml, it ends in a Config or in a ConfigError with places, and never in a traceback."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from px_ansible.config import Config, parse
from px_ansible.errors import ConfigError
from px_ansible.issues import render_all
from px_ansible.providers import OPTIONAL, PROVIDERS
from px_ansible.schema import bundled
from px_ansible.source import read

# Every key that px.yaml has, a file for each provider.
FULL = {path.name.split(".")[0]: path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("full/*.yaml")}
VALID = {name: yaml.safe_load(text) for name, text in FULL.items()}
PLACES = {name: read(text.encode(), name="px.yaml").entries for name, text in FULL.items()}
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


ALL_PLACES = [(name, path) for name, data in VALID.items() for path in places(data) if path]


def checked(raw: bytes, provider: str | None = None) -> Config | ConfigError:
    """Return what a file comes to, and hold each issue to a place in it."""
    try:
        return parse(raw, file=Path("px.yaml"), name="px.yaml", provider=provider)
    except ConfigError as error:
        result = error
    assert result.issues
    assert render_all(result.issues, result.lines)
    assert all(issue.line >= 1 and issue.column >= 1 for issue in result.issues)
    return result


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    where=st.sampled_from(ALL_PLACES),
    provider=st.sampled_from([None, "local"]),
    change=st.sampled_from(["value", "key", "remove"]),
    value=VALUES,
    key=st.one_of(st.text(max_size=8), st.integers(), st.booleans(), st.none()),
    flow=st.booleans(),
)
def test_one_change_to_a_valid_file_is_never_a_traceback(where, provider, change, value, key, flow):
    name, place = where
    data = copy.deepcopy(VALID[name])
    inside = data
    for part in place[:-1]:
        inside = inside[part]
    if change == "remove":
        del inside[place[-1]]
    elif change == "key":
        inside[key] = inside.pop(place[-1])
    else:
        inside[place[-1]] = value
    raw = yaml.safe_dump(data, default_flow_style=flow, allow_unicode=True).encode("utf-8", "surrogatepass")
    checked(raw, provider)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([one for one in ALL_PLACES if len(one[1]) > 1 and one[1][-2] not in ("options", "labels")]))
def test_one_misspelt_key_is_one_issue_on_its_line(where):
    name, place = where
    lines = FULL[name].splitlines()
    key = place[-1]
    if key.startswith("/"):
        return
    at = PLACES[name][place].key
    number, end = at.line - 1, at.column - 1 + len(key)
    lines[number] = f"{lines[number][:end]}x{lines[number][end:]}"
    found = checked("\n".join(lines).encode()).issues
    assert [(issue.line, issue.rule) for issue in found] == [(number + 1, "unknown-key")]
    assert found[0].hint == f"did you mean {key!r}?"


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(FULL)), st.floats(0, 1), st.integers(0, 20), st.text(max_size=10))
def test_one_edit_of_the_text_is_never_a_traceback(name, start, length, text):
    full = FULL[name]
    at = int(start * len(full))
    checked((full[:at] + text + full[at + length :]).encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("name", sorted(FULL))
def test_every_key_of_a_provider_is_in_its_file(name):
    """What is not in these files is not mutated."""
    assert isinstance(checked(FULL[name].encode()), Config)
    definitions = bundled()["$defs"]
    block = definitions[f"provider-{name}"]["properties"]
    assert set(block) == set(VALID[name]["cluster"].get(name, {}))
    assert PROVIDERS[name].offers <= set(VALID[name]["cluster"])


@pytest.mark.parametrize("name", sorted(FULL))
def test_every_file_can_be_tried_here(name):
    tried = checked(FULL[name].encode(), "local")
    assert isinstance(tried, Config)
    assert tried.provider == "local"
    aside = {note.removeprefix("'").split(":")[0].split("'")[0] for note in tried.notes}
    cluster = VALID[name]["cluster"]
    useless = set(OPTIONAL) & set(cluster) - ({"image"} if cluster.get("image") in PROVIDERS["local"].images else set())
    blocks = set(PROVIDERS) & set(cluster) - {"local"}
    assert aside == (useless | blocks if name != "local" else set())


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
