"""What the docs promise is what there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

from agent.cli import main

ROOT = Path(__file__).parent.parent


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


README = read(ROOT / "README.md")


def commands(group: click.Group, before: str = "werfpoort") -> Iterator[str]:
    for name, command in group.commands.items():
        words = f"{before} {name}"
        if isinstance(command, click.Group):
            yield from commands(command, words)
        else:
            yield words


def test_every_command_is_in_the_readme() -> None:
    missing = [words for words in commands(main) if words not in README]
    assert missing == []


def test_every_command_in_the_readme_exists() -> None:
    known = set(commands(main))
    named = re.findall(r"`(werfpoort [a-z]+(?: [a-z]+)?)", README)
    assert [words for words in named if not any(k.startswith(words) for k in known)] == []


def test_every_command_in_the_other_docs_exists() -> None:
    known = set(commands(main))
    words = r"(?:`|^    (?:sudo )?)(werfpoort [a-z]+(?: [a-z]+)?)"
    pages = sorted((ROOT / "docs").glob("*.md"))
    named = [(page.name, said) for page in pages for said in re.findall(words, read(page), re.M)]
    assert ("contractor.md", "werfpoort bundle open") in named
    strange = [
        (page, said)
        for page, said in named
        if not any(command.startswith(said) or said.startswith(command) for command in known)
    ]
    assert strange == []


def test_every_file_that_the_readme_names_exists() -> None:
    named = re.findall(r"`((?:agent|config|tests|drivers)/[\w/.\-]*)`", README)
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []
