"""The unit of a mount: name, text, and what systemd makes of its command line."""

from __future__ import annotations

import subprocess

import pytest
from ansible_collections.px.storage.plugins.module_utils.fuse import places, unit, unit_text
from ansible_collections.px.storage.plugins.module_utils.fuse.clients import CLIENTS, gcsfuse
from ansible_collections.px.storage.plugins.module_utils.fuse.clients.service import Service
from ansible_collections.px.storage.plugins.module_utils.fuse.mountpoint import Refused
from hypothesis import given
from hypothesis import strategies as st

MOUNT = {"path": "/px-gcs-bucket", "bucket": "px-gcs-bucket"}


def rendered(service=None, *, probed=True, systemd=257, **more):
    mount = {**MOUNT, **more}
    place = places.of(unit.slug(unit.name(mount["path"])))
    service = service or gcsfuse.service("/usr/local/bin/gcsfuse", mount, place)
    return unit_text.render("gcsfuse", service, mount, gcsfuse.STOP_SECONDS, probed=probed, systemd=systemd)


def line(text, key):
    return next(found.split("=", 1)[1] for found in text.splitlines() if found.startswith(key + "="))


def test_names_say_the_path_and_never_collide():
    assert unit.name("/px-gcs-bucket") == "px-mount-px-gcs-bucket.service"
    assert unit.name("/data/b").startswith("px-mount-data-b-")
    paths = ["/a/b", "/a-b", "/a@b", "/a b", "/a.b", "/a_b", "/ä", "/ö", "/" + "x" * 300, "/" + "x" * 301]
    paths += [unit.name("/a/b")[len("px-mount") : -len(".service")].replace("-", "/", 1)]
    names = [unit.name(path) for path in paths]
    assert len(set(names)) == len(paths)
    assert all(len(name) < 256 and name.isascii() and "@" not in name for name in names)


@given(st.lists(st.text("ab-/.9f", min_size=1, max_size=9), min_size=2, max_size=2, unique=True))
def test_two_paths_have_two_units(inner):
    first, second = ("/" + "/".join(part for part in text.split("/") if part) for text in inner)
    if first != second:
        assert unit.name(first) != unit.name(second)


def test_a_plain_mount():
    text = rendered()
    assert line(text, "ExecStart") == (
        "/usr/local/bin/gcsfuse --foreground --implicit-dirs=true --log-format=text --log-severity=warning "
        "-o allow_other px-gcs-bucket /px-gcs-bucket"
    )
    for setting in ("Type=exec", "Restart=always", "RestartSec=1", "KillMode=mixed", "TimeoutStopSec=45"):
        assert setting in text.splitlines()
    assert "StartLimitIntervalSec=0" in text.split("[Service]", maxsplit=1)[0]
    assert "WantedBy=multi-user.target" in text


def test_what_was_written_is_read_back(tmp_path, monkeypatch):
    monkeypatch.setattr(unit, "FOLDER", str(tmp_path))
    text = rendered(path="/data/100%", prefix="p", endpoint="http://h/%41")
    name = unit.name("/data/100%")
    unit.write(name, text)
    assert unit.read(name) == (
        text,
        {
            "Client": "gcsfuse",
            "Path": "/data/100%",
            "Bucket": "px-gcs-bucket",
            "Prefix": "p",
            "Endpoint": "http://h/%41",
        },
    )
    assert unit.installed("gcsfuse") == {"/data/100%": {**unit.read(name)[1], "unit": name}}
    assert unit.installed("goofys") == {}
    assert [file.name for file in tmp_path.iterdir()] == [name]
    unit.remove(name)
    assert unit.installed() == {}
    assert unit.read(name) == ("", {})


@pytest.mark.parametrize("word", ["plain", "a b", "50%", "$HOME", 'say "x"', "back\\slash", "it's", "a;b", ""])
def test_words_are_quoted_for_systemd(word):
    quoted = unit_text.quote(word)
    assert quoted.count('"') - quoted.count('\\"') in (0, 2)
    bare = quoted[1:-1] if quoted.startswith('"') else quoted
    for escaped, plain in (("%%", "%"), ("$$", "$"), ('\\"', '"'), ("\\\\", "\\")):
        bare = bare.replace(escaped, plain)
    assert bare == word


