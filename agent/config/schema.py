"""The configuration as a JSON schema, for editors that complete and check TOML while one types.

Made of the same dataclasses and the same example as everything else, so that it cannot differ. An
editor takes it from the first line of the file: `#:schema werfpoort.schema.json`. What contradicts
something else is still told by `werfpoort config check` alone.
"""

from __future__ import annotations

import json
import re
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from agent.config.reading import NOT_WIRED
from agent.config.settings import Config

EXAMPLE = Path(__file__).parents[1] / "examples" / "werfpoort.example.toml"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_text() -> str:
    """The schema as it stands in config/werfpoort.schema.json."""
    explained = _explained(EXAMPLE.read_text(encoding="utf-8"))
    schema = {"$schema": DIALECT, "title": "Werfpoort", **_section(Config, "", explained)}
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"


def _section(kind: Any, key: str, explained: dict[str, str]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    properties, required = {}, []
    for part in fields(kind):
        path = f"{key}.{part.name}" if key else part.name
        properties[part.name] = {**_value(hints[part.name], path, explained)}
        if path in explained:
            properties[part.name]["description"] = explained[path]
        if part.default is MISSING and part.default_factory is MISSING:
            required.append(part.name)
    section = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**section, "required": required} if required else section


def _value(hint: Any, path: str, explained: dict[str, str]) -> dict[str, Any]:
    if is_dataclass(hint):
        return _section(hint, path, explained)
    inner = get_args(hint)
    if get_origin(hint) is tuple and is_dataclass(inner[0]):
        return {"type": "array", "minItems": 1, "items": _section(inner[0], path, explained)}
    if type(None) in inner:
        held = [_value(one, path, explained) for one in inner if one is not type(None)]
        pin = [{"const": NOT_WIRED}] if int in inner else []
        return {"anyOf": held + pin} if pin else held[0]
    return {k: v for k, v in msgspec.json.schema(hint, schema_hook=_path).items() if k[0] != "$"}


def _path(kind: type[Any]) -> dict[str, Any]:
    if kind is Path:
        return {"type": "string"}
    raise NotImplementedError


def _explained(example: str) -> dict[str, str]:
    """What the example says of each section and key."""
    found = {}
    section, comment = "", [""]
    for line in example.splitlines():
        if header := re.fullmatch(r"\[+([\w.]+)\]+", line):
            section = header[1]
            found[section] = " ".join(comment).strip()
            comment = []
        elif key := re.match(r"#?(\w+) = ", line):
            found[f"{section}.{key[1]}"] = " ".join(comment).strip()
            comment = []
        else:
            comment = [*comment, line[2:]] if line.startswith("# ") else []
    return {key: text for key, text in found.items() if text}
