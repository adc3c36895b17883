"""What can fail at a site: whose it is, and what a gate could know of it.

Two truths for each cause. `whose` is the world's: who owns, runs or pays for what failed
(DOMAIN.md, section 3). `could_know` is the best that the measurements of a gate allow: for a cut
access line, a firewall rule, an unpaid SIM or its own board that is `undetermined`, and an
exemption would be the worst answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agent.core.outage.facts import Medium
from agent.core.outage.measurements import Layer
from agent.core.outage.whose import EXEMPTING, Whose
from agent.sandbox.world.values import Site

_OWN, _THEIRS, _OPEN = Whose.OWN, Whose.INFRASTRUCTURE, Whose.UNDETERMINED
_SERVICE, _SUPPLIER = Whose.SERVICE, Whose.SUPPLIER

Of = Callable[[Site], Whose]


def _wired(site: Site) -> bool:
    return site.medium is Medium.WIRED


def _alone(site: Site) -> bool:
    return not site.second


def _powered(site: Site) -> bool:
    return site.grid_fed and site.battery


def _direct(site: Site) -> bool:
    return "ciaw" in site.lines


def _served(site: Site) -> Whose:
    """Checkinatwork's fault shows where the network is known to be well, the modem too."""
    return _SERVICE if site.medium is not Medium.MOBILE or site.modem else _OPEN


def _any(_: Site) -> bool:
    return True


def _always(whose: Whose) -> Of:
    return lambda _: whose


@dataclass(frozen=True, slots=True)
class Cause:
    """`where`: on which sites it can happen. `beside`: it is no consequence of what fails below, so
    that nothing is exempt while it lasts. `words`: for the story."""

    whose: Of
    could_know: Of
    layer: Layer
    words: str
    where: Callable[[Site], bool] = _any
    beside: bool = False

    def exempts(self, site: Site) -> bool:
        """True when a third party's failure is behind it."""
        return self.whose(site) in EXEMPTING


def _cause(
    whose: Whose | Of,
    could_know: Whose | Of,
    layer: Layer,
    words: str,
    where: Callable[[Site], bool] = _any,
    *,
    beside: bool = False,
) -> Cause:
    given = _always(whose) if isinstance(whose, Whose) else whose
    known = _always(could_know) if isinstance(could_know, Whose) else could_know
    return Cause(given, known, layer, words, where, beside)


