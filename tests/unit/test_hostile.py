"""Files of junk: the whole program ends within a second, with a problem and not with a traceback."""

from __future__ import annotations

import os
import random
import subprocess
import sys

import pytest
from test_source import bomb, merge_bomb

MIB = 1 << 20
# Ten times what a px.yaml may have, and just as much as it may.
MUCH, MOST = 10_000_000, MIB - 100


def many(line: str, size: int = MOST, start: str = "") -> bytes:
    """Return lines with a number in each, until they are `size` bytes."""
    text = start + "".join(line.format(number) for number in range(size // (len(line) + 3)))
    return text.encode()[:size]


CASES = {
    "random bytes": random.Random(1).randbytes(MUCH),  # noqa: S311
    "one line": b"x" * MUCH,
    "many keys": many("k{}: 1\n", MUCH),
    "deep lists": b"[" * MUCH,
    "deep mappings": b"{a: " * (MOST // 4),
    "deep dashes": b"- " * (MOST // 2),
    "tag lines": b"%TAG ! x\n" * (MOST // 9),
    "percent lines below a key": b"a: 1\n" + b"%\n" * (MOST // 2),
    "alias bomb": bomb().encode(),
    "merge bomb": merge_bomb().encode(),
    "empty lines": b"\n" * MOST,
    "a quote that does not end": b'a: "' + b"\n" * MOST,
    "values": many("k{}: 1\n"),
    "unknown keys": many("  k{}: 1\n", 100_000, start="cluster:\n"),
    "mounts": many("/m{0}: {{source: gs://bucket-{0}, foo: 1}}\n", 150_000, start="cluster: {}\n"),
    "merged mounts": many("/m{0}: {{<<: *a, source: gs://x{0}}}\n", 100_000, start="a: &a {b: 1}\n"),
    "options": many("    o{}_: 1\n", 80_000, start="cluster: {}\n/d:\n  source: gs://bucket\n  options:\n"),
    "hosts": many("h{},", 90_000, start="cluster: {provider: static, static: {hosts: [") + b"x]}}",
    "one key": b"cluster: {}\n? " + b"x" * (MOST - 30) + b"\n: 1",
    "one source": b'cluster: {}\n/d: {source: "gs://' + b"a" * (MOST - 60) + b'"}',
    "one path": b"cluster: {}\n? /" + b"a/" * (MOST // 2 - 30) + b"\n: {source: gs://bucket}",
    "words of secrets": b"a: " + b"secret" * (MOST // 6),
    "question marks": b"a: " + b"?" * MOST,
    "signatures": b"a: " + b"?a=" * (MOST // 3),
    "wide characters": ("a: " + "日" * (MOST // 3)).encode(),
    "combining characters": ("a: b" + "\u0301" * (MOST // 2)).encode(),
    "tags": b"a: " + b"!a " * (MOST // 3),
    "aliases of nothing": b"a: [" + b"*a," * (MOST // 3),
}


@pytest.mark.parametrize("name", CASES)
def test_a_file_of_junk_is_refused_within_a_second(tmp_path, name):
    file = tmp_path / "px.yaml"
    file.write_bytes(CASES[name])
    before = os.times()
    done = subprocess.run(
        [sys.executable, "-m", "px_ansible", "validate", str(file)], capture_output=True, text=True, check=False
    )
    after = os.times()
    assert done.returncode == 3, done.stderr
    assert done.stderr == ""
    assert done.stdout.startswith(f"{file}:")
    # Of the processor: how long it waits for one says nothing about the program.
    seconds = after.children_user - before.children_user + after.children_system - before.children_system
    print(f"{name}: {seconds:.2f} s")
    # A second, and as much again for computers that are half as fast or do something else as well.
    assert seconds < 2
