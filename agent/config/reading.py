"""TOML → frozen dataclasses, with every error at once: each key is converted by itself."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from agent.config.rules import RULES
from agent.core.identifiers import IdentifierError
from agent.findings import Finding

NOT_WIRED = "none"
"""TOML has no word for nothing: a pin that is not wired is written as this."""
SHOWN_MOST_CHARACTERS = 40

_HEADER = re.compile(r"\s*(\[\[?)\s*([\w.-]+)\s*\]")
_KEY = re.compile(r"\s*([\w.-]+)\s*=")
_TOML_PLACE = re.compile(r" \(at (.+)\)$")


class Source:
    """One TOML file while it is read: gathers what is wrong, and knows the line of each key."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.findings: list[Finding] = []
        self._lines: Mapping[str, int] = {}

    def find(self, key: str, problem: str, mend: str) -> None:
        """Notes what is wrong with a key (`site.company`, `readers[2].path`), with its line."""
        line = self._lines.get(key)
        where = key if line is None else f"line {line}, {key}"
        self.findings.append(Finding(str(self.file), where, problem, mend))

    def table(self) -> dict[str, Any] | None:
        """The whole file; None, and why, when it cannot be read or is not TOML."""
        text = self._text()
        if text is None:
            return None
        self._lines = dict(_lines_of_keys(text))
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            self._not_toml(str(error), text)
        except RecursionError:
            self.find("", "is nested too deeply", "write every section as in the example")
        return None

    def _text(self) -> str | None:
        try:
            raw = self.file.read_bytes()
        except FileNotFoundError:
            self.find("", "there is no such file", "check the path, or copy the example there")
        except PermissionError:
            self.find("", "may not be read", "let the user who runs this read it (chown, chmod)")
        except OSError as error:
            self.find("", f"cannot be read: {error.strerror}", "check the path and the disk")
        else:
            try:
                return raw.decode("utf-8-sig")
            except UnicodeDecodeError as error:
                line = raw.count(b"\n", 0, error.start) + 1
                self.find(f"line {line}", "is not UTF-8 text", "save the file again as UTF-8")
        return None

    def _not_toml(self, message: str, text: str) -> None:
        found = _TOML_PLACE.search(message)
        problem = f"is not TOML: {_TOML_PLACE.sub('', message)}"
        mend = "mend that line; a text stands in quotation marks, a section in brackets"
        self.find(found[1] if found else "", problem, mend)


def _lines_of_keys(text: str) -> Iterator[tuple[str, int]]:
    """Where each key stands, for messages only: a table's header and plain `key = value` lines."""
    section = ""
    counts: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if header := _HEADER.match(line):
            section = header[2]
            if header[1] == "[[":
                counts[section] = counts.get(section, 0) + 1
                section += f"[{counts[section]}]"
            elif (first := section.partition(".")[0]) in counts:
                section = f"{first}[{counts[first]}]{section[len(first) :]}"
            yield section, number
        elif key := _KEY.match(line):
            yield f"{section}.{key[1]}" if section else key[1], number


def read_section(kind: type[Any], table: Any, key: str, source: Source) -> Any:
    """`table` as the dataclass `kind`; None, with a finding for each error, if it has any."""
    before = len(source.findings)
    values = read_keys(kind, table, key, source)
    return kind(**values) if len(source.findings) == before else None


def read_keys(kind: type[Any], table: Any, key: str, source: Source) -> dict[str, Any]:
    """What `table` holds for the fields of the dataclass `kind`; None stands for a wrong value."""
    if not isinstance(table, dict):
        source.find(key, f"is {_shown(table)}, not a section", f"write it as [{key}]")
        return {}
    hints = get_type_hints(kind)
    names = [part.name for part in fields(kind)]
    for name in table:
        if name not in names:
            source.find(_join(key, name), "is not a known key", _nearest(name, names, key))
    values = {}
    for part in fields(kind):
        hint, path = hints[part.name], _join(key, part.name)
        if part.name in table or (_is_required(part) and is_dataclass(hint)):
            values[part.name] = _read_value(hint, table.get(part.name, {}), path, source)
        elif _is_required(part):
            what = f"[[{path}]] section" if _section_of_list(hint) else f"`{part.name} = …`"
            source.find(path, "is missing", f"add a {what}; the example shows how")
            values[part.name] = None
    return values


