"""The rules of the code's layout, and for each one code that breaks it."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60

PURE = re.compile(
    r"__future__|abc|bisect|collections|dataclasses|datetime|decimal|enum|fractions|functools"
    r"|hashlib|heapq|itertools|json|math|operator|re|string|struct|textwrap|types|typing"
    r"|unicodedata|zlib|zoneinfo"
)
IMPURE_CALLS = re.compile(
    r"(open|print|input|exec|eval|__import__)"
    r"|(\w+\.)*(datetime|date)\.(now|utcnow|today)"
    r"|(\w+\.)*ZoneInfo(\.from_file|\.no_cache)?"  # reads the zone's file
)
HARDWARE = ("nfc", "serial", "escpos", "gpiozero", "evdev", "lgpio", "usb", "usb1")
NETWORK = (
    *("asyncio", "ftplib", "http.client", "http.server", "httpcore", "httpx", "smtplib"),
    *("socketserver", "ssl", "urllib.request", "xmlrpc"),
)
NETWORK_ROOMS = (
    "agent/channels/",
    "agent/evidence/",
    "agent/web/",
    "agent/sandbox/",
    "drivers/emulators/",
    "drivers/escpos_wires.py",  # the network printer
    "tests/",
)
UNIX_SOCKET_NAMES = re.compile(r"AF_UNIX|SOCK_(DGRAM|STREAM)|S[OH]\w*_\w+|socket|timeout")
VAGUE_NAMES = re.compile(r"(^|_)(utils?|helpers?|common|managers?|misc)(_|$)")
MOCKS = ("mock", "unittest.mock", "pytest_mock")

FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


class Import(NamedTuple):
    """One imported name, dotted from the top; `late`: only when a function is called."""

    name: str
    line: int
    late: bool

    def within(self, *packages: str) -> bool:
        return any(f"{self.name}.".startswith(f"{package}.") for package in packages)


class Module:
    """A Python file: its path from the root, and its text."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.stem = PurePosixPath(path).stem
        self.shipped = path.startswith(("agent/", "drivers/"))

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def imports(self) -> list[Import]:
        late = {
            id(node)
            for function in ast.walk(self.tree)
            if isinstance(function, FUNCTIONS)
            for node in ast.walk(function)
        }
        return [
            Import(name, node.lineno, id(node) in late)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in self._imported(node)
        ]

    def _imported(self, node: ast.Import | ast.ImportFrom) -> Iterator[str]:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
            return
        package = PurePosixPath(self.path).parent.parts
        start = list(package[: len(package) - node.level + 1]) if node.level else []
        start += [node.module] if node.module else []
        yield from (".".join([*start, alias.name]) for alias in node.names)

    def calls(self) -> Iterator[tuple[str, ast.Call]]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield ast.unparse(node.func), node


Rule = Callable[[Module], Iterator[str]]


def the_core_imports_only_what_is_pure(module: Module) -> Iterator[str]:
    if module.path.startswith("agent/core/"):
        for found in module.imports:
            pure = PURE.fullmatch(found.name.split(".")[0])
            if not pure and not found.within("agent.core", "drivers.base", "drivers.paper"):
                yield f"line {found.line} imports {found.name}"


def the_core_asks_no_clock_file_or_terminal(module: Module) -> Iterator[str]:
    if module.path.startswith("agent/core/"):
        for name, call in module.calls():
            local_zone = name.endswith(".astimezone") and not call.args and not call.keywords
            if IMPURE_CALLS.fullmatch(name) or local_zone:
                yield f"line {call.lineno} calls {name}()"


def the_drivers_do_not_know_the_agent(module: Module) -> Iterator[str]:
    if module.path.startswith("drivers/"):
        for found in module.imports:
            if found.within("agent"):
                yield f"line {found.line} imports {found.name}"


def only_the_drivers_import_hardware_libraries(module: Module) -> Iterator[str]:
    if module.path.startswith("agent/"):
        for found in module.imports:
            if found.within(*HARDWARE):
                yield f"line {found.line} imports {found.name}"


def only_the_process_that_makes_pdfs_imports_their_library(module: Module) -> Iterator[str]:
    if module.shipped and module.path != "drivers/pdf_process.py":
        for found in module.imports:
            if found.within("reportlab", "drivers.pdf_process"):
                yield f"line {found.line} imports {found.name}"


def network_sockets_are_opened_only_in_their_rooms(module: Module) -> Iterator[str]:
    """Elsewhere `socket` serves for Unix sockets alone."""
    if module.path.startswith(NETWORK_ROOMS):
        return
    for found in module.imports:
        if found.within(*NETWORK) or found.name.startswith("socket."):
            yield f"line {found.line} imports {found.name}"
    for node in ast.walk(module.tree):
        match node:
            case ast.Attribute(value=ast.Name(id="socket"), attr=name):
                if not UNIX_SOCKET_NAMES.fullmatch(name):
                    yield f"line {node.lineno} uses socket.{name}"
    for name, call in module.calls():
        if name == "socket.socket" and "AF_UNIX" not in "".join(map(ast.unparse, call.args[:1])):
            yield f"line {call.lineno} opens a socket that is not a Unix socket"


