"""What a provider is to px-ansible: data. Its API calls are in its role."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from px_ansible.config.model import Config


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
class Labels:
    """What the labels of a cloud may be: regular expressions of keys and values, and the same in words.

    Keys that begin with one of `taken` are the cloud's own. `most` is how many there may be: less than the cloud takes,
    for px-ansible adds its own.
    """

    key: str
    key_form: str
    value: str
    value_form: str
    taken: tuple[str, ...] = ()
    most: int = 45


@dataclass(frozen=True, slots=True)
class Cloud:
    """What px.yaml may say of a cloud.

    `region` is the regular expression of a region; `regions` are those that px-ansible knows. `zone` is that of a zone,
    with `{region}` in it, empty where there are no zones; `zone_form` is the same in words. `image` is the regular
    expression of the cloud's own names of images, `image_form` the same in words. `disk_gib` are the smallest and the
    largest disk; `configured` yields the regions that this computer's settings for the cloud name, the first that
    counts first, from the environment and the home: where each stands, in words, and its name, empty where there is
    none. They come before `default_region`. `no_spot` is the regular expression of the machine types that are not sold
    as spot. As one of `no_users` nobody can log in.
    """

    default_region: str
    region: str
    regions: tuple[str, ...]
    labels: Labels
    image: str
    image_form: str
    zone: str = ""
    zone_form: str = ""
    disk_gib: tuple[int, int] = (10, 65536)
    no_spot: str = ""
    no_users: frozenset[str] = frozenset({"root"})
    configured: Callable[[Mapping[str, str], Path], Iterable[tuple[str, str]]] = lambda _env, _home: ()


# The keys of `cluster` that not every provider can use.
OPTIONAL = ("region", "zone", "machine_type", "image", "disk_size", "spot", "labels", "ssh")


@dataclass(frozen=True, slots=True)
class Provider:
    """One place where hosts are made.

    `attributes` says what a host should be, under the names that the role's `list` returns; those in `fixed` cannot
    change in place. `variables` returns the host variables of the role `provider_<name>`, from the config, the buckets
    to emulate and the cache folder; `arch` the hosts' architecture, x86_64 or aarch64. `emulators` are the stores that
    it serves without a cloud, by name; `programs` maps the programs that it needs on this computer to their Debian
    packages. `also` is what else people call it, for a hint. `existing` is there where the provider makes no hosts,
    `cloud` where it is one. `offers` are those of the OPTIONAL keys that it can use, `instead` says for others what to
    write: key -> hint. `role` is False where this version has no role that makes hosts there: px.yaml may name it, and
    more cannot be done yet. `shared` are the beginnings of the names of what all hosts share, as the role's `list`
    returns them. `checks`: its role has an entry point of that name, which says before anything is made whether the
    provider can do it. `tries_buckets`: its role has an entry point `ready`, which tries on a host whether its buckets
    can be reached. `files` are the files of this computer that its block names, absolute: key -> file.
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
    cloud: Cloud | None = None
    offers: frozenset[str] = frozenset()
    instead: Mapping[str, str] = field(default_factory=dict)
    role: bool = True
    checks: bool = False
    tries_buckets: bool = False
    files: Callable[[Config], Mapping[str, Path]] = lambda _config: {}
    also: tuple[str, ...] = ()
    shared: Callable[[Config], Sequence[str]] = lambda _config: ()
