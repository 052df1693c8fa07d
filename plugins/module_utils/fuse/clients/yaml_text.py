"""YAML of the plainest kind: keys, sections of keys, lists of words. The hosts have no YAML library."""

import json
import re
from typing import Any, Dict, List

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_PAIR = re.compile(r"\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}")
_QUOTES = ('"', '"')
_WORDS_OF_YAML = ("true", "false", "yes", "no", "on", "off", "null", "y", "n")


def text(document: Dict[str, Any]) -> str:
    """Return the document as YAML, two spaces deep for each level."""
    return "\n".join(_lines(document, "")) + "\n"


def _lines(section: Dict[str, Any], indent: str) -> List[str]:
    lines = []
    for key, value in section.items():
        if isinstance(value, dict):
            # An empty section would be null.
            lines += [] if not value else [f"{indent}{key}:", *_lines(value, indent + "  ")]
        elif isinstance(value, (list, tuple)):
            lines += [f"{indent}{key}:", *(f"{indent}  - {_scalar(one)}" for one in value)]
        else:
            lines.append(f"{indent}{key}: {_scalar(value)}")
    return lines


def _scalar(value: Any) -> str:
    """Return a number, true or false as it is, a plain word bare, and all else as a string in double quotes."""
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    word = str(value)
    if _BARE.fullmatch(word) and word.lower() not in _WORDS_OF_YAML:
        return word
    # JSON's strings are YAML's, but for the characters that JSON writes as a pair.
    return _PAIR.sub(lambda pair: f"\\U{ord(json.loads(pair.group().join(_QUOTES))):08x}", json.dumps(word))
