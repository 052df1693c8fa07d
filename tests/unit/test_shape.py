"""Two validators of other authors find the same breaches of the schema: the fast one is no other JSON Schema."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from px_ansible.config import parse
from px_ansible.config.shape import breaches
from px_ansible.errors import ConfigError
from px_ansible.schema import bundled

TOP = Path(__file__).parents[2]
FILES = [*TOP.glob("tests/unit/**/*px.yaml"), *TOP.glob("tests/golden/plans/*/px.yaml")]
VALID = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(FILES)]


def pattern(_validator, expression, text, _schema):
    """Yield that a text does not fit, with `$` as JSON Schema has it: Python's lets a line end follow."""
    if isinstance(text, str) and not re.search(re.sub(r"(?<!\\)\$", r"\\Z", expression), text):
        yield jsonschema.ValidationError(f"{text!r} does not match {expression!r}")


SLOW = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": pattern})(bundled())
KEYS = sorted(
    {key for part in bundled()["$defs"].values() for key in (*part.get("properties", ()), *part.get("then", {}))}
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    # JSON has no others: see the test below.
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from([10**40, "gs://bucket", "s3", "/", "a\n", "٣", "1 GiB", "http://x", "é", "x.service", "0644", 1.0]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*KEYS, "x", "/x"]), inner, max_size=3),
)


def places(node, path=()):
    yield path
    for key in node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
        yield from places(node[key], (*path, key))


@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_both_find_the_same(data):
    document = copy.deepcopy(data.draw(st.sampled_from(VALID)))
    for _ in range(data.draw(st.integers(1, 3))):
        *before, last = data.draw(st.sampled_from([path for path in places(document) if path] or [("cluster",)]))
        inside = document
        for part in before:
            inside = inside[part]
        change = data.draw(st.sampled_from(["value", "remove", "key"]))
        if change == "value" or isinstance(inside, list):
            inside[last] = data.draw(VALUES)
        elif change == "remove":
            inside.pop(last, None)
        else:
            inside[data.draw(st.sampled_from([*KEYS, "x", "/x"]))] = inside.pop(last, None)
    fast = {(breach.path, breach.keyword) for breach in breaches(document)}
    assert fast == {(tuple(error.absolute_path), error.validator) for error in SLOW.iter_errors(document)}


@pytest.mark.parametrize("value", [".nan", ".inf", "-.inf", "1e400"])
@pytest.mark.parametrize("key", ["nodes", "memory_per_node", "name"])
def test_what_is_no_number_of_json_is_refused(key, value):
    with pytest.raises(ConfigError) as caught:
        parse(f"cluster:\n  {key}: {value}\n".encode(), file=Path("px.yaml"), name="px.yaml", provider="local")
    assert [(issue.line, issue.column) for issue in caught.value.issues] == [(2, len(key) + 5)]
