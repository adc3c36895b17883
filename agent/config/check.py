"""What no key shows by itself: keys that contradict each other, and the files that they name."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from agent.config.channel_check import Find, check_channels, check_place
from agent.config.device_check import check_keypad, check_keypad_pins, check_printer
from agent.config.page_check import check_page, check_page_files
from agent.config.settings import CHANNEL_KINDS, ChannelSettings, Config
from agent.findings import Finding
from drivers.base import Direction, FrameSettings, ReaderSettings

PRODUCTION_HOST = "services.socialsecurity.be"
SIMULATION_HOST = "services-sim.socialsecurity.be"
"""WIRE.md, at its top."""


def check_together(config: Config, broken: Collection[str], find: Find) -> None:
    """Finds keys that are each well and do not go together, in all sections but the broken ones."""
    for sections, check in CHECKS:
        if not sections.intersection(broken):
            check(config, find)


def _check_names(config: Config, find: Find) -> None:
    _check_unique("channels", "name", [c.name for c in config.channels], find)


def _check_readers(config: Config, find: Find) -> None:
    _check_unique("readers", "name", [r.name for r in config.readers], find)
    _check_unique("readers", "path", [r.path for r in config.readers], find)
    for number, reader in enumerate(config.readers, 1):
        _check_reader(reader, f"readers[{number}]", find)


def _check_reader(reader: ReaderSettings, key: str, find: Find) -> None:
    """Each kind of reader has keys that it has no use for."""
    what = f"a reader of kind {reader.kind}"
    if reader.kind in ("pn532", "hid") and reader.baud != ReaderSettings().baud:
        find(f"{key}.baud", f"{what} has no speed to set", "remove it")
    if reader.kind == "pn532" and reader.frame.reverse:
        find(f"{key}.frame.reverse", f"{what} tells the bytes in their order", "remove it")
    if reader.kind not in ("line", "hid") and reader.frame != FrameSettings(
        reverse=reader.frame.reverse
    ):
        find(f"{key}.frame", f"{what} has a frame of its own", 'remove it, or write kind = "line"')


def _check_employers(config: Config, find: Find) -> None:
    _check_unique("employers", "number", [e.number for e in config.employers], find)


def _check_contractors(config: Config, find: Find) -> None:
    _check_unique("contractors", "company", [c.company for c in config.contractors], find)
    mains = [n for n, contractor in enumerate(config.contractors, 1) if contractor.main]
    for number in mains[1:]:
        find(
            f"contractors[{number}].main",
            f"contractors[{mains[0]}] is the main contractor already",
            "leave main = true with one of them",
        )


def _check_clock(config: Config, find: Find) -> None:
    if config.clock.trust == "always" and not config.gate.training:
        find(
            "clock.trust",
            '"always" is for training only: a wrong clock registers people on a wrong day',
            'write trust = "kernel", and let NTP set the clock',
        )


def _check_retries(config: Config, find: Find) -> None:
    if config.delivery.first_retry_s > config.delivery.longest_retry_s:
        find(
            "delivery.first_retry_s",
            "is longer than longest_retry_s",
            "make it the shorter of the two",
        )


def _check_unique(section: str, key: str, values: Sequence[str], find: Find) -> None:
    for number, value in enumerate(values, 1):
        first = values.index(value) + 1
        if first < number:
            find(
                f"{section}[{number}].{key}",
                f'"{value}" is also that of {section}[{first}]',
                f"give each its own {key}",
            )


def _check_pins(config: Config, find: Find) -> None:
    taken: dict[int, str] = {}
    for name in ("amber", "green", "red", "buzzer"):
        pin: int | None = getattr(config.panel, name)
        if pin is not None and taken.setdefault(pin, name) != name:
            find(
                f"panel.{name}",
                f"pin {pin} is also that of {taken[pin]}",
                'give each its own pin, or write "none" for what is not wired',
            )


FEWEST_ANCHORS = 4
"""Two silent ones are needed to say that the internet is gone, of which one may be down itself."""


def _check_evidence(config: Config, find: Find) -> None:
    _check_unique("uplinks", "name", [u.name for u in config.uplinks], find)
    for number, uplink in enumerate(config.uplinks, 1):
        if len(config.uplinks) > 1 and not uplink.device:
            find(
                f"uplinks[{number}].device",
                "is missing, and there are several uplinks",
                "write the network device of each, as `ip link` names it",
            )
    if not config.gate.training and len(config.evidence.anchors) < FEWEST_ANCHORS:
        find(
            "evidence.anchors",
            f"are fewer than {FEWEST_ANCHORS}",
            "write hosts of different owners, or leave the key out for the default ones",
        )


def _check_kind_of_day(config: Config, find: Find) -> None:
    """A registration is either real or training; no journal may hold both."""
    for number, channel in enumerate(config.channels, 1):
        _check_training(channel, config.gate.training, f"channels[{number}]", find)


def _check_training(channel: ChannelSettings, training: bool, key: str, find: Find) -> None:
    host = urlsplit(channel.endpoint).hostname or ""
    production = channel.environment == "Production"
    if not host:
        find(
            f"{key}.address",
            f"is missing, and {channel.environment} has no default",
            "write the address that the social security office, or your supplier, gave you",
        )
    elif training and (host == PRODUCTION_HOST or (production and not _is_loopback(host))):
        find(
            f"{key}.environment",
            "training = true, and this channel would make real registrations",
            'write environment = "Simulation" with its address, or training = false',
        )
    elif not training and (not production or _is_loopback(host) or host == SIMULATION_HOST):
        find(
            f"{key}.{'address' if production else 'environment'}",
            "registers nobody really, and training = false says that it does",
            'write training = true, or environment = "Production" with its address',
        )


def _is_loopback(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")


def _check_duties(config: Config, find: Find) -> None:
    served = {channel.duty for channel in config.channels}
    owed = [("site.duty", config.site.duty)]
    owed += [(f"employers[{n}].duty", e.duty) for n, e in enumerate(config.employers, 1) if e.duty]
    for key, duty in owed:
        if duty not in served:
            kinds = [name for name, kind in CHANNEL_KINDS.items() if kind.duty == duty]
            if "supplier" not in kinds:
                kinds.append(f'supplier with for_duty = "{duty}"')
            find(
                key,
                f'no channel fulfils the duty "{duty}"',
                f"add [[channels]] of kind {' or '.join(kinds)}",
            )


def _check_directions(config: Config, find: Find) -> None:
    """In and out must be told apart at the entrance, or nothing can be registered."""
    owed = {config.site.duty} | {employer.duty for employer in config.employers}
    if "checkinout" not in owed:
        return
    for number, reader in enumerate(config.readers, 1):
        if reader.direction is Direction.ANY:
            find(
                f"readers[{number}].direction",
                'is "any", and the duty "checkinout" registers in or out',
                'write "in" or "out"; where people pass both ways, mount a reader for each',
            )


CHECKS: tuple[tuple[frozenset[str], Callable[[Config, Find], None]], ...] = (
    (frozenset({"readers"}), _check_readers),
    (frozenset({"channels"}), _check_names),
    (frozenset({"employers"}), _check_employers),
    (frozenset({"contractors"}), _check_contractors),
    (frozenset({"panel"}), _check_pins),
    (frozenset({"channels"}), check_channels),
    (frozenset({"site", "channels"}), check_place),
    (frozenset({"gate", "channels"}), _check_kind_of_day),
    (frozenset({"site", "employers", "channels"}), _check_duties),
    (frozenset({"site", "employers", "readers"}), _check_directions),
    (frozenset({"gate", "clock"}), _check_clock),
    (frozenset({"delivery"}), _check_retries),
    (frozenset({"gate", "uplinks", "evidence"}), _check_evidence),
    (frozenset({"keypad", "operator"}), check_keypad),
    (frozenset({"keypad", "panel"}), check_keypad_pins),
    (frozenset({"printer"}), check_printer),
    (frozenset({"page", "operator"}), check_page),
)
"""The sections that a check looks at, and the check."""


def check_files(config: Config, broken: Collection[str], file: str) -> tuple[Finding, ...]:
    """What is wrong with the files that the configuration names, in all but its broken sections."""
    found = [] if "gate" in broken else list(_check_roster(config.gate.roster, file))
    for number, channel in enumerate(() if "channels" in broken else config.channels, 1):
        found += _check_channel_files(channel, f"channels[{number}]", file)
    found += [] if "page" in broken else check_page_files(config.page, file)
    return tuple(found)


def _check_roster(path: Path, file: str) -> Iterable[Finding]:
    problem = _unreadable(path)
    if problem:
        yield Finding(file, "gate.roster", f"{path} {problem}", "put the roster there, as a CSV")
    elif path.stat().st_mode & stat.S_IROTH:
        yield Finding(
            file,
            "gate.roster",
            f"{path} may be read by every user of this machine, and holds national numbers",
            f"chmod o-rwx {path}",
            warning=True,
        )


def _check_channel_files(channel: ChannelSettings, key: str, file: str) -> Iterable[Finding]:
    from agent.channels.credentials import CredentialError

    for name, load in _secrets(channel):
        try:
            load()
        except CredentialError as error:
            yield Finding(file, f"{key}.{name}", str(error), error.hint)
    if channel.ca_file is not None:
        problem = _unreadable(channel.ca_file)
        if not problem and b"-----BEGIN CERTIFICATE-----" not in channel.ca_file.read_bytes():
            problem = "holds no certificate in PEM form"
        if problem:
            mend = "write the authority's certificate there in PEM form, or leave ca_file out"
            yield Finding(file, f"{key}.ca_file", f"{channel.ca_file} {problem}", mend)


def _secrets(channel: ChannelSettings) -> Iterable[tuple[str, Callable[[], object]]]:
    """Each key that names a secret, with what reads it; it raises CredentialError."""
    from agent.channels.credentials import CredentialFiles, load, load_key, load_token

    holder = channel.certificate or channel.pkcs12
    if holder is not None:
        files = CredentialFiles(holder, channel.key, channel.password_file)
        rsa = channel.kind != "supplier"
        yield "certificate" if channel.certificate else "pkcs12", partial(load, files, rsa=rsa)
    elif channel.key is not None:
        yield "key", partial(load_key, channel.key, channel.password_file)
    if channel.token_file is not None:
        yield "token_file", partial(load_token, channel.token_file)


def _unreadable(path: Path) -> str:
    """Why this is not a file that can be read; "" when it is."""
    if not path.exists():
        return "does not exist"
    if not path.is_file():
        return "is not a file"
    return "" if os.access(path, os.R_OK) else "may not be read by this user"
