"""The four client roles: one shape, one language, and what they say and write where no host is needed to see it."""

from __future__ import annotations

import functools
import hashlib
import http.server
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.px.storage.plugins.modules import fuse_host_info, mounts

TOP = Path(__file__).parents[2]
CLIENTS = ("gcsfuse", "goofys", "blobfuse2", "rclone")
ENTRIES = {"main", "install", "mount", "unmount", "uninstall", "cache"}
# What every client role has, by the same name and with the same type.
SHARED = {
    "mounts": "list",
    "purge": "bool",
    "timeout": "int",
    "path": "str",
    "version": "str",
    "arch": "str",
    "install_method": "str",
    "cache_dir": "str",
    "release_url": "str",
    "release_file": "str",
    "release_sha256": "dict",
}


@functools.cache
def read(role: str, file: str) -> dict[str, Any]:
    return yaml.safe_load((TOP / "roles" / role / file).read_text(encoding="utf-8"))


def specs(role: str) -> dict[str, Any]:
    return read(role, "meta/argument_specs.yml")["argument_specs"]


@pytest.mark.parametrize("client", CLIENTS)
def test_every_role_has_the_same_entry_points_and_variables(client: str) -> None:
    assert set(specs(client)) == ENTRIES
    assert {path.stem for path in (TOP / "roles" / client / "tasks").glob("*.yml")} == ENTRIES
    options = specs(client)["main"]["options"]
    assert {name: options[f"{client}_{name}"]["type"] for name in SHARED} == SHARED
    assert options[f"{client}_install_method"]["choices"] == ["cached", "binary", "package"]
    for entry in specs(client).values():
        for name, option in entry["options"].items():
            assert options[name] == option, f"{name} means something else in another entry point"


@pytest.mark.parametrize("client", CLIENTS)
def test_defaults_are_what_the_argument_specs_say(client: str) -> None:
    defaults = read(client, "defaults/main.yml")
    said = {name: option["default"] for name, option in specs(client)["main"]["options"].items()}
    assert {name: str(value).replace("\n", "") for name, value in said.items()} == {
        name: str(value).replace("\n", "") for name, value in defaults.items()
    }


@pytest.mark.parametrize("role", [*CLIENTS, "fuse_mount"])
def test_a_mount_is_the_same_in_all_roles_and_in_the_module(role: str) -> None:
    def plain(options: dict[str, Any]) -> dict[str, Any]:
        kept = ("type", "elements", "choices", "default", "required", "no_log", "options")
        return {
            name: {
                key: plain(option[key]) if key == "options" else option[key]
                for key in kept
                if option.get(key) not in (None, False)
            }
            for name, option in options.items()
        }

    in_module = plain(mounts.MOUNT)
    for entry, spec in specs(role).items():
        if f"{role}_mounts" in spec["options"]:
            in_role = plain(spec["options"][f"{role}_mounts"]["options"])
            # Raw, so that Ansible takes no secret apart that stands where the dictionary belongs.
            assert in_role["credentials"].pop("type") == "raw"
            assert in_role["credentials"].pop("no_log") is True
            expected = {**in_module, "credentials": {"options": in_module["credentials"]["options"]}}
            assert in_role == expected, f"{role} {entry}"


def test_the_credentials_that_the_roles_let_pass_are_those_of_the_module() -> None:
    assert set(read("fuse_mount", "vars/main.yml")["__fuse_mount_credentials"]) == set(mounts.CREDENTIALS)


@pytest.mark.parametrize(
    ("release", "family"),
    [
        ({"ID": "debian"}, "debian"),
        ({"ID": "ubuntu", "ID_LIKE": "debian"}, "debian"),
        ({"ID": "linuxmint", "ID_LIKE": "ubuntu debian"}, "debian"),
        ({"ID": "rocky", "ID_LIKE": "rhel centos fedora"}, "redhat"),
        ({"ID": "ol", "ID_LIKE": "fedora"}, "redhat"),
        ({"ID": "amzn", "ID_LIKE": "fedora"}, "redhat"),
        ({"ID": "arch"}, "arch"),
    ],
)
def test_the_family_of_a_distribution(release: dict[str, str], family: str) -> None:
    assert fuse_host_info.family(release) == family