def only_the_virtual_site_imports_the_emulators(module: Module) -> Iterator[str]:
    if module.shipped and not module.path.startswith(("agent/sandbox/", "drivers/emulators/")):
        for found in module.imports:
            if found.within("drivers.emulators"):
                yield f"line {found.line} imports {found.name}"


def only_the_command_line_imports_the_virtual_site_and_late(module: Module) -> Iterator[str]:
    if module.shipped and not module.path.startswith("agent/sandbox/"):
        for found in module.imports:
            if found.within("agent.sandbox") and not (
                module.path == "agent/cli/__init__.py" and found.late
            ):
                yield f"line {found.line} imports {found.name}"


def nothing_loads_the_page_unless_it_is_wanted(module: Module) -> Iterator[str]:
    """A gate without a page does without what it takes of memory."""
    if module.shipped and not module.path.startswith(("agent/web/", "agent/sandbox/")):
        for found in module.imports:
            if found.within("agent.web", "jinja2", "starlette", "uvicorn") and not found.late:
                yield f"line {found.line} imports {found.name}"


def no_file_is_too_long(module: Module) -> Iterator[str]:
    lines = len(module.text.splitlines())
    if module.shipped and lines > MAX_FILE_LINES:
        yield f"{lines} lines, {MAX_FILE_LINES} at most"


def no_function_is_too_long(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree) if module.shipped else ():
        if isinstance(node, FUNCTIONS):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MAX_FUNCTION_LINES:
                yield f"{node.name}() has {lines} lines, {MAX_FUNCTION_LINES} at most"


def whatever_is_public_says_what_it_is(module: Module) -> Iterator[str]:
    """Modules, and their own classes and functions; methods answer to their class."""
    if not module.shipped:
        return
    if ast.get_docstring(module.tree) is None:
        yield "no docstring"
    named = (node for node in module.tree.body if isinstance(node, ast.ClassDef | FUNCTIONS))
    for node in named:
        if not node.name.startswith("_") and ast.get_docstring(node) is None:
            yield f"line {node.lineno}: {node.name} has no docstring"


def no_file_has_a_name_that_says_nothing(module: Module) -> Iterator[str]:
    if VAGUE_NAMES.search(module.stem):
        yield "name it after what it holds"


def nothing_is_mocked(module: Module) -> Iterator[str]:
    for found in module.imports:
        if found.within(*MOCKS):
            yield f"line {found.line} imports {found.name}"
    for name, call in module.calls():
        if re.fullmatch(r"(\w+\.)*(MagicMock|monkeypatch\.(setattr|setitem|delattr))", name):
            yield f"line {call.lineno} calls {name}()"


def the_folder_of_tests_is_no_package(module: Module) -> Iterator[str]:
    """It would shadow `agent` and `drivers` under importlib's way of importing tests."""
    if module.path.startswith("tests/") and module.stem == "__init__":
        yield "remove it"


RULES: dict[Rule, tuple[str, str]] = {
    the_core_imports_only_what_is_pure: ("agent/core/gate.py", "import time"),
    the_core_asks_no_clock_file_or_terminal: ("agent/core/gate.py", "now = dt.datetime.now(zone)"),
    the_drivers_do_not_know_the_agent: ("drivers/paper.py", "from agent.core import roster"),
    only_the_drivers_import_hardware_libraries: ("agent/daemon.py", "def f():\n    import nfc.clf"),
    only_the_process_that_makes_pdfs_imports_their_library: (
        "drivers/paper_pdf.py",
        "def f():\n    from reportlab.pdfgen import canvas",
    ),
    network_sockets_are_opened_only_in_their_rooms: ("agent/daemon.py", "import httpx"),
    only_the_virtual_site_imports_the_emulators: (
        "drivers/__init__.py",
        "def f():\n    from .emulators import pins",
    ),
    only_the_command_line_imports_the_virtual_site_and_late: (
        "agent/cli/__init__.py",
        "from agent import sandbox",
    ),
    nothing_loads_the_page_unless_it_is_wanted: ("agent/assembly.py", "from agent import web"),
    no_file_is_too_long: ("agent/daemon.py", "\n" * (MAX_FILE_LINES + 1)),
    no_function_is_too_long: (
        "drivers/paper.py",
        "def f():\n" + "    pass\n" * MAX_FUNCTION_LINES,
    ),
    whatever_is_public_says_what_it_is: ("agent/daemon.py", '"""A module."""\ndef turn(): ...'),
    no_file_has_a_name_that_says_nothing: ("tests/core/card_helpers.py", ""),
    nothing_is_mocked: ("tests/test_daemon.py", "from unittest import mock"),
    the_folder_of_tests_is_no_package: ("tests/core/__init__.py", ""),
}

