"""`px-ansible logs`: the journal of a mount on a host, or what Ansible printed in a run."""

from __future__ import annotations

import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import click

from px_ansible.cli.options import file_option, open_cluster, open_state, provider_option
from px_ansible.cli.run_names import WithRuns
from px_ansible.errors import EXIT_CONTROL_C, RunError, UnreachableError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from px_ansible.cluster import Cluster
    from px_ansible.state import ClusterState

_SSH_FAILED = 255
# A unit says of which path it is: its name is the host's business.
_REMOTE = """\
lines=$1 follow=$2; shift 2; count=$#
for path do
  for file in $(grep -lxF "Path=$path" /etc/systemd/system/px-mount-*.service 2>/dev/null); do
    set -- "$@" "--unit=${file##*/}"
  done
done
shift "$count"
[ $# -gt 0 ] || { echo "no such mount is on this host" >&2; exit 1; }
exec journalctl --no-pager --quiet --output=short-iso --lines="$lines" $follow "$@"
"""


@click.command(cls=WithRuns)
@file_option
@provider_option
@click.option("--follow", is_flag=True, envvar="PX_FOLLOW", help="Go on with new lines until Ctrl-C.  [env: PX_FOLLOW]")
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(min=0),
    default=100,
    envvar="PX_LINES",
    metavar="N",
    help="How many of the last lines.  [env: PX_LINES; default: 100]",
)
@click.option(
    "--run",
    is_flag=False,
    flag_value="last",
    envvar="PX_RUN",
    metavar="[RUN]",
    help="What Ansible printed in a run, the last one or that one (--run -2), instead.  [env: PX_RUN]",
)
@click.argument("host", required=False)
@click.argument("path", required=False)
def logs(
    file: str | None,
    provider: str | None,
    follow: bool,
    lines: int,
    run: str | None,
    host: str | None,
    path: str | None,
) -> int:
    """Print the journal of the mounts on HOST (default: the first): of all of them, or of the one at PATH.

    \b
    Example:
      px-ansible logs
      px-ansible logs demo-2 /px-gcs-bucket --follow
      px-ansible logs --run
    """  # noqa: D301
    if run is not None:
        if host or follow:
            raise UsageError("--run is about a run, and not about a host", hint=f"px-ansible logs --run={run}")
        return _print_run(open_state(file, provider), run)
    from px_ansible.cli import hosts  # noqa: PLC0415

    if host and host.startswith("/") and path is None:
        host, path = None, host
    cluster = open_cluster(file, provider, 0, copy=True, asks=False)
    chosen = hosts.pick(cluster, hosts.hosts_of(cluster), host)
    words = [str(lines), "--follow" if follow else "", *_paths(cluster, path)]
    remote = f"sh -c {shlex.quote(_REMOTE)} sh {shlex.join(words)}"
    if hosts.user_of(cluster) != "root":
        remote = f"sudo -n {remote}"
    try:
        code = subprocess.call(hosts.ssh_command(cluster, chosen, remote), stdin=subprocess.DEVNULL)
    except KeyboardInterrupt:
        return EXIT_CONTROL_C
    return {0: 0, _SSH_FAILED: UnreachableError.exit_code}.get(code, RunError.exit_code)


def _paths(cluster: Cluster, path: str | None) -> Sequence[str]:
    from px_ansible.config import words  # noqa: PLC0415

    applied = [one["path"] for one in cluster.state.read_applied()]
    known = list(dict.fromkeys([*applied, *(mount.path for mount in cluster.config.mounts)]))
    if not known:
        raise UsageError("the cluster has no mounts", hint="px.yaml has none: add one, then px-ansible provision")
    if path is None:
        return known
    if path not in known:
        hint = words.hint(path, known, otherwise=f"the mounts are: {', '.join(known)}")
        raise UsageError(f"there is no mount {path!r}", hint=hint)
    return [path]


def _print_run(state: ClusterState, which: str) -> int:
    from px_ansible.run_record import pick  # noqa: PLC0415

    record = pick(state.all_runs(), which)
    try:
        with (record.folder / "artifacts" / "ansible" / "stdout").open(encoding="utf-8", errors="replace") as text:
            for line in text:
                sys.stdout.write(line)
    except FileNotFoundError:
        raise UsageError(f"Ansible printed nothing in the run {record.name}", hint="px-ansible runs show") from None
    return 0
