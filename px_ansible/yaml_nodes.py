"""Text -> YAML nodes with their places, from the events of PyYAML's parser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from px_ansible.text import Span, Text, Unreadable
from px_ansible.yaml_syntax import syntax_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE_TAG = "tag:yaml.org,2002:"
_TAGS = {f"{_CORE_TAG}{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq")}
# Longer numbers are text: Python refuses to print them, and no key wants them.
_LONGEST_NUMBER = 40

_RESOLVER = yaml.resolver.Resolver()
_CONSTRUCTOR = yaml.constructor.SafeConstructor()
_SCALARS = {
    "bool": _CONSTRUCTOR.construct_yaml_bool,
    "int": _CONSTRUCTOR.construct_yaml_int,
    "float": _CONSTRUCTOR.construct_yaml_float,
    "null": _CONSTRUCTOR.construct_yaml_null,
}


class ScalarNode(NamedTuple):
    """One value that is text in the file."""

    span: Span
    text: str
    quoted: bool
    type: str


class ListNode(NamedTuple):
    """A YAML sequence."""

    span: Span
    items: list[Node]


class MapNode(NamedTuple):
    """A YAML mapping, its keys in file order, duplicates included."""

    span: Span
    items: list[tuple[Node, Node]]


Node = ScalarNode | ListNode | MapNode


def value_of(node: ScalarNode) -> Any:
    """Return what a scalar means in YAML 1.1; dates stay the text that they are."""
    build = _SCALARS.get(node.type)
    if build is None or (node.type in {"int", "float"} and len(node.text) > _LONGEST_NUMBER):
        return node.text
    try:
        return build(yaml.ScalarNode(f"{_CORE_TAG}{node.type}", node.text))
    except (ValueError, LookupError, OverflowError):
        # '0b_' looks like a number to the resolver only, and '!!int x' to its author only.
        return node.text


def compose(text: Text, *, max_values: int, max_depth: int) -> Node:
    """Compose the one document of `text`.

    Raises:
        Unreadable: with the place, when it is not YAML, is two documents, or is beyond the limits.
    """
    try:
        return _Composer(text, max_values, max_depth).document()
    except yaml.MarkedYAMLError as error:
        raise syntax_problem(error, text) from None


class _Composer:
    def __init__(self, text: Text, max_values: int, max_depth: int) -> None:
        self._lines = text.lines
        self._events: Iterator[Any] = yaml.parse(text.whole, Loader=_LOADER)
        self._anchors: dict[str, Node | None] = {}
        self._left = max_values
        self._max_depth = max_depth

    def document(self) -> Node:
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                break
        root = self._node(next(self._events), 0)
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                raise Unreadable(
                    self._span(event),
                    "a second YAML document starts here",
                    "px.yaml is one document: remove this '---'; a second cluster has its own px.yaml",
                    rule="yaml-document",
                )
        return root

    def _node(self, event: Any, depth: int) -> Node:
        span = self._span(event)
        if isinstance(event, yaml.AliasEvent):
            return self._anchored(event.anchor, span)._replace(span=span)
        self._left -= 1
        if self._left < 0:
            raise Unreadable(span, "the file has too many values", "is this the right file?", rule="too-large")
        if depth > self._max_depth:
            raise Unreadable(
                span,
                f"this is nested more than {self._max_depth} levels deep",
                "px.yaml needs four levels",
                rule="too-deep",
            )
        self._check_tag(event, span)
        if event.anchor:
            self._anchors[event.anchor] = None
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            tag = event.tag or _resolve(event)
            node = ScalarNode(span, event.value, bool(event.style), tag.removeprefix(_CORE_TAG))
        elif isinstance(event, yaml.SequenceStartEvent):
            node = ListNode(span, list(self._children(depth, yaml.SequenceEndEvent)))
        else:
            parts = self._children(depth, yaml.MappingEndEvent)
            node = MapNode(span, list(zip(parts, parts, strict=True)))
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _children(self, depth: int, end: type[Any]) -> Iterator[Node]:
        while not isinstance(event := next(self._events), end):
            yield self._node(event, depth + 1)

    def _anchored(self, anchor: str | None, span: Span) -> Node:
        if anchor is None or anchor not in self._anchors:
            raise Unreadable(
                span,
                f"the alias '*{anchor}' has no anchor '&{anchor}' above it",
                f"write '&{anchor}' before the value that it stands for, or put '*{anchor}' in quotes",
            )
        node = self._anchors[anchor]
        if node is None:
            raise Unreadable(span, f"the alias '*{anchor}' stands inside its own anchor", "write the value itself")
        return node

    def _check_tag(self, event: Any, span: Span) -> None:
        tag = event.tag
        if tag and tag not in _TAGS:
            shown = tag.replace(_CORE_TAG, "!!")
            message = f"px.yaml has no YAML tags such as '{shown}'"
            raise Unreadable(span, message, "remove the tag", rule="yaml-tag")

    def _span(self, event: Any) -> Span:
        start, end = event.start_mark, event.end_mark
        line = self._lines[start.line] if start.line < len(self._lines) else ""
        # Mappings and lists are shown by where they start; text of several lines by its first.
        if not isinstance(event, yaml.ScalarEvent | yaml.AliasEvent):
            stop = start.column + 1
        else:
            stop = end.column if end.line == start.line else len(line.rstrip())
        return Span(start.line + 1, start.column + 1, max(1, stop - start.column))


def _resolve(event: yaml.ScalarEvent) -> str:
    resolve: Any = _RESOLVER.resolve
    return str(resolve(yaml.ScalarNode, event.value, event.implicit))
