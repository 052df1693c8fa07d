"""px.yaml against the JSON Schema: each breach as an issue in the words of px.yaml, not of JSON Schema."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from px_ansible.config import credentials, words
from px_ansible.schema import bundled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jsonschema_rs import Draft202012Validator

    from px_ansible.errors import Issue
    from px_ansible.source import Path, Source

# What other tools call these keys.
_ALSO_CALLED = {
    "accelerators": "machine_type",
    "bucket": "source",
    "cloud": "provider",
    "count": "nodes",
    "flavor": "machine_type",
    "gpus": "machine_type",
    "hosts": "nodes",
    "instance_type": "machine_type",
    "instances": "nodes",
    "location": "region",
    "mounts": "file_mounts",
    "node_count": "nodes",
    "os": "image",
    "preemptible": "spot",
    "ram": "memory_per_node",
    "tags": "labels",
    "url": "source",
    "vcpus": "cpus_per_node",
    "vm_size": "machine_type",
    "workers": "nodes",
}
# What is listed between tables: there the allowed values have rules with better messages.
_RULED = {"client", "provider", "store"}
# Nobody reads more, and the file need not be a px.yaml at all.
_MOST_ERRORS, _MOST_UNKNOWN = 1000, 200


class Breach(NamedTuple):
    """Where the data breaks the schema: the value at `path` is not as `keyword` of the sub-schema `schema` says."""

    path: Path
    value: Any
    keyword: str
    schema: dict[str, Any]
    message: str

    @property
    def asked(self) -> Any:
        """What the keyword asks for."""
        return self.schema[self.keyword]


def issues_of(source: Source, data: dict[str, Any]) -> list[Issue]:
    """Return the breaches of the schema, one for each place; `data` is that of the source, or what was meant by it."""
    definitions = bundled()["$defs"]
    found: dict[tuple[int, int, str], Issue] = {}
    for breach in islice(breaches(data), _MOST_ERRORS):
        for issue in _issues(breach, source, definitions):
            found.setdefault((issue.line, issue.column, issue.rule), issue)
    return list(found.values())


def breaches(data: dict[str, Any]) -> Iterator[Breach]:
    """Yield what in the data of a px.yaml is not as the schema says."""
    schema = bundled()
    for error in _validator().iter_errors(data):
        *place, keyword = error.schema_path
        path = tuple(error.instance_path)
        yield Breach(path, _at(data, path), str(keyword), _at(schema, place), error.message)


@cache
def _validator() -> Draft202012Validator:
    # Slow to import, and `--help` does not need it.
    from jsonschema_rs import Draft202012Validator  # noqa: PLC0415

    # Offline: a reference that the bundle does not answer is an error and never a download.
    return Draft202012Validator(bundled(), offline=True)


def _at(document: Any, path: Iterable[str | int]) -> Any:
    for part in path:
        document = document[part]
    return document


def _issues(breach: Breach, source: Source, definitions: dict[str, Any]) -> Iterator[Issue]:
    path, _, keyword, schema, _ = breach
    if keyword == "dependentRequired":
        return  # a rule of its own says it, at the key
    if keyword in {"minimum", "maximum"} and schema.get("type") == "integer" and not isinstance(breach.value, int):
        return  # of another type, which is said
    if keyword == "additionalProperties":
        yield from _unknown_keys(breach, source, definitions)
    elif keyword == "required":
        yield _missing_key(breach, source)
    elif isinstance(path[-1], int):
        yield _wrong_item(breach, source)
    elif credentials.is_below(path):
        yield _wrong_secret(breach, source)
    elif not (keyword == "enum" and path[-1] in _RULED):
        yield _wrong_value(breach, source)


def _wrong_value(breach: Breach, source: Source) -> Issue:
    path, value, keyword, schema, _ = breach
    key = str(path[-1])
    example = f"for example: {words.line(key, schema['examples'][0])}" if schema.get("examples") else None
    if keyword in {"minItems", "minLength"}:
        return source.at_value(path, f"{key!r} is empty", example, rule="empty")
    if keyword == "type":
        expected = words.types(breach.asked)
        message = f"{key!r} must be {expected}, not {words.kind(value)}"
        if value is None:
            message = f"{key!r} is empty; it must be {expected}"
        return source.at_value(path, message, _type_hint(breach, source) or example, rule="wrong-type")
    if keyword in {"minimum", "maximum"}:
        message = f"{key!r} must be from {schema['minimum']} to {schema['maximum']}, not {words.quote(value)}"
        return source.at_value(path, message, example, rule="out-of-range")
    if keyword == "maxItems":
        message = f"{key!r} has {len(value):,} items; {breach.asked:,} are allowed"
        return source.at_value(path, message, "take some of them out", rule="out-of-range")
    if keyword == "enum":
        allowed = [str(one) for one in breach.asked]
        hint = words.hint(str(value), allowed, otherwise=f"allowed here: {', '.join(allowed)}")
        message = f"{words.quote(value)} is not a value of {key!r}"
        return source.at_value(path, message, hint, rule="wrong-value")
    message = f"{key!r} {schema.get('patternErrorMessage', breach.message)}, not {words.quote(value)}"
    return source.at_value(path, message, example, rule="wrong-form")


def _wrong_secret(breach: Breach, source: Source) -> Issue:
    """Return the issue of a value inside of credentials, without the value: it may be the secret itself."""
    path, _, _, schema, _ = breach
    says = schema.get("patternErrorMessage") or f"must be {words.types(schema['type'])}"
    example = f"for example: {words.line(str(path[-1]), schema['examples'][0])}"
    issue = source.at_value(path, f"{str(path[-1])!r} {says}", example, rule="secret-place")
    # The caret would show how long it is.
    return replace(issue, width=1)


def _wrong_item(breach: Breach, source: Source) -> Issue:
    """Return the issue of a value in a list: it has no key of its own."""
    path, value, keyword, schema, _ = breach
    key = next(str(part) for part in reversed(path) if isinstance(part, str))
    if keyword == "type":
        says = f"must be {words.types(breach.asked)}, not {words.kind(value)}"
    else:
        says = f"{schema.get('patternErrorMessage', breach.message)}, not {words.quote(value)}"
    examples = schema.get("examples")
    example = f"for example: {words.line(key, examples)}" if examples else f"write {key}: [TEXT, TEXT]"
    return source.at_value(path, f"an item of {key!r} {says}", example, rule="wrong-item")


def _type_hint(breach: Breach, source: Source) -> str | None:
    """Return the smallest change that gives the value its type, where YAML's reading is the cause."""
    path, value = breach.path, breach.value
    key, entry = str(path[-1]), source.entries[path]
    expected = breach.asked
    if "string" in expected and entry.text not in (None, "", "~") and not isinstance(value, str):
        read = "" if words.quote(value) == entry.text else f" (without quotes, YAML reads {_read(value)})"
        return f'write it in quotes: {key}: "{entry.text}"{read}'
    if expected in ("integer", "boolean") and isinstance(value, str) and entry.quoted:
        plain = value.strip()
        if re.fullmatch(r"[0-9]+" if expected == "integer" else r"(?i)true|false|yes|no", plain):
            return f"write it without quotes: {key}: {plain.lower()}"
    if expected == "object" and isinstance(value, str) and (glued := re.match(r"(\w+):(?!//)\s*(\S+)", value)):
        return f"a space is missing after the ':': write '{glued[1]}: {glued[2]}'"
    if expected == "object" and key.startswith("/") and isinstance(value, str) and "://" in value:
        return f"write 'source: {value}' on the line below, indented"
    return None


