"""The JSON Schema of px.yaml: one file for what all share, one per provider, one per store, joined here.

A provider's file describes the block of `cluster` that is named after it. A store's file is an `if` that says
which mounts are of that store, and a `then` with all keys that they may have. px.schema.json lists neither.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent


@cache
def bundled() -> dict[str, Any]:
    """Return the whole schema as one document without references to other files; nobody may change it."""
    schema = _read(_HERE / "px.schema.json")
    definitions = schema["$defs"]
    cluster, mount = definitions["cluster"]["properties"], definitions["mount"]

    providers = _parts("providers")
    cluster["provider"]["enum"] = sorted(providers)
    for name, part in providers.items():
        definitions[f"provider-{name}"] = part
        cluster[name] = {"$ref": f"#/$defs/provider-{name}"}

    stores = _parts("stores")
    mount["properties"]["store"]["enum"] = sorted(stores)
    for name, part in stores.items():
        definitions[f"store-{name}"] = part
    # A mount of no known store is held to the keys that a mount of some store has.
    known = {key: True for part in stores.values() for key in part["then"]["properties"]}
    mount["allOf"] = [
        *({"$ref": f"#/$defs/store-{name}"} for name in stores),
        {
            "if": {"anyOf": [part["if"] for part in stores.values()]},
            "else": {"properties": known, "additionalProperties": False},
        },
    ]
    return schema


@cache
def defaults(name: str) -> dict[str, Any]:
    """Return the defaults of a definition of the schema: `cluster`, `mount`, `provider-NAME`."""
    properties = bundled()["$defs"][name]["properties"]
    return {key: value["default"] for key, value in properties.items() if "default" in value}


def _parts(folder: str) -> dict[str, dict[str, Any]]:
    files = sorted((_HERE / folder).glob("*.json"))
    return {file.stem: {key: value for key, value in _read(file).items() if key != "$schema"} for file in files}


def _read(file: Path) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return schema
