"""The unit of a mount: name, text, and what systemd makes of its command line."""

from __future__ import annotations

import itertools
import subprocess

import pytest
from ansible_collections.px.storage.plugins.module_utils.fuse import unit
from ansible_collections.px.storage.plugins.module_utils.fuse.clients import CLIENTS, gcsfuse
from ansible_collections.px.storage.plugins.module_utils.fuse.mountpoint import Refused
from hypothesis import given
from hypothesis import strategies as st

MOUNT = {"path": "/px-gcs-bucket", "bucket": "px-gcs-bucket"}


def rendered(**more):
    mount = {**MOUNT, **more}
    return unit.render("gcsfuse", gcsfuse.command("/usr/local/bin/gcsfuse", mount), mount, gcsfuse.STOP_SECONDS)


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


def test_every_neutral_setting_has_its_flag():
    text = rendered(
        prefix="/a/b/",
        read_only=True,
        uid=0,
        gid=33,
        file_mode="0640",
        dir_mode="750",
        endpoint="http://localhost:4443/storage/v1/",
        anonymous=True,
    )
    words = line(text, "ExecStart").split()
    for flag in (
        "--only-dir=a/b",
        "--uid=0",
        "--gid=33",
        "--file-mode=0640",
        "--dir-mode=750",
        "--custom-endpoint=http://localhost:4443/storage/v1/",
        "--anonymous-access=true",
    ):
        assert flag in words
    assert words[-6:] == ["-o", "allow_other", "-o", "ro", "px-gcs-bucket", "/px-gcs-bucket"]


def test_options_take_the_place_of_ours():
    words = gcsfuse.command(
        "g", {**MOUNT, "options": {"implicit_dirs": False, "log-severity": "trace", "o": "nosuid,ro"}}
    )
    assert "--implicit-dirs=false" in words
    assert "--implicit-dirs=true" not in words
    assert "--log-severity=trace" in words
    assert [words[at + 1] for at, word in enumerate(words) if word == "-o"] == ["allow_other", "nosuid", "ro"]


@pytest.mark.parametrize(
    "wrong", [{"options": {"foreground": False}}, {"options": {"a b": 1}}, {"file_mode": "9"}, {"dir_mode": "rwx"}]
)
def test_what_gcsfuse_cannot_do_is_refused(wrong):
    with pytest.raises(Refused):
        gcsfuse.command("g", {**MOUNT, **wrong})


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
    quoted = unit.quote(word)
    assert quoted.count('"') - quoted.count('\\"') in (0, 2)
    bare = quoted[1:-1] if quoted.startswith('"') else quoted
    for escaped, plain in (("%%", "%"), ("$$", "$"), ('\\"', '"'), ("\\\\", "\\")):
        bare = bare.replace(escaped, plain)
    assert bare == word


def test_systemd_finds_nothing_to_complain_about(tmp_path):
    file = tmp_path / unit.name("/data/b")
    mount = {"path": "/data/b", "bucket": "b", "options": {"app-name": "50% $x 'y' \"z\""}}
    file.write_text(unit.render("gcsfuse", gcsfuse.command("/bin/true", mount), mount, 45))
    done = subprocess.run(["systemd-analyze", "verify", str(file)], capture_output=True, text=True, check=False)
    assert file.name not in done.stdout + done.stderr


def test_the_table_of_clients():
    assert all(name == client.NAME for name, client in CLIENTS.items())


def test_log_lines_are_readable():
    raw = (
        'time="22/11/2026 05:18:24.781514" severity=WARNING message="Retrying ListObjects for \\"\\": InvocationID: '
        'fad5788e-cfd3-48bb-9765-0e29accd2fc4, Attempt: 2, due to error: Get \\"http://h:1/o?alt=json&prefix=\\": dial '
        'tcp 198.18.77.1:1: connect: connection refused" mount-id=b-65466f3c'
    )
    assert gcsfuse.readable(raw) == (
        'WARNING: Retrying ListObjects for "": Attempt: 2, due to error: Get "http://h:1/o": dial tcp 198.18.77.1:1: '
        "connect: connection refused"
    )
    assert gcsfuse.readable("WARNING: gcsfuse invoked as root. This will cause all files to be owned by") == ""
    assert gcsfuse.readable("Error: unknown flag: --x") == "Error: unknown flag: --x"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (
            "ERROR: ReadDir: ... storage: bucket doesn't exist: googleapi: Error 404",
            "bucket px-gcs-bucket does not exist",
        ),
        ("Error: unknown flag: --enable-foo", "gcsfuse does not know the option --enable-foo"),
        (
            "WARNING: dial tcp 1.2.3.4:1: connect: connection refused",
            "http://h:1 cannot be reached: connection refused",
        ),
        ("WARNING: dial tcp: lookup h: no such host", "http://h:1 cannot be reached: its name is not known here"),
        ("ERROR: Caller does not have storage.objects.list access", "no permission to list bucket px-gcs-bucket"),
        ("Error: mountWithStorageHandle: mount: mount: invalid argument", "the kernel refuses one of the -o options"),
        ("ERROR: something new", "something new"),
        ("INFO: nothing", None),
    ],
)
def test_reasons(said, reason):
    assert gcsfuse.reason([said], {**MOUNT, "endpoint": "http://h:1"}) == reason


def test_the_latest_cause_counts():
    lines = ["Error: unknown flag: --x", "WARNING: connection refused"]
    reasons = {gcsfuse.reason(list(order), MOUNT) for order in itertools.permutations(lines)}
    assert len(reasons) == 2
