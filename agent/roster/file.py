"""CSV → roster, with every error at once; a bad row is left out, the good rows work.

A row is a line: an open quotation mark spoils its own row and no other. Rows that would let a
badge lead to the wrong worker are left out together, since nobody here can tell which is right:
one badge for two workers, and one national number under two names.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from agent.core.identifiers import mask_inss, mask_uid
from agent.core.roster import Roster, Worker
from agent.findings import Finding
from agent.roster.row import SAVE_AS_UTF8, RowReader

COLUMNS = (
    "badge_uid",
    "surname",
    "given_name",
    "inss",
    "limosa",
    "employer",
    "declaration",
    "language",
    "valid_from",
    "valid_until",
    "latin_name",
)
REQUIRED_COLUMNS = ("badge_uid", "surname", "given_name")
SEPARATORS = ";,\t"
"""Excel writes ; or , by the country that Windows is set to."""

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class RosterReading:
    """What a roster file holds. `rows`: all of them, those left out too."""

    roster: Roster
    findings: tuple[Finding, ...]
    rows: int = 0


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    uid: str
    worker: Worker


def read_roster(path: Path, declaration: str) -> RosterReading:
    """The roster in `path`; `declaration` is the site's, for rows that name none of their own.

    Never raises for what is in the file: an unreadable one gives an empty roster and findings.
    """
    table = _Table(path, declaration)
    rows = [row for row in table.rows() if row is not None]
    rows = _without_shared_numbers(_without_shared_badges(rows, table.find), table.find)
    return RosterReading(_roster(rows, table.find), tuple(table.findings), table.count)


class _Table:
    """The lines of one file, and what is wrong with them."""

    def __init__(self, path: Path, declaration: str) -> None:
        self._path = path
        self._declaration = declaration
        self.findings: list[Finding] = []
        self.count = 0

    def find(
        self, line: int, column: str, problem: str, mend: str, *, warning: bool = False
    ) -> None:
        """Notes what is wrong in a line, counted from 1, and in which column."""
        places = [f"line {line}" if line else "", column]
        where = ", ".join(place for place in places if place)
        self.findings.append(Finding(str(self._path), where, problem, mend, warning))

    def rows(self) -> Iterable[_Row | None]:
        """Each row that is not empty; None for one that is left out."""
        lines = self._lines()
        if not lines:
            return
        separator = max(SEPARATORS, key=lines[0].count)
        names: list[str] | None = None
        for number, line in enumerate(lines, 1):
            cells = self._cells(number, line, separator)
            if number == 1:
                names = None if cells is None else self._header(cells)
            elif cells is None or any(cell.strip() for cell in cells):
                self.count += 1
                yield None if cells is None or names is None else self._row(number, names, cells)
            if names is None:
                return

    def _cells(self, number: int, line: str, separator: str) -> list[str] | None:
        try:
            return next(csv.reader((line,), delimiter=separator, strict=True), [])
        except csv.Error:
            mend = "close each quotation mark; one that belongs to the text stands twice"
            self.find(number, "", "has a stray quotation mark; the line is left out", mend)
            return None

    def _lines(self) -> list[str]:
        try:
            raw = self._path.read_bytes()
        except OSError as error:
            mend = "put the roster there, and let the agent's user read it"
            self.find(0, "", f"cannot be read: {error.strerror}", mend)
            return []
        if raw.startswith(_UTF16_MARKS):
            self.find(0, "", "is “Unicode text” (UTF-16), not CSV", SAVE_AS_UTF8)
            return []
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            self.find(line, "", "has letters in an old encoding, not UTF-8", SAVE_AS_UTF8)
            return []
        if not text.strip():
            self.find(0, "", "is empty", "write a header and one row a worker, as the example does")
            return []
        return re.split(r"\r\n|\r|\n", text)

    def _header(self, cells: Sequence[str]) -> list[str] | None:
        """The column names in the file's order; None when the file cannot be read by them."""
        names = [re.sub(r"[\s-]+", "_", cell.strip().casefold()) for cell in cells]
        before = len(self.findings)
        missing = [name for name in REQUIRED_COLUMNS if name not in names]
        if "inss" not in names and "limosa" not in names:
            missing.append("inss")
        if "inss" in names and "employer" not in names:
            missing.append("employer")
        for name in missing:
            near = get_close_matches(name, [n for n in names if n not in COLUMNS], 1)
            mend = f"is it `{near[0]}`? rename that" if near else "add it to the first line"
            self.find(
                1, name, "is a column that is missing", f"{mend}; known: {', '.join(COLUMNS)}"
            )
        for name in sorted({name for name in names if name in COLUMNS and names.count(name) > 1}):
            self.find(1, name, "is a column that stands there twice", "keep one of the two")
        if len(self.findings) > before:
            return None
        for name in names:
            if name and name not in COLUMNS:
                shown = name[:30] if name.isprintable() else ascii(name)[:30]
                mend = f"nothing, if it is meant so; known: {', '.join(COLUMNS)}"
                self.find(1, shown, "is a column that is not read", mend, warning=True)
        return names

    def _row(self, line: int, names: Sequence[str], cells: Sequence[str]) -> _Row | None:
        extra = any(cell.strip() for cell in cells[len(names) :])
        if len(cells) < len(names) or extra:
            problem = f"has {len(cells)} cells where the header has {len(names)}"
            mend = "see whether the row was cut off, or a text holds the separator without quotes"
            self.find(line, "", f"{problem}; the row is left out", mend)
            return None
        row = RowReader(dict(zip(names, cells, strict=False)))
        found = row.read(self._declaration)
        for column, error, warning in row.errors:
            problem = error.problem if warning else f"{error.problem}; the row is left out"
            self.find(line, column, problem, error.mend, warning=warning)
        return None if found is None else _Row(line, *found)


