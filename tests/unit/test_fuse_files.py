"""Config and credentials on the host: written for root only, compared, and never shown."""

from __future__ import annotations

import os
import stat

import pytest
from ansible_collections.px.storage.plugins.module_utils.fuse import compare, files, places, removal, text_file, writing
from ansible_collections.px.storage.plugins.module_utils.fuse.clients.service import File, Service
from ansible_collections.px.storage.plugins.module_utils.fuse.mount import Mount

CONFIG = File("aws.conf", "[default]\n", secret=False)
KEY = File("key.json", '{"key": "hush"}\n')
LIVE = File("keys.json", '{"key": "hush"}\n', live=True)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "px-mounts" / "data"


def settle(folder, *wanted):
    changes = files.compare(str(folder), wanted)
    files.apply(str(folder), changes)
    return changes


def test_files_are_for_root_only_and_a_second_time_there_is_nothing_to_do(folder):
    before = os.umask(0)
    try:
        assert len(settle(folder, CONFIG, KEY)) == 2
    finally:
        os.umask(before)
    assert mode(folder) == 0o700
    assert {path.name: (path.read_text(), mode(path)) for path in folder.iterdir()} == {
        "aws.conf": (CONFIG.text, 0o600),
        "key.json": (KEY.text, 0o600),
    }
    assert files.compare(str(folder), (CONFIG, KEY)) == []


def test_what_is_no_longer_wanted_goes_and_the_clients_own_folders_stay(folder):
    settle(folder, CONFIG, KEY)
    (folder / ".work").mkdir()
    assert [change.path for change in settle(folder, CONFIG)] == [str(folder / "key.json")]
    assert sorted(path.name for path in folder.iterdir()) == [".work", "aws.conf"]


def test_what_others_can_read_is_closed_without_a_restart(folder):
    settle(folder, KEY)
    (folder / "key.json").chmod(0o644)
    folder.chmod(0o755)
    assert files.open_to_others(str(folder))
    (change,) = settle(folder, KEY)
    assert not change.restarts
    assert (mode(folder), mode(folder / "key.json")) == (0o700, 0o600)
    assert not files.open_to_others(str(folder))


@pytest.mark.parametrize(("file", "restarts"), [(CONFIG, True), (KEY, True), (LIVE, False)])
def test_which_changes_restart_a_client(folder, file, restarts):
    settle(folder, file._replace(text="old\n"))
    (change,) = files.compare(str(folder), (file,))
    assert change.restarts is restarts


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(folder, monkeypatch):
    settle(folder, KEY)

    def full(*_):
        raise OSError(28, "No space left on device")

    # A disk that is full cannot be had without one.
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        text_file.write(str(folder / "key.json"), "new", 0o600)
    assert [path.name for path in folder.iterdir()] == ["key.json"]
    assert (folder / "key.json").read_text() == KEY.text


def test_a_diff_shows_that_a_secret_changes_and_nothing_of_it(folder):
    (new,) = files.diffs(settle(folder, KEY))
    assert (new["before"], new["after"]) == ("", "(a secret)\n")
    (other,) = files.diffs(settle(folder, KEY._replace(text="whisper\n")))
    assert other["before"] != other["after"]
    (gone,) = files.diffs(settle(folder))
    assert (gone["before"], gone["after"]) == ("(a secret)\n", "")
    shown = str([new, other, gone])
    assert "hush" not in shown
    assert "whisper" not in shown


def test_a_diff_shows_what_is_no_secret(folder):
    settle(folder, CONFIG)
    (change,) = files.diffs(files.compare(str(folder), (CONFIG._replace(text="[other]\n"),)))
    assert (change["before"], change["after"]) == ("[default]\n", "[other]\n")
    assert change["after_header"] == str(folder / "aws.conf")


def test_a_cache_is_for_root_only_and_what_is_above_it_is_not_touched(tmp_path):
    tmp_path.chmod(0o755)
    cache = tmp_path / "disk" / "data"
    files.make_cache(str(cache))
    assert (mode(cache), mode(cache.parent), mode(tmp_path)) == (0o700, 0o755, 0o755)
    cache.chmod(0o777)
    files.make_cache(str(cache))
    assert mode(cache) == 0o700


def test_a_link_is_not_followed_to_what_is_removed(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "precious").touch()
    (tmp_path / "link").symlink_to(tmp_path / "data")
    assert not files.remove_tree(str(tmp_path / "link"))
    assert (tmp_path / "data" / "precious").exists()
    assert files.remove_tree(str(tmp_path / "data"))
    assert not files.remove_tree(str(tmp_path / "data"))


@pytest.fixture
def mount(tmp_path, monkeypatch):
    for name in ("CONFIG", "CACHE", "RUN"):
        monkeypatch.setattr(places, name, str(tmp_path / name))
    one = Mount("gcsfuse", {"path": "/data", "bucket": "b"})
    one.service = Service(["gcsfuse"], files=(KEY,))
    one.before = one.after = "[Service]\nExecStart=gcsfuse\n"
    return one


def test_a_run_that_died_before_the_restart_is_caught_up_with(mount):
    settle(mount.place.folder, KEY._replace(text="old\n"))
    mount.files = files.compare(mount.place.folder, mount.service.files)
    assert compare.restart_is_due(mount)
    mount.actions = ["change key.json", "restart"]
    writing.write([mount], reload=False)

    # The run ends here. The next one finds everything written, and knows all the same.
    mount.files = files.compare(mount.place.folder, mount.service.files)
    assert mount.files == []
    assert compare.restart_is_due(mount)
    writing.unmark(mount)
    assert not compare.restart_is_due(mount)


def test_new_live_credentials_restart_nothing(mount):
    mount.service = Service(["goofys"], files=(LIVE,))
    settle(mount.place.folder, LIVE._replace(text="old\n"))
    mount.files = files.compare(mount.place.folder, mount.service.files)
    assert compare._files(mount) == ["renew the credentials"]
    assert not compare.restart_is_due(mount)


def test_a_mount_without_files_keeps_no_folder(mount):
    settle(mount.place.folder, KEY)
    mount.service = Service(["gcsfuse"])
    mount.files = files.compare(mount.place.folder, ())
    writing.write([mount], reload=False)
    assert not os.path.exists(mount.place.folder)  # noqa: PTH110


def test_a_cache_with_what_the_store_does_not_have_is_kept(mount, tmp_path):
    note = tmp_path / "CACHE" / "data" / "vfsMeta" / "px" / "bucket" / "file"
    note.parent.mkdir(parents=True)
    note.write_text('{\n\t"Dirty": true,\n\t"Size": 3\n}\n')
    assert not removal.remove_cache(mount)
    assert note.exists()
    assert mount.warning.startswith("/data: 1 file in ")
    note.write_text('{\n\t"Dirty": false,\n\t"Size": 3\n}\n')
    assert removal.remove_cache(mount)
    assert not (tmp_path / "CACHE" / "data").exists()