def _read_value(hint: Any, value: Any, key: str, source: Source) -> Any:
    if is_dataclass(hint):
        return read_section(hint, value, key, source)  # type: ignore[arg-type]
    if section := _section_of_list(hint):
        if not isinstance(value, list) or not value:
            source.find(key, f"is {_shown(value)}", f"write each as [[{key}]], in double brackets")
            return None
        parts = [read_section(section, p, f"{key}[{n}]", source) for n, p in enumerate(value, 1)]
        return None if None in parts else tuple(parts)
    try:
        return _checked(hint, value, key, source.file.parent)
    except IdentifierError as error:
        source.find(key, f"{_shown(value)} {error.problem}", error.mend)
    return None


def _checked(hint: Any, value: Any, key: str, folder: Path) -> Any:
    """The value of one key; relative paths count from the folder of the configuration."""
    if value == NOT_WIRED and {int, type(None)} <= set(get_args(hint)):
        return None
    if isinstance(value, str) and any(ord(c) < ord(" ") or ord(c) == 0x7F for c in value):
        raise IdentifierError("holds a control character", "write it on one line, without them")
    try:
        converted = msgspec.convert(value, type=hint, dec_hook=_path)
    except (msgspec.ValidationError, NotImplementedError):
        raise IdentifierError("is not what belongs here", f"write {_wanted(hint)}") from None
    if isinstance(converted, Path):
        converted = folder / converted
    rule = RULES.get(re.sub(r"\[\d+\]", "", key))
    return converted if rule is None else rule(converted)


def _path(kind: type[Any], value: Any) -> Path:
    if kind is Path and isinstance(value, str) and value:
        return Path(value)
    raise NotImplementedError


def _section_of_list(hint: Any) -> type[Any] | None:
    """The dataclass of `tuple[dataclass, …]`, which is written as [[…]]; None for anything else."""
    if get_origin(hint) is tuple and is_dataclass(get_args(hint)[0]):
        return get_args(hint)[0]  # type: ignore[no-any-return]
    return None


def _is_required(part: Field[Any]) -> bool:
    return part.default is MISSING and part.default_factory is MISSING


def _join(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _nearest(name: str, names: list[str], key: str) -> str:
    if near := get_close_matches(name.lower(), names, 1):
        return f"did you mean `{near[0]}`?"
    for path in RULES:
        if path.endswith(f".{name}"):
            return f"it belongs in the section of `{path}`"
    return f"remove it; known {'here' if key else 'sections'}: {', '.join(names)}"


def _shown(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            shown = value.encode("unicode_escape").decode() if not value.isprintable() else value
            clipped = shown[:SHOWN_MOST_CHARACTERS]
            return f'"{clipped}{"…" if clipped != shown else ""}"'
        case dict():
            return "a section"
        case list():
            return "a list" if value else "an empty list"
    return str(value)[:SHOWN_MOST_CHARACTERS]


_WANTED: Mapping[Any, str] = {
    bool: "true or false, without quotation marks",
    int: "a whole number, without quotation marks",
    float: "a number, without quotation marks",
    str: "a text in quotation marks",
    Path: "a path in quotation marks",
}


def _wanted(hint: Any) -> str:
    if hint in _WANTED:
        return _WANTED[hint]
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return "one of " + ", ".join(f'"{choice}"' for choice in hint)
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(f'"{choice}"' for choice in get_args(hint))
    if get_origin(hint) is tuple:
        return 'a list of texts, as ["nl", "fr"]'
    inner = next(part for part in get_args(hint) if part is not type(None))
    return _wanted(inner) + (f', or "{NOT_WIRED}"' if inner is int else "")
