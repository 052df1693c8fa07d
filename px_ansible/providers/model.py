"""What a provider is to px-ansible: data. Its API calls are in its role."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from px_ansible.config import Config


@dataclass(frozen=True, slots=True)
class Emulator:
    """A server on this computer that stands in for a store.

    In the endpoint, `{port}` is its port and `{account}` the mount's account. It is asked anonymously, or with its own
    well-known credentials, which are no secret; `options` are what a client needs with it: client -> options.
    """

    port: int
    endpoint: str
    anonymous: bool = False
    credentials: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Mapping[str, str | int | bool]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExistingHosts:
    """Hosts that are there already: px-ansible neither makes nor removes them, and reaches them as their owner does.

    `names` returns what they are called, from the provider's block of px.yaml; `ssh` the options of ssh.
    """

    names: Callable[[Mapping[str, Any]], Sequence[str]]
    ssh: Callable[[Config], list[str]]


@dataclass(frozen=True, slots=True)
class Provider:
    """One place where hosts are made.

    `attributes` says what a host should be, under the names that the role's `list` returns; those in `fixed` cannot
    change in place. `variables` returns the host variables of the role `provider_<name>`, from the config, the buckets
    to emulate and the cache folder; `arch` the hosts' architecture, x86_64 or aarch64. `emulators` are the stores that
    it serves without a cloud, by name; `programs` maps the programs that it needs on this computer to their Debian
    packages. `existing` is there where the provider makes no hosts.
    """

    name: str
    default_image: str | None
    images: tuple[str, ...]
    user: Callable[[Config], str]
    arch: Callable[[Config], str]
    attributes: Callable[[Config], Mapping[str, Any]]
    variables: Callable[[Config, Sequence[Mapping[str, Any]], str], Mapping[str, Any]]
    fixed: frozenset[str] = frozenset()
    emulators: Mapping[str, Emulator] = field(default_factory=dict)
    needs_root: bool = False
    programs: Mapping[str, str] = field(default_factory=dict)
    devices: tuple[str, ...] = ()
    existing: ExistingHosts | None = None
