"""What a run needs on this computer before it can begin: all that is missing, in one error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from px_ansible.checks import clouds, computer
from px_ansible.errors import PrerequisiteError
from px_ansible.providers import PROVIDERS

if TYPE_CHECKING:
    from px_ansible.config import Config
    from px_ansible.providers import Provider

_INSTALL = "apt-get install "
_WITHOUT = "px-ansible plan --offline (what it would be and cost), or try it here: --provider local"


def require(provider: Provider, *, asks: bool = True) -> None:
    """Raise PrerequisiteError where the provider lacks something here: its role, a right, a program, a device.

    A provider that `asks` a cloud needs its collection, Python libraries and credentials besides.
    """
    if not provider.role:
        raise PrerequisiteError(
            f"this version cannot make hosts on {provider.name!r} yet",
            hint=_WITHOUT,
        )
    missing = [check for check in computer.of_provider(provider) if check.state == "missing"]
    of_cloud = clouds.checks(provider.name, clouds.here()) if asks and provider.name in clouds.CLOUDS else ()
    signing_in = [check for check in of_cloud if check.state == "missing"]
    if signing_in:
        are = things(len(missing) + len(signing_in))
        raise PrerequisiteError(
            f"provider {provider.name} needs what is not on this computer: {are} missing",
            missing=[*missing, *signing_in],
            hint=_WITHOUT,
        )
    if not missing:
        return
    if missing[0].name == "root":  # whose PATH the programs are looked for in
        raise PrerequisiteError(
            f"provider {provider.name} needs root: {missing[0].found}",
            hint=missing[0].hint,
        )
    raise PrerequisiteError(
        f"provider {provider.name} needs what is not on this computer: {', '.join(check.name for check in missing)}",
        hint=together([check.hint for check in missing if check.hint]),
    )


def unreadable(config: Config) -> dict[str, str]:
    """Return the files that the provider's block names and that cannot be read: key -> what is wrong."""
    problems = {}
    for key, file in PROVIDERS[config.provider].files(config).items():
        try:
            with file.open("rb"):
                pass
        except OSError as error:
            problems[key] = f"the file {file} cannot be read: {error.strerror}"
    return problems


def require_files(config: Config) -> None:
    """Raise PrerequisiteError where a file that the provider's block names cannot be read."""
    if problems := unreadable(config):
        log = [f"{problem} ({config.provider}.{key})" for key, problem in problems.items()]
        hint = "make the files readable, and run this again"
        raise PrerequisiteError("the files that px.yaml names cannot be read:", hint=hint, log=log)


def things(count: int) -> str:
    """Return `1 thing is`, `2 things are`."""
    return f"{count} thing{' is' if count == 1 else 's are'}"


def together(hints: list[str]) -> str:
    """Return the commands as one line: packages are installed at once."""
    packages = sorted({hint.removeprefix(_INSTALL) for hint in hints if hint.startswith(_INSTALL)})
    others = [hint for hint in hints if not hint.startswith(_INSTALL)]
    return " && ".join([*([_INSTALL + " ".join(packages)] if packages else []), *others])