CAUSES: Mapping[str, Cause] = {
    # Power.
    "grid-out": _cause(
        _THEIRS, _OPEN, Layer.POWER, "the grid is out", lambda s: _powered(s) and _alone(s)
    ),
    "board-tripped": _cause(
        _OWN,
        lambda s: _OWN if s.witness else _OPEN,
        Layer.POWER,
        "the site's distribution board tripped",
        lambda s: _powered(s) and _alone(s),
    ),
    "generator-dry": _cause(
        _OWN,
        _OWN,
        Layer.POWER,
        "the generator ran dry",
        lambda s: not s.grid_fed and s.battery and _alone(s),
    ),
    "low-voltage": _cause(
        _OWN, _OWN, Layer.POWER, "a bad supply drags the gate's voltage down", _alone
    ),
    # Link and local network.
    "cable-out": _cause(_OWN, _OWN, Layer.LINK, "the network cable is out", _wired),
    "router-off": _cause(
        _OWN,
        _OWN,
        Layer.LINK,
        "somebody unplugged the router",
        lambda s: s.medium is not Medium.MOBILE,
    ),
    "router-hangs": _cause(
        lambda s: _THEIRS if s.providers_box else _OWN,
        lambda s: _OPEN if s.providers_box else _OWN,
        Layer.LOCAL,
        "the router hangs",
        lambda s: s.medium is not Medium.MOBILE,
    ),
    "sim-unpaid": _cause(
        _OWN,
        _OPEN,
        Layer.INTERNET,
        "nobody paid for the SIM",
        lambda s: s.medium is Medium.MOBILE and _alone(s),
    ),
    "mast-out": _cause(
        _THEIRS,
        _OPEN,
        Layer.INTERNET,
        "the operator's only mast here is out",
        lambda s: s.medium is Medium.MOBILE and _alone(s),
    ),
    "antenna-off": _cause(
        _OWN,
        _OPEN,
        Layer.INTERNET,
        "somebody unscrewed the modem's antenna",
        lambda s: s.medium is Medium.MOBILE and _alone(s),
    ),
    # Internet.
    "line-cut-in-the-street": _cause(
        _THEIRS,
        _OPEN,
        Layer.INTERNET,
        "a digger in the street cut the access line",
        _wired,
    ),
    "line-cut-on-the-site": _cause(
        _OWN,
        _OPEN,
        Layer.INTERNET,
        "the site's own digger cut the access line",
        _wired,
    ),
    "firewall": _cause(
        _OWN, _OPEN, Layer.INTERNET, "a firewall rule of the site lets nothing out", _alone
    ),
    "login-page": _cause(
        _OWN, _OWN, Layer.INTERNET, "a login page stands before the internet", _alone
    ),
    "backbone": _cause(
        _THEIRS,
        lambda s: _OPEN if s.medium is Medium.MOBILE else _THEIRS,
        Layer.INTERNET,
        "the provider's network is dead behind its first router",
    ),
    "both-providers": _cause(
        _THEIRS,
        lambda s: _THEIRS if s.modem else _OPEN,
        Layer.INTERNET,
        "the networks of both providers are down",
        lambda s: s.second and s.medium is not Medium.MOBILE,
    ),
    "second-unpaid": _cause(
        _OWN,
        _OPEN,
        Layer.INTERNET,
        "nobody paid for the second uplink's SIM",
        lambda s: s.second,
    ),
    "second-mast-out": _cause(
        _THEIRS,
        _OPEN,
        Layer.INTERNET,
        "the mast of the second uplink is out",
        lambda s: s.second,
    ),
    "loss": _cause(
        _THEIRS, _OPEN, Layer.INTERNET, "the provider's line loses most of what it carries", _alone
    ),
    # Names and channels.
    "names-dead": _cause(
        _THEIRS, _OPEN, Layer.NAMES, "no resolver answers, neither the provider's nor others"
    ),
    "rsz-unreachable": _cause(
        _SERVICE, _OPEN, Layer.CHANNEL, "Checkinatwork cannot be reached by anybody", _direct
    ),
    "rsz-firewalled": _cause(
        _OWN, _OPEN, Layer.CHANNEL, "a firewall rule of the site blocks Checkinatwork", _direct
    ),
    "second-filtered": _cause(
        _OWN,
        _OPEN,
        Layer.CHANNEL,
        "the plan of the second uplink's SIM leaves Checkinatwork out",
        lambda s: s.second and _direct(s),
    ),
    "proxy": _cause(
        _OWN, _OWN, Layer.CHANNEL, "the main contractor's proxy opens every connection"
    ),
    "rsz-certificate": _cause(
        _SERVICE, _OPEN, Layer.CHANNEL, "Checkinatwork's certificate has run out", _direct
    ),
    "supplier-down": _cause(
        _SUPPLIER,
        _SUPPLIER,
        Layer.CHANNEL,
        "the supplier's endpoint is down",
        lambda s: s.lines[0] == "supplier" and not _direct(s),
    ),
    # Answers.
    "rsz-503": _cause(
        _SERVICE, _served, Layer.ANSWER, "Checkinatwork answers 503 to everything", _direct
    ),
    "rsz-fault": _cause(
        _SERVICE, _served, Layer.ANSWER, "Checkinatwork answers SOA-02002 to everything", _direct
    ),
    "rsz-garbled": _cause(
        _SERVICE, _OPEN, Layer.ANSWER, "what Checkinatwork answers cannot be read", _direct
    ),
    "rsz-loses-answers": _cause(
        _SERVICE, _OPEN, Layer.ANSWER, "Checkinatwork's answers never arrive whole", _direct
    ),
    "sender-refused": _cause(
        _OWN,
        _OWN,
        Layer.ANSWER,
        "the gate's certificate was withdrawn (SOA-01001)",
        _direct,
        beside=True,
    ),
    "account-refused": _cause(
        _OWN, _OWN, Layer.ANSWER, "the account lost its rights (SOA-01002)", _direct, beside=True
    ),
    "message-refused": _cause(
        _OWN,
        _OWN,
        Layer.ANSWER,
        "the gate's messages are malformed (SOA-03006)",
        _direct,
        beside=True,
    ),
}
"""By name; the layers from the lowest up."""
