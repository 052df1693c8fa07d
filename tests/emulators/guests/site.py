"""Where the guests of an emulated cloud are: a network, the cloud's hosts on it, the machines."""

from __future__ import annotations

import os
import secrets
import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

from ansible_collections.px.storage.plugins.module_utils.local import cluster, network
from ansible_collections.px.storage.plugins.module_utils.local.record import Layout

from emulators.guests.front import Front
from emulators.guests.guest import Guest, Outfit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ansible_collections.px.storage.plugins.module_utils.local.machine import File

    from emulators.exchange import Host
    from emulators.gate import Gate
    from emulators.guests.guest import Agent

# The machines' disks are overlays and cannot lie just anywhere; and clusters that share this folder share no subnet.
STATE = Path("/var/lib/px-ansible")


def cache() -> Path:
    """Return where images and clients are kept from one run to the next."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "px-ansible"


class Site:
    """The machines of one cloud; a context manager, with whose end all of them are gone.

    `name` is what everything of it on this computer can be found by. The gate's hosts in `names` are what the guests
    find by these names; every other name leads nowhere. `folder` keeps the console of a machine that is gone.
    """

    def __init__(self, gate: Gate, folder: Path, purpose: str, agent: Agent, names: tuple[str, ...]) -> None:
        self.gate = gate
        self.folder = folder
        self.agent = agent
        self.names = names
        self.name = f"{purpose}-{secrets.token_hex(3)}"
        self.layout = Layout(str(STATE), self.name)
        self.never_boots: set[str] = set()
        self.address = ""  # the computer's own, on the guests' network
        self._guests: dict[str, Guest] = {}
        self._at_work = 0
        self._closing = False
        self._lock = threading.Condition()
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.callback(lambda: cluster.remove(self.layout, purge=True))
            entry = network.choose(self.layout)
            network.bring_up(entry)
            self.address = network.gateway(entry)
            stack.enter_context(Front(self.gate, self.address))
            stack.callback(self._remove_guests)
            self._open = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Keep the site open for the block: a call of a hook is in a thread of its own."""
        with self._lock:
            assert not self._closing, "the site of the guests is closed"
            self._at_work += 1
        try:
            yield
        finally:
            with self._lock:
                self._at_work -= 1
                self._lock.notify_all()

    def _remove_guests(self) -> None:
        with self._lock:
            self._closing = True
            self._lock.wait_for(lambda: self._at_work == 0)
        threads = [threading.Thread(target=self.remove, args=[name]) for name in list(self._guests)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()

    def make(self, name: str, play: Host, link_local: dict[str, str], files: tuple[File, ...] = ()) -> Guest:
        """Return a new guest, which is off; `link_local` are more names that it resolves (of the metadata server)."""
        hosts = {**dict.fromkeys(self.names, self.address), **link_local}
        outfit = Outfit(self.agent, hosts, self.gate.authority.pem, files)
        guest = Guest(self.layout, name, outfit, play, cache())
        with self._lock:
            assert name not in self._guests, f"there is a guest {name}"
            self._guests[name] = guest
        return guest

    def guest(self, name: str) -> Guest:
        return self._guests[name]

    def start(self, name: str) -> str:
        """Switch a guest on, and return its address."""
        return self.guest(name).start(boots=name not in self.never_boots)

    def remove(self, name: str) -> None:
        with self._lock:
            guest = self._guests.pop(name, None)
        if guest:
            (self.folder / f"{name}.console").write_text(guest.console(), encoding="utf-8")
            guest.remove()
