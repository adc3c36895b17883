"""verify: what is wrong with a journal, in words, and where. Needs neither the gate nor its config.

    edited      a row is not what was sealed, or its details are not those of its digest
    deleted     rows are missing, also when the rest was renumbered
    inserted    a row that no seal knows stands among others that follow each other without it
    reordered   a row stands elsewhere than where it was written
    truncated   a checkpoint from outside names an entry beyond the end
    rewritten   the seals hold, and a checkpoint, inside or from outside, says another seal
    re-signed   a checkpoint is signed by another key than those before it, or outside
    forged      an erasure, or all of the journal, that no checkpoint of the gate vouches for

Where nothing is found the journal is as the gate wrote it, up to its last checkpoint; beyond that,
up to 256 entries and the rest of a day, it follows without a break.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from agent.core import chain
from agent.core.journal_records import CheckpointSigned, PayloadsErased
from agent.core.records import JournalOpened, kind_of
from agent.core.spans import Span, spans_of
from agent.findings import Finding
from agent.journal.checkpoint import EVERY_ENTRIES, Checkpoint, holds, mark_of
from agent.journal.rechain import Rechain
from agent.journal.rows import UNREADABLE, Row, reading, rows

MOST_FINDINGS = 50
"""After so many the rest is not looked at: it is not this gate's journal any more."""

_CHECKPOINT, _OPENED, _ERASED = map(kind_of, (CheckpointSigned, JournalOpened, PayloadsErased))


@dataclass(slots=True)
class Verdict:
    """What was found. `erased`: what was erased by rule, in words; no fault."""

    name: str
    journal: str = ""
    entries: int = 0
    head: bytes = chain.START
    key: bytes = b""
    signed: int = 0
    """The last entry that a checkpoint vouches for."""
    findings: list[Finding] = field(default_factory=list)
    erased: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """True when nothing is wrong."""
        return not self.findings

    def find(self, where: int | str, problem: str) -> None:
        """Notes what is wrong."""
        place = f"entry {where}" if isinstance(where, int) else where
        mend = "compare with a copy, a bundle or a checkpoint from before"
        self.findings.append(Finding(self.name, place, problem, mend))

    def text(self) -> str:
        """For a person: every finding, or that there is none."""
        key = f"signed up to entry {self.signed} by key {mark_of(self.key)}" if self.key else ""
        lines = [f"journal {self.journal or '?'}: {self.entries} entries, {key or 'not signed'}"]
        lines += self.erased
        lines += map(str, self.findings)
        if self.sound:
            lines.append(f"verified: nothing was changed; the last seal is {self.head.hex()}")
        else:
            lines.append("NOT VERIFIED: keep this file as it is, and a copy of it elsewhere")
        return "\n".join(lines)


def verify(path: Path, checkpoints: Sequence[Checkpoint] = ()) -> Verdict:
    """The verdict on the journal in `path`. Raises JournalError when it is none."""
    with reading(path) as connection:
        return verify_rows(str(path), rows(connection), checkpoints)


def verify_rows(
    name: str,
    found: Iterable[Row],
    checkpoints: Sequence[Checkpoint] = (),
    after: tuple[int, bytes] = (0, chain.START),
    *,
    veiled: bool = False,
) -> Verdict:
    """The verdict on rows that follow on entry `after`. `veiled`: details may be left out."""
    check = _Check(name, checkpoints, after, veiled=veiled)
    try:
        check.go_through(found)
    except UNREADABLE as error:
        check.verdict.find(check.order.number, f"the file is damaged from here on ({error})")
    check.conclude()
    return check.verdict


_NOTHING = (Span(0, -1), "")


class _TooMuch(Exception):
    """More is wrong than is worth telling."""


