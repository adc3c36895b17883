"""The rule of each key, as a table: takes the value, returns it in the form that the agent keeps.

A rule raises IdentifierError with what is wrong and the mend. Types are checked before.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agent.config.page_settings import host_names, place_to_listen
from agent.config.settings import CHANNEL_KINDS, NONE, AnswerSettings, RequestSettings
from agent.config.surroundings import anchor_parts
from agent.core.identifiers import IdentifierError, parse_company, parse_declaration
from agent.core.outage.contacts import minute_of
from agent.core.recipient import parse_recipient
from agent.core.rules import DUTIES
from agent.json_pointer import parts_of
from agent.paper.operator_code import CodeUnusable, parse
from drivers import KEYPAD_KINDS, PRINTER_KINDS, READER_KINDS

LANGUAGES = ("nl", "fr", "de", "en")
"""DOMAIN.md, section 2."""
NAME_MOST_CHARACTERS = 16
SOCKET_PATH_MOST_BYTES = 107
"""unix(7): sun_path holds 108 bytes with the zero that ends it."""
BCM_LAST_PIN = 27
"""The 40-pin header of a Raspberry Pi carries GPIO 0 to 27."""
BAUD_RATES = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
"""What badge readers are sold with."""
BATCH_MOST = 200
"""WIRE.md, section 1: registrations in one call."""

Rule = Callable[[Any], Any]


def _name(text: str) -> str:
    if not re.fullmatch(rf"[a-z0-9-]{{1,{NAME_MOST_CHARACTERS}}}", text):
        raise IdentifierError(
            f"is not a name of 1 to {NAME_MOST_CHARACTERS} characters of a-z, 0-9 and -",
            "choose a short one, as `noord-1`; it stands in logs and on lists",
        )
    return text


def _some_text(text: str) -> str:
    if not text.strip():
        raise IdentifierError("is empty", "write it between the quotation marks")
    return text.strip()


def _one_of(known: Collection[str]) -> Rule:
    def rule(text: str) -> str:
        if text not in known:
            near = get_close_matches(text, known, 1)
            hint = f"did you mean `{near[0]}`? " if near else ""
            raise IdentifierError("is not known", f"{hint}known: {', '.join(known)}")
        return text

    return rule


def _from_to(least: float, most: float, unit: str) -> Rule:
    def rule(number: float) -> float:
        if not least <= number <= most:
            raise IdentifierError(
                "is out of range", f"choose a number from {least:g} to {most:g} {unit}"
            )
        return number

    return rule


def _baud(speed: int) -> int:
    if speed not in BAUD_RATES:
        raise IdentifierError(
            "is no speed of a serial port", f"choose among {', '.join(map(str, BAUD_RATES))}"
        )
    return speed


def _bytes_in_hex(text: str) -> str:
    if not re.fullmatch(r"([0-9A-Fa-f]{2}){0,8}", text):
        raise IdentifierError("is not bytes in hex", 'write two digits for each, as "0D0A"')
    return text


def _some_bytes_in_hex(text: str) -> str:
    if not text:
        raise IdentifierError("is empty", 'write the bytes that end a frame, as "0D"')
    return _bytes_in_hex(text)


def _languages(chosen: tuple[str, ...]) -> tuple[str, ...]:
    wrong = [language for language in chosen if language not in LANGUAGES]
    if wrong or not chosen or len(set(chosen)) < len(chosen):
        raise IdentifierError(
            "is not a list of different languages", f"choose among {', '.join(LANGUAGES)}"
        )
    return chosen


def _socket(path: Path) -> Path:
    if len(bytes(path)) > SOCKET_PATH_MOST_BYTES:
        raise IdentifierError(
            f"is longer than the {SOCKET_PATH_MOST_BYTES} bytes that Linux allows for a socket",
            "choose a shorter path, as /run/werfpoort/control.sock",
        )
    return path


def _https(address: str) -> str:
    if not address:
        return address
    try:
        parts = urlsplit(address)
        good = parts.scheme == "https" and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good or parts.username is not None or " " in address:
        raise IdentifierError(
            "is not an https address",
            "write it as https://host/path, without user or password; nothing is sent unencrypted",
        )
    return address


def _clock_time(text: str) -> str:
    try:
        minute_of(text)
    except ValueError:
        raise IdentifierError("is not a time of the day", "write it as 07:00") from None
    return text


def _anchors(anchors: tuple[str, ...]) -> tuple[str, ...]:
    for anchor in anchors:
        try:
            anchor_parts(anchor)
        except (ValueError, TypeError):
            raise IdentifierError(
                f"holds {anchor!r}, which is no anchor",
                'write each as "name address", as "dns.google 8.8.8.8"; dialled by its address',
            ) from None
    places = [anchor_parts(anchor)[1:] for anchor in anchors]
    if len(set(places)) < len(places):
        raise IdentifierError("holds an address twice", "write anchors that are independent")
    return anchors


def _ip(address: str) -> str:
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        raise IdentifierError("is not an address", "write it in numbers, as 192.168.1.1") from None


def _ips(addresses: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(_ip, addresses))


def _networks(networks: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(str(ipaddress.ip_network(network)) for network in networks)
    except ValueError as error:
        raise IdentifierError(
            f"is not a list of networks: {error}", 'write each as "81.240.0.0/16"'
        ) from None


def _plain_page(address: str) -> str:
    parts = urlsplit(address)
    if address and (parts.scheme != "http" or not parts.hostname or " " in address):
        raise IdentifierError(
            "is not an http address",
            "write a page that answers 204, as http://connectivitycheck.gstatic.com/generate_204",
        )
    return address


def _device(name: str) -> str:
    if not re.fullmatch(r"[^\s/:]{0,15}", name):
        raise IdentifierError("is not the name of a network device", "write it as `ip link` does")
    return name


def _optional(rule: Rule) -> Rule:
    return lambda value: rule(value) if value else value


def _pointer(text: str) -> str:
    try:
        parts_of(text)
    except ValueError as error:
        raise IdentifierError(
            f"says no place: {error}", "write it as /receipt/number (RFC 6901), or leave it empty"
        ) from None
    return text


def _api_path(text: str) -> str:
    if not re.fullmatch(r"(/[^\s?#]*)?", text):
        raise IdentifierError(
            "is not a path under the channel's address", "write it as /registrations"
        )
    return text


def _path_of_one(text: str) -> str:
    if _api_path(text).count("{key}") != 1:
        raise IdentifierError(
            "does not say where the reference stands", "write it as /registrations/{key}"
        )
    return text


def _header_name(text: str) -> str:
    if not _HEADER_NAME.fullmatch(text):
        raise IdentifierError("is not the name of a header", "write it as Idempotency-Key")
    return text


def _scheme(text: str) -> str:
    return _header_name(text) if text else text


def _headers(lines: tuple[str, ...]) -> tuple[str, ...]:
    for line in lines:
        name, colon, value = line.partition(":")
        if not (colon and _HEADER_NAME.fullmatch(name.strip()) and value.strip()):
            raise IdentifierError("holds what is no header", 'write each as "Name: value"')
        if not (value.isascii() and value.isprintable()):
            raise IdentifierError("holds a character that no header may", "write visible ASCII")
        if name.strip().casefold() in _KEPT_HEADERS:
            raise IdentifierError(
                f"holds {name.strip()}, which the gate writes itself",
                "remove it; for a secret there are token_file and token_header",
            )
    return lines


_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110, section 5.6.2: token."""
_KEPT_HEADERS = frozenset(
    "accept accept-encoding authorization connection content-encoding content-length content-type"
    " cookie host proxy-authorization te transfer-encoding upgrade".split()
)


