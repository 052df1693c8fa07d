"""px.yaml against the JSON Schema: each breach as an issue in the words of px.yaml, not of JSON Schema."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from px_ansible.config import credentials, words
from px_ansible.schema import bundled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jsonschema.exceptions import ValidationError

    from px_ansible.errors import Issue
    from px_ansible.source import Path, Source

# What other tools call these keys.
_ALSO_CALLED = {
    "bucket": "source",
    "cloud": "provider",
    "flavor": "machine_type",
    "hosts": "nodes",
    "instance_type": "machine_type",
    "instances": "nodes",
    "location": "region",
    "mounts": "file_mounts",
    "os": "image",
    "preemptible": "spot",
    "ram": "memory_per_node",
    "tags": "labels",
    "url": "source",
    "vcpus": "cpus_per_node",
    "vm_size": "machine_type",
}
# What is listed between tables: there the allowed values have rules with better messages.
_RULED = {"provider", "store"}
# Nobody reads more, and the file need not be a px.yaml at all.
_MOST_ERRORS, _MOST_UNKNOWN = 1000, 200


def issues_of(source: Source, data: dict[str, Any]) -> list[Issue]:
    """Return the breaches of the schema, one for each place; `data` is that of the source, or what was meant by it."""
    # Both are slow to import, and `--help` needs neither.
    from jsonschema import Draft202012Validator  # noqa: PLC0415
    from referencing import Registry  # noqa: PLC0415

    schema = bundled()
    # An empty registry: a reference that the bundle does not answer is an error and never a download.
    validator = Draft202012Validator(schema, registry=Registry())
    found: dict[tuple[int, int, str], Issue] = {}
    for error in islice(validator.iter_errors(data), _MOST_ERRORS):
        for issue in _issues(error, source, schema["$defs"]):
            found.setdefault((issue.line, issue.column, issue.rule), issue)
    return list(found.values())


def _issues(error: ValidationError, source: Source, definitions: dict[str, Any]) -> Iterator[Issue]:
    path: Path = tuple(error.absolute_path)
    if error.validator == "dependentRequired":
        return  # a rule of its own says it, at the key
    if error.validator == "additionalProperties":
        yield from _unknown_keys(path, error, source, definitions)
    elif error.validator == "required":
        yield _missing_key(path, error, source)
    elif isinstance(path[-1], int):
        yield _wrong_item(path, error, source)
    elif credentials.is_below(path):
        yield _wrong_secret(path, error, source)
    elif not (error.validator == "enum" and path[-1] in _RULED):
        yield _wrong_value(path, error, source)


def _wrong_value(path: Path, error: ValidationError, source: Source) -> Issue:
    schema: Any = error.schema
    value: Any = error.instance
    key = str(path[-1])
    example = f"for example: {words.line(key, schema['examples'][0])}" if schema.get("examples") else None
    if error.validator in {"minItems", "minLength"}:
        return source.at_value(path, f"{key!r} is empty", example, rule="empty")
    if error.validator == "type":
        expected = words.types(_asked(error))
        message = f"{key!r} must be {expected}, not {words.kind(value)}"
        if value is None:
            message = f"{key!r} is empty; it must be {expected}"
        return source.at_value(path, message, _type_hint(path, error, source) or example, rule="wrong-type")
    if error.validator in {"minimum", "maximum"}:
        message = f"{key!r} must be from {schema['minimum']} to {schema['maximum']}, not {words.quote(value)}"
        return source.at_value(path, message, example, rule="out-of-range")
    if error.validator == "enum":
        allowed = _asked(error)
        close = words.meant(str(value), allowed)
        hint = f"did you mean {close!r}?" if close else f"allowed here: {', '.join(allowed)}"
        message = f"{words.quote(value)} is not a value of {key!r}"
        return source.at_value(path, message, hint, rule="wrong-value")
    message = f"{key!r} {schema.get('patternErrorMessage', error.message)}, not {words.quote(value)}"
    return source.at_value(path, message, example, rule="wrong-form")


def _wrong_secret(path: Path, error: ValidationError, source: Source) -> Issue:
    """Return the issue of a value inside of credentials, without the value: it may be the secret itself."""
    schema: Any = error.schema
    says = schema.get("patternErrorMessage") or f"must be {words.types(schema['type'])}"
    example = f"for example: {words.line(str(path[-1]), schema['examples'][0])}"
    # The caret would show how long it is.
    return replace(source.at_value(path, f"{str(path[-1])!r} {says}", example, rule="secret-place"), width=1)


def _wrong_item(path: Path, error: ValidationError, source: Source) -> Issue:
    """Return the issue of a value in a list: it has no key of its own."""
    schema: Any = error.schema
    key = next(str(part) for part in reversed(path) if isinstance(part, str))
    if error.validator == "type":
        says = f"must be {words.types(_asked(error))}, not {words.kind(error.instance)}"
    else:
        says = f"{schema.get('patternErrorMessage', error.message)}, not {words.quote(error.instance)}"
    examples = schema.get("examples")
    example = f"for example: {words.line(key, examples)}" if examples else f"write {key}: [TEXT, TEXT]"
    return source.at_value(path, f"an item of {key!r} {says}", example, rule="wrong-item")


def _type_hint(path: Path, error: ValidationError, source: Source) -> str | None:
    """Return the smallest change that gives the value its type, where YAML's reading is the cause."""
    value: Any = error.instance
    key, entry = str(path[-1]), source.entries[path]
    expected = _asked(error)
    if "string" in expected and entry.text not in (None, "", "~") and not isinstance(value, str):
        read = "" if words.quote(value) == entry.text else f" (without quotes, YAML reads {_read(value)})"
        return f'write it in quotes: {key}: "{entry.text}"{read}'
    if expected in ("integer", "boolean") and isinstance(value, str) and entry.quoted:
        plain = value.strip()
        if re.fullmatch(r"[0-9]+" if expected == "integer" else r"(?i)true|false|yes|no", plain):
            return f"write it without quotes: {key}: {plain.lower()}"
    if expected == "object" and key.startswith("/") and isinstance(value, str) and "://" in value:
        return f"write 'source: {value}' on the line below, indented"
    return None


