"""The part of YAML that configurations of blobfuse2 are written in; the rest is refused, not guessed at.

Read: maps nested by indentation, lists of scalars (`- x` and `[x, y]`), maps on one line (`{a: b}`), plain,
'single' and "double" quoted scalars, comments, one document; and JSON, which is YAML as well.
Refused: anchors, tags, block scalars, scalars over several lines, several documents, keys that are given twice.
"""

import contextlib
import json
import re


class NotYaml(Exception):
    """The text is no YAML, or more of it than is read here: `line N: why`."""


_KEY = re.compile(r"""([A-Za-z_][\w.-]*|"[^"]*"|'[^']*')\s*:(?:\s+|$)(.*)$""")
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_OCTAL = re.compile(r"0o?[0-7]+")
_FLOAT = re.compile(r"[-+]?(\d+\.\d*|\.\d+|\d+(\.\d*)?[eE][-+]?\d+)")
_WORDS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_REFUSED = "&*!|>%@`"


def load(text):
    """Return the map that the text is."""
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text, object_pairs_hook=_unique)
        except ValueError as error:
            raise NotYaml(str(error)) from None
    lines = []
    for number, line in enumerate(text.splitlines(), 1):
        content = _without_comment(line).rstrip()
        if not content or (content == "---" and not lines):
            continue
        if content in ("---", "..."):
            raise NotYaml(f"line {number}: more than one document")
        if "\t" in content[: len(content) - len(content.lstrip())]:
            raise NotYaml(f"line {number}: found character that cannot start any token")
        lines.append((number, len(content) - len(content.lstrip()), content.strip()))
    if not lines:
        return {}
    value, rest = _block(lines, lines[0][1])
    if rest:
        raise NotYaml(f"line {rest[0][0]}: wrong indentation")
    if not isinstance(value, dict):
        raise NotYaml("line 1: not a map")
    return value


def _unique(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found


def _without_comment(line):
    quote = ""
    for at, character in enumerate(line):
        if quote:
            quote = "" if character == quote and line[at - 1] != "\\" else quote
        elif character in "'\"" and (not line[:at].strip() or line[at - 1] in " [{,"):
            quote = character
        elif character == "#" and (at == 0 or line[at - 1] in " \t"):
            return line[:at]
    return line


def _block(lines, indent):
    """Return (the map or list at this indentation, the lines after it)."""
    if lines[0][2].startswith("- ") or lines[0][2] == "-":
        items = []
        while lines and lines[0][1] == indent and (lines[0][2].startswith("- ") or lines[0][2] == "-"):
            number, _, content = lines[0]
            items.append(_scalar(content[1:].strip(), number))
            lines = lines[1:]
        return items, lines
    found = {}
    while lines and lines[0][1] == indent:
        number, _, content = lines[0]
        pair = _KEY.match(content)
        if not pair:
            raise NotYaml(f"line {number}: could not find expected ':'")
        key, value = pair.group(1).strip("'\""), pair.group(2).strip()
        if key in found:
            raise NotYaml(f'line {number}: mapping key "{key}" already defined')
        lines = lines[1:]
        deeper = bool(lines) and not value and (lines[0][1] > indent or lines[0][1:] == (indent, lines[0][2]))
        if deeper and (lines[0][1] > indent or lines[0][2].startswith("- ")):
            found[key], lines = _block(lines, lines[0][1])
        else:
            found[key] = _value(value, number)
    if lines and lines[0][1] > indent:
        raise NotYaml(f"line {lines[0][0]}: wrong indentation")
    return found, lines


def _value(text, number):
    if text[:1] in ("[", "{"):
        with contextlib.suppress(ValueError):
            return json.loads(text, object_pairs_hook=_unique)
    if text.startswith("[") and text.endswith("]"):
        return [_scalar(part, number) for part in _parts(text[1:-1], number)]
    if text.startswith("{") and text.endswith("}"):
        found = {}
        for part in _parts(text[1:-1], number):
            pair = _KEY.match(part)
            if not pair or pair.group(1) in found:
                raise NotYaml(f"line {number}: not a map: {text[:20]}")
            found[pair.group(1).strip("'\"")] = _scalar(pair.group(2).strip(), number)
        return found
    return _scalar(text, number)


def _parts(text, number):
    if re.search(r"[\[\]{}\"']", text):
        raise NotYaml(f"line {number}: quotes or nesting within [] and {{}} are read as JSON only")
    return [part.strip() for part in text.split(",") if part.strip()]


def _scalar(text, number):
    if text[:1] == '"':
        try:
            return json.loads(text)
        except ValueError:
            raise NotYaml(f"line {number}: a double-quoted scalar that the stand-in does not read") from None
    if text[:1] == "'":
        if len(text) < 2 or text[-1] != "'" or "'" in text[1:-1].replace("''", ""):
            raise NotYaml(f"line {number}: found unexpected end of a quoted scalar")
        return text[1:-1].replace("''", "'")
    if text[:1] in tuple(_REFUSED) or text[:2] in ("- ", "? ") or text[:1] in ("[", "{", "]", "}", ","):
        raise NotYaml(f"line {number}: more YAML than the stand-in reads: {text[:20]}")
    if ": " in text or text.endswith(":"):
        raise NotYaml(f"line {number}: mapping values are not allowed in this context")
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _OCTAL.fullmatch(text):
        return int(text.replace("o", ""), 8)
    return float(text) if _FLOAT.fullmatch(text) else text
