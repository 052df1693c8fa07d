"""All checks, in the order in which they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import platformdirs

from px_ansible import content
from px_ansible.checks import client_cache, clouds, collections, computer, folders, python
from px_ansible.checks.model import Check
from px_ansible.providers import PROVIDERS
from px_ansible.state import clusters_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

NAMES = tuple(sorted({*PROVIDERS, *clouds.CLOUDS}))


def survey(provider: str | None, used: Collection[str]) -> Iterator[Check]:
    """Yield every check; what `provider` does without is not needed. None: only what all providers need is.

    `used` are the FUSE clients to look for.
    """
    cache = platformdirs.user_cache_path("px-ansible")
    yield from _of("python", python.checks)
    yield from _of("python", lambda: [collections.own()])
    yield from _of("computer", computer.always)
    yield from _of("folders", lambda: folders.checks(clusters_folder(), cache))
    yield from _of("clients", lambda: client_cache.checks(cache, used))
    # The one that matters first.
    for name in sorted(NAMES, key=lambda name: (name != provider, name)):
        for check in _of(f"provider {name}", lambda name=name: _provider(name)):  # type: ignore[misc]
            yield check if name == provider else check.not_needed()


def _provider(name: str) -> Iterator[Check]:
    subject = f"provider {name}"
    made = name in PROVIDERS and PROVIDERS[name].role
    if not made or not (content.root() / "roles" / f"provider_{name}").is_dir():
        hint = "px-ansible provision --provider local (tries it here)"
        yield Check(subject, "role", "missing", "this version cannot make hosts there yet", hint)
    if name in PROVIDERS:
        yield from (check for check in computer.of_provider(PROVIDERS[name]) if check.name not in computer.SSH)
    if name in clouds.CLOUDS:
        yield from clouds.checks(name, clouds.here())


def _of(subject: str, look: Callable[[], Iterable[Check]]) -> Iterator[Check]:
    """Yield the checks of a subject. A computer in disorder is what they are for: none of them ends the others."""
    try:
        yield from look()
    except Exception as error:  # noqa: BLE001
        yield Check(subject, "check", "warning", f"could not be looked at: {type(error).__name__}: {error}")
