"""What stands today, for people and for machines: names nobody, needs no secret."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from agent.core import gate
from agent.core.concerns import concerns, standing
from agent.core.delivery import ahead, expiry, schedule
from agent.core.delivery.expiries import THRESHOLDS_DAYS
from agent.core.falls import in_a_loop
from agent.core.identifiers import mask_uid
from agent.core.moment import Moment
from agent.core.obligations import Obligation, Outcome
from agent.core.paper.papers import Sheet, lacks
from agent.core.state import State
from agent.locale import Texts, texts


def status(state: State, now: Moment) -> dict[str, Any]:
    """Today's obligations by outcome, what waits, unknown badges, lines and devices."""
    today = state.rules.day(now)
    known = tuple(state.ledger.obligations.values())
    mine = [o for o in known if o.day == today]
    return {
        "day": today.isoformat(),
        "training": state.training,
        "signal": gate.standing(state, now).value,
        "clock": now.trust.value,
        "journal": {"name": state.journal, "entries": state.seq},
        "obligations": dict(Counter(map(standing, mine))),
        "queue": {
            "waiting": sum(len(shelf) for shelf in state.ledger.waiting.values()),
            "being_sent": sum(bool(o.attempt) for o in known),
        },
        "ahead": {
            "tomorrow": dict(
                Counter(standing(o) for o in known if o.day == ahead.tomorrow(state, now))
            ),
            "missing": [f"w{o.worker}" for o in ahead.missing(state, now)],
        },
        "cancelling": [asked.receipt for asked in state.cancellations.wanted.values()],
        "receipts": dict(Counter(o.status for o in mine if o.outcome is Outcome.REGISTERED)),
        "attention": [concern for o in known for concern in _concerns(o, today, state)],
        "midnight_in_s": schedule.until_midnight_ms(now, state.rules) // 1000,
        "in_out_refused_in_s": _in_out_left_s(state, now),
        "unknown_badges": [mask_uid(uid) for uid in state.taps.unknown()],
        "undated_taps": sum(tap.undated for tap in state.taps.loose),
        "taps_without_day": sum(tap.waits_for_a_person(now) for tap in state.taps.loose),
        "lists": [*map(partial(_list, state), state.papers.of_day(today))],
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
        "export": _export(state),
        "falls": in_a_loop(state.falls, now),
        "ailments": {name: b.kind for name, b in state.broken.items()},
        "broken": {name: f"{b.cause}; to do: {b.hint}" for name, b in state.broken.items()},
    }


def _in_out_left_s(state: State, now: Moment) -> int | None:
    """When the oldest in or out that waits becomes too old for its service; None: none waits."""
    due_ms = expiry.due_ms(state, now)
    return None if due_ms is None else (due_ms - now.mono_ms) // 1000


def _concerns(obligation: Obligation, today: dt.date, state: State) -> Iterator[dict[str, str]]:
    refused = state.cancellations.refused.get(obligation.number)
    for concern in concerns(obligation, today, refused):
        yield {
            "worker": f"w{obligation.worker}",
            "day": obligation.day.isoformat(),
            "reference": obligation.reference,
            "receipt": obligation.receipt,
            "problem": concern.problem,
            "who": concern.who,
            "do": concern.do,
            "key": concern.key,
            "act": concern.act,
            "said": concern.said,
            "by": concern.who.name.lower(),
        }


def _list(state: State, sheet: Sheet) -> dict[str, Any]:
    lack, words = lacks(sheet, state.papers.jobs.values())
    return {
        "number": sheet.made.number,
        "reference": sheet.reference,
        "names": len(sheet.rows),
        "lines": sheet.made.lines_to_fill_in,
        "filled_in": sheet.filled,
        "lacks": lack.value if lack is not None else "",
        "waits_for": words,
    }


def _list_in_words(item: dict[str, Any]) -> str:
    reference = item["reference"] or "PROVISIONAL"
    stand = f"no proof yet, waits for {item['waits_for']}" if item["waits_for"] else "proof"
    return f"list {item['number']} ({reference}), {item['names']} names: {stand}"


def _export(state: State) -> dict[str, Any] | None:
    """The export that runs, or the last one of today."""
    if state.export is None:
        return None
    export = state.export
    at = _clock(export.over or export.since, state)
    return {"to": export.target, "runs": export.runs, "at": at, "failure": export.failure}


def _line(state: State, name: str, now: Moment) -> dict[str, Any]:
    way, trouble = state.lines.way(name), state.troubles.get(name)
    return {
        "sending": bool(way.attempt),
        "failed_in_a_row": way.failures,
        "given_up": way.down,
        "next_try_in_s": max(0, way.rests_until_ms - now.mono_ms) // 1000,
        "failing_since": _clock(trouble.since, state) if trouble else "",
        "failure": trouble.kind if trouble else "",
        "why": trouble.message if trouble else "",
        "to_do": trouble.hint if trouble else "",
    }


def _clock(at: Moment, state: State) -> str:
    return at.local(state.rules.zone).isoformat(timespec="seconds")


