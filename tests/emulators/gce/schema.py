"""JSON bodies against the schemas of an API's description, in the words of Google's JSON parser."""

from __future__ import annotations

import functools
import re
from typing import Any, NamedTuple

_NUMBERS = {"int32": "TYPE_INT32", "uint32": "TYPE_UINT32", "int64": "TYPE_INT64", "uint64": "TYPE_UINT64"}
_OUTPUT_ONLY = re.compile(r"\s*(output only|\[output[- ]only\]|\[output only\])", re.IGNORECASE)


class Read(NamedTuple):
    """A body that was taken in."""

    body: Any  # values by their types
    wrong: list[tuple[str, str]]  # (where, what does not fit)
    patterns: list[tuple[str, Any, str]]  # (field, value, the pattern that it breaks)
    missing: list[str]  # fields that the method wants


class Schemas:
    """The schemas of one API."""

    def __init__(self, schemas: dict[str, dict[str, Any]]) -> None:
        self._schemas = schemas

    def of(self, name: str) -> dict[str, Any]:
        return self._schemas[name]

    @functools.cached_property
    def properties(self) -> dict[str, dict[str, Any]]:
        return {name: one.get("properties", {}) for name, one in self._schemas.items()}

    def read(self, value: Any, name: str, at: str, method: str) -> Read:
        """Take a method's body in. Fields that only answers have are dropped, and so are nulls, without a word."""
        reader = _Reader(self, method)
        return Read(reader.value(value, {"$ref": name}, at), reader.wrong, reader.patterns, reader.missing)

    def lies(self, value: Any, name: str) -> list[str]:
        """Say where an answer of the emulator itself does not fit its schema."""
        reader = _Reader(self, "")
        reader.value(value, {"$ref": name}, "")
        return [text for _, text in reader.wrong] + [
            f"{field}: {value} for {want}" for field, value, want in reader.patterns
        ]


class _Reader:
    """Walks through a document; with a method, a body on its way in."""

    def __init__(self, schemas: Schemas, method: str) -> None:
        self.schemas = schemas
        self.method = method
        self.wrong: list[tuple[str, str]] = []
        self.patterns: list[tuple[str, Any, str]] = []
        self.missing: list[str] = []

    def value(self, value: Any, schema: dict[str, Any], at: str) -> Any:
        if "$ref" in schema:
            schema = self.schemas.of(schema["$ref"])
        kind = schema.get("type")
        if kind == "object":
            return self._object(value, schema, at)
        if kind == "array":
            if not isinstance(value, list):
                self._complain(at, f"Invalid JSON payload received. '{at}' must be an array")
                return []
            return [self.value(one, schema["items"], f"{at}[{index}]") for index, one in enumerate(value)]
        if kind == "any":
            return value
        result, problem = scalar(value, schema, at)
        if problem:
            self._complain(at, problem)
        elif "pattern" in schema and isinstance(result, str) and not re.fullmatch(schema["pattern"], result):
            self.patterns.append((at, result, schema["pattern"]))
        return result

    def _object(self, value: Any, schema: dict[str, Any], at: str) -> Any:
        if not isinstance(value, dict):
            self._complain(at, f"Invalid value at '{at}' (a message), {_show(value)}")
            return {}
        known, others = schema.get("properties", {}), schema.get("additionalProperties")
        result = {}
        for name, one in value.items():
            inner = f"{at}.{name}" if at else name
            if name in known:
                if one is None or (self.method and output_only(known[name])):
                    continue
                result[name] = self.value(one, known[name], inner)
            elif others is not None:
                result[name] = self.value(one, others, inner)
            else:
                where = f" at '{at}'" if at else ""
                text = f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.'
                self._complain(at, text)
        for name, one in known.items():
            if self.method in one.get("annotations", {}).get("required", []) and result.get(name) in (None, ""):
                self.missing.append(f"{at}.{name}" if at else name)
        return result

    def _complain(self, at: str, text: str) -> None:
        self.wrong.append((at, text))


def output_only(schema: dict[str, Any]) -> bool:
    return bool(schema.get("readOnly")) or bool(_OUTPUT_ONLY.match(schema.get("description", "")))


def scalar(value: Any, schema: dict[str, Any], at: str) -> tuple[Any, str]:
    """Return a value by its type, and what is wrong with it."""
    kind, form = schema.get("type", "string"), schema.get("format", "")
    if kind == "boolean":
        name, result = "TYPE_BOOL", {"true": True, "false": False}.get(_show(value).strip('"').lower())
    elif kind == "integer" or form in ("int64", "uint64"):
        name, result = _NUMBERS.get(form, "TYPE_INT32"), _integer(value, kind, form)
    elif kind == "number":
        right = isinstance(value, int | float) and not isinstance(value, bool)
        name, result = "TYPE_DOUBLE", float(value) if right else None
    else:
        name, result = "TYPE_STRING", value if isinstance(value, str) else None
        if result is not None and value not in schema.get("enum", [value]):
            name, result = "an enum", None
    return result, "" if result is not None else f"Invalid value at '{at}' ({name}), {_show(value)}"


def _integer(value: Any, kind: str, form: str) -> int | str | None:
    """Return a number, as text where the API has it so: its 64 bits are more than a JSON number is safe for."""
    if isinstance(value, bool) or not re.fullmatch(r"-?\d+", str(value)) or ("u" in form and int(value) < 0):
        return None
    return int(value) if kind == "integer" else str(value)


def _show(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)