def _date(text: str) -> str:
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError:
        raise IdentifierError("is no date", "write it as 2027-05-31") from None


def _time_of_day(text: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        raise IdentifierError("is no time of the day", "write it as 09:00")
    return text


_pin = _from_to(0, BCM_LAST_PIN, "(BCM numbers)")
_duty = _one_of(tuple(DUTIES))


def _code(text: str) -> str:
    try:
        parse(text)
    except CodeUnusable as error:
        raise IdentifierError(
            str(error).partition(";")[0], "make it with: werfpoort code"
        ) from None
    return text


def _pins(numbers: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(_pin(number) for number in numbers)


RULES: Mapping[str, Rule] = {
    "gate.name": _name,
    "gate.control_socket": _socket,
    "gate.languages": _languages,
    "gate.debounce_s": _from_to(0, 60, "seconds"),
    "gate.shift_hours": _from_to(1, 24, "hours"),
    "site.name": _some_text,
    "site.declaration": parse_declaration,
    "site.company": parse_company,
    "site.duty": _duty,
    "employers.number": parse_company,
    "employers.name": _some_text,
    "employers.duty": _optional(_duty),
    "contractors.company": parse_company,
    "contractors.name": _some_text,
    "contractors.recipient": parse_recipient,
    "retention.receipt_months": _from_to(1, 120, "months"),
    "retention.proof_years": _from_to(1, 30, "years"),
    "readers.name": _name,
    "readers.kind": _one_of(READER_KINDS),
    "readers.path": _some_text,
    "readers.baud": _baud,
    "readers.frame.start": _bytes_in_hex,
    "readers.frame.end": _some_bytes_in_hex,
    "readers.frame.skip": _from_to(0, 64, "characters"),
    "readers.frame.digits": _from_to(0, 25, "characters"),
    "readers.frame.bytes": _from_to(3, 10, "bytes"),
    "panel.amber": _pin,
    "panel.green": _pin,
    "panel.red": _pin,
    "panel.buzzer": _pin,
    "operator.code": _optional(_code),
    "keypad.kind": _one_of((NONE, *KEYPAD_KINDS)),
    "keypad.name": _name,
    "keypad.rows": _pins,
    "keypad.columns": _pins,
    "printer.kind": _one_of((NONE, *PRINTER_KINDS)),
    "printer.baud": _from_to(1_200, 921_600, "baud"),
    "notices.heartbeat_url": _https,
    "notices.webhook_url": _https,
    "page.listen": _optional(place_to_listen),
    "page.code": _optional(_code),
    "page.proxy": _optional(_ip),
    "page.names": host_names,
    "channels.name": _name,
    "channels.kind": _one_of(tuple(CHANNEL_KINDS)),
    "channels.address": _https,
    "channels.timeout_s": _from_to(1, 120, "seconds"),
    "channels.batch": _from_to(1, BATCH_MOST, "registrations"),
    "channels.for_duty": _optional(_duty),
    "channels.token_address": _https,
    "channels.roster_every_min": _from_to(0, 1440, "minutes"),
    "channels.valid_until": _optional(_date),
    "channels.oldest_s": _from_to(60, 86_400, "seconds"),
    "channels.budget_s": _from_to(1, 86_400, "seconds"),
    "channels.api.registrations": _api_path,
    "channels.api.registration": _path_of_one,
    "channels.api.roster": _api_path,
    "channels.api.key_header": _header_name,
    "channels.api.token_header": _header_name,
    "channels.api.token_scheme": _scheme,
    "channels.api.headers": _headers,
    **{f"channels.request.{part.name}": _pointer for part in fields(RequestSettings)},
    **{
        f"channels.answer.{part.name}": _pointer
        for part in fields(AnswerSettings)
        if isinstance(part.default, str)
    },
    "site.place.latitude": _from_to(49.4, 51.6, "degrees north: Belgium"),
    "site.place.longitude": _from_to(2.5, 6.5, "degrees east: Belgium"),
    "power.mains_pin": _pin,
    "power.witness": _optional(_ip),
    "uplinks.name": _name,
    "uplinks.device": _device,
    "evidence.anchors": _anchors,
    "evidence.resolvers": _ips,
    "evidence.other_resolvers": _ips,
    "evidence.empty_page": _plain_page,
    "evidence.provider_networks": _networks,
    "outage.hysteresis_s": _from_to(10, 1800, "seconds"),
    "outage.call_s": _from_to(10, 1800, "seconds"),
    "contacts.centre_form": _https,
    "contacts.centre_opens": _clock_time,
    "contacts.centre_closes": _clock_time,
    "contacts.online_service": _https,
    "delivery.burst_s": _from_to(1, 600, "seconds"),
    "delivery.first_retry_s": _from_to(0.1, 60, "seconds"),
    "delivery.longest_retry_s": _from_to(1, 300, "seconds"),  # see ANSWER_HOLDS_MS
    "delivery.waiting_after_s": _from_to(1, 300, "seconds"),
    "ahead.here_by": _time_of_day,
    "delivery.follow_up_hours": _from_to(0, 24, "hours"),
    "delivery.taken_back_after_s": _from_to(1, 3600, "seconds"),
    "delivery.ask_after_s": _from_to(5, 3600, "seconds"),
    "delivery.take_over_hours": _from_to(0.1, 12, "hours"),
}
