"""Base images: one Debian root file system per release, made by mmdebstrap and shared read-only by all machines.

An image lies in the cache folder under a key of what goes into it. It is built under a temporary name and renamed, so
that a folder with the final name is always whole.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import typing as t
from pathlib import Path

from ansible_collections.px.storage.plugins.module_utils.local import record
from ansible_collections.px.storage.plugins.module_utils.local.errors import LocalError

SUITES = {"debian-12": "bookworm", "debian-13": "trixie"}
# The archives of a release, by the label that apt knows them by.
SUITE_NAMES = (("Debian", "{suite}"), ("Debian", "{suite}-updates"), ("Debian-Security", "{suite}-security"))
PACKAGES = "systemd,systemd-sysv,dbus,openssh-server,python3,fuse3,ca-certificates,iproute2,procps,less"

# Runs with the new root's path as $1. Each machine gets its own host key and machine id, so the image has none.
CUSTOMIZE = """\
set -eu
cd "$1"
rm -f etc/ssh/ssh_host_* etc/hostname
: > etc/machine-id
printf '127.0.0.1 localhost\\n' > etc/hosts
printf '%s\\n' 'HostKey /etc/ssh/ssh_host_ed25519_key' 'PasswordAuthentication no' 'UseDNS no' \
  > etc/ssh/sshd_config.d/px-ansible.conf
chroot . systemctl --quiet enable systemd-networkd.service ssh.service
chroot . systemctl --quiet mask apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer fstrim.timer \
  dpkg-db-backup.timer e2scrub_reap.service systemd-pstore.service
"""


def _build_command(image: str, target: Path, more: t.Sequence[str]) -> list[str]:
    suite = SUITES[image]
    options = ["--variant=minbase", "--format=directory", f"--include={_packages(more)}"]
    options += [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("man", "doc", "locale", "info")]
    options += ["--aptopt=Acquire::Languages none", *_proxy_options()]
    options.append(f"--customize-hook={CUSTOMIZE}")
    return ["mmdebstrap", *options, suite, str(target), *_sources(suite)]


def _sources(suite: str) -> list[str]:
    """Return the apt lines for the image, on the mirrors that this computer itself uses.

    None where it is no Debian, or has never fetched its package lists: mmdebstrap then takes Debian's own mirrors.
    """
    mirrors = _mirrors()
    lines = [f"deb {mirrors[label]} {name} main" for label, name in SUITE_NAMES if label in mirrors]
    return [line.format(suite=suite) for line in lines] if "Debian" in mirrors else []


def _mirrors() -> dict[str, str]:
    """Return label -> address of the Debian archives in this computer's apt sources."""
    form = "$(ORIGIN)|$(LABEL)|$(REPO_URI)"
    command = ["apt-get", "indextargets", "--format", form, "Created-By: Packages"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    fields = [line.split("|") for line in done.stdout.splitlines()]
    return {label: address.rstrip("/") for origin, label, address in fields if origin == "Debian"}


def _proxy_options() -> list[str]:
    """Return this computer's apt proxy as options: mmdebstrap leaves the computer's own apt configuration out."""
    done = subprocess.run(["apt-config", "dump"], check=False, capture_output=True, text=True)
    lines = [line.rstrip(";") for line in done.stdout.splitlines() if line.startswith("Acquire::http")]
    return [f"--aptopt={line}" for line in lines if "::Proxy" in line]


def _packages(more: t.Sequence[str]) -> str:
    return ",".join((PACKAGES, *sorted(more)))


def key(image: str, more: t.Sequence[str] = ()) -> str:
    """Return the key of an image, with `more` packages than every one has: it changes when its content would."""
    content = "\n".join((SUITES[image], _packages(more), CUSTOMIZE, os.uname().machine))
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def path(image: str, cache_dir: str, more: t.Sequence[str] = ()) -> Path:
    """Return where an image lies, or will."""
    return Path(cache_dir) / "images" / f"{image}-{key(image, more)}"


def ensure(image: str, cache_dir: str, more: t.Sequence[str] = ()) -> tuple[Path, bool]:
    """Return the image's folder and whether it was built now; a second caller waits for the first."""
    target = path(image, cache_dir, more)
    if target.is_dir():
        return target, False
    with record.lock(target.parent, f".{target.name}.lock") as descriptor:
        if target.is_dir():
            return target, False
        for left in target.parent.glob(f".{target.name}.tmp-*"):
            shutil.rmtree(left, ignore_errors=True)
        temporary = target.with_name(f".{target.name}.tmp-{os.getpid()}")
        try:
            _build(image, temporary, descriptor, more)
            temporary.rename(target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return target, True


def _build(image: str, target: Path, lock: int, more: t.Sequence[str]) -> None:
    """Run mmdebstrap; it holds our lock too, so that nobody removes the folder under an orphan's feet."""
    # A mount namespace of its own: whatever ends mmdebstrap, its mounts of /proc and /sys end with it.
    command = ["unshare", "--mount", "--propagation", "slave", *_build_command(image, target, more)]
    done = subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        pass_fds=[lock],
    )
    if done.returncode != 0:
        log = [line for line in done.stdout.splitlines() if line.strip()][-15:]
        hint = "see the lines above; apt-get update on this computer shows whether its package sources answer"
        raise LocalError(f"mmdebstrap could not build the {image} image (exit {done.returncode})", hint, log)


def lower_of(folder: str | os.PathLike[str]) -> str:
    """Return a path as overlay's `lowerdir=` takes it."""
    text = os.fspath(folder)
    for char in ("\\", ":", ","):
        text = text.replace(char, "\\" + char)
    return text
