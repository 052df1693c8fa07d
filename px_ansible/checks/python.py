"""Python, px-ansible and the distributions that it needs, with the versions that its own metadata asks for."""

from __future__ import annotations

import platform
import shlex
import sys
from importlib import metadata
from typing import TYPE_CHECKING

from px_ansible import __version__
from px_ansible.checks.model import Check
from px_ansible.versions import installed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NAME = "px-ansible"
# These are asked about most, and have a line of their own.
_SHOWN = ("ansible-core", "ansible-runner")


def checks() -> Iterator[Check]:
    """Yield a check for Python, for px-ansible and for what it needs."""
    try:
        distribution = metadata.distribution(NAME)
    except metadata.PackageNotFoundError:
        yield Check("python", "python", "ok", f"{platform.python_version()}, {sys.executable}")
        yield Check(
            "python", NAME, "warning", f"{__version__}, started from its folder and not installed", "pip install ."
        )
        yield from _distributions([Line(name) for name in _SHOWN])
        return
    yield _python(distribution.metadata["Requires-Python"])
    yield Check("python", NAME, "ok", __version__)
    yield from _distributions([Line(text) for text in distribution.requires or () if "extra ==" not in text])


def _python(wanted: str | None) -> Check:
    found = f"{platform.python_version()}, {sys.executable}"
    if wanted is None or _fits(platform.python_version(), wanted):
        return Check("python", "python", "ok", found)
    return Check("python", "python", "missing", f"{found}; {wanted} is needed", f"install Python {wanted}")


class Line:
    """A line of requirements: the name of a distribution, and the versions of it that will do."""

    def __init__(self, text: str) -> None:
        # `packaging` comes with ansible-core, which may be what is missing.
        try:
            from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415
        except ImportError:
            self.name, self.wanted, self.applies = _name_of(text), "", True
            return
        try:
            read = Requirement(text)
        except InvalidRequirement:
            self.name, self.wanted, self.applies = _name_of(text), "", True
            return
        self.name, self.wanted = read.name, str(read.specifier)
        self.applies = read.marker is None or read.marker.evaluate()

    @property
    def text(self) -> str:
        """The line as it stands in a list of requirements."""
        return self.name + self.wanted

    def problem(self) -> str | None:
        """Return what is wrong with what is installed, or None."""
        version = installed(self.name)
        if version is None:
            return "not installed"
        return None if self.takes(version) else f"{version}; {self.wanted} is needed"

    def is_absent(self) -> bool:
        """Tell whether no version of it is installed."""
        return installed(self.name) is None

    def takes(self, version: str) -> bool:
        """Tell whether a version will do."""
        return _fits(version, self.wanted)


def wrong(lines: Iterable[Line]) -> list[Line]:
    """Return the lines that what is installed does not answer."""
    return [line for line in lines if line.applies and line.problem()]


def pip_install(lines: Iterable[Line]) -> str:
    """Return the command that installs what the lines ask for."""
    return f"pip install {' '.join(shlex.quote(line.text) for line in lines)}"


def _distributions(lines: list[Line]) -> Iterator[Check]:
    for name in _SHOWN:
        for line in lines:
            if line.name == name:
                yield _one(line)
    others = [line for line in lines if line.name not in _SHOWN]
    if bad := wrong(others):
        found = ", ".join(f"{line.name} ({line.problem()})" for line in bad)
        yield Check("python", "libraries", "missing", found, pip_install(bad))
    elif others:
        yield Check("python", "libraries", "ok", ", ".join(line.name for line in others))


def _one(line: Line) -> Check:
    problem = line.problem()
    if problem is None:
        return Check("python", line.name, "ok", installed(line.name) or "")
    return Check("python", line.name, "missing", problem, pip_install([line]))


def _name_of(text: str) -> str:
    return "".join(char if char.isalnum() or char in "-_." else " " for char in text).split()[0]


def _fits(version: str, wanted: str) -> bool:
    try:
        from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415
        from packaging.version import InvalidVersion  # noqa: PLC0415
    except ImportError:
        return True
    try:
        return SpecifierSet(wanted).contains(version, prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return True
