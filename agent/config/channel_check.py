"""What no key of [[channels]] shows by itself: what each kind needs, and what it has no use for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any

from agent.config.settings import (
    AnswerSettings,
    ChannelSettings,
    Config,
    PlaceSettings,
    RequestSettings,
)

Find = Callable[[str, str, str], None]
"""Notes a key, what is wrong with it, and the mend."""

KINDS_OF_KEY: Mapping[str, tuple[str, ...]] = {
    "certificate": ("checkinatwork", "supplier"),
    "pkcs12": ("checkinatwork", "supplier"),
    "may_search": ("checkinatwork",),
    "client_id": ("checkinout",),
    "token_address": ("checkinout",),
    "scope": ("checkinout",),
    "oldest_s": ("checkinout", "supplier"),
    "for_duty": ("supplier",),
    "token_file": ("supplier",),
    "roster_every_min": ("supplier",),
    "valid_until": ("checkinout", "supplier"),
    "api": ("supplier",),
    "request": ("supplier",),
    "answer": ("supplier",),
}
"""Keys that mean something to some kinds only; all others to each."""

REQUIRED_IN_REQUEST = ("reference", "day", "declaration", "inss")
"""Without one of them no registration can be made or found again."""


def check_channels(config: Config, find: Find) -> None:
    """Finds what is missing in each channel and what belongs to another kind."""
    for number, channel in enumerate(config.channels, 1):
        key = f"channels[{number}]"
        _check_keys(channel, key, find)
        if channel.roster_every_min and any(
            c.roster_every_min for c in config.channels[: number - 1]
        ):
            find(
                f"{key}.roster_every_min",
                "another channel keeps the roster already, and there is one roster",
                "leave it with one of them",
            )
        match channel.kind:
            case "checkinatwork":
                _check_certificate(channel, key, find, "the service takes only signed calls")
            case "checkinout":
                _check_client(channel, key, find)
            case "supplier":
                _check_supplier(channel, key, find)


def check_place(config: Config, find: Find) -> None:
    """Finds out whether the place of work can be told to a service that asks for it."""
    place = config.site.place
    if (place.latitude is None) != (place.longitude is None):
        missing = "latitude" if place.latitude is None else "longitude"
        find(f"site.place.{missing}", "is missing beside the other one", "write both, or neither")
    elif any(c.kind == "checkinout" for c in config.channels) and not _is_told(place):
        find(
            "site.place",
            "is missing, and Check In and Out registers where it was",
            "write latitude and longitude, or post_code, municipality, street and house_number",
        )


def _is_told(place: PlaceSettings) -> bool:
    address = (place.post_code, place.municipality, place.street, place.house_number)
    return place.latitude is not None or all(address)


def _check_keys(channel: ChannelSettings, key: str, find: Find) -> None:
    for part in fields(channel):
        kinds = KINDS_OF_KEY.get(part.name, ())
        if kinds and channel.kind not in kinds and getattr(channel, part.name) != _default(part):
            find(
                f"{key}.{part.name}",
                f'means nothing to a channel of kind "{channel.kind}"',
                f"remove it; it belongs to {' or '.join(kinds)}",
            )


def _default(part: Field[Any]) -> Any:
    return part.default if part.default_factory is MISSING else part.default_factory()


def _check_certificate(channel: ChannelSettings, key: str, find: Find, why: str) -> None:
    pem = (channel.certificate is not None, channel.key is not None)
    if channel.pkcs12 is not None and any(pem):
        find(
            f"{key}.pkcs12",
            "stands beside certificate or key, and only one of the two can sign",
            "keep either pkcs12, or certificate and key",
        )
    elif channel.pkcs12 is None and not all(pem):
        find(
            f"{key}.{'key' if pem[0] else 'certificate'}",
            f"is missing: {why}",
            "write certificate and key (PEM files), or pkcs12",
        )


def _check_client(channel: ChannelSettings, key: str, find: Find) -> None:
    needed = (
        ("key", channel.key, "the key whose public half the portal knows (PEM file)"),
        ("client_id", channel.client_id, "the client id that the portal gave (Chaman)"),
        ("token_address", channel.token_address, "the address, or leave the key out"),
    )
    for name, value, what in needed:
        if not value:
            find(
                f"{key}.{name}", "is missing: without it there is no access token", f"write {what}"
            )


def _check_supplier(channel: ChannelSettings, key: str, find: Find) -> None:
    if channel.certificate or channel.key or channel.pkcs12:
        _check_certificate(channel, key, find, "mutual TLS needs both")
    elif channel.token_file is None:
        find(
            f"{key}.token_file",
            "is missing: the supplier would not know who calls",
            "write the file that holds the token, or certificate and key for mutual TLS",
        )
    _check_request(channel.request, f"{key}.request", find)
    _check_answer(channel, f"{key}.answer", find)


def _check_request(request: RequestSettings, key: str, find: Find) -> None:
    for name in REQUIRED_IN_REQUEST:
        if not getattr(request, name):
            find(f"{key}.{name}", "is empty, and nothing can be registered without", "write where")
    for name, other in _overlaps(request):
        find(
            f"{key}.{name}",
            f"stands in the same place as {other}",
            "give each a place of its own",
        )


def _overlaps(request: RequestSettings) -> Iterator[tuple[str, str]]:
    """Pairs of which one would overwrite the other: the same pointer, or one inside the other."""
    places = [(f.name, getattr(request, f.name)) for f in fields(request) if f.name != "items"]
    used = [(name, place) for name, place in places if place]
    for number, (name, place) in enumerate(used):
        for other, taken in used[:number]:
            if f"{place}/".startswith(f"{taken}/") or f"{taken}/".startswith(f"{place}/"):
                yield name, other


def _check_answer(channel: ChannelSettings, key: str, find: Find) -> None:
    answer: AnswerSettings = channel.answer
    if not answer.receipt:
        find(
            f"{key}.receipt",
            "is empty, and without the number of the RSZ no registration ever counts",
            "write where the number stands",
        )
    if not answer.reference and channel.batch > 1:
        find(
            f"{key}.reference",
            "is empty, and among several answers nobody knows whose is whose",
            "write where the reference stands, or batch = 1",
        )
    for both in sorted(set(answer.handed_over) & set(answer.rejected)):
        find(f"{key}.handed_over", f'"{both}" stands in rejected, too', "keep it in one of them")
