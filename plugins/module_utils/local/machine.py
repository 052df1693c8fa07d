"""One host: a systemd-nspawn machine on an overlay of a base image, with its own systemd, sshd and /dev/fuse."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
import time
import typing as t
from pathlib import Path

from ansible_collections.px.storage.plugins.module_utils.local import cgroups, image, network, record
from ansible_collections.px.storage.plugins.module_utils.local.errors import LocalError, last_lines
from ansible_collections.px.storage.plugins.module_utils.local.service import Service

if t.TYPE_CHECKING:
    from collections.abc import Iterator

SSH_PORT = 22
# The overlay is mounted in a mount namespace of the machine's own, so that it goes when the machine goes; so is the
# folder in which nspawn keeps a lock per machine, which it leaves behind when it is killed.
# 133 is how nspawn with --keep-unit says that the machine wants to reboot.
RUN = """\
# Runs the machine {host}; written by px.storage.local_machine.
[ "${{1-}}" = inside ] || exec unshare --mount --propagation slave "$0" inside
cd {folder} || exit 1
mount -t overlay overlay -o {options} root || exit 1
mkdir -p /run/systemd/nspawn && mount -t tmpfs -o mode=0755,size=1m px-ansible /run/systemd/nspawn || exit 1
{unified}while :; do
  run systemd-nspawn --quiet --boot --register=no --keep-unit --console={console} --link-journal=no \\
    --resolv-conf=off --timezone=off --machine={machine} --hostname={host} --directory=root \\
    --network-bridge={bridge} --bind=/dev/fuse --property=DeviceAllow='/dev/fuse rw' --capability=CAP_SYS_ADMIN \\
    -- --show-status=yes
  [ "$code" = 133 ] && [ -z "$stopping" ] || exit "$code"
done
"""
NETWORK = """\
[Match]
Name=host0