def as_text(stand: dict[str, Any]) -> str:
    """The status in lines for a person."""
    left = dt.timedelta(seconds=stand["midnight_in_s"])
    training = "  TRAINING: nothing here is a real registration" if stand["training"] else ""
    queue = stand["queue"]
    lines = [
        f"{stand['day']}  {left} until midnight, the last moment to register{training}",
        f"obligations: {counted(stand['obligations']) or 'none yet'}",
        f"queue: {queue['waiting']} waiting, {queue['being_sent']} being sent{_in_out(stand)}",
        f"receipts: {counted(stand['receipts']) or 'none yet'}",
        f"unknown badges today: {len(stand['unknown_badges'])}"
        + "".join(f"\n  {uid}" for uid in stand["unknown_badges"]),
        f"panel: {stand['signal']}   clock: {stand['clock']}",
        f"journal {stand['journal']['name']}: {stand['journal']['entries']} entries",
        f"roster: {stand['roster']['workers']} workers, {stand['roster']['badges']} badges",
    ]
    lines += [f"  left out: {problem}" for problem in stand["roster"]["problems"]]
    lines += [warned.text(texts("en", "page")) for warned in warnings(stand)]
    lines += [
        f"{item['worker']} ({item['day']}): {item['problem']}; {item['who']}: {item['do']}"
        for item in stand["attention"]
    ]
    lines += [_list_in_words(item) for item in stand["lists"]]
    lines += [f"channel {name}: {_in_words(line)}" for name, line in stand["channels"].items()]
    lines += [f"out of order: {name}: {cause}" for name, cause in stand["broken"].items()]
    return "\n".join(lines)


def _in_out(stand: dict[str, Any]) -> str:
    left_s = stand["in_out_refused_in_s"]
    left = dt.timedelta(seconds=left_s or 0)
    return "" if left_s is None else f"; the oldest in or out is refused as too old in {left}"


def counted(counts: dict[str, int]) -> str:
    """`3 open, 2 registered`; empty for none."""
    return ", ".join(f"{n} {name}" for name, n in sorted(counts.items()))


@dataclass(frozen=True, slots=True)
class Warned:
    """What is amiss and asks for a person: the text `warns.` and `key` of the page, its places."""

    key: str
    places: Mapping[str, object]

    def text(self, texts: Texts) -> str:
        """In one language, in a line; what a machine said is put in as it said it."""
        return texts[f"page.warns.{self.key}"].format(**self.places)


def warnings(stand: dict[str, Any]) -> Iterator[Warned]:
    """What is amiss and asks for a person; names nobody."""
    if stand["falls"]:
        yield Warned("falls", {"count": stand["falls"]})
    if young := stand["undated_taps"] - stand["taps_without_day"]:
        yield Warned("undated", {"count": young})
    if stand["taps_without_day"]:
        yield Warned("dayless", {"count": stand["taps_without_day"]})
    if stand["ahead"]["tomorrow"]:
        yield Warned("tomorrow", {"counts": counted(stand["ahead"]["tomorrow"])})
    if stand["ahead"]["missing"]:
        yield Warned("missing", {"workers": " ".join(stand["ahead"]["missing"])})
    if (source := stand.get("roster_from")) and source["problem"]:
        yield Warned("roster", {"channel": source["channel"], "problem": source["problem"]})
    for channel, credential in stand.get("credentials", {}).items():
        yield from _credential({"channel": channel, **credential})
    for receipt in stand["cancelling"]:
        yield Warned("cancelling", {"receipt": receipt})
    if export := stand["export"]:
        key = "runs" if export["runs"] else "failed" if export["failure"] else "done"
        at = dt.datetime.fromisoformat(export["at"])
        yield Warned(f"export-{key}", {**export, "at": f"{at:%H:%M}"})
    if kept := stand.get("retention"):
        yield from _kept(kept)


def _kept(kept: dict[str, Any]) -> Iterator[Warned]:
    if kept["unexported_soon_erased"]:
        yield Warned("soon-erased", kept)
    if kept["kept_until_exported"]:
        yield Warned("kept", kept)
    for damaged in kept["damaged_aside"]:
        yield Warned("aside", {"text": damaged})


def _credential(credential: dict[str, Any]) -> Iterator[Warned]:
    days = credential["days_left"]
    if credential["problem"]:
        yield Warned("credential", credential)
    elif days is not None and days < 0:
        yield Warned("expired", credential)
    elif days is not None and days <= THRESHOLDS_DAYS[0]:
        yield Warned("expires", credential)


def _in_words(line: dict[str, Any]) -> str:
    if not line["why"]:
        if line["given_up"]:
            return "works again, and is taken back once it has for long enough"
        return "sending" if line["sending"] else "well"
    since = dt.datetime.fromisoformat(line["failing_since"])
    doing = "trying again" if line["sending"] else f"next try in {line['next_try_in_s']} s"
    todo = f"; to do: {line['to_do']}" if line["to_do"] else ""
    times = f"{line['failed_in_a_row']} times" if line["failed_in_a_row"] > 1 else "once"
    doing = f"given up while another one works, {doing}" if line["given_up"] else doing
    return f"failed {times} since {since:%H:%M}: {line['why']}; {doing}{todo}"
