"""JSON pointers (RFC 6901), so that the configuration can say where a field stands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def parts_of(pointer: str) -> tuple[str, ...]:
    """The names on the way; none for the whole document. Raises ValueError for what is none."""
    if not pointer:
        return ()
    if not pointer.startswith("/"):
        raise ValueError("a JSON pointer begins with /")
    names = pointer[1:].split("/")
    if any("~" in name.replace("~0", "").replace("~1", "") for name in names):
        raise ValueError("in a JSON pointer ~ is written ~0, and / inside a name ~1")
    return tuple(name.replace("~1", "/").replace("~0", "~") for name in names)


def get(value: Any, parts: Iterable[str]) -> Any:
    """What stands there; None where nothing does."""
    for name in parts:
        match value:
            case dict():
                value = value.get(name)
            case list() if name.isascii() and name.isdigit() and int(name) < len(value):
                value = value[int(name)]
            case _:
                return None
    return value


def put(target: dict[str, Any], parts: tuple[str, ...], value: Any) -> None:
    """Sets what stands there, with objects on the way; `parts` names at least one."""
    for name in parts[:-1]:
        target = target.setdefault(name, {})
    target[parts[-1]] = value
