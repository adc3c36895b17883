"""The ways to the authority: one Protocol, one error tree, one module for each service."""

from __future__ import annotations

import datetime as dt
import ssl
from typing import TYPE_CHECKING

from agent.channels.base import Ability, Channel, NotReached, Reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.channels.credentials import Credentials
    from agent.core.registrations import Registration
    from agent.settings import ChannelSettings


def open_channel(settings: ChannelSettings) -> Channel:
    """The channel of `settings`. What is wrong with its files is told when it is used."""
    try:
        trusted = _trusted(settings)
    except (OSError, ssl.SSLError) as error:
        return Unusable(settings.name, f"{settings.ca_file}: {error}")
    match settings.kind:
        case "checkinatwork":
            from agent.channels.checkinatwork import Checkinatwork
            from agent.channels.wire import Wire

            return Checkinatwork(
                settings.name,
                settings.endpoint,
                _credentials(settings),
                Wire(trusted),
                environment=settings.environment,
                clock=lambda: dt.datetime.now(dt.UTC),
            )
        case unknown:
            raise ValueError(f"channel {settings.name}: no such kind: {unknown}")


def _credentials(settings: ChannelSettings) -> Credentials:
    from agent.channels.credentials import CredentialFiles, Credentials

    certificate = settings.pkcs12 or settings.certificate
    assert certificate is not None  # config_check.py asks for one of the two
    key = None if settings.pkcs12 else settings.key
    return Credentials(CredentialFiles(certificate, key, settings.password_file))


def _trusted(settings: ChannelSettings) -> ssl.SSLContext | None:
    """Whom to trust: the system's authorities (None), or the configured one alone."""
    if settings.ca_file is None:
        return None
    return ssl.create_default_context(cafile=settings.ca_file)


class Unusable:
    """A channel whose files are broken: every call says so, and the gate works on."""

    abilities: frozenset[Ability] = frozenset()

    def __init__(self, name: str, problem: str) -> None:
        self.name = name
        self._problem = problem

    def prepare(self) -> None:
        """Raises NotReached, with the mend."""
        raise NotReached(self._problem, "mend `ca_file`, then restart the agent", retry=False)

    def register(self, registrations: Sequence[Registration], timeout_s: float) -> Reply:
        """Raises NotReached, with the mend."""
        self.prepare()
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Nothing to let go."""
