"""The text of a mount's systemd unit."""

import re
from typing import Any, Dict, Iterable, List

from ansible_collections.px.storage.plugins.module_utils.fuse import places, probe, unit
from ansible_collections.px.storage.plugins.module_utils.fuse.clients.service import Service
from ansible_collections.px.storage.plugins.module_utils.fuse.mountpoint import Refused

# Type=exec, and steps between restarts, are not known to every systemd.
_EXEC_SINCE, _STEPS_SINCE = 240, 254
_UNIT_NAME = re.compile(r"[A-Za-z0-9:_.\\@-]+\.(service|socket|target|timer|mount|automount|path|slice|scope)")
# What is up before the network is, which a mount comes after.
_EARLY = re.compile(r"(sysinit|basic|local-fs|network|network-pre|network-online|sockets|time-sync|paths)\.target")

# A failing command leaves what a person or a later command can still use, hence the "-" and the "||".
# The order of the lines is part of a unit: another order would restart every mount of every host.
_TEXT = """\
# Written by px.storage.mounts; changes are overwritten.
[Unit]
Description={client}: {source} on {path}
After=network-online.target
Wants=network-online.target
{relations}StartLimitIntervalSec=0

[Service]
Type={type}
{environment}# What a killed client leaves behind answers "Transport endpoint is not connected" until it is taken away.
ExecStartPre=-/bin/sh -c 'umount -l "$$1" 2>/dev/null' sh {path}
ExecStartPre=/bin/mkdir -p {path} {run}
{before_start}ExecStart={command}
# Started means that it answers, not that it is in the mount table.
ExecStartPost=/bin/sh -c 'while ! grep -qF " / $$1 " /proc/self/mountinfo; \
do kill -0 "$$MAINPID" 2>/dev/null || exit 1; sleep 0.1; done; \
exec ls -U1 "$$1/" >/dev/null' sh {path}
# Only starts that fail one after the other count: one that worked begins anew, and its restarts are noted.
ExecStartPost=-/bin/sh -c 'n=$$(systemctl show --property=NRestarts --value "$$1"); [ "$$n" = 0 ] && exit; \
echo "$$n" >>"$$2"; exec systemctl reset-failed "$$1"' sh {unit} {restarts}
TimeoutStartSec=90
{before_stop}# First the plain way, which waits for what is being written; a folder in use is let go of.
ExecStop=-/bin/sh -c 'umount "$$1" || umount -l "$$1"' sh {path}
ExecStopPost=-/bin/sh -c 'umount -l "$$1" 2>/dev/null' sh {path}
# gcsfuse and others exit 0 when somebody unmounts by hand: on-failure would leave it so.
Restart=always
RestartSec=1
{restart_steps}KillMode=mixed
TimeoutStopSec={stop_seconds}
LimitNOFILE=65536
OOMScoreAdjust=-500
# None of these makes a mount namespace. ProtectSystem=, PrivateTmp=, ReadWritePaths= and their like do, and the
# mount would be seen by nobody but its own client.
NoNewPrivileges=yes
CapabilityBoundingSet=CAP_SYS_ADMIN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_CHOWN CAP_FOWNER CAP_KILL CAP_SETUID \
CAP_SETGID
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
KeyringMode=private
# Not stricter: rclone makes the modes of its files from it.
UMask=0022

[Install]
WantedBy=multi-user.target

[X-Px]
Client={client}
Path={path}
Bucket={bucket}
Prefix={prefix}
Endpoint={endpoint}
"""
# A running client need not be started again for a change of these: systemd looks at them when their time comes.
_FOR_LATER = ("#", "Restart=", "RestartSec=", "RestartSteps=", "RestartMaxDelaySec=", "TimeoutSt", "ExecStop")


