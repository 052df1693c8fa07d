"""Every px.yaml that the schema and the tables of clouds allow is a Config in which no cloud would refuse a name."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from px_ansible.config import Config, parse
from px_ansible.config.values import size_mib
from px_ansible.providers import OPTIONAL, PROVIDERS
from px_ansible.schema import bundled
from px_ansible.stores import STORES

DEFINITIONS = bundled()["$defs"]
CLOUDS = sorted(name for name, row in PROVIDERS.items() if row.cloud)
MAKERS = sorted(name for name, row in PROVIDERS.items() if not row.existing)
LABEL_OF_DNS = "[a-z]([-a-z0-9]{0,61}[a-z0-9])?"
NAMES = st.from_regex("[a-z][a-z0-9]{2,20}", fullmatch=True)
SIZES = st.one_of(
    st.integers(1, 64),
    st.floats(1, 64).map(lambda value: round(value, 3)),
    st.builds(
        "{}{}{}".format, st.integers(1, 64), st.sampled_from(["", " "]), st.sampled_from(["G", "GB", "GiB", "gi"])
    ),
    st.builds("{} {}".format, st.integers(512, 9999), st.sampled_from(["MiB", "MB", "m"])),
)
ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).filter(int)


def plain(text: str) -> bool:
    """Tell whether a text may be in a px.yaml at all: printable, and neither a template nor a variable."""
    return text.isprintable() and "{" not in text and "$" not in text


def from_schema(node: dict) -> st.SearchStrategy:
    """Return what draws any value of a part of the schema."""
    if "enum" in node:
        return st.sampled_from(node["enum"])
    return OF_TYPE[node["type"]](node)


def texts(node: dict) -> st.SearchStrategy:
    if "pattern" in node:
        return st.from_regex(re.compile(node["pattern"], re.ASCII), fullmatch=True).filter(plain)
    return st.text(min_size=node.get("minLength", 0), max_size=30).filter(plain)


def mappings(node: dict) -> st.SearchStrategy:
    needed, pairs = node.get("required", []), node.get("dependentRequired", {})
    drawn = {name: from_schema(value) for name, value in node["properties"].items()}
    return st.fixed_dictionaries(
        {name: value for name, value in drawn.items() if name in needed},
        optional={name: value for name, value in drawn.items() if name not in needed},
    ).map(lambda found: {name: value for name, value in found.items() if complete(name, found, pairs)})


OF_TYPE = {
    "array": lambda node: st.lists(from_schema(node["items"]), min_size=node.get("minItems", 0), max_size=4),
    "boolean": lambda _node: st.booleans(),
    "integer": lambda node: st.integers(node["minimum"], node["maximum"]),
    "object": mappings,
    "string": texts,
}


def complete(name: str, found: dict, pairs: dict) -> bool:
    return all(other in found and complete(other, found, pairs) for other in pairs.get(name, ()))


def zones_of(cloud, region: str) -> st.SearchStrategy:
    return st.from_regex(cloud.zone.format(region=re.escape(region)), fullmatch=True)


@st.composite
def ranges(draw) -> str:
    address = draw(ADDRESSES)
    if draw(st.booleans()):
        return str(address)
    return str(ipaddress.ip_network(f"{address}/{draw(st.integers(1, 32))}", strict=False))


@st.composite
def clusters(draw, provider: str) -> dict:
    row = PROVIDERS[provider]
    block = draw(
        st.fixed_dictionaries(
            {"provider": st.just(provider)},
            optional={
                "name": from_schema(DEFINITIONS["cluster"]["properties"]["name"]),
                "nodes": st.integers(1, 1000),
                "cpus_per_node": st.integers(1, 40),
                "memory_per_node": SIZES,
                "image": st.sampled_from(row.images),
                provider: from_schema(DEFINITIONS[f"provider-{provider}"]),
            },
        )
    )
    own = block.get(provider, {})
    if row.cloud is None:
        return block
    region = draw(st.sampled_from(row.cloud.regions))
    label = st.from_regex(row.cloud.labels.key, fullmatch=True).filter(plain)
    taken = ("px-", *row.cloud.labels.taken)
    wanted = {
        "region": st.just(region),
        "zone": zones_of(row.cloud, region) if row.cloud.zone else st.nothing(),
        "disk_size": st.integers(*row.cloud.disk_gib),
        "spot": st.booleans(),
        "labels": st.dictionaries(
            label.filter(lambda key: not key.lower().startswith(taken)),
            st.from_regex(row.cloud.labels.value, fullmatch=True).filter(plain),
            max_size=5,
        ),
        "ssh": st.fixed_dictionaries(
            {},
            optional={
                "user": from_schema(DEFINITIONS["cluster"]["properties"]["ssh"]["properties"]["user"]).filter(
                    lambda user: user not in row.cloud.no_users
                ),
                "key": st.just("~/.ssh/id_ed25519"),
                "allow": st.lists(ranges(), min_size=1, max_size=4),
            },
        ),
    }
    block |= draw(st.fixed_dictionaries({}, optional={key: wanted[key] for key in wanted if key in row.offers}))
    if "zone" in block:
        block["region"] = region
    if "zones" in own:
        own["zones"] = draw(st.lists(zones_of(row.cloud, region), min_size=1, max_size=3))
        block["region"] = region
    return block


@st.composite
def files(draw, provider: str) -> dict:
    stores = [store for store in STORES.values() if PROVIDERS[provider].emulators or store.provider == provider]
    data = {"cluster": draw(clusters(provider))}
    for name in draw(st.lists(NAMES, max_size=3, unique=True)):
        store = draw(st.sampled_from(stores))
        bucket = draw(NAMES.filter(lambda name: not name.startswith("goog") and "google" not in name))
        source = store.form.replace("ACCOUNT", "myaccount").rsplit("/", 1)[0] + f"/{bucket}"
        mount = {"source": source, "store": store.name} | ({"region": "nyc3"} if store.needs_region else {})
        if draw(st.booleans()):
            data.setdefault("file_mounts", {})[f"/{name}-1"] = mount
        else:
            data[f"/{name}-2"] = mount
    return data


def check(config: Config, data: dict) -> None:
    """Hold a Config to what the clouds ask for; the file is there to compare with."""
    cluster, row = data["cluster"], PROVIDERS[config.provider]
    assert len(set(config.hosts)) == config.nodes == cluster.get("nodes", 1)
    assert all(re.fullmatch(LABEL_OF_DNS, host) for host in (config.cluster, *config.hosts))
    assert len(config.mounts) == len(data) - 1 - ("file_mounts" in data) + len(data.get("file_mounts", {}))
    assert (config.memory_per_node is None) == ("memory_per_node" not in cluster)
    if row.cloud is None:
        assert (config.region, config.machine) == (None, None)
        return
    assert config.region in row.cloud.regions
    assert config.zone is None or re.fullmatch(row.cloud.zone.format(region=config.region), config.zone)
    assert config.machine.type.vcpus >= config.cpus_per_node
    assert config.machine.type.memory_gib * 1024 >= (size_mib(cluster.get("memory_per_node", 1)) or 0)
    assert config.disk_size_gib is None or row.cloud.disk_gib[0] <= config.disk_size_gib <= row.cloud.disk_gib[1]
    assert config.labels == cluster.get("labels", {})
    assert all(str(ipaddress.ip_network(one)) == one for one in config.ssh.allow)
    assert bool(config.ssh.allow) == ("allow" in cluster.get("ssh", {}))


@pytest.mark.parametrize("provider", MAKERS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_every_valid_file_is_a_config_and_can_be_tried_anywhere(provider, data):
    file = data.draw(files(provider))
    raw = yaml.safe_dump(file, allow_unicode=True, sort_keys=False).encode()
    config = parse(raw, file=Path("/projects/training/px.yaml"), name="px.yaml")
    check(config, file)
    assert config.notes == ()
    here = parse(raw, file=Path("/projects/training/px.yaml"), name="px.yaml", provider="local")
    assert here.hosts == config.hosts
    assert [mount.path for mount in here.mounts] == [mount.path for mount in config.mounts]
    if provider != "local":
        useless = [key for key in OPTIONAL if file["cluster"].get(key) and key not in PROVIDERS["local"].offers]
        for key in useless:
            assert any(note.startswith((f"'{key}:", f"'{key}'")) for note in here.notes)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data(), provider=st.sampled_from(CLOUDS), other=st.sampled_from(CLOUDS))
def test_every_file_of_a_cloud_can_be_planned_in_another(data, provider, other):
    """Nothing of it is an error there but buckets of the first cloud, which hosts of the other cannot sign in to."""
    file = {"cluster": data.draw(clusters(provider))}
    raw = yaml.safe_dump(file, allow_unicode=True, sort_keys=False).encode()
    config = parse(raw, file=Path("/projects/training/px.yaml"), name="px.yaml", provider=other)
    cloud = PROVIDERS[other].cloud
    assert config.region in cloud.regions
    assert all(re.fullmatch(cloud.labels.key, key) for key in config.labels)
    assert all(re.fullmatch(cloud.labels.value, value) for value in config.labels.values())
    assert config.ssh.user not in cloud.no_users
    assert config.image is None or config.image in PROVIDERS[other].images
