"""The questions of `px-ansible init`: a wrong answer is explained by the rules of px.yaml, and asked for again."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from px_ansible import starter
from px_ansible.cli.terminal import wrapped
from px_ansible.providers import PROVIDERS
from px_ansible.stores import STORES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from px_ansible.starter import Answers, Bucket

# What can be tried at once: the provider that brings the buckets as well.
_HERE = next(name for name, row in PROVIDERS.items() if row.emulators)


@dataclass
class Questions:
    """Asks for what is not in `told`; `answers` grow with each question."""

    answers: Answers
    file: Path
    told: set[str]

    def ask(self) -> Answers:
        """Ask, and return the answers."""
        if "provider" not in self.told:
            question = f"Provider ({', '.join(PROVIDERS)})"
            self._one(question, _HERE, "provider:", lambda value: replace(self.answers, provider=value))
        if "source" not in self.told:
            self._buckets()
        row = PROVIDERS.get(self.answers.provider or "")
        if row and row.existing:
            if not self.answers.hosts:
                question = "Hosts (names or addresses, with spaces between)"
                self._one(question, None, "hosts:", lambda value: replace(self.answers, hosts=value.split()))
            return self.answers
        if "nodes" not in self.told:
            self._one(
                "How many hosts", str(self.answers.nodes), "nodes:", lambda value: _with(self.answers, "nodes", value)
            )
        if "cpus" not in self.told:
            self._one(
                "CPUs per host",
                str(self.answers.cpus),
                "cpus_per_node:",
                lambda value: _with(self.answers, "cpus", value),
            )
        return self.answers

    def _buckets(self) -> None:
        """Ask for buckets until there is an empty answer."""
        like, done = replace(self.answers.buckets[0], region=None), list[starter.Bucket]()
        form = next((store.form for store in STORES.values() if store.provider == self.answers.provider), "")
        default = starter.bucket_for(self.answers.provider).source
        while True:
            question = f"Bucket{f' ({form})' if form else ''}" if not done else "Another bucket (none: press Enter)"
            source = self._source(question, default if not done else "", done, like)
            if not source:
                return
            bucket = replace(like, source=source, path=None)
            store = starter.store_of(bucket, self.answers.provider)
            if store and store.needs_region and not bucket.region:
                bucket = self._field("Its region", None, "region:", done, bucket, "region")
            taken = [starter.path_of(one, self.answers.provider) for one in done]
            at = starter.path_of(bucket, self.answers.provider, taken)
            done.append(self._field("Mounted at", at, starter.PATH, done, bucket, "path"))

    def _source(self, question: str, default: str | None, done: Sequence[Bucket], like: Bucket) -> str:
        while True:
            source: str = click.prompt(question, default=default, err=True, show_default=bool(default))
            if not source and done:
                return ""
            changed = replace(self.answers, buckets=[*done, replace(like, source=source, path=None)])
            if not self._is_wrong(changed, "source:"):
                self.answers = changed
                return source

    def _field(
        self, question: str, default: str | None, key: str, done: Sequence[Bucket], bucket: Bucket, name: str
    ) -> Bucket:
        def change(value: str) -> Answers:
            made = replace(bucket, region=value) if name == "region" else replace(bucket, path=value)
            return replace(self.answers, buckets=[*done, made])

        self._one(question, default, key, change)
        return self.answers.buckets[-1]

    def _one(self, question: str, default: str | None, key: str, change: Callable[[str], Answers]) -> None:
        """Ask one question until the line of its key is right."""
        while True:
            changed = change(str(click.prompt(question, default=default, err=True)).strip())
            if not self._is_wrong(changed, key):
                self.answers = changed
                return

    def _is_wrong(self, answers: Answers, key: str) -> bool:
        issue = starter.problem_of(answers, key, self.file)
        if issue is None:
            return False
        for text in filter(None, (issue.message, issue.hint)):
            click.echo(wrapped(text, sys.stderr, indent=2), err=True)
        return True


def _with(answers: Answers, key: str, value: str) -> Answers:
    number: object = int(value) if value.isdecimal() else value
    return replace(answers, nodes=number) if key == "nodes" else replace(answers, cpus=number)
