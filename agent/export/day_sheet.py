"""A day for people: one page of HTML that any browser shows and prints, without a network."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from agent.core.paper.wording import TRAINING
from agent.core.records import Entry, described
from agent.export.days import Day, Line
from agent.export.tables import Texts, company, inss, why
from agent.logs import masked as without_numbers

EVENTS = frozenset(
    (
        *("agent-started", "agent-stopped", "gate-was-dark", "clock-changed"),
        *("device-failed", "device-recovered", "writing-failed", "journal-replaced"),
        *("incident-opened", "incident-reopened", "row-turned", "incident-closed"),
        *("people-called", "cause-corrected", "step-taken", "obligations-exempted"),
        *("exemptions-withdrawn", "reference-got", "list-made", "list-stands", "lines-filled"),
        *("payloads-erased", "damaged-erased", "bundle-exported", "journal-continued"),
    )
)
"""What befell the site: kinds that name nobody, and stand on the sheet of each firm."""

_ORDER = ("expired", "rejected", "open", "exempt", "on paper", "registered", "cancelled")
"""What somebody must look at stands first."""

_STYLE = """
@page { size: A4; margin: 15mm }
body { font: 10.5pt/1.4 system-ui, "Segoe UI", sans-serif; color: #111; max-width: 190mm;
  margin: 2em auto; padding: 0 1em }