def render(
    client: str,
    service: Service,
    mount: Dict[str, Any],
    stop_seconds: int,
    *,
    probed: bool = True,
    systemd: int = _STEPS_SINCE,
) -> str:
    """Return the unit's text.

    Args:
        client: The client's name.
        service: What the client module says of the mount.
        mount: The wanted mount.
        stop_seconds: How long the client may take to end.
        probed: Whether the probe looks after the mount.
        systemd: The version of the host's systemd.

    """
    prefix = str(mount.get("prefix") or "").strip("/")
    file = unit.name(mount["path"])
    steps = "# One that cannot start leaves its store in peace more and more.\nRestartSteps=5\nRestartMaxDelaySec=30\n"
    return _TEXT.format(
        client=client,
        source=_plain("/".join(part for part in (mount["bucket"], prefix) if part)),
        path=_plain(mount["path"]),
        run=places.run(unit.slug(file)),
        unit=file,
        restarts=places.restarts(unit.slug(file)),
        relations="".join(_relations(mount, service, file, probed=probed)),
        type="notify" if service.notify else "exec" if systemd >= _EXEC_SINCE else "simple",
        environment="".join(
            "Environment=" + quoted_assignment(name, value) + "\n" for name, value in service.environment.items()
        ),
        before_start="".join(_before_start(service)),
        command=line(service.command),
        before_stop="ExecStop=-" + line(service.settle) + "\n" if service.settle else "",
        restart_steps=steps if systemd >= _STEPS_SINCE else "",
        stop_seconds=stop_seconds,
        bucket=_plain(mount["bucket"]),
        prefix=_plain(prefix),
        endpoint=_plain(mount.get("endpoint") or ""),
    )


def _relations(mount: Dict[str, Any], service: Service, file: str, *, probed: bool) -> Iterable[str]:
    names = before(mount)
    if names:
        yield "Before=" + " ".join(names) + "\n"
    if service.cache:
        yield "RequiresMountsFor=" + _plain(service.cache) + "\n"
    if probed:
        yield "Wants=" + probe.timer(unit.slug(file)) + "\n"


def _before_start(service: Service) -> Iterable[str]:
    if service.cache:
        # Some clouds hand out their fast disks empty at every boot.
        yield "ExecStartPre=/bin/mkdir -p -m 700 " + quote(service.cache) + "\n"
    if service.check:
        yield "ExecStartPre=" + line(service.check) + "\n"


def before(mount: Dict[str, Any]) -> List[str]:
    """Return the units that start after the mount.

    Raises:
        Refused: One is not the name of a unit, or cannot come after the network.

    """
    names = [str(name) for name in mount.get("before") or []]
    for name in names:
        if not _UNIT_NAME.fullmatch(name):
            raise Refused(f"before: {name!r} is not the name of a unit", "write it as docker.service")
        if _EARLY.fullmatch(name):
            raise Refused(f"before: {name} is up before the network is, and a mount comes after it")
    return names


def what_restarts(text: str) -> List[str]:
    """Return the part of a unit's text whose change means that the client has to be started again."""
    section = text.partition("\n[Service]\n")[2].partition("\n[Install]\n")[0].replace("\\\n", "")
    return [one for one in section.splitlines() if one and not one.startswith(_FOR_LATER)]


def line(command: List[str]) -> str:
    """Return a command line as systemd reads it."""
    return " ".join(quote(word) for word in command)


def _plain(text: str) -> str:
    return " ".join(str(text).replace("%", "%%").split())


def quote(word: str) -> str:
    """Return a word of a command line as systemd reads it: no specifiers, no variables, no splitting."""
    escaped = _escaped(word).replace("$", "$$")
    if escaped and re.fullmatch(r"[^\s'\";]+", escaped):
        return escaped
    return '"' + escaped + '"'


def quoted_assignment(name: str, value: str) -> str:
    """Return a variable as Environment= reads it, which expands specifiers and no variables."""
    return '"' + name + "=" + _escaped(value) + '"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "%%").replace('"', '\\"').replace("\n", "\\n")
