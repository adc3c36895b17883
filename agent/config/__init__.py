"""TOML → one validated, frozen Config; every error at once, with file, line, key and mend.

check_config   everything that is wrong, in the configuration and in the files it names
load_config    the configuration, for a gate that starts: a missing roster or a broken
               certificate does not stop it, since taps are kept all the same
"""

from __future__ import annotations

from pathlib import Path

from agent.config.check import check_files, check_together
from agent.config.reading import Source, read_keys
from agent.config.settings import (
    CHANNEL_KINDS,
    ChannelKind,
    ChannelSettings,
    ClockSettings,
    Config,
    ContractorSettings,
    DeliverySettings,
    EmployerSettings,
    GateSettings,
    RetentionSettings,
    SiteSettings,
)
from agent.findings import Finding, report

__all__ = [
    "CHANNEL_KINDS",
    "ChannelKind",
    "ChannelSettings",
    "ClockSettings",
    "Config",
    "ConfigError",
    "ContractorSettings",
    "DeliverySettings",
    "EmployerSettings",
    "GateSettings",
    "RetentionSettings",
    "SiteSettings",
    "check_config",
    "load_config",
]


class ConfigError(Exception):
    """The configuration cannot be used; its text names every error with its mend."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__(report(findings))
        self.findings = findings


def check_config(path: Path) -> tuple[Config | None, tuple[Finding, ...]]:
    """The configuration, None if a key is wrong, and all findings, those of its files included."""
    config, findings, draft, broken = _read(path)
    if draft is not None:
        findings += check_files(draft, broken, str(path))
    return config, findings


def load_config(path: Path) -> Config:
    """The configuration in `path`. Raises ConfigError with every error in it."""
    config, findings, _, _ = _read(path)
    if config is None:
        raise ConfigError(findings)
    return config


def _read(path: Path) -> tuple[Config | None, tuple[Finding, ...], Config | None, frozenset[str]]:
    """The configuration, what is wrong, and a draft in which the named sections are broken.

    The draft lets whole sections be checked together although another one is broken.
    """
    source = Source(path)
    table = source.table()
    if table is None:
        return None, tuple(source.findings), None, frozenset()
    sections = read_keys(Config, table, "", source)
    broken = frozenset(name for name, section in sections.items() if section is None)
    draft = Config(**sections)
    check_together(draft, broken, source.find)
    return (None if source.findings else draft), tuple(source.findings), draft, broken
