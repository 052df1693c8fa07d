"""updatedb.conf: the mounts come into PRUNEPATHS and out of it, and nothing else of the file changes."""

from __future__ import annotations

import stat

import pytest
from ansible_collections.px.storage.plugins.module_utils.fuse import updatedb

TEXT = '# mine\nPRUNE_BIND_MOUNTS="yes"\n# PRUNENAMES=".git"\nPRUNEPATHS="/tmp /var/spool"  # here\nPRUNEFS="nfs"\n'


@pytest.fixture
def conf(tmp_path, monkeypatch):
    file = tmp_path / "updatedb.conf"
    monkeypatch.setattr(updatedb, "FILE", str(file))
    return file


@pytest.mark.parametrize(
    "text",
    [TEXT, 'PRUNEPATHS = "/tmp"', "PRUNEFS=x\n", "PRUNEFS=x", "", 'PRUNEPATHS=""\nX="y"\n', "# \udcff\n"],
)
def test_what_was_added_is_taken_out_again(text):
    added = updatedb.edited(text, ["/data", "/b"], [])
    assert added.count("PRUNEPATHS") == 1
    assert "/data /b" in added
    assert updatedb.edited(added, ["/data"], []) == added
    left = updatedb.edited(added, [], ["/data", "/b"])
    empty = 'PRUNEPATHS=""\n'
    assert left.rstrip("\n") == text.replace(empty, "").rstrip("\n")


def test_the_rest_of_the_file_is_not_touched():
    assert updatedb.edited(TEXT, ["/data"], []) == TEXT.replace("/var/spool", "/var/spool /data")
    assert updatedb.edited(TEXT, [], ["/data"]) == TEXT
    # A path is a word, not a part of one.
    assert updatedb.edited(TEXT, [], ["/var"]) == TEXT


def test_the_file_is_changed_in_one_step_with_its_permissions(conf):
    conf.write_text(TEXT)
    conf.chmod(0o640)
    planned = updatedb.change(["/data"], [], check=True)
    assert conf.read_text() == TEXT
    done = updatedb.change(["/data"], [], check=False)
    assert done == planned == {**done, "before": TEXT, "after": conf.read_text(), "after_header": str(conf)}
    assert stat.S_IMODE(conf.stat().st_mode) == 0o640
    assert updatedb.change(["/data"], [], check=False) is None


def test_a_link_stays_one(conf, tmp_path):
    (tmp_path / "real").write_text(TEXT)
    conf.symlink_to(tmp_path / "real")
    updatedb.change(["/data"], [], check=False)
    assert conf.is_symlink()
    assert "/data" in (tmp_path / "real").read_text()


def test_without_updatedb_there_is_nothing_to_do(conf):
    assert updatedb.change(["/data"], [], check=False) is None
    assert not conf.exists()
    assert updatedb.passes("/data")
    assert not updatedb.names("/data")


def test_a_folder_above_is_enough(conf):
    conf.write_text('PRUNEPATHS="/mnt /data"\n')
    assert updatedb.passes("/mnt/bucket")
    assert updatedb.passes("/data")
    assert not updatedb.passes("/database")
    # What stands there for a folder above is the host's own.
    assert not updatedb.names("/mnt/bucket")
