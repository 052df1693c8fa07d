from __future__ import annotations

import copy
from pathlib import Path

import jsonschema
import pytest

from px_ansible import schema
from px_ansible.clients import CLIENTS
from px_ansible.config import parse
from px_ansible.errors import ConfigError
from px_ansible.providers import PROVIDERS
from px_ansible.stores import STORES

FOLDER = Path(schema.__file__).parent


def properties(node, path=()):
    """Yield every property that says more than that it is there."""
    if isinstance(node, dict):
        for name, value in node.get("properties", {}).items():
            # Conditions are not documentation.
            if isinstance(value, dict) and "if" not in path:
                yield (*path, name), value
        for key, value in node.items():
            yield from properties(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from properties(value, (*path, index))


def resolve(document, node):
    while "$ref" in node:
        target = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        # What stands beside a reference is about this use of it.
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


ALL = [("/".join(map(str, path)), value) for path, value in properties(schema.bundled())]


def test_the_bundle_is_a_valid_schema():
    jsonschema.Draft202012Validator.check_schema(schema.bundled())


def test_the_bundle_stands_alone():
    def references(node):
        if isinstance(node, dict):
            if "$ref" in node:
                yield node["$ref"]
            for value in node.values():
                yield from references(value)
        elif isinstance(node, list):
            for value in node:
                yield from references(value)

    document = schema.bundled()
    found = set(references(document))
    assert found
    for reference in found:
        assert resolve(document, {"$ref": reference})


def test_nobody_changes_what_all_share():
    before = copy.deepcopy(schema.bundled())
    with pytest.raises(ConfigError):
        parse(b"cluster: {local: {x: 1}, nodes: []}\n/data: {store: gcs, x: 1}\n", file=Path("px.yaml"), name="px.yaml")
    assert schema.bundled() == before


@pytest.mark.parametrize(("path", "value"), ALL, ids=[path for path, _ in ALL])
def test_every_property_is_documented(path, value):
    described = resolve(schema.bundled(), value)
    assert described["title"]
    assert described["description"].endswith(".")
    assert described["examples"]


@pytest.mark.parametrize(("path", "value"), ALL, ids=[path for path, _ in ALL])
def test_examples_and_defaults_are_valid(path, value):
    document = schema.bundled()
    described = resolve(document, value)
    validator = jsonschema.Draft202012Validator({**described, "$defs": document["$defs"]})
    for example in [*described["examples"], *([described["default"]] if "default" in described else [])]:
        validator.validate(example)


def test_no_branches_that_blame_the_wrong_one():
    """`oneOf`, and `anyOf` outside of a condition, report errors of branches that were not meant."""

    def look(node, inside_if):
        if isinstance(node, dict):
            assert "oneOf" not in node
            assert inside_if or "anyOf" not in node
            for key, value in node.items():
                look(value, inside_if or key == "if")
        elif isinstance(node, list):
            for value in node:
                look(value, inside_if)

    look(schema.bundled(), inside_if=False)


def test_files_and_tables_name_the_same():
    assert {file.stem for file in (FOLDER / "providers").glob("*.json")} == set(PROVIDERS)
    assert {file.stem for file in (FOLDER / "stores").glob("*.json")} == set(STORES)


@pytest.mark.parametrize("name", STORES)
def test_a_store_s_clients_are_those_of_the_table(name):
    client = schema.bundled()["$defs"][f"store-{name}"]["then"]["properties"]["client"]
    assert tuple(client["enum"]) == STORES[name].clients
    assert client["default"] == STORES[name].clients[0]


@pytest.mark.parametrize("name", STORES)
def test_a_store_s_credentials_are_those_of_the_table(name):
    credentials = schema.bundled()["$defs"][f"store-{name}"]["then"]["properties"]["credentials"]
    ways = STORES[name].sign_ins
    assert set(credentials["properties"]) == {one for way in ways for one in (*way.needs, *way.may)}


def test_clients_and_stores_name_each_other():
    pairs = {(store.name, client) for store in STORES.values() for client in store.clients}
    assert pairs == {(store, client.name) for client in CLIENTS.values() for store in client.stores}


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
def test_a_provider_s_emulator_ports_are_those_of_the_table(provider):
    defaults = schema.defaults(f"provider-{provider.name}")
    for store, emulator in provider.emulators.items():
        assert store in STORES
        assert defaults[f"{store}_port"] == emulator.port
        assert str(emulator.port) in emulator.endpoint.format(port=emulator.port, account="myaccount")


def test_the_shared_file_names_no_provider_and_no_store_as_a_key():
    """They are joined in by their files, so that adding one does not touch the shared file."""
    shared = schema._read(FOLDER / "px.schema.json")
    cluster = shared["$defs"]["cluster"]["properties"]
    assert not set(cluster) & set(PROVIDERS)
    assert "enum" not in cluster["provider"]
    assert "enum" not in shared["$defs"]["mount"]["properties"]["store"]