[Network]
Address={address}/24
LinkLocalAddressing=no
"""


class File(t.NamedTuple):
    """A file that a machine finds when it starts."""

    path: str
    text: str
    mode: int = 0o644


class Wanted(t.NamedTuple):
    """What a machine should be. Without an authorized key nobody comes in as root.

    `files` are written at every start, over what every machine gets; `packages` are in its image besides the usual.
    `console` is nspawn's: by a pipe only errors are said, by `read-only` all that a terminal would show.
    """

    image: str
    authorized_key: str
    limits: cgroups.Limits
    files: tuple[File, ...] = ()
    packages: tuple[str, ...] = ()
    console: str = "pipe"


class Machine:
    """One machine of a cluster, by its host name."""

    def __init__(self, layout: record.Layout, host: str) -> None:
        self.layout = layout
        self.host = host
        self.folder = layout.machine(host)
        self.record = self.folder / "machine.json"
        self.name = ""
        if entry := record.read(self.record):
            self.name = entry["machine"]
        self.service = Service(self.name, self.folder, "console.log")

    def info(self) -> dict[str, t.Any]:
        """Return what is known of the machine, for `list`."""
        entry = record.read(self.record) or {}
        shared = record.read(self.layout.record)
        running = self.service.running()
        return {
            "name": self.host,
            "state": "running" if running else "stopped",
            "address": network.address(shared, entry["number"]) if shared else None,
            "image": entry["image"],
            "cpus": entry["cpus"],
            "memory_mib": entry["memory"],
            "key": entry["key"],
        }

    def converge(self, wanted: Wanted, cache_dir: str) -> tuple[bool, list[str]]:
        """Make the machine as wanted and start it; return whether anything was done, and notes for the user."""
        with record.lock(self.layout.machines, f".{self.host}.lock"):
            entry = record.read(self.record)
            if entry and entry["image"] != wanted.image:
                message = f"{self.host} exists with image {entry['image']}; a machine's image cannot change in place"
                raise LocalError(message, "provision --replace makes it anew; what is only on it is lost")
            if entry and self.service.running() and entry["key"] == wanted.authorized_key:
                return self._limit(entry, wanted.limits)
            self.service.stop()
            entry = self._claim(entry, wanted, image.ensure(wanted.image, cache_dir, wanted.packages)[0])
            self._write_files(entry, wanted.files)
            return True, self._start(entry, wanted)

    def claim(self, wanted: Wanted, cache_dir: str) -> None:
        """Give the machine its record, and with it its address, without starting it."""
        with record.lock(self.layout.machines, f".{self.host}.lock"):
            self._claim(record.read(self.record), wanted, image.ensure(wanted.image, cache_dir, wanted.packages)[0])

    def _limit(self, entry: dict[str, t.Any], limits: cgroups.Limits) -> tuple[bool, list[str]]:
        """Give a machine that runs other limits, where they changed."""
        if (entry["cpus"], entry["memory"]) == limits:
            return False, []
        record.write(self.record, {**entry, "cpus": limits.cpus, "memory": limits.memory})
        return True, self.service.limit(limits)

    def _claim(self, entry: dict[str, t.Any] | None, wanted: Wanted, base: Path) -> dict[str, t.Any]:
        """Write the record, the first thing of every machine: it takes a number, and with it an address."""
        with record.lock(self.layout.folder):
            shared = record.read(self.layout.record)
            if shared is None:
                raise LocalError(
                    f"the cluster {self.layout.cluster} has no network yet",
                    "run the entry point 'cluster' first",
                )
            if entry is None:
                others = {self.layout.machine(name) / "machine.json" for name in self.layout.hosts()}
                taken = {one["number"] for path in others if (one := record.read(path))}
                free = [number for number in self._numbers() if number not in taken]
                if not free:
                    raise LocalError(f"the network {shared['subnet']} has no address left")
                entry = {"number": free[0], "base": str(base)}
            elif not Path(entry["base"]).is_dir():
                message = f"{self.host} cannot start: its base image {entry['base']} is gone from the cache"
                raise LocalError(message, "provision --replace makes it anew; what is only on it is lost")
            entry.update(
                host=self.host,
                machine=f"{shared['bridge']}-{entry['number']}",
                image=wanted.image,
                key=wanted.authorized_key,
                cpus=wanted.limits.cpus,
                memory=wanted.limits.memory,
            )
            record.write(self.record, entry)
            self.service.name = self.name = entry["machine"]
            return entry

    def _numbers(self) -> Iterator[int]:
        """Yield the numbers to try: the one that follows the host's own (demo-1 has .2), then all others."""
        suffix = self.host.rpartition("-")[2]
        if suffix.isdigit() and network.FIRST_HOST <= int(suffix) + 1 <= network.LAST_HOST:
            yield int(suffix) + 1
        yield from range(network.FIRST_HOST, network.LAST_HOST + 1)

    def _write_files(self, entry: t.Mapping[str, t.Any], files: t.Sequence[File]) -> None:
        """Write what tells this machine from the others, into the upper layer, while nothing has it mounted."""
        shared = record.read(self.layout.record) or {}
        for name in ("upper", "work", "root"):
            (self.folder / name).mkdir(exist_ok=True)
        upper = self.folder / "upper"
        upper.chmod(0o755)  # it becomes the machine's `/`
        _put(upper / "etc/hostname", f"{self.host}\n")
        names = f"127.0.0.1 localhost\n127.0.1.1 {self.host}\n{network.gateway(shared)} {network.BUCKETS_NAME}\n"
        _put(upper / "etc/hosts", names)
        _put(
            upper / "etc/systemd/network/10-px-ansible.network",
            NETWORK.format(address=network.address(shared, entry["number"])),
        )
        if entry["key"]:
            _put(upper / "root/.ssh/authorized_keys", entry["key"] + "\n", 0o600, folder_mode=0o700)
        for file in files:
            _put(upper / file.path.lstrip("/"), file.text, file.mode)
        private = upper / "etc/ssh/ssh_host_ed25519_key"
        if not private.exists() or not self._host_key_file().exists():
            private.unlink(missing_ok=True)
            private.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", self.host, "-f", str(private)],
                check=True,
            )

    def _host_key_file(self) -> Path:
        return self.folder / "upper/etc/ssh/ssh_host_ed25519_key.pub"

    def host_key(self) -> str:
        """Return the machine's public host key, as known_hosts has it."""
        return " ".join(self._host_key_file().read_text(encoding="utf-8").split()[:2])

    def _start(self, entry: t.Mapping[str, t.Any], wanted: Wanted) -> list[str]:
        """Start the machine; return a sentence for each thing that this computer cannot give it."""
        shared = record.read(self.layout.record) or {}
        # systemd 256 and later refuse version 1 control groups; nspawn can hand it version 2 where there are both.
        unified = "export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1\n" if Path("/sys/fs/cgroup/unified").is_dir() else ""
        script = RUN.format(
            host=self.host,
            folder=shlex.quote(str(self.folder)),
            options=shlex.quote(f"lowerdir={image.lower_of(entry['base'])},upperdir=upper,workdir=work"),
            machine=entry["machine"],
            bridge=shared["bridge"],
            console=wanted.console,
            unified=unified,
        )
        return [*_scarce(wanted.limits), *self.service.start(script, wanted.limits)]

    def wait(self, seconds: float) -> None:
        """Wait until sshd answers; a machine that ends or stays silent is an error with its console's last lines."""
        shared = record.read(self.layout.record) or {}
        entry = record.read(self.record) or {}
        address = network.address(shared, entry["number"])
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if _ssh_answers(address):
                return
            if not self.service.running():
                raise self._not_booted("its machine ended")
            time.sleep(0.1)
        error = self._not_booted(f"no SSH on {address} within {seconds:g} s")
        self.service.stop()  # so that the next run starts it anew instead of waiting for it again
        raise error

    def _not_booted(self, reason: str) -> LocalError:
        console = self.service.log
        hint = f"less {console}"
        return LocalError(f"{self.host} did not boot: {reason}", hint, last_lines(str(console)))

    def remove(self) -> bool:
        """Stop the machine and remove all that belongs to it; tell whether there was one."""
        with record.lock(self.layout.machines, f".{self.host}.lock"):
            if not self.folder.exists():
                return False
            self.service.stop()
            # The record goes last: as long as anything is left, the machine is in the list.
            for child in self.folder.iterdir():
                if child != self.record:
                    shutil.rmtree(child) if child.is_dir() else child.unlink()
            shutil.rmtree(self.folder)
        (self.layout.machines / f".{self.host}.lock").unlink(missing_ok=True)
        return True


def _scarce(limits: cgroups.Limits) -> list[str]:
    """Return a sentence where a machine is promised more CPUs than there are."""
    there = os.cpu_count() or 1
    if limits.cpus is None or limits.cpus <= there:
        return []
    return [f"a host is to have {limits.cpus} CPUs; this computer has {there}, which its hosts share"]


def _put(path: Path, text: str, mode: int = 0o644, folder_mode: int = 0o755) -> None:
    path.parent.mkdir(mode=folder_mode, parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def _ssh_answers(address: str) -> bool:
    try:
        with socket.create_connection((address, SSH_PORT), timeout=1) as connection:
            connection.settimeout(2)
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False
