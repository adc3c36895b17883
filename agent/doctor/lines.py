"""The network layer by layer, and each channel with what it proves itself with."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator
from typing import cast

from agent.channels import open_channel
from agent.channels.base import AsksAfter, Channel, ChannelError, LooksUp
from agent.channels.credentials import CredentialError, CredentialFiles, load
from agent.config import ChannelSettings, Config
from agent.config.surroundings import names_of
from agent.core.delivery.inquiries import Ability
from agent.core.outage.measurements import FAILING, WELL, Layer, Measurement
from agent.doctor.verdicts import Verdict, broken, untried, warning, well

CALL_S = 8.0
"""Of a service that answers within one; the whole examination is to take 15."""
NO_RECEIPT = "1"
"""A receipt number that nobody has: whoever may ask is told so, whoever may not is refused."""
NO_REFERENCE = "werfpoort-doctor"
EXPIRY_WARNING_DAYS = 30
RENEW = "ask for a new one now, and put it in its place: it is taken up without a restart"

TO_DO = {
    Layer.LINK: "look at the cable and its lamps, or at the Wi-Fi's or modem's settings",
    Layer.LOCAL: "look at the router: is it on, does it give this gate an address",
    Layer.INTERNET: "nothing answers beyond the router: call the provider, keep its ticket",
    Layer.NAMES: "no name server answers: set one in the router, or [evidence].resolvers",
    Layer.CHANNEL: "it is not reached: a firewall, its certificate, or the service itself",
}
"""What a layer that fails asks for; what lies above it fails because of it."""


def network(taken: Iterable[Measurement]) -> Iterator[Verdict]:
    """One verdict a layer and uplink: what was measured, in the measurements' own words."""
    for measurement in taken:
        layer = measurement.layer
        if layer not in TO_DO:
            continue
        part = f"network: {layer.value}" + (f" {measurement.of}" if measurement.of else "")
        readings = {
            field.name: getattr(measurement.value, field.name)
            for field in dataclasses.fields(measurement.value)
        }
        failing = [name.replace("_", " ") for name, said in readings.items() if said is FAILING]
        if failing:
            yield broken(part, f"fails: {', '.join(failing)}", TO_DO[layer])
        elif WELL in readings.values():
            yield well(part, "well")
        else:
            yield untried(part, "nothing could be measured")


def channel(settings: ChannelSettings, config: Config, now: dt.datetime) -> Iterator[Verdict]:
    """Whether this channel can be used, by a question to it that changes nothing; and how long."""
    part = f"channel {settings.name}"
    opened = open_channel(settings, config.site.place, names=names_of(config))
    try:
        opened.prepare()
        yield well(part, _asked(opened, settings))
    except ChannelError as error:
        yield broken(part, str(error), error.hint or "see the log of the agent")
    finally:
        opened.close()
    yield from _expiry(settings, now)


def _expiry(settings: ChannelSettings, now: dt.datetime) -> Iterator[Verdict]:
    holder = settings.certificate or settings.pkcs12
    if holder is None:
        return
    try:
        files = CredentialFiles(holder, settings.key, settings.password_file)
        ends = load(files, rsa=settings.kind != "supplier").not_after
    except CredentialError:
        return  # said by the channel already
    part = f"certificate of {settings.name}"
    left = (ends - now).days
    told = f"{holder} ends on {ends:%Y-%m-%d}, in {left} days"
    if left < 0:
        yield broken(part, told, RENEW)
    elif left < EXPIRY_WARNING_DAYS:
        yield warning(part, told, RENEW)
    else:
        yield well(part, told)


def _asked(opened: Channel, settings: ChannelSettings) -> str:
    environment = f"{settings.environment} at {settings.endpoint}"
    if Ability.LOOK_UP in opened.abilities:
        cast(LooksUp, opened).look_up(NO_RECEIPT, CALL_S)
        return f"{environment} knows us"
    if Ability.ASK_AFTER in opened.abilities:
        cast(AsksAfter, opened).ask_after(NO_REFERENCE, CALL_S)
        return f"{environment} knows us"
    return f"{environment}: key and settings can be used; only a registration shows more"
