"""The table of DOMAIN.md, section 3, "From evidence to classification": its rows, in its order.

In a layer our own rows come first, then the supplier's, then those that exempt; the general
row of the layer, `undetermined`, comes last. A row that exempts asks for *well* below it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent.core.outage.facts import Medium
from agent.core.outage.measurements import FAILING, UNKNOWN, WELL, Layer
from agent.core.outage.sight import (
    Sight,
    anchors,
    answered_badly,
    channel_fails,
    no_anchor,
    nobody_resolves,
    operator_gone,
    others_lit,
    provider_dead,
    sender,
    service_fault,
    service_silent,
    service_unreachable,
    supplier,
    two_providers,
    unreachable,
)
from agent.core.outage.whose import Confidence, Whose


@dataclass(frozen=True, slots=True)
class Row:
    """One row: what decides, whose it is, how sure, and what would settle it (keys of texts)."""

    key: str
    layer: Layer
    holds: Callable[[Sight], bool]
    whose: Whose
    confidence: Confidence = Confidence.MEASURED
    settles: tuple[str, ...] = ()


_OWN, _OPEN, _THEIRS = Whose.OWN, Whose.UNDETERMINED, Whose.INFRASTRUCTURE
_UNSURE, _INFERRED = Confidence.OPEN, Confidence.INFERRED
_TICKET = ("settle.provider-ticket",)
SETTLES_MAINS = ("settle.grid-notice",)
_NOTICE = ("settle.second-way", "settle.service-notice")

SITE_ROWS: tuple[Row, ...] = (
    # An unknown clock is not a trusted one.
    Row(
        "clock.not-trusted",
        Layer.CLOCK,
        lambda s: s.picture.clock().trusted is not WELL or s.picture.clock().steady is FAILING,
        _OWN,
    ),
    Row(
        "power.generator",
        Layer.POWER,
        lambda s: s.picture.power().mains is FAILING and not s.facts.grid_fed,
        _OWN,
    ),
    Row(
        "power.others-have-mains",
        Layer.POWER,
        lambda s: s.picture.power().mains is FAILING and others_lit(s),
        _OWN,
    ),
    Row(
        "power.mains-lost",
        Layer.POWER,
        lambda s: s.picture.power().mains is FAILING,
        _OPEN,
        _UNSURE,
        SETTLES_MAINS,
    ),
    Row(
        "power.low-voltage",
        Layer.POWER,
        lambda s: s.picture.power().voltage is FAILING,
        _OWN,
    ),
)
"""Clock and power: of the whole site."""

NO_ANCHOR = "internet.no-anchor"
NOT_MEASURED = Row(
    "internet.not-measured",
    Layer.INTERNET,
    lambda s: anchors(s.internet) is UNKNOWN,
    _OPEN,
    _UNSURE,
    _TICKET,
)
"""No layer that fails: what of ours was measured above it decides (classification.py)."""

UPLINK_ROWS: tuple[Row, ...] = (
    Row(
        "link.cable-out",
        Layer.LINK,
        lambda s: s.uplink.medium is Medium.WIRED and s.link.carrier is FAILING,
        _OWN,
    ),
    Row(
        "link.access-point-off",
        Layer.LINK,
        lambda s: s.uplink.medium is Medium.WIFI and s.link.association is FAILING,
        _OWN,
    ),
    Row(
        "link.sim",
        Layer.LINK,
        lambda s: s.uplink.medium is Medium.MOBILE and s.link.sim is FAILING,
        _OWN,
    ),
    Row("link.operator-gone", Layer.LINK, operator_gone, _THEIRS, _INFERRED, _TICKET),
    Row(
        "link.not-registered",
        Layer.LINK,
        lambda s: s.uplink.medium is Medium.MOBILE and s.link.registered is FAILING,
        _OPEN,
        _UNSURE,
        ("settle.modem-reset", *_TICKET),
    ),
    Row(
        "local.providers-box-silent",
        Layer.LOCAL,
        lambda s: FAILING in (s.local.address, s.local.gateway) and s.uplink.providers_box,
        _OPEN,
        _UNSURE,
        _TICKET,
    ),
    Row(
        "local.gateway-silent",
        Layer.LOCAL,
        lambda s: FAILING in (s.local.address, s.local.gateway),
        _OWN,
    ),
    Row(
        "internet.login-page",
        Layer.INTERNET,
        lambda s: s.internet.portal is FAILING,
        _OWN,
    ),
    Row(
        "internet.subscription",
        Layer.INTERNET,
        lambda s: s.internet.subscription is FAILING,
        _OWN,
    ),
    Row("internet.provider-dead", Layer.INTERNET, provider_dead, _THEIRS, _INFERRED, _TICKET),
    Row(NO_ANCHOR, Layer.INTERNET, no_anchor, _OPEN, _UNSURE, _TICKET),
    NOT_MEASURED,
)
"""Link, local network and internet: of each uplink by itself."""

TWO_PROVIDERS = Row(
    "internet.two-providers", Layer.INTERNET, two_providers, _THEIRS, _INFERRED, _TICKET
)

UNREACHABLE, SERVICE_UNREACHABLE = "channel.unreachable", "channel.service-unreachable"
UNREACHED = (UNREACHABLE, SERVICE_UNREACHABLE)
"""Rows for which it counts that another way does not reach the service either."""
ANSWER_OTHER = "answer.other"
WAY_ROWS: tuple[Row, ...] = (
    Row(
        "names.changed-name",
        Layer.NAMES,
        lambda s: (
            s.channel.name is FAILING
            and not nobody_resolves(s)
            and not s.way.default_address
            and not supplier(s)
        ),
        _OWN,
    ),
    Row(
        "names.none-answers",
        Layer.NAMES,
        nobody_resolves,
        _OPEN,
        _UNSURE,
        _TICKET,
    ),
    Row(
        "channel.impostor",
        Layer.CHANNEL,
        lambda s: s.channel.impostor is FAILING,
        _OWN,
    ),
    Row(
        "channel.supplier",
        Layer.CHANNEL,
        lambda s: supplier(s) and channel_fails(s),
        Whose.SUPPLIER,
        settles=("settle.supplier",),
    ),
    Row(
        SERVICE_UNREACHABLE,
        Layer.CHANNEL,
        service_unreachable,
        Whose.SERVICE,
        _INFERRED,
        ("settle.service-notice",),
    ),
    Row(UNREACHABLE, Layer.CHANNEL, unreachable, _OPEN, _UNSURE, _NOTICE),
    Row(
        "channel.tls",
        Layer.CHANNEL,
        channel_fails,
        _OPEN,
        _UNSURE,
        ("settle.service-notice",),
    ),
    Row(
        "answer.environment",
        Layer.ANSWER,
        lambda s: answered_badly(s) and s.answer.environment is FAILING,
        _OWN,
    ),
    Row("answer.sender", Layer.ANSWER, sender, _OWN),
    Row(
        "answer.supplier",
        Layer.ANSWER,
        lambda s: supplier(s) and answered_badly(s),
        Whose.SUPPLIER,
        settles=("settle.supplier",),
    ),
    Row("answer.service-fault", Layer.ANSWER, service_fault, Whose.SERVICE),
    Row("answer.service-silent", Layer.ANSWER, service_silent, Whose.SERVICE),
    Row(
        ANSWER_OTHER,
        Layer.ANSWER,
        answered_badly,
        _OPEN,
        _UNSURE,
        ("settle.service-notice",),
    ),
)
"""Names, channel and answer: of each channel of the duty by itself."""

GATE_ROWS: tuple[Row, ...] = tuple(
    Row(
        f"gate.{part}",
        Layer.GATE,
        lambda s, part=part: getattr(s.picture.gate(), part) is FAILING,  # type: ignore[misc]
        _OWN,
    )
    for part in ("reader", "journal", "credentials", "configuration")
)

DEGRADED = Row("path.degraded", Layer.INTERNET, lambda _: True, _OPEN, _UNSURE)
NOTHING_FAILS = Row("path.nothing-fails", Layer.GATE, lambda _: True, _OPEN, _UNSURE, ())
"""When no row holds: the path is degraded, or all that was measured is well."""

ROWS = (*SITE_ROWS, *UPLINK_ROWS, TWO_PROVIDERS, *WAY_ROWS, *GATE_ROWS, DEGRADED, NOTHING_FAILS)
