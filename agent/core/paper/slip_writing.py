"""Slips → blocks, in the one or two languages of the site.

    slip_document(slip, heading, [texts("nl"), texts("fr")])  →  one part, for any paper

A step is one sentence that begins with what the hands do. Numbers that are dialled or quoted are
large or plain, never bold: a bold zero is easily read as a six or an eight.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent.core.outage.whose import EXEMPTING, Whose
from agent.core.paper.keypad_codes import SAID
from agent.core.paper.slips import (
    AfterList,
    ClaimEnded,
    Completion,
    Evidence,
    Heading,
    Instruction,
    KeypadHelp,
    Keys,
    Restart,
    Slip,
)
from agent.core.paper.wording import TRAINING, Texts, Wording, company, instant, minute
from drivers.paper import Align, Banner, Block, Cell, Columns, Document, Gap, Qr, Rule, Text

_TYPED = 5  # characters: two digits, a space, #, a space
_STEP = 3  # characters: a digit, a full stop, a space


def slip_document(slip: Slip, heading: Heading, languages: Sequence[Texts]) -> Document:
    """The slip as a document of one part. Raises KeyError when a language lacks a text."""
    words = Wording(languages)
    blocks: list[Block] = [Banner(TRAINING)] if heading.training else []
    for n, texts in enumerate(languages):
        if n:
            blocks.append(Rule(heavy=True))
        blocks += _told(slip, texts)
    blocks.append(Rule(heavy=True))
    blocks += _shared(slip, heading, words)
    blocks += _head(heading, words)
    blocks.append(Gap())
    return Document((tuple(blocks),), words.say("list.duplicate"))


def _told(slip: Slip, texts: Texts) -> Iterator[Block]:
    """What is told in one language."""
    match slip:
        case Instruction():
            yield from _Telling(texts).instruction(slip)
        case Evidence():
            yield from _Telling(texts).evidence(slip)
        case Completion():
            yield from _Telling(texts).completion(slip)
        case AfterList():
            yield from _Telling(texts).after_list(slip)
        case Restart():
            yield from _Telling(texts).restart(slip)
        case ClaimEnded():
            yield from _Telling(texts).claim_ended(slip)
        case KeypadHelp():
            yield from _Telling(texts).keypad(slip)


class _Telling:
    """Tells one slip in one language, its steps numbered."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._steps = 0
        self._code_said = False

    def instruction(self, slip: Instruction) -> Iterator[Block]:
        yield self._title("slip.instruction")
        yield self._text("slip.since", when=minute(slip.since))
        if slip.layer:
            yield self._text(f"slip.layer.{slip.layer.value}")
        if slip.waiting:
            yield self._text("slip.waiting", count=slip.waiting)
        yield Gap()
        if not slip.exemptible:
            yield from self._times()
            return
        yield self._text(f"slip.whose.{slip.whose.value.replace(' ', '-')}", bold=True)
        yield Gap()
        if slip.whose in EXEMPTING:
            yield from self._exempt(slip)
        else:
            yield from self._not_exempt(slip)

    def _times(self) -> Iterator[Block]:
        yield self._text("slip.whose.check-in-and-out", bold=True)
        yield Gap()
        yield from self._step("slip.step.times")
        yield from self._step("slip.step.tap")

    def _exempt(self, slip: Instruction) -> Iterator[Block]:
        yield from self._step("slip.step.tap")
        yield from self._phone(slip)
        yield from self._step("slip.step.ticket")
        yield from self._keys(slip.keys, slip.keys.cause)

    def _not_exempt(self, slip: Instruction) -> Iterator[Block]:
        if slip.habit:
            yield self._text("slip.habit")
        if slip.supplier:
            yield from self._step("slip.step.supplier")
            yield self._beside(f"{slip.supplier.name}: {_kept(slip.supplier.phone)}")
            if slip.supplier.hours:
                yield self._beside(slip.supplier.hours)
        yield from self._phone(slip)
        if slip.agreed:
            yield from self._step("slip.step.agreed", agreed=slip.agreed)
        yield from self._step("slip.step.centre")
        yield Text(_kept(slip.phone), large=True, align=Align.CENTRE)
        if slip.hours:
            yield self._beside(slip.hours)
        yield self._beside(slip.menu or self._texts["slip.centre.menu"])
        yield self._beside(self._texts["slip.centre.quote"])
        yield self._beside(self._texts["slip.centre.form"])
        yield from self._step("slip.step.number")
        yield from self._typing(slip)
        if slip.whose is Whose.UNDETERMINED:
            yield from self._step("slip.step.theirs")
            yield from self._keys(slip.keys, slip.keys.cause)
        yield from self._step("slip.step.tap")

    def _phone(self, slip: Instruction) -> Iterator[Block]:
        yield from self._step("slip.step.phone")
        if slip.keys.phone_opens and slip.keys.phone_fails:
            yield from self._code(slip.keys)
            for key, keys in (
                ("slip.phone.opens", slip.keys.phone_opens),
                ("slip.phone.fails", slip.keys.phone_fails),
            ):
                yield self._beside(self._texts[key].format(keys=_kept(keys)), bold=True)

    def _typing(self, slip: Instruction) -> Iterator[Block]:
        keys = slip.keys
        if keys.keypad:
            self._code_said = False  # after a telephone call the keypad asks for it again
            yield from self._code(keys)
            yield from self._keys(keys, keys.reference)
            yield self._beside(self._texts["slip.type.twice"])
        yield self._beside(self._texts["slip.type.letters"])
        if keys.provisional:
            yield from self._step("slip.step.provisional")
            yield from self._keys(keys, keys.provisional)

    def evidence(self, slip: Evidence) -> Iterator[Block]:
        yield self._title("slip.evidence")
        yield self._text("slip.evidence.from", when=instant(slip.since))
        if slip.until:
            yield self._text("slip.evidence.until", when=instant(slip.until))
        else:
            yield self._text("slip.evidence.lasts")
        yield self._text(f"slip.judged.{slip.whose.value.replace(' ', '-')}", bold=True)
        if slip.layer:
            yield self._text(f"slip.layer.{slip.layer.value}")
        if slip.delivered:
            yield self._text("slip.evidence.delivered", when=instant(slip.delivered))
        if slip.people:
            yield self._text("slip.evidence.people", count=slip.people)
        if slip.reference:
            reference, party = slip.reference, slip.party
            yield self._text("slip.evidence.reference", reference=reference, party=party)
        yield Gap()
        yield self._text("slip.evidence.measured", bold=True)
        for measured in slip.measured:
            name = self._texts[f"slip.name.{measured.layer.value}"]
            of = f"{name} ({measured.of})" if measured.of else name
            reading = self._texts[f"slip.reading.{measured.reading.value}"]
            yield Columns((Cell(of), Cell(f"{measured.at:%H:%M:%S}", 9), Cell(reading, 9)))
        yield Gap()
        yield self._text("slip.evidence.keep")

    def completion(self, slip: Completion) -> Iterator[Block]:
        yield self._title("slip.completion")
        yield Text(slip.reference.number, large=True)
        key = f"list.reference.{slip.reference.how.name.lower()}"
        by = Wording([self._texts]).who(slip.reference.by)
        yield self._text(key, when=instant(slip.reference.got), by=by)
        yield Gap()
        yield self._text("slip.completion.lists", bold=True)
        for number in slip.lists:
            yield self._beside(number, bold=True)
        yield Gap()
        yield from self._step("slip.completion.write")
        yield from self._step("slip.completion.keep")

    def after_list(self, slip: AfterList) -> Iterator[Block]:
        yield self._title("slip.after")
        yield self._text("slip.after.lists", lists=", ".join(slip.lists))
        yield Gap()
        yield from self._step("slip.after.count", count=slip.pages)
        yield from self._step("slip.after.sign")
        yield from self._blank_lines(slip)
        if slip.provisional:
            yield from self._step("slip.after.provisional")
            if slip.keys.keypad:
                yield from self._code(slip.keys)
                yield self._beside(self._texts["slip.type.number"], bold=True)
        yield from self._step("slip.after.copy")
        yield from self._step("slip.after.keep")
        yield from self._step("slip.after.late")
        yield from self._keys(slip.keys, slip.keys.addendum)
        yield Gap()
        yield self._text("slip.after.recovers")

    def _blank_lines(self, slip: AfterList) -> Iterator[Block]:
        """Where several lists have some, each is told by the last digits of its number."""
        if not slip.lines:
            return
        yield from self._step("slip.after.blank", count=sum(count for _, count in slip.lines))
        if not slip.keys.filled_in:
            return
        yield from self._code(slip.keys)
        for number, count in slip.lines:
            typed = slip.keys.filled_in
            if len(slip.lines) > 1:
                yield self._beside(f"{number}: {count}")
                typed = f"{typed} {number.rpartition('-')[2]} #"
            text = self._texts["slip.type.count"].format(keys=_kept(typed))
            yield self._beside(text, bold=True)

    def keypad(self, slip: KeypadHelp) -> Iterator[Block]:
        yield self._title("slip.keypad")
        yield self._text("slip.keypad.code" if slip.code else "slip.keypad.no-code")
        yield self._text("slip.keypad.beeps")
        yield Gap()
        yield self._text("slip.keypad.number", bold=True)
        yield Gap()
        for typed, name in SAID.items():
            text = self._texts[f"slip.key.{name}"].replace(" #", "\N{NO-BREAK SPACE}#")
            yield Columns((Cell(_kept(f"{typed} #"), _TYPED), Cell(text)))

    def restart(self, slip: Restart) -> Iterator[Block]:
        yield self._title("slip.restart")
        if slip.since:
            since, until = minute(slip.since), minute(slip.until)
            yield self._text("slip.restart.between", since=since, until=until)
        else:
            yield self._text("slip.restart.upto", until=minute(slip.until))
        yield self._text("slip.restart.unknown", bold=True)
        yield Gap()
        yield from self._step("slip.restart.tap")
        if slip.list_number:
            yield from self._step("slip.restart.list", number=slip.list_number)
            yield from self._keys(slip.keys, slip.keys.addendum)
        else:
            yield from self._step("slip.restart.name")

    def claim_ended(self, slip: ClaimEnded) -> Iterator[Block]:
        yield self._title("slip.ended")
        yield self._text("slip.ended.since", when=minute(slip.ended))
        yield self._text(f"slip.ended.{slip.why.value}")
        if slip.waiting:
            yield self._text("slip.ended.waiting", count=slip.waiting, bold=True)
        yield Gap()
        if slip.waiting:
            yield from self._step("slip.ended.gate")
        yield from self._step("slip.ended.new")
        yield from self._step("slip.ended.look")

    def _title(self, key: str) -> Block:
        return Text(self._texts[key], bold=True, large=True)

    def _text(self, key: str, *, bold: bool = False, **places: object) -> Block:
        return Text(self._texts[key].format(**places), bold)

    def _step(self, key: str, **places: object) -> Iterator[Block]:
        if self._steps:
            yield Gap()
        self._steps += 1
        text = self._texts[key].format(**places)
        yield Columns((Cell(f"{self._steps}.", _STEP, bold=True), Cell(text)))

    def _beside(self, text: str, *, bold: bool = False) -> Block:
        return Columns((Cell("", _STEP), Cell(text, bold=bold)))

    def _keys(self, keys: Keys, typed: str) -> Iterator[Block]:
        if typed:
            yield from self._code(keys)
            text = self._texts["slip.type.keys"].format(keys=_kept(typed))
            yield self._beside(text, bold=True)

    def _code(self, keys: Keys) -> Iterator[Block]:
        """That the operator code comes first; said where something is typed for the first time."""
        if keys.code and not self._code_said:
            self._code_said = True
            yield self._beside(self._texts["slip.type.code"])


