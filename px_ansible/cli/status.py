"""`px-ansible status`: hosts and mounts as they are now, once or again and again."""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from px_ansible.cli.options import (
    file_option,
    load_config,
    of_ansible,
    output_option,
    provider_option,
    verbose_option,
)
from px_ansible.errors import EXIT_CONTROL_C, PxError, RunError, UnreachableError

if TYPE_CHECKING:
    from px_ansible.api import Status
    from px_ansible.config import Config

_HOME_AND_CLEAR = "\x1b[H\x1b[2J\x1b[3J"


@click.command()
@file_option
@provider_option
@click.option(
    "--watch",
    is_flag=False,
    flag_value="5",
    type=click.FloatRange(min=0.1),
    envvar="PX_WATCH",
    metavar="[SECONDS]",
    help="Look again every so many seconds, 5 by default, until Ctrl-C.  [env: PX_WATCH]",
)
@output_option
@verbose_option
def status(file: str | None, provider: str | None, watch: float | None, output: str, verbosity: int) -> int:
    """Show the hosts and their mounts as they are now, asked on every host.

    It ends with 0 where every host that px.yaml wants runs and every mount answers, with 5 where not, with 6 where a
    host could not be reached. With --watch it goes on until Ctrl-C, and ends with 130: on a terminal it draws anew,
    into a pipe it prints one block after the other, and with --output json one document per line.

    \b
    Example:
      px-ansible status --output json
      px-ansible status --watch
    """  # noqa: D301
    from px_ansible import api  # noqa: PLC0415
    from px_ansible.cli.progress import Progress  # noqa: PLC0415
    from px_ansible.cli.tables import print_json  # noqa: PLC0415

    config = load_config(file, provider, copy=True)
    if watch is not None:
        return _watch(config, watch, as_json=output == "json")
    with Progress(verbosity=verbosity, passing=True) as on_event:
        seen = api.status(config, on_event=on_event, verbosity=of_ansible(verbosity))
    if output == "json":
        print_json(_as_data(config, seen))
    else:
        _show(seen)
    return _exit_code(seen)


def _watch(config: Config, seconds: float, *, as_json: bool) -> int:
    from px_ansible import api  # noqa: PLC0415

    redraws = sys.stdout.isatty() and not as_json
    seen = None
    try:
        while True:
            try:
                seen = api.status(config)
            except PxError as error:
                if seen is None:
                    raise
                # It may pass: a network that is away for a moment, a run that has the cluster.
                click.echo(f"{datetime.now().astimezone():%H:%M:%S}: {error}", err=True)
                time.sleep(seconds)
                continue
            now = datetime.now().astimezone()
            if as_json:
                click.echo(json.dumps({**_as_data(config, seen), "time": now.isoformat(timespec="seconds")}))
            else:
                head = f"{config.cluster} ({config.provider}), {now:%H:%M:%S}"
                click.echo(f"{_HOME_AND_CLEAR}{head}; Ctrl-C ends\n" if redraws else head)
                _show(seen)
                if not redraws:
                    click.echo()
            sys.stdout.flush()
            time.sleep(seconds)
    except KeyboardInterrupt:
        return EXIT_CONTROL_C


def _as_data(config: Config, seen: Status) -> dict[str, Any]:
    heads = {"cluster": config.cluster, "provider": config.provider}
    shared = [{"name": one.name, "state": one.state} for one in seen.found.shared]
    return {**seen.report.as_data(), **heads, "shared": shared}


def _show(seen: Status) -> None:
    from px_ansible.cli.report import show_status  # noqa: PLC0415

    show_status(seen.report)
    for one in seen.found.shared:
        click.echo(f"{one.name}: {one.state}")
    if not seen.found.hosts:
        click.echo("There are no hosts yet: px-ansible provision makes them.")


def _exit_code(seen: Status) -> int:
    if seen.report.unreachable:
        return UnreachableError.exit_code
    return 0 if seen.healthy else RunError.exit_code
