"""Plans as text: tables of hosts, mounts and shared things, why the machine type is what it is, and one line of sum."""

from __future__ import annotations

from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING

from px_ansible.cli.tables import console, count, table
from px_ansible.clients import CLIENTS
from px_ansible.plans import Action
from px_ansible.plans.costs import cost_of
from px_ansible.providers import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import Console

    from px_ansible.config import Config
    from px_ansible.plans import HostPlan, Plan
    from px_ansible.plans.costs import Cost

_STYLES = {
    "create": "green",
    "start": "green",
    "change": "yellow",
    "replace": "red",
    "remove": "red",
    "keep": "dim",
}
_SIGNS = {"create": "+", "start": ">", "change": "~", "replace": "±", "remove": "-", "keep": " "}
# What happens to hosts that were there before their cluster, and to mounts.
_OF_THEIRS = {"create": "add", "remove": "leave"}
_OF_MOUNTS = {"create": "add"}
_NO_WORDS: Mapping[str, str] = MappingProxyType({})
# So many equal hosts in a row are one line, where the table is long.
_LONG_TABLE, _FOLDED = 20, 4


def show(made: Plan, *, offline: bool = False) -> None:
    """Print a plan."""
    screen, config, cost = console(), made.config, cost_of(made)
    where = f", region {config.region}" if config.region else ""
    screen.print(f"Cluster [bold]{config.cluster}[/], provider {config.provider}{where}\n")
    table(screen, ("", "host", "machine type", "zone", "price/h", "why"), list(_host_rows(made, cost)))
    if made.mounts:
        screen.print()
        table(screen, ("", "mount", "bucket", "client"), list(_mount_rows(made)))
    if made.shared:
        screen.print()
        table(screen, ("", "shared by all hosts"), [(_word(one.action), one.name) for one in made.shared])
    screen.print()
    _explain(screen, made, cost)
    if offline:
        screen.print(f"Nobody was asked: this is the plan where nothing exists yet on {config.provider}.")
    screen.print(summary(made), soft_wrap=False)


def summary(made: Plan) -> str:
    """Return the plan in one sentence, with what the hosts cost afterwards."""
    theirs = PROVIDERS[made.config.provider].existing is not None
    parts = [
        *_sums("host", [one.action for one in made.hosts], _OF_THEIRS if theirs else _NO_WORDS),
        *_sums("mount", [one.action for one in made.mounts], _OF_MOUNTS),
        *(f"{one.name} to start" for one in made.shared if one.action is Action.START),
    ]
    sentence = f"{', '.join(parts)}." if parts else "Nothing to do: everything is as px.yaml says."
    cost = cost_of(made)
    if cost is None or not cost.after:
        return sentence
    all_hosts = "The host costs" if len(made.hosts) == 1 else "All hosts cost"
    most = "at most" if cost.ceiling else "about"
    return f"{sentence} {all_hosts} {most} {_money(cost.after)} an hour then, {_money(cost.a_month)} a month."


def _sums(noun: str, steps: Sequence[Action], words: Mapping[str, str]) -> Iterator[str]:
    for action in Action:
        if action is not Action.KEEP and action in steps:
            yield f"{count(steps.count(action), noun)} to {words.get(action, action)}"


def _host_rows(made: Plan, cost: Cost | None) -> Iterator[tuple[str, ...]]:
    config = made.config
    words = _OF_THEIRS if PROVIDERS[config.provider].existing else _NO_WORDS
    machine = _machine(config)
    price = f"{_money(cost.per_host)}{' (spot)' if cost.spot and not cost.ceiling else ''}" if cost else ""
    for names, first in _folded(made.hosts):
        stays = first.action is not Action.REMOVE
        yield (
            _word(first.action, words),
            names,
            machine if stays else "",
            (config.zone or "") if stays else "",
            price if stays else "",
            first.reason or "",
        )


def _folded(hosts: Sequence[HostPlan]) -> Iterator[tuple[str, HostPlan]]:
    """Yield the names and the first host of each row; what is lost has always a row of its own."""
    for (action, _), run in groupby(hosts, key=lambda one: (one.action, one.reason)):
        alike = list(run)
        lost = action in (Action.REMOVE, Action.REPLACE)
        if lost or len(hosts) <= _LONG_TABLE or len(alike) < _FOLDED:
            yield from ((one.name, one) for one in alike)
        else:
            yield f"{alike[0].name} … {alike[-1].name} ({len(alike)})", alike[0]


def _mount_rows(made: Plan) -> Iterator[tuple[str, ...]]:
    for one in made.mounts:
        version = CLIENTS[one.client].version
        yield (
            _word(one.action, _OF_MOUNTS),
            one.path,
            one.source + (" (emulated here)" if one.emulated else ""),
            f"{one.client} {version}" if version else one.client,
        )


def _machine(config: Config) -> str:
    if config.machine is None or config.machine.name is None:
        return ""
    known = config.machine.type
    return f"{config.machine.name} ({known.shape})" if known else config.machine.name


def _explain(screen: Console, made: Plan, cost: Cost | None) -> None:
    """Print why the machine type was chosen, where the price is from, and what was left aside."""
    config, choice = made.config, made.config.machine
    if choice and choice.name:
        screen.print(f"{choice.name}: {choice.why}.", markup=False)
        for note in choice.notes:
            screen.print(f"  {note}.", markup=False)
    if cost:
        place = f" in {cost.region}" if cost.region else ""
        other = f" ({config.region} has its own)" if cost.region and config.region != cost.region else ""
        screen.print(f"Prices are of {cost.date}{place}{other}: the machines alone, without disks, traffic and tax.")
        if cost.ceiling:
            screen.print("  The spot price is not known: it is below the one shown.")
    for note in config.notes:
        screen.print(f"Note: {note}.", markup=False)


def _word(action: str, words: Mapping[str, str] = _NO_WORDS) -> str:
    return f"[{_STYLES[action]}]{_SIGNS[action]} {words.get(action, action)}[/]"


def _money(dollars: float) -> str:
    return f"${dollars:,.0f}" if dollars >= 100 else f"${dollars:.2f}" if dollars >= 1 else f"${dollars:.4g}"  # noqa: PLR2004