def play(folder: Path, tasks: list[dict[str, Any]], *options: str, **variables: Any) -> tuple[int, str]:
    """Run tasks on this computer, with Ansible as a user runs it."""
    plays = [{"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": tasks}]
    (folder / "playbook.yml").write_text(yaml.safe_dump(plays))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    own = {"ANSIBLE_COLLECTIONS_PATH": str(TOP / "tests/collections"), "ANSIBLE_LOCALHOST_WARNING": "false"}
    done = subprocess.run(
        [Path(sys.executable).parent / "ansible-playbook", "playbook.yml", *options],
        cwd=folder,
        env=kept | own | {"ANSIBLE_NOCOLOR": "1", "LC_ALL": "C.UTF-8", "ANSIBLE_HOME": str(folder / "ansible")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, " ".join(f"{done.stdout} {done.stderr}".split())


def role(client: str, entry: str) -> dict[str, Any]:
    return {"ansible.builtin.include_role": {"name": f"px.storage.{client}", "tasks_from": entry}}


def test_there_is_no_goofys_for_arm64_and_rclone_is_offered(tmp_path: Path) -> None:
    code, said = play(tmp_path, [role("goofys", "cache")], goofys_arch="aarch64", goofys_cache_dir=str(tmp_path / "c"))
    assert code == 2
    assert "there is no goofys for it: use the role px.storage.rclone" in said
    assert not (tmp_path / "c").exists()


def test_there_is_no_package_of_goofys(tmp_path: Path) -> None:
    code, said = play(
        tmp_path,
        [role("goofys", "install")],
        "--check",
        goofys_install_method="package",
        fuse_mount_install_fuse=False,
    )
    assert code == 2
    assert "Set goofys_install_method to cached or binary" in said


def test_blobfuse2_says_which_checksum_it_needs_and_how_to_get_it(tmp_path: Path) -> None:
    code, said = play(
        tmp_path, [role("blobfuse2", "cache")], blobfuse2_cache_dir=str(tmp_path / "c"), blobfuse2_arch="x86_64"
    )
    assert code == 2
    assert "sha256sum" in said
    assert "blobfuse2_release_sha256" in said


def test_the_cache_is_filled_with_every_build_that_is_pinned(tmp_path: Path) -> None:
    program = b"\x7fELF\x02\x01\x01" + bytes(11) + b"\x3e\x00" + b"the program" * 1000
    for build in ("Debian-12.0", "Ubuntu-24.04"):
        (tmp_path / f"b-2.5.5-{build}.x86_64.deb").write_bytes(program + build.encode())
    pins = {
        path.name.removeprefix("b-2.5.5-").removesuffix(".deb"): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in tmp_path.glob("*.deb")
    }
    files = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        code, said = play(
            tmp_path,
            [role("blobfuse2", "cache")],
            blobfuse2_cache_dir=str(tmp_path / "c"),
            blobfuse2_arch="x86_64",
            blobfuse2_release_url=f"http://127.0.0.1:{server.server_address[1]}/b-2.5.5-{{build}}.deb",
            blobfuse2_release_sha256={"2.5.5": {**pins, "Ubuntu-24.04.arm64": "0" * 64}},
        )
    finally:
        server.shutdown()
        server.server_close()
    assert code == 0, said
    filled = {path.parent.name: path.read_bytes() for path in (tmp_path / "c/clients").glob("*/blobfuse2")}
    assert filled == {
        "blobfuse2-2.5.5-Debian-12.0.x86_64": program + b"Debian-12.0",
        "blobfuse2-2.5.5-Ubuntu-24.04.x86_64": program + b"Ubuntu-24.04",
    }


def host(distribution: str, version: str, codename: str = "", architecture: str = "x86_64") -> dict[str, Any]:
    family = fuse_host_info.family({"ID": distribution})
    return {
        "distribution": distribution,
        "distribution_version": version,
        "distribution_major": version.split(".", maxsplit=1)[0],
        "codename": codename,
        "family": family,
        "architecture": architecture,
    }


DEBIAN_12, DEBIAN_13 = host("debian", "12", "bookworm"), host("debian", "13", "trixie")
UBUNTU_22, UBUNTU_26 = host("ubuntu", "22.04", "jammy"), host("ubuntu", "26.04", "resolute")
UBUNTU_24 = host("ubuntu", "24.04", "noble", "aarch64")
EL_8, EL_9, EL_10 = host("rhel", "8.10"), host("rocky", "9.4"), host("almalinux", "10.0")
AMAZON = host("amzn", "2023")
GOOGLE, MICROSOFT = "https://packages.cloud.google.com", "https://packages.microsoft.com"
APT = [
    ("gcsfuse", DEBIAN_12, f"{GOOGLE}/apt", "gcsfuse-bookworm", f"{GOOGLE}/apt/doc/apt-key.gpg"),
    # The vendor has none for trixie and resolute.
    ("gcsfuse", DEBIAN_13, f"{GOOGLE}/apt", "gcsfuse-bookworm", f"{GOOGLE}/apt/doc/apt-key.gpg"),
    ("gcsfuse", UBUNTU_22, f"{GOOGLE}/apt", "gcsfuse-jammy", f"{GOOGLE}/apt/doc/apt-key.gpg"),
    ("gcsfuse", UBUNTU_24, f"{GOOGLE}/apt", "gcsfuse-noble", f"{GOOGLE}/apt/doc/apt-key.gpg"),
    ("gcsfuse", UBUNTU_26, f"{GOOGLE}/apt", "gcsfuse-noble", f"{GOOGLE}/apt/doc/apt-key.gpg"),
    ("blobfuse2", DEBIAN_12, f"{MICROSOFT}/debian/12/prod", "bookworm", f"{MICROSOFT}/keys/microsoft.asc"),
    ("blobfuse2", DEBIAN_13, f"{MICROSOFT}/debian/13/prod", "trixie", f"{MICROSOFT}/keys/microsoft-2025.asc"),
    ("blobfuse2", UBUNTU_22, f"{MICROSOFT}/ubuntu/22.04/prod", "jammy", f"{MICROSOFT}/keys/microsoft.asc"),
    ("blobfuse2", UBUNTU_26, f"{MICROSOFT}/ubuntu/26.04/prod", "resolute", f"{MICROSOFT}/keys/microsoft-2025.asc"),
]
YUM = [
    ("gcsfuse", EL_8, f"{GOOGLE}/yum/repos/gcsfuse-el7-x86_64", f"{GOOGLE}/yum/doc/yum-key.gpg"),
    ("gcsfuse", EL_9, f"{GOOGLE}/yum/repos/gcsfuse-el7-x86_64", f"{GOOGLE}/yum/doc/rpm-package-key.gpg"),
    ("gcsfuse", EL_10, f"{GOOGLE}/yum/repos/gcsfuse-el7-x86_64", f"{GOOGLE}/yum/doc/rpm-package-key.gpg"),
    ("gcsfuse", AMAZON, f"{GOOGLE}/yum/repos/gcsfuse-el7-x86_64", f"{GOOGLE}/yum/doc/yum-key.gpg"),
    ("blobfuse2", EL_8, f"{MICROSOFT}/rhel/8/prod/", f"{MICROSOFT}/keys/microsoft.asc"),
    ("blobfuse2", EL_9, f"{MICROSOFT}/rhel/9/prod/", f"{MICROSOFT}/keys/microsoft.asc"),
    ("blobfuse2", EL_10, f"{MICROSOFT}/rhel/10/prod/", f"{MICROSOFT}/keys/microsoft-2025.asc"),
]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every repository file, rendered by Ansible out of the roles' own variables and templates."""
    folder = tmp_path_factory.mktemp("rendered")
    tasks: list[dict[str, Any]] = []
    for client in ("gcsfuse", "blobfuse2", "rclone"):
        tasks += [
            {"ansible.builtin.include_vars": str(TOP / f"roles/{client}/{file}/main.yml")}
            for file in ("defaults", "vars")
        ]
    tasks.append({"ansible.builtin.include_vars": str(TOP / "roles/fuse_mount/vars/main.yml")})
    wanted = [(*row[:2], "apt.sources.j2") for row in APT] + [(*row[:2], "yum.repo.j2") for row in YUM]
    wanted.append(("gcsfuse", DEBIAN_12, "apt.preferences.j2"))
    for client, about, template in wanted:
        name = f"{client}-{about['distribution']}-{about['distribution_version']}-{template}"
        variables = {
            "fuse_mount_host": about,
            "fuse_mount_client": client,
            "fuse_mount_source": f"{{{{ __{client}_source }}}}",
        }
        source = str(TOP / "roles/fuse_mount/templates" / template)
        task = {"ansible.builtin.template": {"src": source, "dest": str(folder / name), "mode": "0644"}}
        tasks.append({**task, "vars": variables})
    keys = [
        {"client": client, "about": about, "key": f"{{{{ __{client}_source.package.key_url }}}}"}
        for client, about in ((row[0], row[1]) for row in APT)
    ]
    for key in keys:
        about = key["about"]
        dest = str(folder / f"{key['client']}-{about['distribution']}-{about['distribution_version']}-key")
        task = {"ansible.builtin.copy": {"content": key["key"], "dest": dest, "mode": "0644"}}
        tasks.append({**task, "vars": {"fuse_mount_host": about}})
    names = "{{ [__gcsfuse_source, __blobfuse2_source, __rclone_source] | map(attribute='package.name') | join(',') }}"
    for about in (DEBIAN_12, AMAZON, host("arch", "1")):
        dest = str(folder / f"names-{about['distribution']}")
        task = {"ansible.builtin.copy": {"content": names, "dest": dest, "mode": "0644"}}
        tasks.append({**task, "vars": {"fuse_mount_host": about}})
    code, said = play(folder, tasks)
    assert code == 0, said
    return folder


@pytest.mark.parametrize(("client", "about", "url", "suite", "key"), APT)
def test_the_apt_source_of_a_vendor(
    rendered: Path, client: str, about: dict[str, Any], url: str, suite: str, key: str
) -> None:
    text = (rendered / f"{client}-{about['distribution']}-{about['distribution_version']}-apt.sources.j2").read_text()
    fields = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line and not line.startswith("#"))
    assert fields == {
        "Types": "deb",
        "URIs": url,
        "Suites": suite,
        "Components": "main",
        "Signed-By": f"/usr/share/keyrings/px-{client}.asc",
    }
    assert (rendered / f"{client}-{about['distribution']}-{about['distribution_version']}-key").read_text() == key


@pytest.mark.parametrize(("client", "about", "url", "key"), YUM)
def test_the_yum_repository_of_a_vendor(rendered: Path, client: str, about: dict[str, Any], url: str, key: str) -> None:
    text = (rendered / f"{client}-{about['distribution']}-{about['distribution_version']}-yum.repo.j2").read_text()
    assert f"baseurl={url}\n" in text
    assert "gpgcheck=1\n" in text
    assert key in text
    # A second key stands on a line of its own, indented.
    assert text.count("gpgkey=") == 1


def test_the_version_is_pinned(rendered: Path) -> None:
    text = (rendered / "gcsfuse-debian-12-apt.preferences.j2").read_text()
    assert "Package: gcsfuse\nPin: version 3.11.2\nPin-Priority: 1001\n" in text


def test_where_there_is_no_package(rendered: Path) -> None:
    found = {path.name: path.read_text() for path in rendered.glob("names-*")}
    assert found == {"names-debian": "gcsfuse,blobfuse2,rclone", "names-amzn": "gcsfuse,,", "names-arch": ",,rclone"}