# --- rows against each other ------------------------------------------------------------------

_Find = Callable[[int, str, str, str], None]


def _without_shared_badges(rows: Sequence[_Row], find: _Find) -> list[_Row]:
    """The rows without those that give one badge to different workers."""
    by_uid: dict[str, list[_Row]] = {}
    for row in rows:
        if row.uid:
            by_uid.setdefault(row.uid, []).append(row)
    shared = [uid for uid, same in by_uid.items() if len({r.worker.identity for r in same}) > 1]
    for uid in shared:
        for row in by_uid[uid]:
            others = _lines(other.line for other in by_uid[uid] if other is not row)
            problem = f"{mask_uid(uid)} is also the badge of another worker, on {others}"
            mend = "see who holds the badge, and delete it in the other rows"
            find(row.line, "badge_uid", f"{problem}; all these rows are left out", mend)
    return [row for row in rows if row.uid not in shared]


def _without_shared_numbers(rows: Sequence[_Row], find: _Find) -> list[_Row]:
    """The rows without those that give one national number to different names."""
    by_person: dict[str, list[_Row]] = {}
    for row in rows:
        by_person.setdefault(row.worker.identity[0], []).append(row)
    shared = [
        person for person, same in by_person.items() if len({_plain(r.worker) for r in same}) > 1
    ]
    for person in shared:
        for row in by_person[person]:
            others = _lines(other.line for other in by_person[person] if other is not row)
            column = "inss" if row.worker.inss else "limosa"
            problem = f"{mask_inss(person)} stands under another name on {others}"
            mend = "see whose number it is, and write one name in one way"
            find(row.line, column, f"{problem}; all these rows are left out", mend)
    return [row for row in rows if row.worker.identity[0] not in shared]


def _roster(rows: Sequence[_Row], find: _Find) -> Roster:
    """The rows as a roster; of rows that disagree about one worker, the first counts."""
    workers: dict[tuple[str, str, str], _Row] = {}
    badges: dict[str, Worker] = {}
    for row in rows:
        first = workers.setdefault(row.worker.identity, row)
        if first.worker != row.worker:
            problem = f"says otherwise of this worker than line {first.line}, which counts"
            mend = "write name, language and dates alike in each row of one worker"
            find(row.line, "", problem, mend)
        if row.uid:
            badges[row.uid] = first.worker
    badged = {worker.identity for worker in badges.values()}
    unbadged = tuple(r.worker for identity, r in workers.items() if identity not in badged)
    return Roster(badges, unbadged)


def _plain(worker: Worker) -> str:
    """The name without accents, case, spaces and signs: what tells two people apart."""
    name = unicodedata.normalize("NFKD", f"{worker.surname}{worker.given_name}".casefold())
    return "".join(character for character in name if character.isalnum())


def _lines(numbers: Iterable[int]) -> str:
    return ", ".join(f"line {number}" for number in numbers)
