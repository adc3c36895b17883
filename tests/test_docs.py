"""What the docs promise is what there is."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from agent.cli import main

ROOT = Path(__file__).parent.parent


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


README = read(ROOT / "README.md")
COMMANDS = read(ROOT / "docs" / "commands.md")
PAGES = sorted((ROOT / "docs").glob("*.md"))
LINK = re.compile(r"\]\(([^)#\s]+)")


def commands(group: click.Group, before: str = "werfpoort") -> Iterator[str]:
    for name, command in group.commands.items():
        words = f"{before} {name}"
        if isinstance(command, click.Group):
            yield from commands(command, words)
        else:
            yield words


def test_every_command_stands_in_the_list_of_commands() -> None:
    listed = re.findall(r"^\| `(werfpoort [a-z]+(?: [a-z]+)?)", COMMANDS, re.M)
    missing = [words for words in commands(main) if words not in listed]
    assert missing == []


def test_every_command_in_the_readme_exists() -> None:
    known = set(commands(main))
    named = re.findall(r"`(werfpoort [a-z]+(?: [a-z]+)?)", README)
    assert [words for words in named if not any(k.startswith(words) for k in known)] == []


# GOLDEN=write pytest tests/test_docs.py makes the page anew.
CONFIGURATION = """# Every key of the configuration

Made of [`config/werfpoort.example.toml`](../config/werfpoort.example.toml), which explains each
key where it stands. `werfpoort config check FILE` says everything that is wrong with a file, and an
editor completes one by `config/werfpoort.schema.json`. A section in double brackets may stand more
than once; without a default a key is required.
"""
DEFAULT = re.compile(r"\s*(?:Default: (.+?)|Required(?: in each)?)\.(?=\s|$)")


def sections(schema: Any, above: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Each section as a file names it, with what the JSON schema says of each of its keys."""
    for name, value in schema["properties"].items():
        inner = value.get("items", value)
        if "properties" in inner:
            path = f"{above}.{name}".lstrip(".")
            said = {k: v["description"] for k, v in inner["properties"].items() if is_key(v)}
            yield f"[[{path}]]" if value["type"] == "array" else f"[{path}]", said
            yield from sections(inner, path)


def is_key(value: Any) -> bool:
    return "properties" not in value and "properties" not in value.get("items", {})


def row(key: str, said: str) -> str:
    default = DEFAULT.search(said)
    stands = (default[1] or "") if default else ""
    text = DEFAULT.sub("", said, count=1).replace("|", "\\|").replace(" Why: ", "<br>*Why:* ")
    return f"| `{key}` | {stands} | {text} |\n"


def configuration_page(schema: Any) -> str:
    """The page of all keys, as Markdown."""
    made = CONFIGURATION
    for name, said in sections(schema):
        made += f"\n## {name}\n\n| key | default | what it is |\n|---|---|---|\n"
        made += "".join(row(*pair) for pair in said.items())
    return made


def test_every_key_of_the_configuration_is_explained_on_its_page() -> None:
    made = configuration_page(json.loads(read(ROOT / "config" / "werfpoort.schema.json")))
    file = ROOT / "docs" / "configuration.md"
    if os.environ.get("GOLDEN") == "write":
        file.write_text(made, encoding="utf-8")
    assert read(file) == made, "GOLDEN=write pytest tests/test_docs.py makes it anew"
    assert made.count("<br>*Why:* ") == made.count("\n| `") > 100


def test_every_page_stands_in_the_index_and_every_link_leads_somewhere() -> None:
    index = read(ROOT / "docs" / "README.md")
    assert [p.name for p in PAGES if f"({p.name})" not in index and p.name != "README.md"] == []
    broken = [
        (page.name, goal)
        for page in (ROOT / "README.md", *PAGES)
        for goal in LINK.findall(read(page))
        if "://" not in goal and not (page.parent / goal).exists()
    ]
    assert broken == []


def test_every_command_in_the_other_docs_exists() -> None:
    known = set(commands(main))
    words = r"(?:`|^    (?:sudo )?)(werfpoort [a-z]+(?: [a-z]+)?)"
    named = [(page.name, said) for page in PAGES for said in re.findall(words, read(page), re.M)]
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
