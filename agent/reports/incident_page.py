"""The report of an incident in one language: a page that a person can hand to an inspector.

Here it is put into words; incident_html.py and incident_pdf.py draw the same page.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agent.core.identifiers import mask_inss
from agent.core.moment import Moment
from agent.core.outage import darkness
from agent.core.outage.incident_report import MARGIN_MS, Report, Span, Track
from agent.core.outage.table import ROWS, SETTLES_MAINS
from agent.core.outage.whose import EXEMPTING, Confidence, Whose
from agent.locale import texts

MOST_TRIES = 8
"""On one page; the others are counted."""
WELL, PARTLY, FAILING, UNKNOWN = "well", "partly", "failing", "unknown"
LAYERS = "clock power link local internet names channel answer gate elsewhere".split()
NO_SIGN = frozenset(("last_hop", "provider_hop", "beyond", "witness", "likewise", "uplink"))
"""Fields that say nothing of how well their layer is."""
ANSWERED = {"settled": WELL, "status": FAILING, "fault": FAILING, "unreadable": FAILING}

SURE = {row.key: row.confidence for row in ROWS} | {
    darkness.STOPPED: Confidence.MEASURED,
    darkness.UNPLUGGED: Confidence.INFERRED,
    darkness.CUT: Confidence.OPEN,
}
SETTLES = {row.key: row.settles for row in ROWS} | {darkness.CUT: SETTLES_MAINS}
_PAST_SETTLING = (Whose.OWN, Whose.NO_INFRASTRUCTURE)


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of a layer, from 0 (the timeline's beginning) to 1."""

    begin: float
    end: float
    state: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One layer of the timeline."""

    name: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The layers over time. `marks`: hours along it; `shade`: from where to where something is
    marked, both from 0 to 1."""

    title: str
    lanes: tuple[Lane, ...]
    legend: tuple[tuple[str, str], ...]
    marks: tuple[tuple[float, str], ...]
    shade: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Page:
    """What is on the page, in words; the timeline's shade is the incident."""

    language: str
    title: str
    training: str
    facts: tuple[tuple[str, str], ...]
    timeline: Timeline
    course: tuple[str, tuple[str, ...]]
    tries: tuple[str, tuple[str, ...]]
    signature: str
    checkpoint: str


@dataclass(frozen=True, slots=True)
class Heading:
    """Whose site it is; `names`: name the workers, masked."""

    site: str
    declaration: str
    company: str
    zone: dt.tzinfo
    training: bool = False
    names: bool = False


def judged(report: Report) -> Whose:
    """Whose it was, with what persons confirmed and what stood against it."""
    whose = report.confirmed or Whose(report.whose)
    return Whose.UNDETERMINED if whose in EXEMPTING and report.barring else whose


def settling(report: Report) -> tuple[str, ...]:
    """What would settle whose it was, as keys of texts; nothing where a cause of ours, a person's
    word or a bar has."""
    if report.confirmed or report.barring or Whose(report.whose) in _PAST_SETTLING:
        return ()
    return SETTLES.get(report.row, ())


def page(report: Report, heading: Heading, language: str, now_ms: int) -> Page:
    """The report in words."""
    words = _Words(language, heading.zone)
    first = report.since.unix_ms - MARGIN_MS
    last = (report.until.unix_ms if report.until is not None else now_ms) + MARGIN_MS
    signed = report.checkpoint
    point = f"{words['checkpoint']}: {words['entry']} {signed.upto}, " if signed else ""
    return Page(
        language=language,
        title=words["title"],
        training=words["training"] if heading.training else "",
        facts=tuple(_facts(report, heading, words)),
        timeline=timeline(
            report.tracks,
            (first, last),
            (report.since.unix_ms, last - MARGIN_MS),
            language,
            heading.zone,
        ),
        course=(words["course"], tuple(_course(report, words, names=heading.names))),
        tries=(f"{words['attempts']} ({len(report.tries)})", tuple(_tries(report, words))),
        signature=words["signature"],
        checkpoint=point + signed.head.hex() if signed else "",
    )


def timeline(
    tracks: Iterable[Track],
    span: tuple[int, int],
    shaded: tuple[int, int],
    language: str,
    zone: dt.tzinfo,
) -> Timeline:
    """The drawing of these layers over `span`, with `shaded` marked; both in Unix ms."""
    words, (first, last) = _Words(language, zone), span
    return Timeline(
        title=words["timeline"],
        lanes=tuple(_lanes(tracks, words, first, last)),
        legend=tuple((state, words[state]) for state in (WELL, PARTLY, FAILING, UNKNOWN)),
        marks=tuple(_marks(first, last, zone)),
        shade=(_at(shaded[0], first, last), _at(shaded[1], first, last)),
    )


