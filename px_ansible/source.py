"""YAML text -> plain data, with the line and column of every key and value.

px.yaml is read as Ansible reads its playbooks: YAML 1.1 by PyYAML. `yaml_nodes` composes it from the parser's
events, and not with `yaml.compose`, for what that does not give: the place of an alias, and limits that hold
before the memory or the stack is spent.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from px_ansible.errors import ConfigError, Issue
from px_ansible.text import Span, Unreadable, check_text, decode
from px_ansible.yaml_nodes import ListNode, MapNode, Node, ScalarNode, compose, value_of

if TYPE_CHECKING:
    from collections.abc import Mapping

# A cluster of 4,000 mounts stays below this; an alias bomb does not.
MAX_VALUES = 20_000
MAX_DEPTH = 32

Path = tuple[str | int, ...]

_TEMPLATE = re.compile(r"\{\{|\{%")
# `$NAME` alone, or as a bucket: elsewhere a dollar may be part of a name.
_VARIABLE = re.compile(r"\$\{[^}]*\}|^\$[A-Z_][A-Z0-9_]*$|(?<=://)\$[A-Z_][A-Z0-9_]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TYPOGRAPHIC = "\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u201b«»"
_NO_TEMPLATE = "write the value itself, or fill in the template before px-ansible reads the file"


class Entry(NamedTuple):
    """Where one value stands, and its key; `text` is a scalar as it is written, without quotes."""

    key: Span | None
    value: Span
    text: str | None
    quoted: bool


class Source(NamedTuple):
    """A px.yaml that is YAML: its data, the place of everything in it, and the problems of its text."""

    name: str
    lines: tuple[str, ...]
    data: dict[str, Any]
    entries: Mapping[Path, Entry]
    issues: tuple[Issue, ...]

    def at_key(self, path: Path, message: str, hint: str | None = None, *, rule: str) -> Issue:
        """Return an issue at the key of `path`; a value without a key is its own place."""
        entry = self.entries[path]
        return self._issue(path, entry.key or entry.value, message, hint, rule)

    def at_value(self, path: Path, message: str, hint: str | None = None, *, rule: str) -> Issue:
        """Return an issue at the value of `path`."""
        return self._issue(path, self.entries[path].value, message, hint, rule)

    def line_of(self, path: Path) -> int:
        """Return the line of the key of `path`."""
        entry = self.entries[path]
        return (entry.key or entry.value).line

    def _issue(self, path: Path, span: Span, message: str, hint: str | None, rule: str) -> Issue:
        return Issue(self.name, span.line, span.column, message, hint, rule, span.width, path)


def read(raw: bytes, *, name: str) -> Source:
    """Read the bytes of a px.yaml that is called `name` in messages.

    Raises:
        ConfigError: when the text is not YAML, or not a mapping. Smaller problems are in `Source.issues`.
    """
    lines: tuple[str, ...] = ()
    try:
        text = decode(raw)
        lines = text.lines
        check_text(text)
        root = compose(text, max_values=MAX_VALUES, max_depth=MAX_DEPTH)
        expansion = _Expansion(name)
        data = expansion.mapping(root)
    except Unreadable as problem:
        span = problem.span
        issue = Issue(name, span.line, span.column, problem.message, problem.hint, problem.rule, span.width)
        raise ConfigError([issue], lines=lines or problem.lines) from None
    return Source(name, lines, data, expansion.entries, tuple(expansion.issues))


class _Expansion:
    """Walks the nodes once, with every alias written out, and notes the place of each value."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.entries: dict[Path, Entry] = {}
        self.issues: dict[Issue, None] = {}
        self._spent = 0

    def mapping(self, root: Node) -> dict[str, Any]:
        data = self.value((), None, root)
        if isinstance(data, dict):
            return data
        raise Unreadable(
            root.span,
            "px.yaml must be a mapping of keys to values",
            "start with 'cluster:' in the first column, and 'nodes: 2' indented below it",
            rule="not-a-mapping",
        )

    def value(self, path: Path, key: Span | None, node: Node) -> Any:
        self._spend(node, len(path))
        if isinstance(node, ScalarNode):
            # What is left out has no place of its own: its key is shown.
            span = key if key and not node.text and not node.quoted else node.span
            self.entries[path] = Entry(key, span, node.text, node.quoted)
            self._check_text(path, span, node)
            return value_of(node)
        self.entries[path] = Entry(key, node.span, None, quoted=False)
        if isinstance(node, ListNode):
            return [self.value((*path, index), None, item) for index, item in enumerate(node.items)]
        result: dict[str, Any] = {}
        for key_node, item in self._pairs(node, path):
            name = key_node.text
            result[name] = self.value((*path, name), key_node.span, item)
        return result

    def _pairs(self, node: MapNode, path: Path) -> list[tuple[ScalarNode, Node]]:
        """Return the keys and values of a mapping with `<<` written out: its own keys win."""
        own: dict[str, tuple[ScalarNode, Node]] = {}
        merged: list[Node] = []
        for key, item in node.items:
            if not isinstance(key, ScalarNode):
                self._complex_key(path, node, key)
            elif key.text == "<<" and not key.quoted:
                merged += item.items if isinstance(item, ListNode) else [item]
            elif key.text in own:
                first = own[key.text][0].span
                self._add(
                    (*path, key.text),
                    key.span,
                    f"key {key.text!r} is given twice",
                    f"the first one is on line {first.line}: keep one of them",
                    rule="duplicate-key",
                )
            else:
                self._check_text((*path, key.text), key.span, key)
                own[key.text] = (key, item)
        for other in merged:
            self._spend(other, len(path))
            if not isinstance(other, MapNode):
                self._add(
                    (*path, "<<"),
                    other.span,
                    "'<<' takes a mapping, or a list of mappings",
                    "write '<<: *name'",
                    rule="yaml-merge",
                )
                continue
            for key, item in self._pairs(other, (*path, "<<")):
                own.setdefault(key.text, (key, item))
        return list(own.values())

    def _complex_key(self, path: Path, mapping: Node, key: Node) -> None:
        # YAML reads '{{ x }}' without quotes as a mapping that is the key of a mapping.
        outer, inner = mapping.span, key.span
        if isinstance(key, MapNode) and (inner.line, inner.column) == (outer.line, outer.column + 1):
            self._template(path, outer)
        else:
            message = "a list or a mapping cannot be a key"
            self._add(path, key.span, message, "write the key as plain text", rule="yaml-key")

    def _check_text(self, path: Path, span: Span, node: ScalarNode) -> None:
        text = node.text
        if _TEMPLATE.search(text):
            self._template(path, span)
        elif "options" not in path and (found := _VARIABLE.search(text)):
            message = f"px.yaml has no variables: '{found.group()}' is not filled in"
            hint = "write the value itself; a secret is written as {env: NAME}"
            if "credentials" in path:
                hint = f"write {path[-1]}: {{env: {found.group().strip('${}')}}}"
            self._add(path, span, message, hint, rule="variable")
        elif text and text[0] in _TYPOGRAPHIC and not node.quoted:
            message = f"the quotes {text[0]} and {text[-1]} are part of the text to YAML"
            hint = f'write it without them, or with straight quotes: "{text.strip(_TYPOGRAPHIC)}"'
            self._add(path, span, message, hint, rule="yaml-quotes")
        elif _CONTROL.search(text):
            self._add(
                path,
                span,
                "the text has a line break or another control character in it",
                "write it on one line",
                rule="control-character",
            )

    def _template(self, path: Path, span: Span) -> None:
        message = "px.yaml is not a template: '{{' and '{%' have no meaning in it"
        self._add(path, span, message, _NO_TEMPLATE, rule="template")

    def _add(self, path: Path, span: Span, message: str, hint: str | None, *, rule: str) -> None:
        issue = Issue(self.name, span.line, span.column, message, hint, rule, span.width, path)
        # A dict: an anchored value is walked once for each of its aliases, and is wrong once.
        self.issues[issue] = None

    def _spend(self, node: Node, depth: int) -> None:
        self._spent += 1
        if self._spent > MAX_VALUES:
            raise Unreadable(
                node.span,
                f"the file has more than {MAX_VALUES:,} values when its aliases are written out",
                "a px.yaml of this size is not meant for a person: use fewer aliases ('*name')",
                rule="too-large",
            )
        if depth > MAX_DEPTH:
            raise Unreadable(
                node.span,
                f"this is nested more than {MAX_DEPTH} levels deep",
                "px.yaml needs four levels",
                rule="too-deep",
            )