def _read(value: Any) -> str:
    return "it as empty" if value is None else words.quote(value)


def _missing_key(breach: Breach, source: Source) -> Issue:
    path, fields = breach.path, breach.value
    key = next(name for name in breach.asked if name not in fields)
    if not path:
        first = next(iter(source.data), None)
        message = f"px.yaml has no {key!r}"
        hint = f"write '{key}:' in the first column, and 'nodes: 2' indented below it"
        return source.at_key((first,) if first is not None else (), message, hint, rule="missing-key")
    hint = f"add below it, indented: {key}: gs://BUCKET" if key == "source" else f"add {key!r}"
    return source.at_key(path, f"{str(path[-1])!r} has no {key!r}", hint, rule="missing-key")


def _unknown_keys(breach: Breach, source: Source, definitions: dict[str, Any]) -> Iterator[Issue]:
    path, fields, _, schema, _ = breach
    known = list(schema.get("properties", ()))
    patterns = schema.get("patternProperties", ())
    unknown = (key for key in fields if key not in known and not any(re.search(one, key) for one in patterns))
    for key in islice(unknown, _MOST_UNKNOWN):
        hint = _elsewhere(path, key, fields[key], known, definitions)
        if _has(schema.get("properties", {}).get("credentials"), key):
            hint = f"{key!r} belongs under 'credentials:', indented"
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
    if path in ((), ("cluster",)) and key in definitions["mount"]["properties"]:
        return f"{key!r} belongs under the path of a mount, such as '/data:', indented"
    return None


def _has(block: Any, key: str) -> bool:
    return isinstance(block, dict) and key in block.get("properties", ())


def _blocks_with(key: str, known: list[str], definitions: dict[str, Any]) -> list[str]:
    """Return the blocks of `cluster` that have a key."""
    cluster = definitions["cluster"]["properties"]
    blocks = {name: definitions.get(f"provider-{name}", cluster[name]) for name in known}
    return [f"'{name}:'" for name, block in blocks.items() if _has(block, key)]
