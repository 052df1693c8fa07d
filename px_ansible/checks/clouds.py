"""What each cloud needs on this computer: a collection, Python libraries, credentials. One row per cloud."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from px_ansible.checks import collections
from px_ansible.checks.credentials import aws, azure, digitalocean, gcp
from px_ansible.checks.model import Check, Surroundings
from px_ansible.checks.python import Line, pip_install, wrong

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# The collections of `pip install ansible` of this release are those that the rows ask for.
_ANSIBLE = "ansible>=12,<13"
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Cloud:
    """What the modules of a cloud need.

    `collection` is a requirement, `libraries` are those of Python; where they are empty, they are those of the
    collection's own requirements.txt. `credentials` says where they are.
    """

    collection: str
    libraries: tuple[str, ...]
    credentials: Callable[[Surroundings], Check]
    own_list: bool = False


CLOUDS: Mapping[str, Cloud] = {
    "aws": Cloud("amazon.aws>=10.1.2", ("boto3>=1.34", "botocore>=1.34"), aws.check),
    "azure": Cloud("azure.azcollection>=3.12", (), azure.check, own_list=True),
    # Ansible 12 is the last that brings it.
    "digitalocean": Cloud("community.digitalocean>=1.27,<2", (), digitalocean.check),
    "gcp": Cloud("google.cloud>=1.10.2", ("google-auth", "requests"), gcp.check),
}


def here() -> Surroundings:
    """Return this computer's places of credentials."""
    return Surroundings(os.environ, Path.home(), Path("/sys/class/dmi/id"))


def checks(name: str, at: Surroundings) -> Iterator[Check]:
    """Yield the checks of a cloud."""
    cloud = CLOUDS[name]
    subject = f"provider {name}"
    yield collections.check(subject, cloud.collection, _install(cloud.collection))
    yield from _libraries(subject, cloud)
    yield cloud.credentials(at)


def _install(collection: str) -> str:
    """Return what installs a collection: with its like where this Python runs the release that has them."""
    line = Line(collection)
    galaxy = f"ansible-galaxy collection install {shlex.quote(f'{line.name}:{line.wanted}')}"
    one_of_that_release = (3, 11) <= sys.version_info[:2] <= (3, 13)
    return f"pip install {shlex.quote(_ANSIBLE)}; or {galaxy}" if one_of_that_release else galaxy


def _libraries(subject: str, cloud: Cloud) -> Iterator[Check]:
    if not cloud.own_list:
        lines = [Line(text) for text in cloud.libraries]
        if lines:
            yield _check_lines(subject, lines, pip_install(wrong(lines)))
        return
    collection = Line(cloud.collection).name
    file = next(
        (path for folder in collections.folders(collection) if (path := folder / "requirements.txt").exists()), None
    )
    if file is None:
        return  # the collection is what is missing
    texts = (text.partition("#")[0].strip() for text in file.read_text(encoding="utf-8").splitlines())
    yield _check_lines(subject, [Line(text) for text in texts if text], f"pip install -r {shlex.quote(str(file))}")


def _check_lines(subject: str, lines: list[Line], hint: str) -> Check:
    bad = wrong(lines)
    if not bad:
        names = ", ".join(line.name for line in lines[:_SHOWN])
        more = f" and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
        return Check(subject, "python libraries", "ok", names + more)
    found = ", ".join(f"{line.name} ({line.problem()})" for line in bad[:_SHOWN])
    more = f" and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
    # A list that pins each version is stricter than what works.
    absent = any(line.is_absent() for line in bad)
    return Check(subject, "python libraries", "missing" if absent else "warning", found + more, hint)
