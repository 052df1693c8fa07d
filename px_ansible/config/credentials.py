"""The rules of `credentials`: px.yaml says where secrets are, and holds none, not even in its error messages."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from px_ansible import files
from px_ansible.config import words
from px_ansible.config.model import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path as FilePath

    from px_ansible.errors import Issue
    from px_ansible.source import Path, Source
    from px_ansible.stores import Store

KEY = "credentials"
_MASK = "•••"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
# Where the text is no YAML, nothing but the look of a line tells that there is a secret in it.
# Neither pattern may look at a character more than a few times: a line can have a million.
_LOOKS_SECRET = re.compile(
    r"""(?ix)( (?:secret|token|password|service_account_key|account_key|access_key|sas)
    \w{0,40} ["']? \s{0,40} : \s* ) (?! [{&*\s] | $ ) .*"""
)
_SIGNATURE = re.compile(r"""\?[^\s"'?]*=[^\s"']*""")


def is_below(path: Path) -> bool:
    """Tell whether a place is inside of a mount's credentials."""
    return KEY in path[1:-1]


def names_a_place(path: Path, text: str) -> bool:
    """Tell whether a scalar inside of credentials says where a secret is, and so may be shown."""
    return path[-1] == "file" or (path[-1] == "env" and _VARIABLE.fullmatch(text) is not None)


def shown_lines(lines: Sequence[str], source: Source | None = None) -> tuple[str, ...]:
    """Return the lines of a px.yaml for messages, with everything masked that could be a secret."""
    shown = list(lines)
    for path, entry in source.entries.items() if source else ():
        index = entry.value.line - 1
        if entry.text and is_below(path) and not names_a_place(path, entry.text) and index < len(shown):
            line, start = shown[index], entry.value.column - 1
            # All that is behind it goes as well: of several secrets of a line the first one counts.
            shown[index] = line[:start] + _MASK if start < len(line) else line
    return tuple(_SIGNATURE.sub(f"?{_MASK}", _LOOKS_SECRET.sub(rf"\1{_MASK}", line)) for line in shown)


def issues_of(source: Source, place: Path, fields: dict[str, Any], store: Store) -> Iterator[Issue]:
    """Yield what is wrong with the credentials of the mount at `place`."""
    block = fields.get(KEY)
    if not isinstance(block, dict):
        return
    at = (*place, KEY)
    names = {name for way in store.sign_ins for name in (*way.needs, *way.may)}
    for name, value in block.items():
        if name not in names:
            continue
        if value is not None and not isinstance(value, dict):
            message = f"{name!r} must say where the secret is: px.yaml holds none"
            hint = f"write {name}: {{env: NAME_OF_A_VARIABLE}} or {name}: {{file: PATH}}"
            # The caret would show how long it is.
            yield replace(source.at_value((*at, name), message, hint, rule="literal-secret"), width=len(_MASK))
        elif isinstance(value, dict) and not (value.keys() - {"env", "file"}) and len(value) != 1:
            message = f"{name!r} must have one of 'env' and 'file'"
            yield source.at_key((*at, name), message, f"write {name}: {{env: NAME_OF_A_VARIABLE}}", rule="secret-place")
    if block and fields.get("anonymous") is True:
        hint = "take one of them out"
        yield source.at_key(at, "'anonymous: true' asks without credentials, but there are some", hint, rule="sign-in")
    if block.keys() <= names:  # else one of them may be misspelt
        yield from _sign_in_issues(source, at, list(block), store)


def _sign_in_issues(source: Source, at: Path, given: list[str], store: Store) -> Iterator[Issue]:
    """Yield that credentials do not belong together, or are not complete."""
    if not given:
        return
    fitting = [way for way in store.sign_ins if set(given) <= {*way.needs, *way.may}]
    if not fitting:
        of_first = next(way for way in store.sign_ins if given[0] in (*way.needs, *way.may))
        other = next(name for name in given if name not in (*of_first.needs, *of_first.may))
        message = f"{given[0]!r} and {other!r} are two ways to sign in"
        yield source.at_key((*at, other), message, "keep one of them", rule="sign-in")
    elif missing := [name for name in fitting[0].needs if name not in given]:
        message = (
            f"{words.join(map(repr, given), 'and')} cannot sign in without {words.join(map(repr, missing), 'and')}"
        )
        hint = f"add below it, indented: {missing[0]}: {{env: NAME_OF_A_VARIABLE}}"
        yield source.at_key(at, message, hint, rule="sign-in")


def secrets_of(fields: dict[str, Any], folder: FilePath) -> dict[str, Secret]:
    """Return the places of a checked mount's secrets; relative files begin at `folder`."""
    return {
        name: Secret(env=place["env"]) if "env" in place else Secret(file=files.named(folder, place["file"]))
        for name, place in fields[KEY].items()
    }
