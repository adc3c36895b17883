"""The parts of the glance as HTML, each made once a look for everybody who sees the same.

What is personal in them is names, for those who gave the code, and the token of a form: in its
place stands TOKEN until a part goes to its one browser.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from agent.core.outage.correction import PARTIES
from agent.core.outage.procedure import SETTLED
from agent.web.acting import ANSWERS, STEPS, WANT_NUMBER
from agent.web.door import Door, Level
from agent.web.glance import MOST_CONCERNS, Glance, Seam, look, uses_out
from agent.web.layers import Layers
from agent.web.rendering import NAMES, Renderer, catalogue, linked

ORDER = ("status", "now", "numbers", "papers", "firms", "ways", "attention", "layers")
TOKEN = "{{token}}"
FAILURES = frozenset((
    "NotReached", "CertificateRefused", "NameNotResolved", "AnswerLost", "AnswerUnreadable",
    "Refused", "NotAuthenticated", "NotAuthorised", "WrongEnvironment", "Unavailable",
    "ServiceFault", "CredentialError", "Interrupted", "Defect",
))  # fmt: skip
"""Why a channel fails, by the name of its error: those that the page has words for."""
AILMENTS = frozenset((
    "DeviceNotFound", "DeviceLost", "DeviceBusy", "DeviceProtocolError", "JournalLost", "OtherKey",
))  # fmt: skip
"""Why a device does not work, by the name of its error: those that the page has words for."""
URGENT_S = 2 * 3600
"""What waits when midnight is so near is told in another colour."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts by name, for one language and level. `digest` tells one look from another."""

    by_name: Mapping[str, str]
    digest: str

    def for_browser(self, token: str) -> dict[str, Markup]:
        """With the token of its session in each form."""
        return {name: Markup(html.replace(TOKEN, token)) for name, html in self.by_name.items()}


class Look:
    """One look at the gate, and its parts as far as anybody asked for them; from any thread."""

    def __init__(self, glance: Glance, maker: Maker) -> None:
        self.glance = glance
        self._maker = maker
        self._made: dict[tuple[str, Level], Parts] = {}
        self._one_at_a_time = threading.Lock()

    def parts(self, language: str, level: Level) -> Parts:
        """The parts for this language and level."""
        with self._one_at_a_time:
            made = self._made.get((language, level))
            if made is None:
                made = self._made[language, level] = self._maker.parts(self.glance, language, level)
            return made


class Maker:
    """Makes looks."""

    def __init__(self, seam: Seam, door: Door, renderer: Renderer) -> None:
        self._seam, self._door, self._renderer = seam, door, renderer
        self._layers = Layers(seam.config.gate.journal, seam.config.zone)

    def look(self) -> Look:
        """How things stand now."""
        return Look(look(self._seam), self)

    def parts(self, glance: Glance, language: str, level: Level) -> Parts:
        """Every part in its order; an empty one is there too, to be filled later."""
        values = self._values(glance, language, level)
        made = {
            name: self._renderer.render(f"parts/{name}.html", language, **values) for name in ORDER
        }
        digest = hashlib.sha256("\0".join(made.values()).encode()).hexdigest()[:16]
        return Parts(made, digest)

    def _values(self, glance: Glance, language: str, level: Level) -> dict[str, Any]:
        config, stand = self._seam.config, glance.stand
        now = self._now(glance, language)
        waiting = stand["queue"]["waiting"] + stand["queue"]["being_sent"]
        left_s = stand["midnight_in_s"]
        return {
            "ailments": AILMENTS,
            "attention": glance.attention[:MOST_CONCERNS],
            "count": glance.count,
            "failures": FAILURES,
            "firms": config.employers,
            "hidden": _hidden,
            "left": f"{left_s // 3600}:{left_s // 60 % 60:02}",
            "left_s": left_s,
            "level": level,
            "more": max(0, len(glance.attention) - MOST_CONCERNS),
            "now": now,
            "number_apart": bool(now or stand["lists"]) and not (now and now["wants_number"]),
            "operates": self._door.has_operator,
            "outs": uses_out(config),
            "parties": tuple(PARTIES),
            "people": glance.people,
            "prints": config.printer.device is not None,
            "registered": sum(n for k, n in stand["obligations"].items() if "registered" in k),
            "signal": glance.signal.value,
            "stand": stand,
            "steps": STEPS,
            "strangers": glance.strangers,
            "timeline": self._layers.drawn(glance.now, glance.incident, language),
            "tone": glance.tone,
            "urgent": bool(waiting) and left_s < URGENT_S,
            "waiting": waiting,
            "warnings": [one.text(catalogue(language, "page")) for one in glance.warnings],
        }

    def _now(self, glance: Glance, language: str) -> dict[str, Any] | None:
        """What to do now, in this language and in the three others."""
        asked, incident = glance.asked, glance.incident
        if asked is None or incident is None:
            return None
        places = asked.parameters
        links = {"online": places["online"], "form": places["form"]}
        links |= {n: _telephone(places[n]) for n in ("phone", "supplier_phone") if places[n]}

        def told(code: str) -> tuple[str, Markup]:
            texts = catalogue(code, "procedure")
            return texts[asked.cause], linked(texts[asked.key], places, links)

        cause, does = told(language)
        judged = incident.whose.value.replace(" ", "-")
        return {
            "incident": incident.name,
            "since": incident.since.local(self._seam.config.zone).strftime("%d/%m %H:%M"),
            "cause": cause,
            "does": does,
            "whose": catalogue(language, "paper")[f"slip.judged.{judged}"],
            "settled": asked.key in SETTLED,
            "answers": ANSWERS.get(asked.key, ()),
            "wants_number": asked.key in WANT_NUMBER,
            "others": [(code, NAMES[code], *told(code)) for code in NAMES if code != language],
        }


def _telephone(number: str) -> str:
    """`02 511 51 51` → `tel:025115151` (RFC 3966)."""
    return "tel:" + "".join(c for c in number if c.isdigit() or c == "+")


def _hidden() -> Markup:
    return Markup('<input type="hidden" name="token" value="{}">').format(TOKEN)
