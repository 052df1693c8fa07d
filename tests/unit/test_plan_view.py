"""Plans as people read them: in a pipe, on a wide terminal, on a narrow one, and with hundreds of hosts."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from dataclasses import replace
from pathlib import Path

import pexpect
import pytest

from px_ansible.cli.plan_view import show
from px_ansible.config import load
from px_ansible.plans import Found, FoundHost, SharedThing, make_plan
from px_ansible.providers import PROVIDERS

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart" / "px.yaml"
KEY = "ssh-ed25519 AAAAC3"


@pytest.fixture(autouse=True)
def _only_our_prices(monkeypatch, tmp_path):
    monkeypatch.setenv("PX_MACHINE_TYPES", str(tmp_path / "none"))


@pytest.fixture
def make(tmp_path):
    """Return what loads a px.yaml of a cluster and mounts, and the mounts of the quickstart where none are said."""

    def of(cluster, mounts="/data: {source: gs://data, store: gcs}"):
        file = tmp_path / "px.yaml"
        file.write_text(f"cluster: {{name: demo, {cluster}}}\n{mounts}\n")
        return load(file)

    return of


def there(config, numbers, **other):
    attributes = {**PROVIDERS[config.provider].attributes(config), "key": KEY, **other}
    shared = (SharedThing("network px-demo", "running"), SharedThing("identity px-demo", "running"))
    return Found(tuple(FoundHost(f"demo-{n}", "running", "192.0.2.1", attributes) for n in numbers), shared)


@pytest.fixture
def lines(capsys):
    """Return what prints a plan into a pipe and returns its lines, their words one space apart."""

    def of(plan, *, offline=False):
        show(plan, offline=offline)
        return [re.sub(" +", " ", line).strip() for line in capsys.readouterr().out.splitlines()]

    return of


def on_terminal(columns, *arguments, cwd):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PX_", "NO_COLOR", "COLUMNS"))}
    said, code = pexpect.run(
        shlex.join([sys.executable, *arguments]),
        cwd=str(cwd),
        env={**kept, "TERM": "xterm", "PX_MACHINE_TYPES": str(cwd)},
        dimensions=(40, columns),
        encoding="utf-8",
        withexitstatus=True,
    )
    assert code == 0, said
    return re.sub(r"\x1b\[[0-9;]*m", "", said).splitlines()


def test_the_px_page_word_for_word(lines):
    assert lines(make_plan(load(QUICKSTART), Found()), offline=True) == [
        "Cluster quickstart, provider gcp, region us-central1",
        "",
        "host machine type price/h",
        "+ create quickstart-1 e2-highcpu-4 (4 vCPU, 4 GiB) $0.0989",
        "+ create quickstart-2 e2-highcpu-4 (4 vCPU, 4 GiB) $0.0989",
        "",
        "mount bucket client",
        "+ add /px-gcs-bucket gs://px-gcs-bucket gcsfuse 3.11.2",
        "",
        "shared by all hosts",
        "+ create SSH key",
        "+ create network",
        "+ create identity",
        "",
        "e2-highcpu-4: the cheapest with at least 4 CPUs.",
        "Prices are of 2026-08-03 in us-central1: the machines alone, without disks, traffic and tax.",
        "Nobody was asked: this is the plan where nothing exists yet on gcp.",
        "2 hosts to create, 1 mount to add. All hosts cost about $0.1979 an hour ($144 a month).",
    ]


@pytest.mark.parametrize("columns", [40, 60, 100])
def test_no_line_is_wider_than_the_terminal_and_no_fact_is_lost(columns, tmp_path):
    said = on_terminal(columns, "-m", "px_ansible", "plan", "--offline", "-f", str(QUICKSTART), cwd=tmp_path)
    assert max(len(line) for line in said) <= columns
    flat = " ".join(" ".join(said).split())
    for fact in ("quickstart-1", "quickstart-2", "e2-highcpu-4 (4 vCPU, 4 GiB)", "$0.0989", "gcsfuse", "$144 a month"):
        assert fact in flat
    assert ("Every host: e2-highcpu-4 (4 vCPU, 4 GiB), $0.0989 an hour." in flat) == (columns < 100)


def test_the_action_and_its_sign_stay_on_one_line(tmp_path):
    bucket = "a-bucket-with-quite-a-long-name/and/a/long/prefix"
    (tmp_path / "px.yaml").write_text(f"cluster: {{name: demo}}\n/a/long/path/of/a/mount: {{source: gs://{bucket}}}\n")
    said = on_terminal(45, "-m", "px_ansible", "plan", "--offline", cwd=tmp_path)
    assert any(re.match("[+] create +demo-1", line) for line in said)
    assert any(line.startswith("+ add ") for line in said)


def test_spot_zone_and_a_region_that_has_its_own_prices(make, lines):
    config = make("nodes: 2, cpus_per_node: 4, provider: gcp, region: europe-west4, zone: europe-west4-a, spot: true")
    said = lines(make_plan(config, Found()))
    assert "+ create demo-1 e2-highcpu-4 (4 vCPU, 4 GiB) europe-west4-a $0.0594 (spot)" in said
    assert any("in us-central1 (europe-west4 has its own)" in line for line in said)


def test_a_spot_price_that_nobody_knows_is_said(make, lines):
    config = make("provider: aws, machine_type: m7i.xlarge, spot: true", "")
    said = lines(make_plan(config, Found()))
    assert "+ create demo-1 m7i.xlarge (4 vCPU, 16 GiB) $0.2016" in said
    assert "The spot price is not known: it is below the one shown." in said
    assert said[-1].startswith("1 host to create. The host costs at most $0.2016 an hour")


def test_ties_and_cheaper_kinds_are_one_line_with_the_reason(make, lines, monkeypatch, tmp_path):
    def one(name, price, **more):
        return {"name": name, "vcpus": 4, "memory_gib": 8, "usd_per_hour": price, **more}

    types = [one("b", 1), one("a", 1), one("s", 0.5, shared=True), one("arm", 0.25, arch="aarch64")]
    data = {"date": "2026-11-01", "region": "mars-1", "replace": True, "types": types}
    (tmp_path / "gcp.json").write_text(json.dumps(data))
    monkeypatch.setenv("PX_MACHINE_TYPES", str(tmp_path))
    said = lines(make_plan(make("provider: gcp, cpus_per_node: 4"), Found()))
    assert (
        "a: the cheapest with at least 4 CPUs; b would cost the same; 'machine_type: s' has shared CPUs and costs $0.5;"
        " 'machine_type: arm' has Arm CPUs and costs $0.25."
    ) in said
    assert any(line.startswith("Prices are of 2026-11-01 in mars-1 (us-central1 has its own)") for line in said)
    assert f"Machine types are also taken from {tmp_path / 'gcp.json'}." in said


def test_what_looks_like_markup_is_text(make, lines, monkeypatch, tmp_path):
    types = [{"name": "x", "vcpus": 4, "memory_gib": 8, "usd_per_hour": 1, "gpu": "[/red] 2 x [bold]T4"}]
    (tmp_path / "gcp.json").write_text(json.dumps({"date": "2026-11-01", "types": types}))
    monkeypatch.setenv("PX_MACHINE_TYPES", str(tmp_path))
    said = lines(make_plan(make("provider: gcp, machine_type: x"), Found()))
    assert any("(4 vCPU, 8 GiB, [/red] 2 x [bold]T4)" in line for line in said)


def test_hundreds_of_equal_hosts_are_one_line(make, lines):
    config = make("nodes: 200, cpus_per_node: 4, provider: gcp")
    said = lines(make_plan(config, there(config, [1, 2, 9]), KEY))
    rows = [line.split(" e2")[0] for line in said if "demo-" in line and "$" in line]
    assert rows == [
        "keep demo-1",
        "keep demo-2",
        "+ create demo-3 … demo-8 (6)",
        "keep demo-9",
        "+ create demo-10 … demo-200 (191)",
    ]
    assert said[-1].startswith("197 hosts to create, 1 mount to add. What is new costs about $")


def test_a_host_that_is_lost_is_never_in_a_fold(make, lines):
    config = make("nodes: 100, cpus_per_node: 4, provider: gcp, zone: us-central1-b")
    found = there(config, range(1, 121))
    moved = {f"demo-{n}" for n in range(51, 61)}
    hosts = tuple(
        replace(host, attributes={**host.attributes, "zone": "us-central1-a"}) if host.name in moved else host
        for host in found.hosts
    )
    said = lines(make_plan(config, replace(found, hosts=hosts), KEY))
    for number in range(51, 61):
        assert any(line.startswith(f"± replace demo-{number} ") for line in said)
    for number in range(101, 121):
        assert f"- remove demo-{number} px.yaml asks for 100" in said
    assert [line.split(" e2")[0] for line in said if "…" in line] == [
        "keep demo-1 … demo-50 (50)",
        "keep demo-61 … demo-100 (40)",
    ]


def test_twenty_hosts_are_all_shown(make, lines):
    assert not any("…" in line for line in lines(make_plan(make("nodes: 20, provider: gcp"), Found())))


def test_a_client_that_is_installed_here_has_no_version_of_ours(make, lines):
    config = make("provider: local", "/data: {source: gs://data, client: rclone}")
    assert "+ add /data gs://data (emulated here) rclone (installed here)" in lines(make_plan(config, Found()))


def test_a_thing_that_all_share_and_that_is_lost_is_work(make, lines):
    config = make("provider: gcp", "")
    found = replace(there(config, [1]), shared=(SharedThing("network px-demo", "stopped"),))
    said = lines(make_plan(config, found, KEY))
    assert "> start network px-demo" in said
    assert "+ create identity" in said
    assert said[-1].startswith("network px-demo to start, identity to create.")


def test_nothing_to_do(make, lines):
    config = make("provider: gcp", "")
    said = lines(make_plan(config, there(config, [1]), KEY))
    assert said[-1].startswith("Nothing to do: everything is as px.yaml says. The host costs about $")


def test_hosts_of_ones_own(make, lines):
    config = make("nodes: 1, provider: static, static: {hosts: [192.0.2.7], user: root}")
    said = lines(make_plan(config, Found()), offline=True)
    assert "+ add 192.0.2.7" in said
    assert "shared by all hosts" not in said
    assert said[-2:] == [
        "Nobody was asked: this is the plan for hosts that have nothing of the cluster yet.",
        "1 host to add, 1 mount to add.",
    ]


def test_notes_are_shown(make, lines):
    config = replace(make("provider: gcp"), notes=("the [key] was left aside",))
    assert "Note: the [key] was left aside." in lines(make_plan(config, Found()))


def test_where_very_many_are_lost_every_name_is_still_said(make, lines):
    config = make("nodes: 30, cpus_per_node: 4, provider: gcp", "")
    said = lines(make_plan(config, there(config, range(1, 131)), KEY))
    (row,) = [line for line in said if line.startswith("- remove")]
    assert row == f"- remove {', '.join(f'demo-{n}' for n in range(31, 131))} (100) px.yaml asks for 30"


@pytest.mark.parametrize("columns", [60, 100])
def test_a_long_row_of_names_is_wrapped_between_them(columns, tmp_path):
    """Rich breaks where there is a space, so that a name can be searched for."""
    script = tmp_path / "show.py"
    script.write_text(
        "from pathlib import Path\n"
        "from px_ansible.cli.plan_view import show\n"
        "from px_ansible.config import load\n"
        "from px_ansible.plans import Found, FoundHost, make_plan\n"
        "config = load(Path('px.yaml'))\n"
        "show(make_plan(config, Found(tuple(FoundHost(f'demo-{n}', 'running', None, {}) for n in range(1, 131)))))\n"
    )
    (tmp_path / "px.yaml").write_text("cluster: {name: demo, nodes: 1, provider: gcp}\n")
    said = on_terminal(columns, str(script), cwd=tmp_path)
    assert max(len(line) for line in said) <= columns
    assert {f"demo-{n}" for n in range(2, 131)} <= set(re.findall(r"demo-\d+", "\n".join(said)))
