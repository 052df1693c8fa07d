"""One table of rules: it has what the code uses, and the code uses what it has."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import px_ansible
from px_ansible.rules import RULES

TOP = Path(px_ansible.__file__).parent
# Where a rule stands among the arguments that have no name.
POSITIONS = {"Issue": 5, "Problem": 3, "Unreadable": 3}


def texts(node: ast.expr) -> set[str]:
    return {part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)}


def used(path: Path) -> set[str]:
    """Return the rules that a file gives to issues, also by way of a variable called `rule`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            position = POSITIONS.get(name, len(node.args))
            given = [*node.args[position : position + 1], *(one.value for one in node.keywords if one.arg == "rule")]
            found |= {text for one in given for text in texts(one)}
        elif isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == "rule" for to in node.targets):
            # Of 'a if test else b', not what is tested.
            value = node.value
            parts = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
            found |= {text for part in parts for text in texts(part)}
        elif isinstance(node, ast.arguments):
            named = [*node.args, *node.kwonlyargs]
            defaults = [*[None] * (len(node.args) - len(node.defaults)), *node.defaults, *node.kw_defaults]
            pairs = zip(named, defaults, strict=True)
            found |= {
                text for argument, default in pairs if argument.arg == "rule" and default for text in texts(default)
            }
    return found


def test_the_table_is_what_the_code_uses():
    rules = {rule for path in TOP.rglob("*.py") for rule in used(path)} - {""}
    assert rules - set(RULES) == set()
    assert set(RULES) - rules == set()


@pytest.mark.parametrize(("rule", "sentence"), RULES.items(), ids=RULES)
def test_a_rule_is_one_sentence(rule, sentence):
    assert rule == rule.lower()
    assert sentence.endswith(".")
    assert ". " not in sentence
