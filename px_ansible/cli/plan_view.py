"""Plans as text: tables of hosts, mounts and shared things, why the machine type is what it is, and one line of sum."""

from __future__ import annotations

from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING

from px_ansible.cli.tables import console, count, table
from px_ansible.clients import CLIENTS
from px_ansible.plans import Action
from px_ansible.plans.costs import HOURS_A_MONTH, cost_of
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
# All hosts have the same: a line below says it where the terminal is too narrow for columns.
_OF_EVERY_HOST = ("machine type", "zone", "price/h")


def show(made: Plan, *, offline: bool = False) -> None:
    """Print a plan."""
    screen, config, cost = console(), made.config, cost_of(made)
    where = f", region {config.region}" if config.region else ""
    screen.print(f"Cluster [bold]{config.cluster}[/], provider {config.provider}{where}\n")
    heads = ("", "host", *_OF_EVERY_HOST, "why")
    narrow = table(screen, heads, list(_host_rows(made, cost)), spare=_OF_EVERY_HOST)
    if narrow:
        screen.print(f"\nEvery host: {_every_host(config, cost)}.", markup=False)
    if made.mounts:
        screen.print()
        table(screen, ("", "mount", "bucket", "client"), list(_mount_rows(made)))
    if made.shared:
        screen.print()
        table(screen, ("", "shared by all hosts"), [(_word(one.action), one.name) for one in made.shared])
    screen.print()
    _explain(screen, made, cost)
    if offline:
        screen.print(_unasked(config), markup=False)
    screen.print(summary(made), markup=False)


def summary(made: Plan) -> str:
    """Return the plan in one sentence, with what the hosts cost afterwards."""
    theirs = PROVIDERS[made.config.provider].existing is not None
    parts = [
        *_sums("host", [one.action for one in made.hosts], _OF_THEIRS if theirs else _NO_WORDS),
        *_sums("mount", [one.action for one in made.mounts], _OF_MOUNTS),
        *(f"{one.name} to {one.action}" for one in made.shared if _is_news(made, one.action)),
    ]
    sentence = f"{', '.join(parts)}." if parts else "Nothing to do: everything is as px.yaml says."
    cost = cost_of(made)
    return f"{sentence} {_sum_of(made, cost)}" if cost and cost.after else sentence


def _is_news(made: Plan, action: Action) -> bool:
    """Tell whether to name a shared thing: with the first hosts, what they share goes without saying."""
    return action is not Action.KEEP and (action is not Action.CREATE or not made.hosts_to(Action.CREATE))


def _sum_of(made: Plan, cost: Cost) -> str:
    most = "at most" if cost.ceiling else "about"
    if 0 < cost.created < cost.after:
        return f"What is new costs {most} {_both(cost.created)}; all hosts then {_both(cost.after)}."
    after = sum(one.action is not Action.REMOVE for one in made.hosts)
    return f"{'The host costs' if after == 1 else 'All hosts cost'} {most} {_both(cost.after)}."


def _both(an_hour: float) -> str:
    return f"{_money(an_hour)} an hour ({_money(an_hour * HOURS_A_MONTH)} a month)"


def _sums(noun: str, steps: Sequence[Action], words: Mapping[str, str]) -> Iterator[str]:
    for action in Action:
        if action is not Action.KEEP and action in steps:
            yield f"{count(steps.count(action), noun)} to {words.get(action, action)}"


def _host_rows(made: Plan, cost: Cost | None) -> Iterator[tuple[str, ...]]:
    from rich.markup import escape  # noqa: PLC0415

    config = made.config
    words = _OF_THEIRS if PROVIDERS[config.provider].existing else _NO_WORDS
    every = (escape(_machine(config)), config.zone or "", _price(cost))
    for names, first in _folded(made.hosts):
        its = ("", "", "") if first.action is Action.REMOVE else every
        yield (_word(first.action, words), names, *its, escape(first.reason or ""))


def _folded(hosts: Sequence[HostPlan]) -> Iterator[tuple[str, HostPlan]]:
    """Yield the names and the first host of each row; of what is lost every name is said."""
    for (action, _), run in groupby(hosts, key=lambda one: (one.action, one.reason)):
        alike = list(run)
        lost = action in (Action.REMOVE, Action.REPLACE)
        if lost and len(alike) > _LONG_TABLE:
            yield f"{', '.join(one.name for one in alike)} ({len(alike)})", alike[0]
        elif lost or len(hosts) <= _LONG_TABLE or len(alike) < _FOLDED:
            yield from ((one.name, one) for one in alike)
        else:
            yield f"{alike[0].name} … {alike[-1].name} ({len(alike)})", alike[0]


def _mount_rows(made: Plan) -> Iterator[tuple[str, ...]]:
    for one in made.mounts:
        version = CLIENTS[one.client].version or ("" if one.action is Action.REMOVE else "(installed here)")
        yield (
            _word(one.action, _OF_MOUNTS),
            one.path,
            one.source + (" (emulated here)" if one.emulated else ""),
            f"{one.client} {version}".rstrip(),
        )


def _machine(config: Config) -> str:
    if config.machine is None or config.machine.name is None:
        return ""
    known = config.machine.type
    return f"{config.machine.name} ({known.shape})" if known else config.machine.name


def _price(cost: Cost | None) -> str:
    if cost is None:
        return ""
    return f"{_money(cost.per_host)}{' (spot)' if cost.spot and not cost.ceiling else ''}"


def _every_host(config: Config, cost: Cost | None) -> str:
    """Return in a line what the spare columns say."""
    an_hour = f"{_money(cost.per_host)} an hour" if cost else ""
    spot = "spot" if config.spot else ""
    return ", ".join(part for part in (_machine(config), config.zone, spot, an_hour) if part)


def _explain(screen: Console, made: Plan, cost: Cost | None) -> None:
    """Print why the machine type was chosen, where the price is from, and what was left aside."""
    config, choice = made.config, made.config.machine
    if choice and choice.name:
        why = "; ".join([f"{choice.name}: {choice.why}", *choice.notes])
        screen.print(f"{why}.", markup=False)
    if cost:
        place = f" in {cost.region}" if cost.region else ""
        other = f" ({config.region} has its own)" if cost.region and config.region != cost.region else ""
        screen.print(f"Prices are of {cost.date}{place}{other}: the machines alone, without disks, traffic and tax.")
        if cost.ceiling:
            screen.print("The spot price is not known: it is below the one shown.")
    if choice and choice.users:
        screen.print(f"Machine types are also taken from {choice.users}.", markup=False)
    for note in config.notes:
        screen.print(f"Note: {note}.", markup=False)


def _unasked(config: Config) -> str:
    if PROVIDERS[config.provider].existing:
        return "Nobody was asked: this is the plan for hosts that have nothing of the cluster yet."
    return f"Nobody was asked: this is the plan where nothing exists yet on {config.provider}."


def _word(action: str, words: Mapping[str, str] = _NO_WORDS) -> str:
    return f"[{_STYLES[action]}]{_SIGNS[action]} {words.get(action, action)}[/]"


def _money(dollars: float) -> str:
    if dollars >= 100:  # noqa: PLR2004
        return f"${dollars:,.0f}"
    # Cents, and of small prices what a cent would hide.
    cents, rest = f"{dollars:.4f}"[:-2], f"{dollars:.4f}"[-2:].rstrip("0")
    return f"${dollars:.2f}" if dollars >= 1 else f"${cents}{rest}"
