"""What the gate measured, as values: one frozen class per layer of DOMAIN.md, section 3.

Measuring never judges. Every field is `well`, `failing` or `unknown`; what could not be measured
is `unknown`, never `well`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

from agent.core.moment import Moment


class Reading(StrEnum):
    """What a measurement says."""

    WELL = "well"
    FAILING = "failing"
    UNKNOWN = "unknown"


WELL, FAILING, UNKNOWN = Reading.WELL, Reading.FAILING, Reading.UNKNOWN


class Layer(StrEnum):
    """The layers, the lowest first; `ELSEWHERE` is what is known of other ways to register."""

    CLOCK = "clock"
    POWER = "power"
    LINK = "link"
    LOCAL = "local"
    INTERNET = "internet"
    NAMES = "names"
    CHANNEL = "channel"
    ANSWER = "answer"
    GATE = "gate"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Clock:
    """`trusted`: its source may date a day. `steady`: no jump since it was trusted."""

    trusted: Reading = UNKNOWN
    steady: Reading = UNKNOWN


@dataclass(frozen=True, slots=True)
class Power:
    """`mains`: the sensor. `voltage`: the gate's supply. `witness`: well when a mains-fed device
    of the site without a battery answers."""

    mains: Reading = UNKNOWN
    voltage: Reading = UNKNOWN
    witness: Reading = UNKNOWN


@dataclass(frozen=True, slots=True)
class Link:
    """Of one uplink. `carrier`: the cable. `association`: the Wi-Fi. `sim`: there, unlocked, not
    denied. `registered`: the modem, with its operator. `own_cells`, `other_cells`: heard at all.
    `reset`: well when the modem was reset since it lost its operator."""

    carrier: Reading = UNKNOWN
    association: Reading = UNKNOWN
    sim: Reading = UNKNOWN
    registered: Reading = UNKNOWN
    own_cells: Reading = UNKNOWN
    other_cells: Reading = UNKNOWN
    reset: Reading = UNKNOWN


@dataclass(frozen=True, slots=True)
class Local:
    """Of one uplink: it has an address; its gateway answers."""

    address: Reading = UNKNOWN
    gateway: Reading = UNKNOWN


@dataclass(frozen=True, slots=True)
class Internet:
    """Of one uplink. `anchors`: each by itself, in the configured order. `provider_hop`: a hop of
    the provider answers; `beyond`: one beyond it. `portal`: failing when a login page or redirect
    came, well when it was looked for and none came. `subscription`: failing when used up or
    unpaid. `steady`: failing with loss or delay. `last_hop`: the farthest router that answered, for
    the report; it decides nothing."""

    anchors: tuple[Reading, ...] = ()
    provider_hop: Reading = UNKNOWN
    beyond: Reading = UNKNOWN
    portal: Reading = UNKNOWN
    subscription: Reading = UNKNOWN
    steady: Reading = UNKNOWN
    last_hop: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """The configured resolvers answer; other resolvers answer."""

    configured: Reading = UNKNOWN
    others: Reading = UNKNOWN


@dataclass(frozen=True, slots=True)
class Channel:
    """Of one endpoint. `name`: failing when no resolver that answers knows it. `impostor`:
    failing when a proxy, a login page or a certificate for another host stands in its place.
    `certificate`: failing when bad in any other way. `http`: it speaks HTTP over that TLS; unknown
    where it wants our certificate first."""

    name: Reading = UNKNOWN
    tcp: Reading = UNKNOWN
    tls: Reading = UNKNOWN
    certificate: Reading = UNKNOWN
    impostor: Reading = UNKNOWN
    http: Reading = UNKNOWN


GATEWAY_STATUSES = (502, 503, 504)
"""What a service says that is there and cannot serve (DOMAIN.md, section 3, layer answer)."""


class Said(StrEnum):
    """What kind of answer came. `NOTHING` says nothing and takes nothing back."""

    NOTHING = "nothing"
    SETTLED = "settled"
    """A receipt or a business error: the service works."""
    UNREADABLE = "unreadable"
    STATUS = "status"
    """An HTTP status that is not a success, without a SOAP fault in the body."""
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Answer:
    """Of one endpoint (WIRE.md, section 1). `verified`: over TLS with its own certificate.
    `environment`: failing when not the configured one. `likewise`: failing when a different
    request (getPresenceRegistration) fails in the same way, well when that one is answered."""

    said: Said = Said.NOTHING
    code: str = ""
    origin: str = ""
    status: int = 0
    verified: Reading = UNKNOWN
    environment: Reading = UNKNOWN
    likewise: Reading = UNKNOWN

    @property
    def blames_sender(self) -> bool:
        """It finds the sender at fault, by code, origin or status."""
        if self.said is Said.FAULT:
            return self.code.startswith(("SOA-01", "SOA-03")) or self.origin == "Consumer"
        return self.said is Said.STATUS and 300 <= self.status < 500

    @property
    def blames_service(self) -> bool:
        """A fault whose code or origin says it is the service's, and neither says otherwise."""
        named = self.code.startswith("SOA-02") or self.origin == "Provider"
        agreed = self.origin in ("", "Provider") and not self.blames_sender
        return self.said is Said.FAULT and named and agreed

    @property
    def of_gateway(self) -> bool:
        """Something in front of the service answers that it cannot serve."""
        return self.said is Said.STATUS and self.status in GATEWAY_STATUSES


