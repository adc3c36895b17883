"""[page]: what a technician may write, and what is told of every slip."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from agent.config import check_config, load_config
from agent.config.page_settings import PageSettings
from agent.paper.operator_code import made
from agent.sandbox.authority import Authority

GATE = """
[gate]
name = "noord-1"
roster = "roster.csv"
[site]
name = "Werf"
declaration = "1Y1000NF9KCQZ"
company = "0448181966"
[[readers]]
[[channels]]
name = "rsz"
certificate = "gate.crt"
key = "gate.key"
[page]
"""
CODE = f'code = "{made("135790")}"'
PAIR = 'certificate = "page.crt"\nkey = "page.key"'


def found(folder: Path, page: str) -> list[str]:
    """What is said of the section, by key."""
    file = folder / "werfpoort.toml"
    file.write_text(GATE + page, encoding="utf-8")
    _, findings = check_config(file)
    return [f"{f.where.rpartition(', ')[2]}: {f.problem}" for f in findings if "page" in f.where]


@pytest.mark.parametrize(
    "page",
    [
        "",
        'listen = ""',
        'listen = "127.0.0.1:8417"',
        f'listen = "[::1]:8417"\n{CODE}',
        f'listen = "127.0.0.1:8417"\nproxy = "127.0.0.1"\n{CODE}',
        'names = ["gate.example.be", "poort"]',
    ],
)
def test_what_is_safe_is_taken(tmp_path: Path, page: str) -> None:
    assert found(tmp_path, page) == []


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ('listen = "8417"', ['page.listen: "8417" is no place to listen']),
        ('listen = "localhost:8417"', ['page.listen: "localhost:8417" is no place to listen']),
        (
            'listen = "127.0.0.1:80"',
            ['page.listen: "127.0.0.1:80" has a port that the agent may not take'],
        ),
        (
            'listen = "0.0.0.0:8417"',
            [
                "page.code: is missing, and others than this machine reach the page",
                "page.certificate: is missing, and others on the network would read",
            ],
        ),
        (
            'listen = "127.0.0.1:8417"\nproxy = "192.168.1.5"',
            ["page.code: is missing, and others than this machine reach the page"],
        ),
        (
            f'listen = "0.0.0.0:8417"\nproxy = "192.168.1.5"\n{CODE}',
            ["page.certificate: is missing, and others on the network would read"],
        ),
        (
            'listen = "127.0.0.1:8417"\ncertificate = "page.crt"',
            ["page.key: is missing beside the other one"],
        ),
        (
            f'listen = "0.0.0.0:8417"\n{CODE}\n{PAIR}',
            ["page.certificate: {folder}/page.key cannot be read"],
        ),
        ('code = "135790"', ['page.code: "135790" is not the hash of a code']),
        ('proxy = "proxy.local"', ['page.proxy: "proxy.local" is not an address']),
    ],
)
def test_what_is_not_safe_is_told_by_its_key(tmp_path: Path, page: str, told: list[str]) -> None:
    said = found(tmp_path, page)
    assert len(said) == len(told)
    for one, begins in zip(said, told, strict=True):
        assert one.startswith(begins.format(folder=tmp_path)), said


def test_a_certificate_of_its_own_opens_it_to_the_network(tmp_path: Path) -> None:
    Authority(now=dt.datetime.now(dt.UTC)).server("gate").write(tmp_path, "page")
    assert found(tmp_path, f'listen = "0.0.0.0:8417"\n{CODE}\n{PAIR}') == []
    page = load_config(tmp_path / "werfpoort.toml").page
    assert (page.local, page.encrypted, page.place) == (False, True, ("0.0.0.0", 8417))


def test_no_shown_configuration_holds_the_hash() -> None:
    assert "scrypt" not in repr(PageSettings(listen="127.0.0.1:8417", code=made("135790")))
