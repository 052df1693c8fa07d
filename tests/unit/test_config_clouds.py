"""What px.yaml may say of each cloud, rule by rule, and what becomes of it where another provider is taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from px_ansible.config import Config, Ssh, parse
from px_ansible.config.ranges import normal, problem_of
from px_ansible.errors import ConfigError
from px_ansible.providers import PROVIDERS

CLOUDS = sorted(name for name, row in PROVIDERS.items() if row.cloud)
FILE = Path("/projects/training/px.yaml")


def read(text: str, provider: str | None = None) -> Config:
    return parse(text.encode(), file=FILE, name="px.yaml", provider=provider)


def cluster(provider: str, *lines: str, more: str = "") -> str:
    return "\n".join(["cluster:", f"  provider: {provider}", *(f"  {line}" for line in lines), more])


def rules(text: str, provider: str | None = None) -> list[tuple[int, str]]:
    with pytest.raises(ConfigError) as caught:
        read(text, provider)
    return [(issue.line, issue.rule) for issue in caught.value.issues]


@pytest.mark.parametrize("provider", CLOUDS)
def test_an_empty_cluster_gets_the_defaults_of_its_cloud(provider):
    config = read(cluster(provider))
    assert config.region == PROVIDERS[provider].cloud.default_region
    assert (config.zone, config.disk_size_gib, config.spot, config.labels, config.ssh) == (None, None, False, {}, Ssh())
    assert config.machine.type.vcpus >= config.cpus_per_node
    assert config.notes == ()


@pytest.mark.parametrize("provider", ["local", "static"])
def test_other_providers_have_no_machine_types_and_no_region(provider):
    more = "  static: {hosts: [192.0.2.1]}" if provider == "static" else ""
    config = read(cluster(provider, more=more))
    assert (config.machine, config.region) == (None, None)


def test_every_key_of_a_cloud():
    config = read(
        cluster(
            "gcp",
            "zone: europe-west4-b",
            "machine_type: n2-standard-4",
            "disk_size: 1.5 TB",
            "spot: yes",
            'labels: {team: vision, year: "2026"}',
            "ssh: {user: me, key: keys/id, allow: [192.0.2.1, 2001:0DB8::/32, 192.0.2.1/32, 0.0.0.0/0]}",
        )
    )
    assert (config.region, config.zone) == ("europe-west4", "europe-west4-b")
    assert config.machine.name == "n2-standard-4"
    assert config.machine.type.vcpus == 4
    assert config.disk_size_gib == 1536
    assert config.spot is True
    assert config.labels == {"team": "vision", "year": "2026"}
    allow = ("192.0.2.1/32", "2001:db8::/32", "0.0.0.0/0")
    assert config.ssh == Ssh(user="me", key=FILE.parent / "keys/id", allow=allow)


@pytest.mark.parametrize(
    ("provider", "zone", "region"),
    [
        ("gcp", "us-east4-c", "us-east4"),
        ("gcp", "northamerica-northeast1-a", "northamerica-northeast1"),
        ("aws", "ap-southeast-2b", "ap-southeast-2"),
        ("aws", "us-gov-west-1a", "us-gov-west-1"),
        ("azure", "2", "eastus"),
        ("azure", '"3"', "eastus"),
    ],
)
def test_a_zone_says_its_region(provider, zone, region):
    config = read(cluster(provider, f"zone: {zone}"))
    assert (config.zone, config.region) == (zone.strip('"'), region)


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """The settings of a computer: files by name, and the environment."""

    def of(files: dict[str, str], **env: str) -> None:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        env = {"CLOUDSDK_CONFIG": str(tmp_path / "gcloud"), "AWS_CONFIG_FILE": str(tmp_path / "aws"), **env}
        for name, value in env.items():
            monkeypatch.setenv(name, value)

    return of


GCLOUD = {
    "gcloud/active_config": "work\n",
    "gcloud/configurations/config_work": "[core]\nproject = x\n[compute]\nregion = europe-west1\nzone = asia-east1-b\n",
    "gcloud/configurations/config_home": "[compute]\nzone = asia-east1-b\n",
    "aws": "[default]\nregion = eu-west-3\n[profile work]\nregion=eu-north-1\n",
}


@pytest.mark.parametrize(
    ("provider", "env", "region", "origin"),
    [
        ("gcp", {}, "europe-west1", "gcloud's configuration 'work'"),
        ("gcp", {"CLOUDSDK_ACTIVE_CONFIG_NAME": "home"}, "asia-east1", "gcloud's configuration 'home'"),
        ("gcp", {"CLOUDSDK_ACTIVE_CONFIG_NAME": "none"}, "us-central1", ""),
        (
            "gcp",
            {"CLOUDSDK_COMPUTE_ZONE": "europe-west9-b"},
            "europe-west9",
            "the environment variable CLOUDSDK_COMPUTE_ZONE",
        ),
        (
            "gcp",
            {"CLOUDSDK_COMPUTE_REGION": "europe-west8", "CLOUDSDK_COMPUTE_ZONE": "europe-west9-b"},
            "europe-west8",
            "the environment variable CLOUDSDK_COMPUTE_REGION",
        ),
        ("gcp", {"CLOUDSDK_COMPUTE_REGION": "no region!"}, "europe-west1", "gcloud's configuration 'work'"),
        ("aws", {"AWS_PROFILE": "work"}, "eu-north-1", "work"),
        ("aws", {}, "eu-west-3", "default"),
        ("aws", {"AWS_DEFAULT_REGION": "eu-south-1"}, "eu-south-1", "the environment variable AWS_DEFAULT_REGION"),
        ("azure", {}, "eastus", ""),
    ],
)
def test_a_region_that_px_yaml_leaves_open_is_that_of_this_computers_settings(provider, env, region, origin, settings):
    settings(GCLOUD, **env)
    config = read(cluster(provider))
    assert config.region == region
    assert origin in (config.region_from or "")
    assert bool(config.region_from) == bool(origin)
    assert [note for note in config.notes if note.startswith("region")] == (
        [f"region {region}: from {config.region_from}"] if origin else []
    )


@pytest.mark.parametrize("line", ["region: us-east1", "zone: us-east1-b", "gcp: {zones: [us-east1-b]}"])
def test_a_region_that_px_yaml_names_is_no_others(line, settings):
    settings(GCLOUD)
    config = read(cluster("gcp", line))
    assert (config.region, config.region_from, config.notes) == ("us-east1", None, ())


@pytest.mark.parametrize("text", ["[compute", "region = x\n", "\xff"])
def test_settings_that_cannot_be_read_are_none(text, settings):
    settings({"gcloud/configurations/config_default": text, "gcloud/active_config": "default"})
    assert read(cluster("gcp")).region == "us-central1"


def test_the_zones_to_try_say_the_region():
    config = read(cluster("gcp", "gcp: {zones: [europe-west1-c, europe-west1-b]}"))
    assert config.region == "europe-west1"
    assert rules(cluster("gcp", "gcp: {zones: [europe-west1-c, us-east1-b]}")) == [(3, "unknown-zone")]


@pytest.mark.parametrize(
    ("provider", "line", "rule"),
    [
        ("gcp", "region: us-east-1", "unknown-region"),
        ("gcp", "region: us-central1-a", "unknown-region"),
        ("aws", "region: us-central1", "unknown-region"),
        ("aws", "region: US-EAST-1", "unknown-region"),
        ("azure", "region: East US", "unknown-region"),
        ("digitalocean", "region: newyork", "unknown-region"),
        ("gcp", "zone: a", "unknown-zone"),
        ("gcp", "zone: us-central1-z", "unknown-zone"),
        ("aws", "zone: us-east-1-a", "unknown-zone"),
        ("azure", "zone: 4", "unknown-zone"),
        ("azure", "zone: eastus-1", "unknown-zone"),
        ("digitalocean", "zone: nyc3", "not-offered"),
        ("digitalocean", "spot: true", "not-offered"),
        ("digitalocean", "disk_size: 10", "not-offered"),
        ("digitalocean", "image: debian-12", "unknown-image"),
        ("aws", "image: ami-1", "unknown-image"),
        ("azure", "image: Debian:debian-12:latest", "unknown-image"),
        ("gcp", "disk_size: 9.9", "disk-size"),
        ("azure", "disk_size: 32TB", "disk-size"),
        ("aws", "disk_size: 7 GiB", "disk-size"),
        ("gcp", "disk_size: 0", "disk-size"),
        ("aws", "ssh: {user: root}", "ssh-user"),
        ("azure", "ssh: {user: admin}", "ssh-user"),
        ("gcp", "ssh: {user: []}", "wrong-type"),
        ("gcp", "gcp: {netwrk: a, subnetwork: b}", "unknown-key"),
        ("gcp", "labels: {Team: a}", "label"),
        ("gcp", "labels: {team: A}", "label"),
        ("gcp", "labels: {goog-x: a}", "label"),
        ("aws", "labels: {'AWS:x': a}", "label"),
        ("aws", "labels: {'a*': a}", "label"),
        ("azure", "labels: {'a/b': a}", "label"),
        ("azure", "labels: {WindowsX: a}", "label"),
        ("digitalocean", "labels: {a: b.c}", "label"),
        ("digitalocean", "labels: {px-cluster: mine}", "label"),
        ("gcp", "labels: {" + ", ".join(f"a{number}: x" for number in range(61)) + "}", "label"),
        ("gcp", "labels: {" + "a" * 64 + ": x}", "label"),
        ("aws", "aws: {subnet: subnet-0a1b2c3d}", "missing-key"),
        ("azure", "azure: {resource_group: a, subnet: b}", "missing-key"),
        ("gcp", "gcp: {subnetwork: a}", "missing-key"),
        ("gcp", "aws: {profile: a}", "other-provider"),
        ("gcp", "machine_type: N2-standard-4", "unknown-machine-type"),
        ("gcp", "machine_type: s-1vcpu-1gb", "unknown-machine-type"),
        ("azure", "machine_type: B2s_v2", "unknown-machine-type"),
        ("gcp", "cpus_per_node: 4096", "no-machine-type"),
        ("gcp", "memory_per_node: 60 TB", "no-machine-type"),
    ],
)
def test_what_a_cloud_refuses_is_one_issue_on_its_line(provider, line, rule):
    assert rules(cluster(provider, line)) == [(3, rule)]


@pytest.mark.parametrize(
    ("provider", "line"),
    [
        ("gcp", "image: projects/my-project/global/images/family/mine"),
        ("aws", "image: ami-0123456789abcdef0"),
        ("azure", "image: 'Debian:debian-12:12-gen2:latest'"),
        ("digitalocean", "image: rockylinux-9-x64"),
        ("digitalocean", "image: '123456'"),
        ("gcp", "labels: {a: '', team_1: 2026-01-01}"),
        ("aws", "labels: {'Cost Center': 'größe / +1'}"),
        ("azure", "labels: {'Größe (m)': 'a*b'}"),
        ("azure", "disk_size: 32767"),
        ("digitalocean", "ssh: {user: root}"),
        ("gcp", "local: {gcs_port: 4444}"),
        ("aws", "aws: {vpc: vpc-0a1b2c3d, subnet: subnet-0a1b2c3d}"),
    ],
)
def test_what_a_cloud_takes(provider, line):
    assert read(cluster(provider, line)).notes == ()


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("region: us-centrall1", "px-ansible does not know the region 'us-centrall1' (did you mean 'us-central1'?)"),
        ("zone: mars-north1-a", "px-ansible does not know the region 'mars-north1'"),
        ("machine_type: n9-standard-4", "px-ansible does not know the machine type 'n9-standard-4'"),
    ],
)
def test_what_is_new_to_px_ansible_is_a_note(line, note):
    config = read(cluster("gcp", line))
    assert [one.startswith(note) for one in config.notes] == [True]


@pytest.mark.parametrize(
    ("lines", "short"),
    [
        (["cpus_per_node: 4"], "cpus_per_node: 4"),
        (["memory_per_node: 16"], "memory_per_node: 16 GiB"),
        (["cpus_per_node: 4", "memory_per_node: 16"], "cpus_per_node: 4 and memory_per_node: 16 GiB"),
    ],
)
def test_a_machine_type_that_is_too_small_says_what_it_has(lines, short):
    with pytest.raises(ConfigError) as caught:
        read(cluster("gcp", "machine_type: e2-micro", *lines))
    (issue,) = caught.value.issues
    assert (issue.line, issue.rule) == (3, "machine-too-small")
    assert issue.message == f"e2-micro has 2 vCPU, 1 GiB, and that is less than {short}"


def test_an_arm_machine_needs_a_client_that_is_built_for_it():
    text = cluster("aws", "machine_type: t4g.large", more="/data: {source: s3://my-bucket%s}")
    assert rules(text % "") == [(4, "client-build")]
    assert read(text % ", client: rclone").machine.type.arch == "aarch64"


def test_a_bucket_of_another_cloud_needs_a_way_to_sign_in():
    text = cluster("gcp", more="/data: {source: s3://my-bucket%s}")
    assert rules(text % "") == [(3, "foreign-store")]
    keys = "access_key_id: {env: A}, secret_access_key: {env: B}"
    for way in (f"credentials: {{{keys}}}", "anonymous: true, client: rclone", "endpoint: 'http://s3.example.com'"):
        assert read(text % f", {way}").mounts[0].store == "s3"


def test_buckets_of_several_clouds_leave_the_provider_open():
    text = "cluster: {}\n/a: {source: s3://my-bucket}\n/b: {source: gs://my-bucket}\n"
    with pytest.raises(ConfigError) as caught:
        read(text)
    (issue,) = caught.value.issues
    assert (issue.line, issue.rule) == (1, "provider-open")
    assert "aws (/a, line 2) and gcp (/b, line 3)" in issue.message
    assert read(text, "local").provider == "local"


def test_what_another_provider_cannot_use_is_left_aside_with_a_note():
    """Never an error, and of labels and ssh only what it refuses."""
    text = cluster(
        "aws",
        "zone: eu-central-1b",
        "machine_type: m7i.xlarge",
        "image: ami-0123456789abcdef0",
        "disk_size: 8",
        "labels: {team: vision, Cost: high}",
        "ssh: {user: me, allow: [192.0.2.1]}",
        "aws: {profile: research}",
    )
    config = read(text, "azure")
    assert (config.provider, config.region, config.zone, config.image) == ("azure", "eastus", None, None)
    assert config.disk_size_gib is None
    assert config.machine.name.startswith("Standard_")
    assert config.settings == {}
    tried = read(text, "gcp")
    assert (tried.labels, tried.ssh) == ({"team": "vision"}, Ssh(user="me", allow=("192.0.2.1/32",)))
    assert tried.notes == (
        "'zone: eu-central-1b' is left aside: it was written for provider 'aws'",
        "'machine_type: m7i.xlarge' is left aside: it was written for provider 'aws'",
        "'image: ami-0123456789abcdef0' is left aside: provider 'gcp' takes debian-12",
        "'disk_size: 8' is left aside: 'disk_size' must be from 10 GiB to 64 TiB in this cloud, not 8",
        "'labels.Cost: high' is left aside: "
        + PROVIDERS["gcp"].cloud.labels.key_form.join(["the name of a label ", ", not 'Cost'"]),
        "'aws' is left aside: it was written for provider 'aws'",
    )


def test_of_ssh_only_the_user_is_left_aside_where_nobody_can_log_in_as_it():
    config = read(cluster("digitalocean", "ssh: {user: root, allow: [192.0.2.0/24]}"), "gcp")
    assert config.ssh == Ssh(allow=("192.0.2.0/24",))
    assert len(config.notes) == 1


@pytest.mark.parametrize("other", [name for name in sorted(PROVIDERS) if name != "gcp"])
def test_the_block_of_another_provider_is_an_issue_at_its_key(other):
    text = cluster("gcp", f"{other}: {{}}")
    if PROVIDERS[other].emulators:
        assert read(text).provider == "gcp"
    else:
        assert (3, "other-provider") in rules(text)


@pytest.mark.parametrize(
    ("name", "meant"), [(also, row.name) for row in PROVIDERS.values() for also in (*row.also, row.name.upper())]
)
def test_a_provider_by_another_name(name, meant):
    with pytest.raises(ConfigError) as caught:
        read(cluster(name))
    assert caught.value.issues[0].hint == f"did you mean {meant!r}?"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("203.0.113.7/24", "write 203.0.113.0/24 for the range, or 203.0.113.7/32"),
        ("2001:db8::1/32", "write 2001:db8::/32 for the range, or 2001:db8::1/128"),
        ("203.0.113.0/255.255.255.0", "write 203.0.113.0/24"),
        ("203.0.113.0/0.0.0.255", "write 203.0.113.0/24"),
        ("0.0.0.0", "write 0.0.0.0/0 where the whole internet may connect"),  # noqa: S104
        ("::", "write ::/0 where the whole internet may connect"),
        ("10.*", "did you mean 10.0.0.0/8?"),
        ("10.1.2", "did you mean 10.1.2.0/24?"),
        (" 10.0.0.0/8", "did you mean 10.0.0.0/8?"),
        ("10.0.0.0/33", "for example: 203.0.113.0/24, or one address"),
        ("300.1", "for example: 203.0.113.0/24, or one address"),
        ("", "for example: 203.0.113.0/24, or one address"),
        ("any", "for example: 203.0.113.0/24, or one address"),
        ("fe80::1%eth0/64", "for example: 203.0.113.0/24, or one address"),
    ],
)
def test_ranges_that_are_refused(text, hint):
    assert problem_of(text)[1] == hint


@pytest.mark.parametrize("text", ["0.0.0.0/0", "::/0", "192.0.2.1", "192.0.2.1/32", "2001:DB8::/32", "2001:0db8::/32"])
def test_ranges_that_are_fine(text):
    assert problem_of(text) is None
    assert normal([text, text]) == normal([text])