h1 { font-size: 16pt; margin: 0 0 .2em } h2 { font-size: 12pt; margin: 1.6em 0 .4em }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1em 1.2em; margin: .8em 0 }
dt { color: #444 } dd { margin: 0 }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .25em .7em .25em 0;
  border-bottom: 1px solid #bbb }
th { border-bottom: 2px solid #111; font-weight: 600 }
thead { display: table-header-group } tr { break-inside: avoid }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap }
tr.look td:last-child, .training { font-weight: 700 }
.training { border: 3px solid #111; padding: .4em .8em; margin: 0 0 1em }
footer { margin-top: 2em; color: #444; font-size: 8.5pt; overflow-wrap: anywhere }
"""


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands at the top and the foot of every sheet. `firm`: for whom it was made."""

    gate: str
    site: str
    declaration: str
    firm: str
    firm_number: str
    training: bool
    journal: str
    head: str
    upto: int
    language: str


class Sheet:
    """Makes sheets in one or two languages; `zone` is that of the site."""

    def __init__(self, heading: Heading, texts: Sequence[Texts], zone: dt.tzinfo) -> None:
        self._heading, self._texts, self._zone = heading, texts, zone

    def page(self, day: Day) -> Iterator[bytes]:
        """The page of a day whose lines are those that the firm may read."""
        yield "\n".join(self._parts(day)).encode()

    def _parts(self, day: Day) -> Iterator[str]:
        heading, said = self._heading, self._said
        yield f'<!doctype html>\n<html lang="{heading.language}"><head><meta charset="utf-8">'
        yield '<meta name="viewport" content="width=device-width">'
        yield f"<title>{escape(heading.gate)} {day.day}</title><style>{_STYLE}</style></head><body>"
        if heading.training:
            yield f'<p class="training">{TRAINING}</p>'
        yield f"<h1>{escape(said('sheet.title'))} {day.day:%d/%m/%Y}</h1><dl>"
        for key, value in (
            ("column.site", heading.site),
            ("column.declaration", heading.declaration),
            ("column.gate", heading.gate),
            ("sheet.for", f"{heading.firm} ({company(heading.firm_number)})"),
            ("sheet.counts", self._counts(day)),
        ):
            yield f"<dt>{escape(said(key))}</dt><dd>{escape(value)}</dd>"
        yield "</dl>"
        yield from self._people(day)
        yield from self._befell(day)
        seal = f"{heading.journal}, {heading.upto}: {heading.head}"
        foot = f"{escape(said('sheet.foot'))}<br>{escape(seal)}"
        yield f"<footer>{foot}</footer></body></html>\n"

    def _said(self, key: str) -> str:
        """A text in each language."""
        return " / ".join(dict.fromkeys(texts[key] for texts in self._texts))

    def _outcome(self, outcome: str) -> str:
        return self._said(f"outcome.{outcome.replace(' ', '-')}")

    def _counts(self, day: Day) -> str:
        counts = Counter(line.outcome for line in day.lines.values())
        shown = (f"{counts[o]} {self._outcome(o)}" for o in _ORDER if counts[o])
        return "; ".join(shown) or "0"

    def _people(self, day: Day) -> Iterator[str]:
        yield f"<h2>{escape(self._said('sheet.people'))}</h2>"
        if not day.lines:
            yield f"<p>{escape(self._said('sheet.nobody'))}</p>"
            return
        columns = ("tapped", "name", "number", "employer", "outcome")
        yield self._table([self._said(f"column.{name}") for name in columns], self._rows(day))

    def _rows(self, day: Day) -> Iterator[tuple[str, Sequence[str]]]:
        lines = sorted(day.lines.values(), key=_by_name)
        for line in sorted(lines, key=lambda each: _ORDER.index(each.outcome)):
            person = line.person
            look = "look" if _ORDER.index(line.outcome) < _ORDER.index("exempt") else ""
            yield (
                look,
                (
                    f"{line.tapped.local(self._zone):%H:%M:%S}" if line.tapped else "–",
                    f"{person.surname} {person.given_name}",
                    inss(person.inss) or f"Limosa {person.limosa}",
                    company(person.employer).replace(" ", "\N{NO-BREAK SPACE}"),
                    self._ended(line),
                ),
            )

    def _ended(self, line: Line) -> str:
        """The outcome, with what proves it or what was wrong."""
        listed = ""
        if line.list_reference:
            listed = f"{self._said('column.list')} {line.list_number} ({line.list_reference})"
        proof = ", ".join(filter(None, (line.receipt, listed, *line.incidents)))
        parts = (self._outcome(line.outcome), proof, why(line, self._texts[0]))
        return ": ".join(filter(None, parts))

    def _befell(self, day: Day) -> Iterator[str]:
        yield f"<h2>{escape(self._said('sheet.events'))}</h2>"
        if not day.events:
            yield f"<p>{escape(self._said('sheet.quiet'))}</p>"
            return
        rows = (("", self._event(entry)) for entry in day.events)
        yield self._table(
            [self._said("column.tapped"), self._said("column.what"), self._said("column.details")],
            rows,
        )

    def _event(self, entry: Entry) -> Sequence[str]:
        """When, what, and the details as they stand in the gate's log."""
        assert entry.record is not None
        doubt = "" if entry.at.trusted else " ?"
        when = f"{entry.at.local(self._zone):%H:%M:%S}{doubt}"
        details = described(entry.record).removeprefix(entry.kind).strip().replace("_", " ")
        details = without_numbers(details)
        return when, self._said(f"event.{entry.kind}"), details

    @staticmethod
    def _table(head: Sequence[str], rows: Iterator[tuple[str, Sequence[str]]]) -> str:
        cells = "".join(f"<th>{escape(name)}</th>" for name in head)
        lines = [f"<table><thead><tr>{cells}</tr></thead><tbody>"]
        for kind, row in rows:
            inner = "".join(_cell(value) for value in row)
            lines.append(f'<tr class="{kind}">{inner}</tr>' if kind else f"<tr>{inner}</tr>")
        return "\n".join([*lines, "</tbody></table>"])


def _cell(value: str) -> str:
    number = value[:1].isdecimal() and " " not in value
    return f'<td class="number">{escape(value)}</td>' if number else f"<td>{escape(value)}</td>"


def _by_name(line: Line) -> tuple[str, str]:
    return line.person.surname.casefold(), line.person.given_name.casefold()