class _Check:
    def __init__(
        self,
        name: str,
        checkpoints: Sequence[Checkpoint],
        after: tuple[int, bytes],
        *,
        veiled: bool,
    ) -> None:
        self.verdict = Verdict(name)
        self._veiled, self._follows = veiled, after[0] > 0
        self._outside = {checkpoint.upto: checkpoint for checkpoint in checkpoints}
        self._met: set[int] = set()
        self._bare: list[int] = []
        self._erased: list[tuple[Span, str]] = []
        self._unsigned: list[int] = []
        """Erasures that no checkpoint came after yet."""
        self.order = Rechain(*after, self._find)

    def _find(self, where: int, problem: str) -> None:
        self.verdict.find(where, problem)
        if len(self.verdict.findings) >= MOST_FINDINGS:
            raise _TooMuch

    def go_through(self, found: Iterable[Row]) -> None:
        """Checks every row, and stops where too much is wrong."""
        verdict, outside, bare = self.verdict, self._outside, self._bare
        before = self.order.head
        try:
            for number, row in self.order.rows(found):
                if row.body is None or row.salt is None:
                    bare.append(number)
                elif chain.digest(row.salt, row.body) != row.digest:
                    self._find(row.seq, f"was edited: its details ({row.kind}) are others")
                elif row.kind in (_CHECKPOINT, _OPENED, _ERASED):
                    self._read(number, row, row.body, before)
                if number in outside:
                    self._compare(outside[number], row.seal)
                before = row.seal
                verdict.entries += 1
        except _TooMuch:
            verdict.find(self.order.number, "and more: the rest was not looked at")
        verdict.head = self.order.head

    def _read(self, number: int, row: Row, body: bytes, before: bytes) -> None:
        match _decoded(row.kind, body):
            case JournalOpened(journal):
                self.verdict.journal = journal
            case CheckpointSigned() as signed:
                self._signed(number, row.seq, signed, before)
            case PayloadsErased(spans, reason):
                what = f"erased on {_day(row.unix_ms)}: {reason}"
                self._erased += ((span, what) for span in spans)
                self._unsigned.append(row.seq)
            case None:
                self._find(row.seq, f"holds no {row.kind} as this version knows it")

    def _signed(self, number: int, seq: int, signed: CheckpointSigned, before: bytes) -> None:
        verdict = self.verdict
        since = f"the entries after {verdict.signed}" if verdict.signed else "the entries before"
        if verdict.key and signed.key != verdict.key:
            marks = f"{mark_of(verdict.key)} before, {mark_of(signed.key)} from here on"
            self._find(seq, f"was re-signed by another key: {marks}")
        elif not holds(signed):
            self._find(seq, f"holds a signature that is not the key's: {since} were rewritten")
        elif signed.upto != number - 1 or signed.head != before:
            self._find(seq, f"was signed over another seal: {since} were rewritten")
        verdict.key, verdict.signed = signed.key, number - 1
        self._unsigned.clear()

    def _compare(self, outside: Checkpoint, seal: bytes) -> None:
        self._met.add(outside.upto)
        if outside.head != seal:
            self.verdict.find(
                f"checkpoint of entry {outside.upto}",
                "names another seal: the journal was rewritten before that entry since",
            )

    def conclude(self) -> None:
        """What only the end shows."""
        verdict, last = self.verdict, self.order.number - 1
        for outside in self._outside.values():
            self._judge(outside, last)
        if not verdict.findings and verdict.key and last - verdict.signed > 2 * EVERY_ENTRIES:
            verdict.find(verdict.signed + 1, "and all after it were never signed: not the gate's")
        if self._veiled:
            return
        if verdict.entries and not verdict.key and not self._follows:
            verdict.find(1, "and all after it were never signed: not the gate's")
        for seq in self._unsigned:
            verdict.find(seq, "was forged: an erasure of the gate is signed in the same moment")
        lost, gone = self._sort_bare()
        for span in spans_of(lost):
            verdict.find(span.first, f"lost its details without an erasure entry: {span}")
        verdict.erased = [f"{count} entries {what}" for what, count in gone.items()]

    def _sort_bare(self) -> tuple[list[int], Counter[str]]:
        """Entries without details: those that no erasure names, and how many each erasure does."""
        lost: list[int] = []
        gone: Counter[str] = Counter()
        erased = iter(sorted(self._erased, key=lambda e: e[0].first))
        span, what = next(erased, _NOTHING)
        for number in self._bare:
            while span.last < number and span is not _NOTHING[0]:
                span, what = next(erased, _NOTHING)
            if span.first <= number <= span.last:
                gone[what] += 1
            else:
                lost.append(number)
        return lost, gone

    def _judge(self, outside: Checkpoint, last: int) -> None:
        verdict = self.verdict
        place = f"checkpoint of entry {outside.upto}"
        if verdict.journal and outside.journal != verdict.journal:
            verdict.find(place, f"is another journal's ({outside.journal})")
        elif verdict.key and outside.mark != mark_of(verdict.key):
            marks = f"{outside.mark} there, {mark_of(verdict.key)} here"
            verdict.find(place, f"is signed by another key: the journal was re-signed ({marks})")
        elif verdict.key and not holds(outside.signed_by(verdict.key)):
            verdict.find(place, "is not genuine: its signature is not this gate's")
        elif outside.upto > last:
            gone = f"entries {last + 1} to {outside.upto} and any after them"
            verdict.find(place, f"lies beyond the end: truncated, {gone} are missing")


def _decoded(kind: str, body: bytes) -> CheckpointSigned | JournalOpened | PayloadsErased | None:
    types = {_CHECKPOINT: CheckpointSigned, _OPENED: JournalOpened, _ERASED: PayloadsErased}
    try:
        return msgspec.json.decode(body, type=types[kind])
    except msgspec.MsgspecError:
        return None


def _day(unix_ms: int) -> str:
    try:
        return dt.datetime.fromtimestamp(unix_ms / 1000, dt.UTC).date().isoformat()
    except (OverflowError, ValueError, OSError):
        return "a day that cannot be"