WHOLE = Service(
    ["/bin/true", "--app-name=50% $x 'y' \"z\""],
    environment={"AWS_CONFIG_FILE": "/etc/px-mounts/data/aws.conf", "ODD": "50% $x 'y' \"z\" \\n"},
    notify=True,
    cache="/var/cache/px-mounts/data",
    check=["/bin/true", "a b"],
    settle=["/bin/sh", "-c", 'sleep "$1"', "sh", "1"],
)


def verified(tmp_path, text):
    file = tmp_path / "px-mount-data.service"
    file.write_text(text)
    done = subprocess.run(["systemd-analyze", "verify", str(file)], capture_output=True, text=True, check=False)
    return [found for found in (done.stdout + done.stderr).splitlines() if file.name in found]


@pytest.mark.parametrize("systemd", [239, 252])
def test_systemd_finds_nothing_to_complain_about(tmp_path, systemd):
    text = rendered(WHOLE, systemd=systemd, path="/data", before=["docker.service", "a@b.service"])
    assert verified(tmp_path, text) == []


def test_systemd_would_find_something_to_complain_about(tmp_path):
    assert verified(tmp_path, rendered(WHOLE, path="/data").replace("UMask=0022", "UMask=rwx"))


def test_variables_reach_the_client_as_they_are(tmp_path):
    """Read back by systemd itself: a service of this text would have them."""
    text = rendered(WHOLE, path="/data")
    found = next(one for one in text.splitlines() if one.startswith('Environment="ODD='))
    assert found == 'Environment="ODD=50%% $x \'y\' \\"z\\" \\\\n"'


def test_a_mount_with_everything():
    text = rendered(WHOLE, path="/data", before=["docker.service", "a@b.service"])
    lines = text.splitlines()
    assert "Type=notify" in lines
    assert "Before=docker.service a@b.service" in lines
    assert "RequiresMountsFor=/var/cache/px-mounts/data" in lines
    assert "Wants=px-mount-probe@data.timer" in lines
    starts = [found for found in lines if found.startswith("ExecStart")]
    # The check comes last before the start: it may need the folders.
    assert [found.split()[0] for found in starts[:5]] == [
        "ExecStartPre=-/bin/sh",
        "ExecStartPre=/bin/mkdir",
        "ExecStartPre=/bin/mkdir",
        "ExecStartPre=/bin/true",
        "ExecStart=/bin/true",
    ]
    # What is written goes up before the mount goes.
    stops = [found for found in lines if found.startswith("ExecStop=")]
    assert [found.split("'")[0] for found in stops] == [
        'ExecStop=-/bin/sh -c "sleep \\"$$1\\"" sh 1',
        "ExecStop=-/bin/sh -c ",
    ]
    assert "Wants=px-mount-probe" not in rendered(WHOLE, path="/data", probed=False)


@pytest.mark.parametrize(
    ("systemd", "kind", "steps"), [(239, "simple", 0), (240, "exec", 0), (252, "exec", 0), (254, "exec", 1)]
)
def test_only_what_the_systemd_of_the_host_knows(systemd, kind, steps):
    text = rendered(systemd=systemd)
    assert line(text, "Type") == kind
    assert text.count("RestartSteps=") == text.count("RestartMaxDelaySec=") == steps


def test_nothing_makes_a_mount_namespace():
    """With one, the mount would be there for nobody but its own client."""
    settings = {found.split("=")[0] for found in rendered(WHOLE).splitlines() if not found.startswith("#")}
    forbidden = ("Protect", "Private", "ReadWrite", "ReadOnly", "Inaccessible", "Bind", "Temporary", "Dynamic", "Root")
    assert not [name for name in settings if name.startswith(forbidden)]
    assert "NoNewPrivileges" in settings


@pytest.mark.parametrize(
    "wrong", ["docker", "a b.service", "x.service\nUser=x", "../x.service", "network-online.target"]
)
def test_units_that_cannot_come_after_a_mount(wrong):
    with pytest.raises(Refused, match="before"):
        rendered(before=[wrong])


def test_a_client_is_started_again_for_what_it_reads_only():
    def reads(**more):
        return unit_text.what_restarts(rendered(**more))

    plain = reads()
    assert reads(before=["docker.service"]) == plain
    assert reads(probed=False) == plain
    assert reads(systemd=252) == plain
    assert reads(read_only=True) != plain
    assert unit_text.what_restarts(rendered(WHOLE)) != plain
    assert unit_text.what_restarts("") == []


def test_the_table_of_clients():
    assert all(name == client.NAME for name, client in CLIENTS.items())