def _read(value: Any) -> str:
    return "it as empty" if value is None else words.quote(value)


def _missing_key(path: Path, error: ValidationError, source: Source) -> Issue:
    fields: Any = error.instance
    key = next(name for name in _asked(error) if name not in fields)
    if not path:
        first = next(iter(source.data), None)
        message = f"px.yaml has no {key!r}"
        hint = f"write '{key}:' in the first column, and 'nodes: 2' indented below it"
        return source.at_key((first,) if first is not None else (), message, hint, rule="missing-key")
    hint = f"add below it, indented: {key}: gs://BUCKET" if key == "source" else f"add {key!r}"
    return source.at_key(path, f"{str(path[-1])!r} has no {key!r}", hint, rule="missing-key")


def _unknown_keys(path: Path, error: ValidationError, source: Source, definitions: dict[str, Any]) -> Iterator[Issue]:
    schema: Any = error.schema
    known = list(schema.get("properties", ()))
    patterns = schema.get("patternProperties", ())
    fields: Any = error.instance
    unknown = (key for key in fields if key not in known and not any(re.search(one, key) for one in patterns))
    for key in islice(unknown, _MOST_UNKNOWN):
        hint = _elsewhere(path, key, fields[key], known, definitions)
        if not hint:
            hint = _near(key, known, fields) or f"known here: {', '.join(known)}"
        yield source.at_key((*path, key), f"unknown key {words.quote(key)}", hint, rule="unknown-key")


def _near(key: str, known: list[str], fields: dict[str, Any]) -> str | None:
    """Return the hint to the key that was meant: one that is not there yet comes first."""
    also = {name: meaning for name, meaning in _ALSO_CALLED.items() if meaning in known}
    for absent in (True, False):
        candidates = [*known, *also] if absent else known
        names = [name for name in candidates if (also.get(name, name) not in fields) == absent]
        if close := words.meant(key, names):
            right = also.get(close, close)
            return f"did you mean {right!r}?" if absent else f"it looks like {right!r}, which is there already"
    return None


def _elsewhere(path: Path, key: str, value: Any, known: list[str], definitions: dict[str, Any]) -> str | None:
    """Return where a key belongs that is right, but not here."""
    if path == ("cluster",) and (blocks := _blocks_with(key, known, definitions)):
        return f"{key!r} belongs under {words.join(blocks, 'or')}, indented"
    mounts_here = path in ((), ("file_mounts",))
    as_path = "/" + re.sub(r"^[./~]+", "", key)
    if mounts_here and ("/" in key or (isinstance(value, dict) and "source" in value)) and as_path != "/":
        return f"the path of a mount begins with '/': did you mean {words.quote(as_path)}?"
    if path == ("cluster",) and key.startswith("/"):
        return "a mount is not part of 'cluster': begin its line in the first column"
    of_mounts = not mounts_here and path[:1] != ("cluster",) and key in definitions["mount"]["properties"]
    if path != ("cluster",) and key in definitions["cluster"]["properties"] and key not in known and not of_mounts:
        return f"{key!r} belongs under 'cluster:', indented"
    if path == () and key in definitions["mount"]["properties"]:
        return f"{key!r} belongs under the path of a mount, such as '/data:', indented"
    return None


def _blocks_with(key: str, known: list[str], definitions: dict[str, Any]) -> list[str]:
    """Return the blocks of `cluster` that have a key."""
    cluster = definitions["cluster"]["properties"]
    blocks = {name: definitions.get(f"provider-{name}", cluster[name]) for name in known}
    return [f"'{name}:'" for name, block in blocks.items() if key in block.get("properties", ())]


def _asked(error: ValidationError) -> Any:
    """Return what the schema asks for: jsonschema's types leave open that an error has none."""
    return error.validator_value