@dataclass(frozen=True, slots=True)
class Gate:
    """The gate itself: can it take a tap, keep it and sign for it. `keypad`, `printer` and `disk`
    (room on it) are for the report: a tap counts without them."""

    reader: Reading = UNKNOWN
    journal: Reading = UNKNOWN
    credentials: Reading = UNKNOWN
    configuration: Reading = UNKNOWN
    keypad: Reading = UNKNOWN
    printer: Reading = UNKNOWN
    disk: Reading = UNKNOWN


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Other ways to register: well when it does, failing when tried in vain. `uplink`: the
    service over another uplink whose anchors answer. `other_gate`: another gate of the site.
    `phone`: a person's answer to "does the online service open on a phone?"."""

    uplink: Reading = UNKNOWN
    other_gate: Reading = UNKNOWN
    phone: Reading = UNKNOWN


Value = Clock | Power | Link | Local | Internet | Names | Channel | Answer | Gate | Elsewhere

VALUES: Mapping[Layer, type[Value]] = {
    Layer.CLOCK: Clock,
    Layer.POWER: Power,
    Layer.LINK: Link,
    Layer.LOCAL: Local,
    Layer.INTERNET: Internet,
    Layer.NAMES: Names,
    Layer.CHANNEL: Channel,
    Layer.ANSWER: Answer,
    Layer.GATE: Gate,
    Layer.ELSEWHERE: Elsewhere,
}
"""The class of each layer."""
_LAYERS: Mapping[type[Value], Layer] = {value: layer for layer, value in VALUES.items()}

ADVERSE: Mapping[str, Reading] = {
    "beyond": WELL,
    "own_cells": WELL,
    "likewise": WELL,
    "uplink": WELL,
    "other_gate": WELL,
    "phone": WELL,
}
"""The reading of a field that stands against an exemption, where it is not `failing`. A witness of
mains speaks for one and against one: see `Picture.lit`."""

MAINS_SENSOR = "mains"
"""The device by this name takes no taps: without it the gate works, and knows less."""

MEASURED_HOLDS_MS = 600_000
"""Ours: in trouble everything is measured each minute; ten missed rounds are no measurement."""
ANSWER_HOLDS_MS = 1_200_000
"""Ours: four of the longest pauses that may be configured between two attempts; else an answer
would be forgotten before the next one, and an outage of the service seem to be over in between."""
HOLDS_MS: Mapping[Layer, int] = {
    **dict.fromkeys(Layer, MEASURED_HOLDS_MS),
    Layer.ANSWER: ANSWER_HOLDS_MS,
    Layer.ELSEWHERE: 24 * 3600 * 1000,
}
"""How long a measurement holds. What a person said, or another gate did, holds for its day; what
was reached over another uplink is measured, and holds as long as that does."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One layer, measured at an instant; `of` names the uplink or channel where there are some.

    `before`: when the same was measured last before this, so that a change tells until when the
    old value held; None: not since the agent runs.
    """

    at: Moment
    value: Value
    of: str = ""
    before: Moment | None = None

    @property
    def layer(self) -> Layer:
        """The layer that was measured."""
        return _LAYERS[type(self.value)]


def readings(value: Value) -> dict[str, str]:
    """The fields that say something, as text: for the journal, a story and a report."""
    return {
        f.name: ",".join(v) if isinstance(v, tuple) else str(v)
        for f in fields(value)
        if (v := getattr(value, f.name)) not in (UNKNOWN, (), "", 0, Said.NOTHING)
    }


def from_readings(layer: Layer, given: Mapping[str, str]) -> Value:
    """The value that `readings` described; raises ValueError naming what cannot be read."""
    known = {f.name for f in fields(VALUES[layer])}
    if strange := sorted(set(given) - known):
        raise ValueError(f"layer {layer} has no {strange[0]}; it has {', '.join(sorted(known))}")
    make: Callable[..., Value] = VALUES[layer]
    return make(**{name: _field(name, text) for name, text in given.items()})


def _field(name: str, text: str) -> object:
    match name:
        case "code" | "origin" | "last_hop":
            return text
        case "status":
            return int(text)
        case "said":
            return Said(text)
        case "anchors":
            return tuple(Reading(part.strip()) for part in text.split(",") if part.strip())
    return Reading(text)
