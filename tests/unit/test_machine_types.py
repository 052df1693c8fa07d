"""Which machine type is chosen, why, and what a user's own file changes."""

from __future__ import annotations

import json
import re
from datetime import date

import pytest

from px_ansible.errors import PrerequisiteError
from px_ansible.machine_types import MachineType, PriceList, choose, named, price_list, users_file
from px_ansible.providers import PROVIDERS

CLOUDS = [name for name, provider in PROVIDERS.items() if provider.cloud]


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("PX_MACHINE_TYPES", str(tmp_path))
    return tmp_path


def a_type(name, vcpus=4, memory_gib=16, price=0.2, **more):
    return MachineType(name, vcpus, memory_gib, more.pop("arch", "x86_64"), "2026-01-01", None, price, **more)


def prices(*types):
    return PriceList("acme", "a test", {one.name: one for one in types})


def users(folder, **data):
    (folder / "gcp.json").write_text(json.dumps(data))


def test_the_cheapest_that_is_enough():
    found = choose(prices(a_type("big", 8, 32, 0.4), a_type("small", 2, 8, 0.1), a_type("right")), 3, 10 * 1024)
    assert (found.name, found.why, found.notes) == ("right", "the cheapest with at least 3 CPUs and 10 GiB", ())
    assert not found.named


def test_of_two_at_one_price_it_is_the_one_with_more_and_the_other_is_named():
    found = choose(prices(a_type("b", memory_gib=16), a_type("c", memory_gib=32), a_type("a", memory_gib=16)), 4, None)
    assert found.name == "c"
    assert found.notes == ("a, b would cost the same",)


def test_a_tie_in_everything_goes_by_name():
    assert choose(prices(a_type("b"), a_type("a")), 1, None).name == "a"


@pytest.mark.parametrize(
    ("special", "note"),
    [
        (a_type("arm", price=0.1, arch="aarch64"), "'machine_type: arm' has Arm CPUs and costs $0.1"),
        (a_type("burst", price=0.1, shared=True), "'machine_type: burst' has shared CPUs and costs $0.1"),
        (a_type("gpu", price=0.1, gpu="1 x T4"), None),
    ],
)
def test_arm_shared_cpus_and_gpus_are_never_chosen_by_themselves(special, note):
    found = choose(prices(a_type("plain"), special), 4, None)
    assert found.name == "plain"
    assert found.notes == ((note,) if note else ())


def test_a_type_without_price_is_not_chosen_and_said():
    found = choose(prices(a_type("secret", price=None), a_type("plain")), 4, None)
    assert (found.name, found.notes) == ("plain", ("no price is known of secret",))
    assert choose(prices(a_type("secret", price=None)), 4, None).missing


def test_nothing_is_enough_and_what_is_special_is_offered():
    found = choose(prices(a_type("plain"), a_type("arm", 64, 128, arch="aarch64")), 64, None)
    assert found.missing
    assert found.why == "no machine type of acme is known to have at least 64 CPUs"
    assert found.notes == ("'machine_type: arm' has Arm CPUs and costs $0.2",)


def test_a_named_type_wins_and_an_unknown_one_has_no_price():
    assert named(prices(a_type("arm", arch="aarch64")), "arm").type.arch == "aarch64"
    found = named(prices(), "x9")
    assert (found.name, found.type, found.notes, found.named) == ("x9", None, ("no price is known of x9",), True)


@pytest.mark.parametrize("provider", CLOUDS)
def test_the_data_of_every_cloud_is_whole_dated_and_gives_a_choice(provider):
    known = price_list(provider)
    assert known.users is None
    assert known.source
    for one in known.types.values():
        assert one.vcpus > 0, one.name
        assert one.memory_gib > 0, one.name
        assert date(2026, 1, 1) <= date.fromisoformat(one.date) <= date(2100, 1, 1)
        if one.usd_per_hour is not None:
            assert 0 < one.usd_per_hour < 500, one.name
            # A price an hour that is one a month, or of another machine, shows here; shared CPUs and GPUs are apart.
            assert one.gpu or one.shared or 0.01 < one.usd_per_hour / one.vcpus < 1, one.name
        if one.spot_usd_per_hour is not None and one.usd_per_hour is not None:
            assert one.spot_usd_per_hour <= one.usd_per_hour, one.name
    for cpus, memory in ((1, None), (4, None), (4, 16 << 10), (8, 32 << 10), (16, 64 << 10), (32, 128 << 10)):
        found = choose(known, cpus, memory)
        assert found.type.vcpus >= cpus
        assert found.type.memory_gib * 1024 >= (memory or 0)
        assert (found.type.arch, found.type.shared, found.type.gpu) == ("x86_64", False, None)


def test_the_cloud_of_the_px_page_chooses_e2_highcpu_4():
    assert choose(price_list("gcp"), 4, None).name == "e2-highcpu-4"


