"""The rules of `cluster` that the schema cannot say: its name, its provider, what that provider offers."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from px_ansible.config import existing, values, words
from px_ansible.errors import Issue
from px_ansible.providers import LATER, PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from px_ansible.source import Source

_LONGEST_NAME = 40
_TRY_LOCAL = "try it on this computer: px-ansible provision --provider local"


@dataclass(frozen=True, slots=True)
class Choice:
    """The provider and where it was named: "argument", "file", or "stores" where the stores decided."""

    name: str
    origin: str


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


def provider_of(block: Any, argument: str | None, clouds: set[str]) -> Choice:
    """Return the provider: the argument wins, then the file, then the cloud of the stores."""
    if argument is not None:
        return Choice(argument, "argument")
    named = block.get("provider") if isinstance(block, dict) else None
    if isinstance(named, str):
        return Choice(named, "file")
    return Choice(min(clouds, default="gcp"), "stores")


def issues_of(source: Source, block: Any, choice: Choice, *, must_exist: bool) -> Iterator[Issue]:
    """Yield the issues of the block `cluster`, which is anything that YAML can say."""
    block = block if isinstance(block, dict) else {}
    yield from _provider_issues(source, block, choice, must_exist=must_exist)
    name, image, memory = (block.get(key) for key in ("name", "image", "memory_per_node"))
    if isinstance(name, str) and legal_name(name) != name:
        message = (
            f"'name' must be lower case letters, digits and dashes, at most {_LONGEST_NAME}, "
            f"from a letter to a letter or digit, not {words.quote(name)}"
        )
        yield source.at_value(("cluster", "name"), message, f"did you mean {legal_name(name)!r}?", rule="cluster-name")
    provider = PROVIDERS.get(choice.name)
    if isinstance(image, str) and provider and image not in provider.images:
        message = f"provider {provider.name!r} has no image {words.quote(image)}"
        hint = f"it has {words.join(provider.images, 'and')}" if provider.images else "take 'image' out"
        yield source.at_value(("cluster", "image"), message, hint, rule="unknown-image")
    if isinstance(memory, int | float | str) and not isinstance(memory, bool) and values.size_mib(memory) is None:
        message = f"'memory_per_node' must be a size from 128 MiB to 64 TiB, not {words.quote(memory)}"
        hint = "write a number of GiB, or a size: 16, 16GB, 16 GiB, 512 MiB"
        yield source.at_value(("cluster", "memory_per_node"), message, hint, rule="memory-size")
    if provider and provider.existing:
        yield from existing.issues_of(source, block, provider, choice.origin)


def _provider_issues(source: Source, block: dict[str, Any], choice: Choice, *, must_exist: bool) -> Iterator[Issue]:
    here = words.join([repr(name) for name in PROVIDERS], "and")
    named = block.get("provider")
    if isinstance(named, str) and named not in PROVIDERS and (named not in LATER or choice.origin == "file"):
        yield source.at_value(("cluster", "provider"), *_not_here(named, here), rule="unknown-provider")
    if choice.name in PROVIDERS or choice.origin == "file":
        return
    if choice.origin == "argument":
        message, hint = _not_here(choice.name, here)
        yield Issue("--provider", 0, 0, message, hint, "unknown-provider")
    elif must_exist and "cluster" in source.data:
        message = f"no provider is named, which means {choice.name!r}; this version has {here}"
        yield source.at_key(("cluster",), message, _TRY_LOCAL, rule="unknown-provider")


def _not_here(name: str, here: str) -> tuple[str, str]:
    if name in LATER:
        return f"provider {name!r} is not in this version, which has {here}", _TRY_LOCAL
    close = words.meant(name, [*PROVIDERS, *LATER])
    return (
        f"there is no provider {words.quote(name)}",
        f"did you mean {close!r}?" if close else f"this version has {here}",
    )
