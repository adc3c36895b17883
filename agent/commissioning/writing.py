"""The configuration as a file, whole or not at all, and the keys that a gate makes itself."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

HEAD = """\
#:schema /usr/share/doc/werfpoort/examples/werfpoort.schema.json
# Written by werfpoort init. Every other key, with its default and the reason, stands in
# /usr/share/doc/werfpoort/examples/werfpoort.example.toml
"""
CONFIG_MODE = 0o640
ROSTER_MODE = 0o600


def toml(config: Mapping[str, Any]) -> str:
    """The configuration as text: plain keys of a section first, sections within it after."""
    return HEAD + "".join(_table(config, ""))


def _table(table: Mapping[str, Any], path: str) -> Iterator[str]:
    for key, value in table.items():
        if not _is_section(value):
            yield f"{key} = {_value(value)}\n"
    for key, value in table.items():
        name = f"{path}.{key}" if path else key
        if isinstance(value, Mapping):
            yield f"\n[{name}]\n"
            yield from _table(value, name)
        elif _is_section(value):
            for item in value:
                yield f"\n[[{name}]]\n"
                yield from _table(item, name)


def _is_section(value: Any) -> bool:
    return isinstance(value, Mapping) or (
        isinstance(value, list) and bool(value) and isinstance(value[0], Mapping)
    )


def _value(value: Any) -> str:
    """JSON's strings, numbers and flat lists are TOML's too, but for a deleted character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")


def write_whole(file: Path, text: str, mode: int = CONFIG_MODE) -> None:
    """`text` in `file`, or what was there before. Raises OSError."""
    fresh = file.with_name(file.name + ".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)


def give(path: Path, folder: Path, *, group_only: bool = False) -> None:
    """Lets the owner of `folder`, the agent's user, have what root made. Raises OSError."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(path, -1 if group_only else owner.st_uid, owner.st_gid)