def test_where_there_is_no_cloud_there_are_no_machine_types():
    assert price_list("local") is None
    assert price_list("static") is None


def test_a_users_file_adds_types_and_replaces_those_of_the_same_name(folder):
    own = {"name": "e2-highcpu-4", "vcpus": 4, "memory_gib": 4, "usd_per_hour": 0.2}
    users(folder, date="2026-11-01", region="europe-west4", types=[own, {"name": "x1", "vcpus": 4, "memory_gib": 8}])
    known = price_list("gcp")
    assert known.users == str(folder / "gcp.json") == str(users_file("gcp"))
    assert known.types["e2-highcpu-4"].region == "europe-west4"
    assert (known.types["x1"].arch, known.types["x1"].usd_per_hour) == ("x86_64", None)
    assert known.types["n2-standard-4"].region == "us-central1"
    found = choose(known, 4, None)
    assert found.name != "e2-highcpu-4"
    assert found.users == known.users


def test_a_users_file_can_be_taken_alone_and_is_read_again_when_it_changed(folder):
    users(folder, date="2026-11-01", replace=True, types=[{"name": "x1", "vcpus": 4, "memory_gib": 8}])
    assert list(price_list("gcp").types) == ["x1"]
    (folder / "gcp.json").unlink()
    assert "x1" not in price_list("gcp").types


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "Expecting property name"),
        ("[" * 100_000, "recursion"),
        ("[]", "it has no list 'types'"),
        ('{"types": {}}', "it has no list 'types'"),
        ('{"types": []}', "it has no 'date', the day that the prices are of"),
        ('{"date": "yesterday", "types": []}', "'date' is not a day such as 2026-11-25"),
        ('{"date": "2026-11-01", "region": 3, "types": []}', "'region' is not the name of a region"),
        ('{"date": "2026-11-01", "types": [1]}', "type 1 is not an object"),
        ('{"date": "2026-11-01", "types": [{"name": "x", "vcpus": "4"}]}', "type 1 needs 'memory_gib'"),
        (
            '{"date": "2026-11-01", "types": [{"name": "x", "vcpus": true, "memory_gib": 1}]}',
            "'vcpus' of type 1, 'x', is not a number above 0",
        ),
        (
            '{"date": "2026-11-01", "types": [{"name": "x", "vcpus": 1, "memory_gib": -1}]}',
            "'memory_gib' of type 1, 'x', is not a number above 0",
        ),
        ('{"date": "2026-11-01", "types": [{"nam": "x"}]}', "type 1 has the unknown key 'nam'"),
        (
            '{"date": "2026-11-01", "types": [{"name": "x", "vcpus": 1, "memory_gib": 1, "usd_per_hour": "1"}]}',
            "'usd_per_hour' of type 1, 'x', is not a number above 0",
        ),
        (
            '{"date": "2026-11-01", "types": [{"name": "x", "vcpus": 1, "memory_gib": 1, "usd_per_hour": -1}]}',
            "'usd_per_hour' of type 1, 'x', is not a number above 0",
        ),
        (
            '{"date": "2026-11-01", "types": [{"name": "x", "vcpus": 1, "memory_gib": 1, "usd_per_hour": NaN}]}',
            "'usd_per_hour' of type 1, 'x', is not a number above 0",
        ),
        (
            '{"date": "2026-11-01", "types": [{"name": "x", "vcpus": 1, "memory_gib": 1, "shared": "no"}]}',
            "'shared' of type 1, 'x', is not true or false",
        ),
        (
            '{"date": "2026-11-01", "types": [{"name": "x", "vcpus": 1, "memory_gib": 1, "gpu": 2}]}',
            "'gpu' of type 1, 'x', is not a text",
        ),
        (
            '{"date": "2026-11-01", "types": [{"name": "x", "vcpus": 1, "memory_gib": 1, "arch": "z80"}]}',
            "'arch' of type 1, 'x', is not one of x86_64, aarch64",
        ),
        (
            '{"date": "2026-11-01", "types": [{"name": "x", "vcpus": 1, "memory_gib": 1, "arch": []}]}',
            "'arch' of type 1, 'x', is not one of x86_64, aarch64",
        ),
        ("\udce9", "can't decode"),
    ],
)
def test_a_damaged_users_file_is_a_prerequisite_with_the_place_and_the_way_out(folder, text, why):
    (folder / "gcp.json").write_text(text, errors="surrogateescape")
    with pytest.raises(PrerequisiteError, match=re.escape(why)) as caught:
        price_list("gcp")
    assert str(folder / "gcp.json") in caught.value.message
    assert f"rm {folder / 'gcp.json'}" in caught.value.hint
    assert "docs/machine-types.md" in caught.value.hint


def test_a_folder_in_place_of_the_users_file_is_said_too(folder):
    (folder / "gcp.json").mkdir()
    with pytest.raises(PrerequisiteError, match="cannot be used"):
        price_list("gcp")
