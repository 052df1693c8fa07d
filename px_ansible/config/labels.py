"""The rules of `labels`: what each cloud takes as the name and the value of one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from px_ansible.config import words
from px_ansible.config.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from px_ansible.providers import Labels

OURS = "px-"


def problems_of(rules: Labels, labels: Any) -> Iterator[Problem]:
    """Yield the problems of the labels of a px.yaml, which are anything that YAML can say."""
    if not isinstance(labels, dict):
        return
    if len(labels) > rules.most:
        message = f"there are {len(labels)} labels, and the cloud takes {rules.most} beside those of px-ansible"
        yield Problem(("labels",), message, "take some out", "label", of_key=True)
    yield from _each(rules, labels)


def _each(rules: Labels, labels: Mapping[str, Any]) -> Iterator[Problem]:
    for key, value in labels.items():
        at = ("labels", key)
        taken = next((start for start in (OURS, *rules.taken) if key.lower().startswith(start)), None)
        if taken:
            whose = "px-ansible" if taken == OURS else "the cloud"
            message = f"labels that begin with {taken!r} are for {whose} itself"
            yield Problem(at, message, "give it another name", "label", of_key=True)
        elif not re.fullmatch(rules.key, key):
            message = f"the name of a label {rules.key_form}, not {words.quote(key)}"
            yield Problem(at, message, _nearest(key, rules.key), "label", of_key=True)
        if isinstance(value, str) and not re.fullmatch(rules.value, value):
            message = f"the value of a label {rules.value_form}, not {words.quote(value)}"
            yield Problem(at, message, _nearest(value, rules.value), "label")


def _nearest(text: str, pattern: str) -> str:
    """Return the hint to what is nearly the same and allowed."""
    for plain in (text.lower(), re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")):
        if plain and re.fullmatch(pattern, plain):
            return f"did you mean {plain!r}?"
    return "write it in other words"