class _Words:
    """The texts of one language, and times as people there write them."""

    def __init__(self, language: str, zone: dt.tzinfo) -> None:
        self._own = texts(language, "incident")
        self.paper = texts(language)
        self._causes = texts(language, "procedure")
        self._zone = zone

    def __getitem__(self, key: str) -> str:
        return self._own[f"report.{key}"]

    def cause(self, row: str) -> str:
        return f"{self._causes[f'row.{row}']} [{row}]"

    def when(self, at: Moment) -> str:
        return f"{at.local(self._zone):%d/%m/%Y %H:%M:%S}"


def _facts(report: Report, heading: Heading, words: _Words) -> Iterator[tuple[str, str]]:
    whose = judged(report).value.replace(" ", "-")
    count = str(len(report.affected))
    if report.exempt:
        count += f" ({words['exempt']}: {report.exempt})"
    yield words["incident"], f"{report.name}, {words.when(report.since)[:10]}"
    yield words["site"], heading.site
    yield words["declaration"], heading.declaration
    yield words["firm"], heading.company
    yield words["from"], words.when(report.since)
    yield words["until"], words.when(report.until) if report.until else words["lasts"]
    yield words["failed"], words.cause(report.row)
    yield words["whose"], words.paper[f"slip.judged.{whose}"]
    yield words["sure"], words[f"sure.{SURE[report.row].value}"]
    if wanted := settling(report):
        yield words["settles"], "; ".join(words[key] for key in wanted)
    if report.barring:
        yield words["barred"], "; ".join(words[f"bar.{bar}"] for bar in report.barring)
    yield words["reference"], report.reference or words["none"]
    yield words["last-hop"], report.last_hop or words["not-measured"]
    yield words["affected"], count
    for owed in report.affected if heading.names else ():
        person = owed.person
        number = mask_inss(person.inss or person.limosa)
        yield "", f"{person.called}, {number}"


def _course(report: Report, words: _Words, *, names: bool) -> list[str]:
    """What happened to the incident and what was done, in the order of time."""
    told = [(t.at, f"{words['turned']}: {words.cause(t.row)}") for t in report.turns]
    for at, said in report.corrections:
        reference = f", {said.reference}" if said.reference else ""
        verdict = words[said.taken.value]
        who = said.who if names and said.who else said.by.value
        told.append((at, f"{words['corrected']}: {said.party}, {who}{reference} ({verdict})"))
    told += [(at, words[f"step.{step.step.value}"]) for at, step in report.steps]
    told.sort(key=lambda one: one[0].unix_ms)
    return [f"{words.when(at)}  {text}" for at, text in told]


def _tries(report: Report, words: _Words) -> list[str]:
    lines = []
    for tried in report.tries:
        number = f"  {words['ticket']} {tried.ticket.ticket}" if tried.ticket.ticket else ""
        said = tried.message or tried.failure
        lines.append(f"{words.when(tried.at)}  {tried.channel}: {said}{number}")
    if len(lines) <= MOST_TRIES:
        return lines
    left = len(lines) - MOST_TRIES + 1
    return [*lines[: MOST_TRIES - 1], words["more"].format(count=left)]


def _lanes(tracks: Iterable[Track], words: _Words, first: int, last: int) -> Iterator[Lane]:
    order = {layer: n for n, layer in enumerate(LAYERS)}
    for track in sorted(tracks, key=lambda t: (order[t.layer], t.of)):
        name = words.paper[f"slip.name.{track.layer}"]
        bars = (
            Bar(_at(s.from_ms, first, last), _at(s.to_ms, first, last), state_of(track.layer, s))
            for s in track.spans
        )
        yield Lane(f"{name} ({track.of})" if track.of else name, tuple(bars))


def state_of(layer: str, span: Span) -> str:
    """How well a layer was, in a word for the drawing; the evidence itself says more."""
    if layer == "answer":
        return ANSWERED.get(dict(span.readings).get("said", ""), UNKNOWN)
    said = {k: v for k, v in span.readings if k not in NO_SIGN}
    anchors = said.pop("anchors", "").split(",")
    slow = said.pop("steady", "") == "failing"
    if "failing" in said.values() or ("failing" in anchors and "well" not in anchors):
        return FAILING
    if slow or "failing" in anchors:
        return PARTLY
    return WELL if "well" in (*said.values(), *anchors) else UNKNOWN


def _at(ms: int, first: int, last: int) -> float:
    return min(1.0, max(0.0, (ms - first) / max(1, last - first)))


def _marks(first: int, last: int, zone: dt.tzinfo) -> Iterator[tuple[float, str]]:
    """A handful of times along the axis, at whole minutes."""
    steps = (1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440, 10080)
    step = next((s for s in steps if (last - first) / (s * 60_000) <= 8), steps[-1]) * 60_000
    at = -(-first // step) * step
    while at < last:
        local = dt.datetime.fromtimestamp(at / 1000, zone)
        yield _at(at, first, last), f"{local:%d/%m}" if step >= 86_400_000 else f"{local:%H:%M}"
        at += step
