"""The ways to the authority: one Protocol, one error tree, one module for each service."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from agent.channels.base import Channel

if TYPE_CHECKING:
    from agent.channels.credentials import Authorities, CredentialFiles
    from agent.channels.names import Names
    from agent.config.settings import ChannelSettings, PlaceSettings


Now = Callable[[], dt.datetime]
"""The present, aware."""


def open_channel(
    settings: ChannelSettings,
    place: PlaceSettings | None = None,
    now: Now | None = None,
    names: Names | None = None,
) -> Channel:
    """The channel of `settings`. What is wrong with its files is told when it is used.

    `place`: where the site is, for a service that registers the place. `now`: by which its messages
    are dated, the machine's clock by default. `names`: who says where its host is, by default the
    machine's resolver alone.
    """
    clock = now or _utc_now
    from agent.channels.credentials import Authorities

    trusted = Authorities(settings.ca_file) if settings.ca_file is not None else None
    match settings.kind:
        case "checkinatwork":
            return _checkinatwork(settings, trusted, names, clock)
        case "checkinout":
            return _checkinout(settings, trusted, names, place, clock)
        case "supplier":
            return _supplier(settings, trusted, names, clock)
        case unknown:
            raise ValueError(f"channel {settings.name}: no such kind: {unknown}")


def _checkinatwork(
    settings: ChannelSettings, trusted: Authorities | None, names: Names | None, clock: Now
) -> Channel:
    from agent.channels.checkinatwork import Checkinatwork
    from agent.channels.credentials import Credentials
    from agent.channels.wire import Wire

    files = _files(settings)
    assert files is not None  # channel_check.py asks for one of the two
    return Checkinatwork(
        settings.name,
        settings.endpoint,
        Credentials(files),
        Wire(trusted, names=names),
        environment=settings.environment,
        clock=clock,
    )


def _checkinout(
    settings: ChannelSettings,
    trusted: Authorities | None,
    names: Names | None,
    place: PlaceSettings | None,
    clock: Now,
) -> Channel:
    from agent.channels.checkinout import CheckInOut, place_of_work
    from agent.channels.credentials import SigningKey
    from agent.channels.tokens import AccessTokens
    from agent.channels.wire import Wire

    assert settings.key is not None and place is not None  # channel_check.py asks for both
    wire = Wire(trusted, names=names)
    tokens = AccessTokens(
        settings.token_address,
        settings.client_id,
        SigningKey(settings.key, settings.password_file),
        wire,
        scope=settings.scope,
        clock=clock,
    )
    return CheckInOut(
        settings.name,
        settings.endpoint,
        tokens,
        wire,
        place=place_of_work(place),
        clock=clock,
        oldest_s=settings.oldest_s,
    )


def _supplier(
    settings: ChannelSettings, trusted: Authorities | None, names: Names | None, clock: Now
) -> Channel:
    from agent.channels.credentials import BearerToken, Credentials
    from agent.channels.mutual_tls import open_wire
    from agent.channels.supplier import Supplier

    files = _files(settings)
    return Supplier(
        settings.name,
        settings.endpoint,
        partial(open_wire, trusted, names),
        duty=settings.duty,
        clock=clock,
        token=BearerToken(settings.token_file) if settings.token_file else None,
        credentials=Credentials(files, rsa=False) if files else None,
        authorities=trusted,
        oldest_s=settings.oldest_s,
        single=settings.batch == 1,
        api=settings.api,
        request=settings.request,
        answer=settings.answer,
    )


def _files(settings: ChannelSettings) -> CredentialFiles | None:
    from agent.channels.credentials import CredentialFiles

    certificate = settings.pkcs12 or settings.certificate
    if certificate is None:
        return None
    key = None if settings.pkcs12 else settings.key
    return CredentialFiles(certificate, key, settings.password_file)


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
