"""What stands today, for people and for machines: names nobody, needs no secret."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

from agent.core import gate, schedule
from agent.core.identifiers import mask_uid
from agent.core.moment import Moment
from agent.core.obligations import Obligation
from agent.core.state import State


def status(state: State, now: Moment) -> dict[str, Any]:
    """Today's obligations by outcome, what waits, unknown badges, lines and devices."""
    today = state.rules.day(now)
    mine = [o for o in state.ledger.obligations.values() if o.day == today]
    left_s = schedule.until_midnight_ms(now, state.rules) // 1000
    return {
        "day": today.isoformat(),
        "training": state.training,
        "signal": gate.standing(state, now).value,
        "clock": now.trust.value,
        "journal": {"name": state.journal, "entries": state.seq},
        "obligations": dict(Counter(_stand(o) for o in mine)),
        "rejected": [_rejected(o) for o in mine if o.errors],
        "midnight_in_s": left_s,
        "unknown_badges": [mask_uid(uid) for uid in state.taps.unknown()],
        "undated_taps": sum(not tap.at.trusted for tap in state.taps.loose),
        "roster": {
            "workers": len(state.book.listed),
            "badges": len(state.book.badges),
            "problems": list(state.book.problems),
        },
        "channels": {line.name: _line(state, line.name, now) for line in state.rules.lines},
        "devices": {
            **dict.fromkeys(sorted(state.working), True),
            **dict.fromkeys(sorted(state.broken), False),
        },
        "broken": {name: f"{b.cause}; to do: {b.hint}" for name, b in state.broken.items()},
    }


def _stand(obligation: Obligation) -> str:
    if obligation.outcome is not None:
        return obligation.outcome.value
    return "being sent" if obligation.attempt else "open"


def _rejected(obligation: Obligation) -> dict[str, Any]:
    return {
        "worker": f"w{obligation.worker}",
        "reference": obligation.reference,
        "errors": [f"{error.code} {error.text}" for error in obligation.errors],
    }


def _line(state: State, name: str, now: Moment) -> dict[str, Any]:
    way = state.lines.way(name)
    return {
        "sending": bool(way.attempt),
        "failed_in_a_row": way.failures,
        "next_try_in_s": max(0, way.rests_until_ms - now.mono_ms) // 1000,
    }


def as_text(stand: dict[str, Any]) -> str:
    """The status in lines for a person."""
    left = dt.timedelta(seconds=stand["midnight_in_s"])
    training = "  TRAINING: nothing here is a real registration" if stand["training"] else ""
    counts = ", ".join(f"{n} {name}" for name, n in sorted(stand["obligations"].items()))
    lines = [
        f"{stand['day']}  {left} until midnight{training}",
        f"obligations: {counts or 'none yet'}",
        f"unknown badges today: {len(stand['unknown_badges'])}"
        + "".join(f"\n  {uid}" for uid in stand["unknown_badges"]),
        f"panel: {stand['signal']}   clock: {stand['clock']}",
        f"journal {stand['journal']['name']}: {stand['journal']['entries']} entries",
        f"roster: {stand['roster']['workers']} workers, {stand['roster']['badges']} badges",
    ]
    lines += [f"  left out: {problem}" for problem in stand["roster"]["problems"]]
    if stand["undated_taps"]:
        lines.append(f"taps that wait for the clock: {stand['undated_taps']}; set the clock (NTP)")
    if soon := stand.get("retention", {}).get("unexported_soon_erased"):
        lines.append(
            f"{soon} entries that nobody took away are erased within 30 days; export them "
            "(put a stick in, or: werfpoort journal export --to FOLDER)"
        )
    for item in stand["rejected"]:
        lines.append(
            f"rejected: {item['worker']} ({', '.join(item['errors'])}): "
            "mend the roster, it is sent again"
        )
    for name, line in stand["channels"].items():
        state = "sending" if line["sending"] else "ready"
        if line["failed_in_a_row"]:
            state = f"failed {line['failed_in_a_row']} times, next try in {line['next_try_in_s']} s"
        lines.append(f"channel {name}: {state}")
    lines += [f"out of order: {name}: {cause}" for name, cause in stand["broken"].items()]
    return "\n".join(lines)
