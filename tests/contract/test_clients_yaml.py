"""The stand-in of blobfuse2 reads YAML as PyYAML does, or refuses it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import yaml

_FILE = Path(__file__).parents[1] / "clients" / "blobfuse2" / "yaml_subset.py"
_SPEC = importlib.util.spec_from_file_location("yaml_subset", _FILE)
yaml_subset = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(yaml_subset)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n---\n",
        "a: b\nb: 3\nc: true\nd: False\ne: 0755\nf: 1.5\ng:\nh: ~\n",
        "a:\n  b: c # said\n  'd': 'it''s'\n  \"e\": \"x\\ty\"\nf:\n  g:\n    h: 1\n",
        "components:\n  - libfuse\n  - 'azstorage'\nnext: 1\n",
        "components:\n- libfuse\n- azstorage\nnext: 1\n",
        "a: [x, y, 3]\nb: {c: d, e: 1}\n",
        'key: Eby8vdM02xNOcq/K1SZFPTOtr+KBHBeksoGMGw==\nurl: "http://127.0.0.1:1/a#b"\nsas: ?sv=1&sig=a%3D#x\n',
        '{"a": {"b": [1, true, null]}}\n',
        'a: ["x", "y z"]\nb: {"c": [1, true]}\n',
        "time: 12:30x\npath: /a b/c\n",
    ],
)
def test_what_is_read_is_what_pyyaml_reads(text):
    assert yaml_subset.load(text) == (yaml.safe_load(text) or {})


@pytest.mark.parametrize(
    "text",
    [
        "a: b\na: c\n",
        '{"a": 1, "a": 2}',
        "a: b\n  c: d\n",
        "a: &x b\n",
        "a: !tag b\n",
        "a: |\n  text\n",
        "a: 'b\n",
        "a: b: c\n",
        "- a\n- b\n",
        "a\n",
        "a: 1\n---\nb: 2\n",
        "\ta: 1\n",
        "a: [b, [c]]\n",
        'a: ["b", c]\n',
        "a: {b\n",
        "a:\n  b: 1\n c: 2\n",
    ],
)
def test_what_it_does_not_read_is_refused(text):
    with pytest.raises(yaml_subset.NotYaml):
        yaml_subset.load(text)
