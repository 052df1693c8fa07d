"""The rules of `cluster` that the schema cannot say: its name, its provider, the blocks of providers, its memory."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from px_ansible.config import existing, values, words
from px_ansible.errors import Issue
from px_ansible.providers import DEFAULT, PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from px_ansible.providers import Provider
    from px_ansible.source import Path, Source

# With a dash and four digits behind it, it is a legal host name in every cloud.
_LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Choice:
    """The provider, and where it was named: "argument", "file", or "stores" where the stores decided.

    `own` is the provider that the file is written for, whatever the argument says; None where it leaves that open.
    """

    name: str
    origin: str
    own: str | None

    @property
    def overridden(self) -> bool:
        """Whether the file is written for another provider than the one that is taken."""
        return self.own != self.name


def legal_name(name: str) -> str:
    """Return the cluster name that is nearest to `name`."""
    legal = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if not legal:
        return "px"
    if not legal[0].isalpha():
        legal = f"px-{legal}"
    return legal[:_LONGEST_NAME].rstrip("-")


def default_name(file: FilePath) -> str:
    """Return the cluster name of a px.yaml without one: that of its folder, links as the user sees them."""
    return legal_name(FilePath(os.path.abspath(file)).parent.name)  # noqa: PTH100 - resolve() would follow links


def provider_of(block: Any, argument: str | None, clouds: Mapping[str, Path], *, misspelt: bool = False) -> Choice:
    """Return the provider: the argument wins, then the file, then the stores, whose clouds have their places.

    Where the key is `misspelt`, nobody knows what the file is written for.
    """
    named = block.get("provider") if isinstance(block, dict) else None
    of_file = named if isinstance(named, str) else None
    of_stores = next(iter(clouds)) if len(clouds) == 1 else None
    if argument is not None:
        # A file that names nothing is written for any provider.
        own = of_file or of_stores or (None if clouds else argument)
        return Choice(argument, "argument", None if misspelt else own)
    if of_file is not None:
        return Choice(of_file, "file", of_file)
    name = min(clouds, default=DEFAULT)
    return Choice(name, "stores", None if misspelt or len(clouds) > 1 else name)


def issues_of(source: Source, block: Any, choice: Choice, clouds: Mapping[str, Path]) -> Iterator[Issue]:
    """Yield the issues of the block `cluster`, which is anything that YAML can say."""
    block = block if isinstance(block, dict) else {}
    yield from _provider_issues(source, block, choice, clouds)
    yield from _block_issues(source, block, choice)
    name, memory = (block.get(key) for key in ("name", "memory_per_node"))
    if isinstance(name, str) and legal_name(name) != name:
        message = (
            f"'name' must be lower case letters, digits and dashes, at most {_LONGEST_NAME}, "
            f"from a letter to a letter or digit, not {words.quote(name)}"
        )
        yield source.at_value(("cluster", "name"), message, f"did you mean {legal_name(name)!r}?", rule="cluster-name")
    if values.is_no_size(memory):
        yield values.size_issue(source, ("cluster", "memory_per_node"), 16)
    provider = PROVIDERS.get(choice.name)
    if provider and provider.existing:
        yield from existing.issues_of(source, block, provider, choice.origin)


def _provider_issues(
    source: Source, block: dict[str, Any], choice: Choice, clouds: Mapping[str, Path]
) -> Iterator[Issue]:
    named = block.get("provider")
    if isinstance(named, str) and named not in PROVIDERS:
        yield source.at_value(("cluster", "provider"), *_not_here(named), rule="unknown-provider")
    if choice.origin == "argument" and choice.name not in PROVIDERS:
        message, hint = _not_here(choice.name)
        yield Issue("--provider", 0, 0, message, hint, "unknown-provider")
    if choice.origin == "stores" and len(clouds) > 1 and ("cluster",) in source.entries:
        whose = [f"{name} ({place[-1]}, line {source.line_of(place)})" for name, place in sorted(clouds.items())]
        message = f"the buckets are in several clouds: {words.join(whose, 'and')}; which of them has the hosts?"
        ways = [f"'provider: {name}'" for name in sorted(clouds)]
        hint = f"add below it, indented: {words.join(ways, 'or')}"
        yield source.at_key(("cluster",), message, hint, rule="provider-open")


def _block_issues(source: Source, block: dict[str, Any], choice: Choice) -> Iterator[Issue]:
    """Yield the blocks of other providers; one with emulators may have its block in every file, to try it there."""
    own = choice.own
    if own is None or own not in PROVIDERS:
        return
    for name, provider in PROVIDERS.items():
        if name in block and name not in (own, choice.name) and not provider.emulators:
            message = f"{name!r} is the block of another provider: the one of this file is {own!r}"
            yield source.at_key(
                ("cluster", name), message, f"take it out, or write 'provider: {name}'", rule="other-provider"
            )


def _not_here(name: str) -> tuple[str, str]:
    called = {also: row.name for row in PROVIDERS.values() for also in row.also}
    close = called.get(name.lower()) or words.meant(name, PROVIDERS)
    return (
        f"there is no provider {words.quote(name)}",
        f"did you mean {close!r}?" if close else f"there are {words.join(PROVIDERS, 'and')}",
    )


def provider_row(name: str | None) -> Provider | None:
    """Return a provider of the table, None for what is none."""
    return PROVIDERS.get(name) if name else None