MORE_BREACHES: list[tuple[Rule, str, str]] = [
    (the_core_imports_only_what_is_pure, "agent/core/a.py", source)
    for source in (
        "import datetime, random",
        "from os import path",
        "import pathlib",
        "import threading",
        "import socket",
        "import gettext",
        "import sqlite3",
        "import contextvars",
        "from agent import config",
        "from .. import daemon",
        "from drivers import panel_gpio",
        "def f():\n    import secrets",
    )
] + [
    (the_core_asks_no_clock_file_or_terminal, "agent/core/a.py", source)
    for source in (
        "date.today()",
        "datetime.datetime.utcnow()",
        "moment.astimezone()",
        "zoneinfo.ZoneInfo('Europe/Brussels')",
        "print('tap')",
        "open('tap')",
    )
]
MORE_BREACHES += [
    (network_sockets_are_opened_only_in_their_rooms, "agent/control.py", source)
    for source in (
        "import socket\nsocket.create_connection(a)",
        "import socket\nsocket.socket()",
        "import socket\nsocket.socket(socket.AF_INET)",
        "from socket import create_server",
        "from urllib.request import urlopen",
        "import ssl",
    )
]
MORE_BREACHES += [
    (nothing_is_mocked, "tests/test_daemon.py", "monkeypatch.setattr(daemon, 'turn', None)"),
    (
        only_the_command_line_imports_the_virtual_site_and_late,
        "agent/daemon.py",
        "import agent.sandbox.site",
    ),
    (whatever_is_public_says_what_it_is, "drivers/paper.py", "_x = 1"),
    (no_file_has_a_name_that_says_nothing, "agent/utils.py", ""),
]

INNOCENT = [
    (
        "agent/core/gate.py",
        "import datetime as dt\nfrom . import taps\nfrom drivers.base import Step",
    ),
    ("agent/core/gate.py", "dt.datetime.combine(day, time, zone).astimezone(zone)"),
    ("agent/control.py", "import socket\nsocket.socket(socket.AF_UNIX, socket.SOCK_STREAM)"),
    ("agent/cli/__init__.py", "def _f():\n    from agent.sandbox.stage import play"),
    ("agent/sandbox/site.py", "from drivers.emulators import pins\nimport httpx"),
    ("agent/uncommon.py", ""),
    ("tests/test_daemon.py", "monkeypatch.setenv('A', 'b')"),
]


def project() -> list[Module]:
    files = [path for top in ("agent", "drivers", "tests") for path in (ROOT / top).rglob("*.py")]
    return [Module(p.relative_to(ROOT).as_posix(), p.read_text("utf-8")) for p in sorted(files)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_project_keeps_the_rule_that(rule: Rule) -> None:
    modules = project()
    assert len(modules) > 1
    breaches = [f"{module.path}: {breach}" for module in modules for breach in rule(module)]
    assert not breaches, "\n".join(breaches)


@pytest.mark.parametrize(
    ("rule", "path", "source"),
    [(rule, *breach) for rule, breach in RULES.items()] + MORE_BREACHES,
)
def test_a_breach_is_found(rule: Rule, path: str, source: str) -> None:
    assert list(rule(Module(path, source)))


@pytest.mark.parametrize(("path", "source"), INNOCENT)
def test_what_is_allowed_is_not_called_a_breach(path: str, source: str) -> None:
    module = Module(path, f'"""A module."""\n{source}')
    assert [breach for rule in RULES for breach in rule(module)] == []


def folders_without_init(paths: list[str]) -> list[str]:
    """Folders of code without `__init__.py`, which a wheel would leave out."""
    folders = {PurePosixPath(path).parent for path in paths if not path.startswith("tests/")}
    return sorted(str(folder) for folder in folders if f"{folder}/__init__.py" not in paths)


def names_used_twice(paths: list[str]) -> list[str]:
    """File names of tests that occur in more than one folder."""
    names = Counter(PurePosixPath(path).name for path in paths if path.startswith("tests/"))
    return sorted(name for name, count in names.items() if count > 1 and name != "conftest.py")


def test_every_folder_of_code_is_a_package() -> None:
    assert folders_without_init([module.path for module in project()]) == []
    assert folders_without_init(["agent/__init__.py", "agent/web/page.py"]) == ["agent/web"]


def test_every_file_of_tests_has_a_name_of_its_own() -> None:
    assert names_used_twice([module.path for module in project()]) == []
    assert names_used_twice(["tests/a/test_x.py", "tests/b/test_x.py"]) == ["test_x.py"]