def _shared(slip: Slip, heading: Heading, words: Wording) -> Iterator[Block]:
    """What is the same in every language, but for its labels."""
    match slip:
        case Instruction():
            yield Text(words.say("slip.quote"), bold=True)
            firm = ", ".join(filter(None, (heading.firm, company(heading.firm_number))))
            for key, value in (
                ("list.firm", firm),
                ("list.declaration", heading.declaration),
                ("list.site", ", ".join(filter(None, (heading.site, heading.address)))),
                ("slip.quote.since", minute(slip.since)),
                ("slip.quote.incident", slip.incident),
            ):
                yield Text(words.field(key, value))
            if not slip.exemptible:
                return
            online = slip.online or words.languages[0]["slip.online.address"]
            yield from _code(words.say("slip.online"), online)
            if slip.whose not in EXEMPTING:
                yield from _code(words.say("slip.form"), slip.form)
        case Evidence(checkpoint=checkpoint) | Completion(checkpoint=checkpoint):
            if isinstance(slip, Evidence):
                yield Text(words.field("slip.quote.incident", slip.incident))
            else:
                yield Text(words.field("list.date", f"{slip.day:%d/%m/%Y}"))
            if checkpoint:
                yield from _code(words.say("list.checkpoint"), checkpoint)
                yield Text(checkpoint)
        case ClaimEnded(incident=incident):
            yield Text(words.field("slip.quote.incident", incident))
        case KeypadHelp(employers):
            yield Text(words.say("slip.keypad.employers"), bold=True)
            for place, (name, number) in enumerate(employers, 1):
                firm = ", ".join(filter(None, (name, company(number))))
                yield Columns((Cell(_kept(f"{place} #"), _TYPED), Cell(firm)))
        case _:
            pass


def _code(label: str, payload: str) -> Iterator[Block]:
    yield Gap()
    yield Text(label, bold=True)
    yield Qr(payload)


def _head(heading: Heading, words: Wording) -> Iterator[Block]:
    """Which gate printed it, and when; at the foot, since people read from the top."""
    yield Gap()
    yield Text(words.field("list.site", heading.site))
    yield Text(words.field("list.gate", heading.gate))
    yield Text(words.field("list.printed", instant(heading.printed)))
    if heading.training:
        yield Banner(TRAINING)


def _kept(text: str) -> str:
    """With spaces at which no line ends."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")
