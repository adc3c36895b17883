"""The report of a day: what became of each firm's workers, and who must act about whom.

It names people, for whoever has to find them: it is made by a command, on the gate, and kept
nowhere.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from agent.core.concerns import BOTH, concerns, standing
from agent.core.identifiers import mask_inss, mask_uid
from agent.core.obligations import Obligation
from agent.core.paper.papers import Sheet
from agent.core.records import Verdict
from agent.desk.status import counted
from agent.journal.days import PastDay


def day_report(past: PastDay, day: dt.date, today: dt.date, firms: Mapping[str, str]) -> Any:
    """The report of `day` as seen on `today`. `firms`: names by company number."""
    unknown = (tap.uid for tap in past.loose if tap.verdict is Verdict.UNKNOWN)
    return {
        "day": day.isoformat(),
        "over": day < today,
        "obligations": dict(Counter(map(standing, past.obligations))),
        "employers": [
            {
                "number": number,
                "name": firms.get(number, ""),
                "obligations": dict(Counter(map(standing, theirs))),
                "attention": [row for o in theirs for row in _rows(o, past, today)],
                "on_paper_too": [_on_both(o) for o in theirs if standing(o) == BOTH],
                "unsettled": [_named(o) for o in theirs if o.outcome is None and not o.on_paper],
            }
            for number, theirs in _by_employer(past.obligations)
        ],
        "lists": [*map(_list, past.sheets)],
        "unknown_badges": [mask_uid(uid) for uid in dict.fromkeys(unknown)],
        "erased_entries": past.erased,
    }


def _list(sheet: Sheet) -> dict[str, Any]:
    return {
        "number": sheet.made.number,
        "declaration": sheet.made.declaration,
        "firm": sheet.made.firm,
        "reference": sheet.reference,
        "names": len(sheet.rows),
        "lines": sheet.made.lines_to_fill_in,
        "filled_in": sheet.filled,
        "proof": sheet.stands,
    }


def _list_in_words(one: Mapping[str, Any]) -> str:
    proof = "proof" if one["proof"] else "no proof: without its number, or never whole on paper"
    filled = f", {one['filled_in']} lines filled in" if one["filled_in"] is not None else ""
    reference = one["reference"] or "no reference number"
    return f"list {one['number']} ({reference}), {one['names']} names{filled}: {proof}"


def _by_employer(
    obligations: Iterable[Obligation],
) -> Iterator[tuple[str, list[Obligation]]]:
    found: dict[str, list[Obligation]] = {}
    for obligation in obligations:
        found.setdefault(obligation.person.employer, []).append(obligation)
    yield from sorted(found.items())


def _rows(obligation: Obligation, past: PastDay, today: dt.date) -> Iterator[dict[str, str]]:
    for concern in concerns(obligation, today, past.refused.get(obligation.number)):
        problem = {"problem": concern.problem, "who": concern.who, "do": concern.do}
        yield {**_named(obligation), **problem}


def _named(obligation: Obligation) -> dict[str, str]:
    person = obligation.person
    return {
        "worker": f"w{obligation.worker}",
        "name": person.called,
        "identity": mask_inss(person.inss or person.limosa),
        "reference": obligation.reference,
        "receipt": obligation.receipt,
        "standing": standing(obligation),
    }


def _on_both(obligation: Obligation) -> dict[str, str]:
    """Who was delivered after all, the list that proved the day until then beside the receipt."""
    listed = {"list": obligation.list_number, "list_reference": obligation.list_reference}
    return {**_named(obligation), **listed}


def as_text(report: Mapping[str, Any]) -> str:
    """The report in lines for a person."""
    lines = [f"{report['day']}: {counted(report['obligations']) or 'nobody owed a registration'}"]
    for firm in report["employers"]:
        name = firm["name"] or "a firm that the configuration does not name"
        number = firm["number"] or "no company number (Limosa)"
        lines.append(f"{name}, {number}: {counted(firm['obligations'])}")
        lines += [f"  {_who(row)}: {row['standing']}" for row in firm["unsettled"]]
        lines += [
            f"  {_who(row)}: registered, and on list {row['list']} ({row['list_reference']})"
            for row in firm["on_paper_too"]
        ]
        for row in firm["attention"]:
            lines.append(f"  {_who(row)}: {row['problem']}\n    {row['who']}: {row['do']}")
    lines += [_list_in_words(one) for one in report["lists"]]
    if report["unknown_badges"]:
        lines.append(
            f"badges that led to nobody: {' '.join(report['unknown_badges'])}; link them the same "
            "day (werfpoort badge assign)"
        )
    if report["erased_entries"]:
        lines.append(f"{report['erased_entries']} entries of these days were erased")
    return "\n".join(lines)


def _who(row: Mapping[str, str]) -> str:
    receipt = f", receipt {row['receipt']}" if row["receipt"] else ""
    return f"{row['worker']} {row['name']} ({row['identity']}{receipt})"
