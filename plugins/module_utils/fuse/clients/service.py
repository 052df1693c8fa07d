"""What a client module says of a mount: the process to keep up, and the files it needs."""

from types import MappingProxyType
from typing import List, Mapping, NamedTuple, Optional, Tuple


class Place(NamedTuple):
    """Where the things of one mount are on the host."""

    # The mount's own folder, for root only: config and credentials.
    folder: str
    # The folder of its disk cache, where the mount names none.
    cache: str
    # The folder of the programs that units call.
    programs: str


class File(NamedTuple):
    """A file in the mount's own folder, readable by root only."""

    name: str
    text: str
    # Masked in diffs.
    secret: bool = True
    # A running client picks a change up by itself: no restart.
    live: bool = False


class Service(NamedTuple):
    """The process of a mount."""

    command: List[str]
    environment: Mapping[str, str] = MappingProxyType({})
    files: Tuple[File, ...] = ()
    # Whether it tells systemd when it is ready (Type=notify).
    notify: bool = False
    # The folder of its disk cache, made before the start; None where it has none.
    cache: Optional[str] = None
    # Names of the programs that it calls: files in Place.programs.
    programs: Tuple[str, ...] = ()
    # A command that has to succeed before every start, for a client that mounts what is not there.
    check: Optional[List[str]] = None
    # A command that waits, for a limited time, for what is still to be uploaded; before the unmount of a stop.
    settle: Optional[List[str]] = None
