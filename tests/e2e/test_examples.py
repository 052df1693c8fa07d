"""Every px.yaml of examples/, provisioned on this computer: a file written on one host is read on the others.

One cluster becomes what each of them says, one after the other: booting hosts takes longer than all that is asked here.

goofys and blobfuse2 are the ones that tests/clients/build.py gives (stand-ins where no real ones are named); they are
put where px-ansible looks for clients that it has already. The other clients are real.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
import pytest

from px_ansible.config import load

if TYPE_CHECKING:
    from conftest import MakeProject
    from project import Project

    from px_ansible.config import Config

TOP = Path(__file__).parents[2]
EXAMPLES = sorted(path.parent for path in (TOP / "examples").glob("*/px.yaml"))
# The quickstart has a file of tests to itself.
TO_RUN = [folder for folder in EXAMPLES if folder.name != "quickstart"]
# What the examples' credentials name is not set: where everything is emulated, no key is asked for.
KEYS = ("AWS_", "AZURE_", "GCS_", "SPACES_")


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_an_example_is_valid(folder: Path) -> None:
    config = load(folder / "px.yaml", provider="local")
    assert config.mounts
    # Where no provider is named, it is that of the stores.
    assert load(folder / "px.yaml").provider != "local"


def test_there_is_an_example_of_every_store_and_one_of_all() -> None:
    stores = {
        folder.name: {mount.store for mount in load(folder / "px.yaml", provider="local").mounts} for folder in TO_RUN
    }
    everything = stores.pop("all-stores")
    assert stores == {name: {name} for name in everything}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder with the clients that cannot be had here; the rest of it is this computer's own."""
    sys.path.insert(0, str(TOP / "tests" / "clients"))
    import build  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("cache") / "px-ansible"
    own = platformdirs.user_cache_path("px-ansible")
    (folder / "clients").mkdir(parents=True)
    build.put_into_cache(folder / "clients")
    for place in (own, own / "clients"):
        place.mkdir(parents=True, exist_ok=True)
        inside = folder if place == own else folder / "clients"
        for path in place.iterdir():
            if not (inside / path.name).exists():
                (inside / path.name).symlink_to(path)
    return folder


@pytest.fixture(scope="module", params=TO_RUN, ids=lambda folder: folder.name)
def config(request: pytest.FixtureRequest) -> Config:
    return load(request.param / "px.yaml", provider="local")


@pytest.fixture(scope="module")
def cluster(make_project: MakeProject, cache: Path) -> Project:
    one = make_project("c2ex")
    one.environment["XDG_CACHE_HOME"] = str(cache.parent)
    for name in [name for name in one.environment if name.startswith(KEYS)]:
        del one.environment[name]
    return one


@pytest.fixture(scope="module")
def project(cluster: Project, config: Config) -> Project:
    shutil.copy(config.file, cluster.file)
    cluster.provision()
    return cluster


def place_of(config: Config) -> str:
    """Return the folder of an example in its buckets: the examples before it had the same ones."""
    return config.file.parent.name


def test_a_file_written_on_one_host_is_read_on_the_last(project: Project, config: Config) -> None:
    for mount in config.mounts:
        place = f"{mount.path}/{place_of(config)}"
        project.on(1, f"mkdir -p {place}/deep && head -c 3000000 /dev/urandom > /tmp/big")
        project.on(1, f"cp /tmp/big {place}/deep/big && echo from one > {place}/hello.txt")
        if config.nodes == 1:
            # Nothing is read that this host only remembers.
            project.on(1, f"systemctl restart $(basename $(grep -lx Path={mount.path} /etc/systemd/system/px-mount-*))")
        assert project.on(config.nodes, f"cat {place}/hello.txt") == "from one", mount.path
        assert project.on(config.nodes, f"sha256sum < {place}/deep/big") == project.on(1, "sha256sum < /tmp/big")


def test_every_mount_shows_its_own_bucket(project: Project, config: Config) -> None:
    for mount in config.mounts:
        project.on(1, f"echo {mount.store} > {mount.path}/store")
    for mount in config.mounts:
        assert project.on(1, f"cat {mount.path}/store") == mount.store


def test_status_and_a_second_provision(project: Project, config: Config) -> None:
    data = project.px("status", "--output", "json").data
    for host in data["hosts"]:
        assert {mount["path"]: mount["ready"] for mount in host["mounts"]} == {one.path: True for one in config.mounts}
    assert {one["state"] for one in data["shared"]} == {"running"}
    assert project.provision()["changed"] == 0


def test_a_mount_is_back_after_a_reboot(project: Project, config: Config) -> None:
    project.reboot(1)
    for mount in config.mounts:
        assert project.on(1, f"cat {mount.path}/{place_of(config)}/hello.txt") == "from one"


def test_destroy(cluster: Project) -> None:
    ended = cluster.px("destroy", "--purge", "--yes")
    assert "Removed 2 hosts" in ended.stdout
