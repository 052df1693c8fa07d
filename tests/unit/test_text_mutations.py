"""A valid px.yaml with something done to its text: valid still, or with problems where there is something to see."""

from __future__ import annotations

import contextlib
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from px_ansible.config import Config, parse
from px_ansible.errors import ConfigError
from px_ansible.issues import _cells, _visible, render
from px_ansible.rules import RULES
from px_ansible.text import Unreadable, decode

TOP = Path(__file__).parents[2]
FOLDERS = ("examples/*/px.yaml", "tests/golden/plans/*/px.yaml", "tests/unit/**/*px.yaml")
FILES = sorted(path.read_bytes() for folder in FOLDERS for path in TOP.glob(folder))
SPECIALS = (
    *("{", "}", "[", "]", ",", ":", ": ", "- ", "? ", "#", " #", "&a ", "*a", "!a ", "|", ">", "'", '"', "%", "@", "`"),
    *(
        "\t",
        "\r",
        "\n",
        "\n\n",
        "---",
        "...",
        "<<: ",
        "{{ x }}",
        "{% x %}",
        "~",
        "null",
        "yes",
        "0x1F",
        "1:30",
        "1e400",
    ),
    *(
        ".nan",
        "\\",
        "\x00",
        "\x1b[31m",
        "\x85",
        "\u2028",
        "\ufeff",
        "日本",
        "e\u0301",
        "👩‍💻",
        "\u200b",
        "\ud7ff",
        "\U0010ffff",
    ),
)


@st.composite
def mutated(draw) -> bytes:
    """Return a valid file after one to three changes."""
    raw = draw(st.sampled_from(FILES))
    for change in draw(st.lists(st.sampled_from(CHANGES), min_size=1, max_size=3)):
        raw = change(draw, raw)
    return raw


def flip_a_byte(draw, raw: bytes) -> bytes:
    at = draw(st.integers(0, max(0, len(raw) - 1)))
    return raw[:at] + bytes([draw(st.integers(0, 255))]) + raw[at + 1 :]


def flip_a_bit(draw, raw: bytes) -> bytes:
    at = draw(st.integers(0, max(0, len(raw) - 1)))
    return raw[:at] + bytes(byte ^ (1 << draw(st.integers(0, 7))) for byte in raw[at : at + 1]) + raw[at + 1 :]


def delete_a_line(draw, raw: bytes) -> bytes:
    lines = raw.splitlines(keepends=True)
    at = draw(st.integers(0, len(lines)))
    return b"".join(lines[:at] + lines[at + 1 :])


def repeat_a_line(draw, raw: bytes) -> bytes:
    lines = raw.splitlines(keepends=True)
    at, to = draw(st.integers(0, len(lines))), draw(st.integers(0, len(lines)))
    return b"".join(lines[:to] + lines[at : at + 1] + lines[to:])


def indent_a_line(draw, raw: bytes) -> bytes:
    lines = raw.splitlines(keepends=True)
    at = draw(st.integers(0, len(lines)))
    space = draw(st.sampled_from([b"", b" ", b"  ", b"    ", b"\t", b" \t"]))
    return b"".join(lines[:at] + [space + line.lstrip(b" ") for line in lines[at : at + 1]] + lines[at + 1 :])


def swap_two_values(draw, raw: bytes) -> bytes:
    lines = raw.splitlines(keepends=True)
    split = [line.partition(b": ") for line in lines]
    values = [index for index, (_, colon, _) in enumerate(split) if colon] or [0]
    one, two = draw(st.sampled_from(values)), draw(st.sampled_from(values))
    if not lines:
        return raw
    lines[one], lines[two] = b"".join((*split[one][:2], split[two][2])), b"".join((*split[two][:2], split[one][2]))
    return b"".join(lines)


def insert_a_special(draw, raw: bytes) -> bytes:
    at = draw(st.integers(0, len(raw)))
    return raw[:at] + draw(st.sampled_from(SPECIALS)).encode() + raw[at:]


def insert_text(draw, raw: bytes) -> bytes:
    at = draw(st.integers(0, len(raw)))
    return raw[:at] + draw(st.text(max_size=5)).encode("utf-8", "surrogatepass") + raw[at:]


def cut(draw, raw: bytes) -> bytes:
    return raw[: draw(st.integers(0, len(raw)))]


CHANGES = (
    flip_a_byte,
    flip_a_bit,
    delete_a_line,
    repeat_a_line,
    indent_a_line,
    swap_two_values,
    insert_a_special,
    insert_text,
    cut,
)


@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(raw=mutated(), provider=st.sampled_from([None, "local"]))
def test_a_file_with_changes_is_valid_or_has_problems_at_places_that_are_there(raw, provider):
    try:
        assert isinstance(parse(raw, file=Path("px.yaml"), name="px.yaml", provider=provider), Config)
    except ConfigError as error:
        issues, lines = error.issues, error.lines
    else:
        return
    assert issues
    assert [(issue.line, issue.column) for issue in issues] == sorted((issue.line, issue.column) for issue in issues)
    for issue in issues:
        assert issue.rule in RULES
        assert issue.hint
        if issue.line:
            assert_seen(issue, raw, lines)


def assert_seen(issue, raw: bytes, lines):
    """The place is inside of the file, and the caret begins below a character of its line."""
    assert 1 <= issue.line <= max(1, len(lines))
    assert issue.width >= 1
    with contextlib.suppress(Unreadable):
        assert 1 <= issue.column <= max(1, len(decode(raw).lines[issue.line - 1]))
    line = lines[issue.line - 1] if lines else ""
    assert "\n" not in issue.message
    shown = render(issue, lines).split("\n")
    assert shown[0].startswith(f"px.yaml:{issue.line}:{issue.column}: ")
    carets = [index for index, text in enumerate(shown) if text.strip() and not text.strip("\t ^")]
    # A control character is shown as something else, and is no blank then.
    assert len(carets) == bool("".join(map(_visible, line)).strip())
    for index in carets:
        assert cells(shown[index].rstrip("^")) < cells(shown[index - 1].rstrip())

    assert_fits(issue, lines)


def assert_fits(issue, lines, width: int = 60):
    """In a terminal, no line is longer than it is, but for what is one long word."""
    narrow = render(issue, lines, width=width).split("\n")
    assert " ".join(" ".join(narrow).split()).startswith(" ".join(render(issue, lines).split("\n")[0].split()))
    marks = [index for index, text in enumerate(narrow) if text.strip() and not text.strip("\t ^")]
    for index, text in enumerate(narrow):
        shown = index in marks or index + 1 in marks
        assert cells(text) <= width or (not shown and " " not in text.strip())


def cells(text: str) -> int:
    return sum(map(_cells, text))
