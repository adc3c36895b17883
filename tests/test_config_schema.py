"""The schema for editors says what the agent takes: no key more, none less."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from agent.config.schema import schema_text

CONFIG = Path(__file__).parents[1] / "config"
EXAMPLE = CONFIG / "werfpoort.example.toml"


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = json.loads(schema_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def example(uncommented: bool) -> dict[str, Any]:
    text = EXAMPLE.read_text(encoding="utf-8")
    if uncommented:
        lines = [
            line[1:] if line[:1] == "#" and line[1:2] != " " else line for line in text.split("\n")
        ]
        text = "\n".join(lines)
    return tomllib.loads(text)


def test_the_schema_in_the_repository_is_current() -> None:
    kept = (CONFIG / "werfpoort.schema.json").read_text(encoding="utf-8")
    assert kept == schema_text(), "run: werfpoort config schema > config/werfpoort.schema.json"


@pytest.mark.parametrize("uncommented", [False, True])
def test_the_example_is_valid_also_with_every_key_written_out(
    validator: jsonschema.Draft202012Validator, uncommented: bool
) -> None:
    assert [error.message for error in validator.iter_errors(example(uncommented))] == []


@pytest.mark.parametrize(
    ("section", "change"),
    [
        ("gate", {"nmae": "noord-1"}),
        ("gate", {"training": "yes"}),
        ("panel", {"amber": "seventeen"}),
        ("readers", []),
        ("clock", {"trust": "me"}),
        ("unheard_of", {}),
    ],
)
def test_what_the_agent_refuses_an_editor_marks(
    validator: jsonschema.Draft202012Validator, section: str, change: Any
) -> None:
    config = example(uncommented=False)
    held = config.get(section)
    config[section] = {**held, **change} if isinstance(held, dict) else change
    assert list(validator.iter_errors(config))


def test_every_section_and_key_is_explained_where_one_types() -> None:
    def unexplained(section: dict[str, Any], path: str = "") -> list[str]:
        found = []
        for name, part in section.get("properties", {}).items():
            if "description" not in part and part.get("type") not in ("object", "array"):
                found.append(f"{path}{name}")
            found += unexplained(part.get("items", part), f"{path}{name}.")
        return found

    assert unexplained(json.loads(schema_text())) == []
