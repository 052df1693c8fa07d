"""The parameter `filter` of lists: AIP-160 expressions, and `eq` / `ne` with regular expressions, never mixed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulators.gce import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TOKEN = re.compile(
    r"""\s*(?:(?P<sign>[()]|!=|<=|>=|[=<>:])|"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'"""
    r"""|(?P<word>[^\s()=<>!:"']+))""",
    re.VERBOSE,
)
_SIGNS = ("=", "!=", "<", ">", "<=", ">=", ":")
_WORDS = ("eq", "ne")


@dataclass
class _Token:
    text: str
    quoted: bool


def compile_filter(text: str, known: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], bool]:
    """Return what tells whether a resource fits; refused where it is no expression, or names no field of `known`."""
    if not text.strip():
        return lambda _: True
    return _Parser(text, known).parse()


class _Parser:
    def __init__(self, text: str, known: Mapping[str, Any]) -> None:
        self.text = text
        self.known = known
        self.tokens: list[_Token] = []
        self.kinds: set[str] = set()
        at = 0
        while at < len(text.rstrip()):
            match = _TOKEN.match(text, at)
            if not match:
                raise self.bad()
            quoted = match["double"] if match["double"] is not None else match["single"]
            plain = match["sign"] or match["word"]
            self.tokens.append(_Token(re.sub(r"\\(.)", r"\1", quoted), True) if plain is None else _Token(plain, False))
            at = match.end()

    def bad(self) -> errors.ApiError:
        return errors.invalid("filter", self.text, "Invalid list filter expression.")

    def parse(self) -> Callable[[Mapping[str, Any]], bool]:
        test = self.all_of()
        if self.tokens:
            raise self.bad()
        if len(self.kinds) > 1:
            raise self.bad()
        return test

    def at(self, *texts: str) -> bool:
        return bool(self.tokens) and not self.tokens[0].quoted and self.tokens[0].text in texts

    def take(self) -> _Token:
        if not self.tokens:
            raise self.bad()
        return self.tokens.pop(0)

    def all_of(self) -> Callable[[Mapping[str, Any]], bool]:
        """AND, which a space means as well, binds looser than OR: so says AIP-160."""
        tests = [self.any_of()]
        while self.tokens and not self.at(")"):
            if self.at("AND"):
                self.take()
            tests.append(self.any_of())
        return lambda one: all(test(one) for test in tests)

    def any_of(self) -> Callable[[Mapping[str, Any]], bool]:
        tests = [self.single()]
        while self.at("OR"):
            self.take()
            tests.append(self.single())
        return lambda one: any(test(one) for test in tests)

    def single(self) -> Callable[[Mapping[str, Any]], bool]:
        if self.at("NOT"):
            self.take()
            inner = self.single()
            return lambda one: not inner(one)
        if self.at("("):
            self.take()
            inner = self.all_of()
            if not self.at(")"):
                raise self.bad()
            self.take()
            return inner
        return self.comparison()

    def comparison(self) -> Callable[[Mapping[str, Any]], bool]:
        name, sign = self.take(), self.take()
        if name.quoted or sign.quoted or sign.text not in _SIGNS + _WORDS:
            raise self.bad()
        if name.text.split(".")[0] not in self.known:
            raise self.bad()
        self.kinds.add("regex" if sign.text in _WORDS else "aip")
        path, wanted = name.text.split("."), self.value()
        test = _COMPARE[sign.text]
        try:
            re.compile(wanted if sign.text in _WORDS else "")
        except re.error:
            raise self.bad() from None
        return lambda one: test(_look(one, path), wanted)

    def value(self) -> str:
        token = self.take()
        if not token.quoted and token.text in ("(", ")", *_SIGNS):
            raise self.bad()
        text = token.text
        # An unquoted URL has colons of its own.
        while not token.quoted and self.at(":"):
            text += self.take().text + self.take().text
        return text


def _look(resource: Any, path: list[str]) -> Any:
    for name in path:
        if isinstance(resource, list):
            resource = [inner[name] for inner in resource if isinstance(inner, dict) and name in inner]
        elif isinstance(resource, dict) and name in resource:
            resource = resource[name]
        else:
            return None
    return resource


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _equal(value: Any, wanted: str) -> bool:
    if isinstance(value, list):
        return any(_equal(one, wanted) for one in value)
    return value is not None and _text(value) == (wanted.lower() if isinstance(value, bool) else wanted)


def _has(value: Any, wanted: str) -> bool:
    """`:*` asks whether there is something; otherwise whether a word of it is there, with `*` for any letters."""
    if value is None or wanted == "*":
        return value is not None
    if isinstance(value, list):
        return any(_has(one, wanted) for one in value)
    if isinstance(value, dict):
        return wanted in value
    pattern = re.escape(wanted).replace(r"\*", ".*")
    return bool(re.search(rf"(?:^|(?<=[^\w])){pattern}(?:$|(?=[^\w]))", _text(value), re.IGNORECASE))


def _order(value: Any, wanted: str) -> int | None:
    """Return -1, 0 or 1; None where the two cannot be compared."""
    if value is None:
        return None
    try:
        mine, other = float(value), float(wanted)
    except (TypeError, ValueError):
        mine, other = _text(value), wanted  # type: ignore[assignment]
    return (mine > other) - (mine < other)


def _matches(value: Any, wanted: str) -> bool:
    return value is not None and bool(re.fullmatch(wanted, _text(value)))


_COMPARE: dict[str, Callable[[Any, str], bool]] = {
    "=": _equal,
    "!=": lambda value, wanted: not _equal(value, wanted),
    ":": _has,
    "<": lambda value, wanted: _order(value, wanted) == -1,
    ">": lambda value, wanted: _order(value, wanted) == 1,
    "<=": lambda value, wanted: _order(value, wanted) in (-1, 0),
    ">=": lambda value, wanted: _order(value, wanted) in (0, 1),
    "eq": _matches,
    "ne": lambda value, wanted: not _matches(value, wanted),
}
