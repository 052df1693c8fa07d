"""Google's own description of an API, as google-api-python-client carries it: routes and parameters."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import googleapiclient

from emulators.gce import errors
from emulators.gce.schema import Schemas, scalar

DOCUMENTS = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"


@dataclass(frozen=True)
class Method:
    """One method of an API."""

    id: str
    description: dict[str, Any]
    pattern: re.Pattern[str]
    parameters: dict[str, dict[str, Any]]

    @property
    def request(self) -> str:
        """The name of the body's schema, or nothing."""
        return self.description.get("request", {}).get("$ref", "")

    @property
    def response(self) -> str:
        return self.description.get("response", {}).get("$ref", "")

    @property
    def scopes(self) -> set[str]:
        return set(self.description.get("scopes", []))


@dataclass
class Api:
    """One API by its description."""

    name: str
    version: str
    document: dict[str, Any]
    schemas: Schemas
    common: dict[str, dict[str, Any]]  # parameters that every method takes
    _methods: dict[tuple[str, int], list[Any]] = field(default_factory=dict)

    @property
    def prefix(self) -> str:
        return "/" + self.document["servicePath"]

    def find(self, http_method: str, path: str) -> tuple[Method, dict[str, str]] | None:
        """Return the method that a path names, and the parameters in the path."""
        if not path.startswith(self.prefix):
            return None
        rest = path[len(self.prefix) :]
        candidates = self._methods.get((http_method, rest.count("/")), [])
        for index, one in enumerate(candidates):
            if isinstance(one, dict):
                candidates[index] = self._compile(one)
        found = [(one, match) for one in candidates if (match := one.pattern.fullmatch(rest))]
        if not found:
            return None
        # The one with the fewest parameters is the most exact: `aggregated/instances` before `{x}/{y}`.
        method, match = min(found, key=lambda pair: len(pair[1].groups()))
        return method, {name: unquote(value) for name, value in match.groupdict().items()}

    def _compile(self, description: dict[str, Any]) -> Method:
        parameters = description.get("parameters", {})

        def group(match: re.Match[str]) -> str:
            name = match["name"]
            inner = parameters[name].get("pattern", ".+").strip("^$") if match["plus"] else "[^/]+"
            return f"(?P<{name}>{inner})"

        pieces = re.split(r"(\{\+?\w+\})", description["path"])
        spelled = (
            re.sub(r"\{(?P<plus>\+?)(?P<name>\w+)\}", group, piece) if piece.startswith("{") else re.escape(piece)
            for piece in pieces
        )
        return Method(description["id"], description, re.compile("".join(spelled)), parameters)

    def check_path(self, method: Method, values: dict[str, str]) -> None:
        """Refuse names in the path that break their pattern."""
        for name, value in values.items():
            pattern = method.parameters[name].get("pattern")
            if pattern and not re.fullmatch(pattern, value):
                raise errors.not_matching(name, value, pattern)

    def check_query(self, method: Method, query: list[tuple[str, str]]) -> dict[str, Any]:
        """Return the query's values by their types; refuse what the method does not take."""
        allowed = self.common | {name: one for name, one in method.parameters.items() if one.get("location") == "query"}
        values: dict[str, Any] = {}
        wrong = []
        for name, text in query:
            if name not in allowed:
                wrong.append(("", unknown_parameter(name)))
                continue
            kind = allowed[name]
            value, problem = scalar(text, kind, name)
            low, high = kind.get("minimum"), kind.get("maximum")
            if not problem and low is not None and not int(low) <= int(value) <= int(high or value):
                raise errors.invalid(name, text, f"Values must be within the range: [{low}, {high}]")
            if problem:
                wrong.append((name, problem))
            elif kind.get("repeated"):
                values.setdefault(name, []).append(value)
            elif name in values:
                wrong.append((name, f"Invalid value at '{name}', \"{text}\": the parameter is given twice"))
            else:
                values[name] = value
        if wrong:
            raise errors.bad_request(wrong)
        for name, one in allowed.items():
            if one.get("required") and name not in values:
                raise _lacks(name)
        return values


def _lacks(name: str) -> errors.ApiError:
    """Refuse a call that lacks a parameter."""
    return errors.ApiError(400, f"Required parameter: {name}", "required", location=name, locationType="parameter")


def unknown_parameter(name: str) -> str:
    return (
        f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
        f"Field '{name}' could not be found in request message."
    )


@functools.cache
def load(name: str, version: str = "v1") -> Api:
    """Read an API's description."""
    document = json.loads((DOCUMENTS / f"{name}.{version}.json").read_text(encoding="utf-8"))
    api = Api(name, version, document, Schemas(document["schemas"]), document["parameters"])

    def collect(node: dict[str, Any]) -> None:
        for one in node.get("methods", {}).values():
            depth = one.get("flatPath", one["path"]).count("/")
            api._methods.setdefault((one["httpMethod"], depth), []).append(one)
        for child in node.get("resources", {}).values():
            collect(child)

    collect(document)
    return api
