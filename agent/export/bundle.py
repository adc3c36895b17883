"""A bundle: what one firm may know of the journal, as a ZIP archive encrypted to that firm (age).

    journal.jsonl        the entries, with digests for what was left out (journal_slice.py)
    registrations.csv    what ended with a receipt                       (tables.py, excel.py)
    obligations.csv      every worker's day and its outcome
    days/2026-11-24.html the same for people, and what befell the site   (day_sheet.py)
    lists/j-1124-1.pdf   the attendance lists that the firm made itself  (lists.py)
    README.txt           what is what, in four languages
    manifest.json        whose, from where to where, and each file's hash
    manifest.sig         the gate's signature on the manifest, base64

It is made from a connection that only reads, in one go and piece by piece: nothing of it is ever
unencrypted on a disk, and its size does not matter.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from agent.core.identifiers import mask_inss
from agent.core.journal_records import CheckpointSigned
from agent.core.records import Entry
from agent.export import readme, tables
from agent.export.archive import Held, Packed, Pulled, zipped
from agent.export.audience import Owners, Reader
from agent.export.day_sheet import EVENTS, Heading, Sheet
from agent.export.days import Day, Days, Line
from agent.export.excel import csv_head, csv_lines
from agent.export.journal_slice import lines_for
from agent.export.lists import Lists
from agent.export.past import entries_before, past_of
from agent.journal.checkpoint import Checkpoint, signer_in
from agent.journal.fault import JournalError, explained
from agent.journal.rows import Row, reading, rows
from agent.locale import texts
from agent.logs import masked as without_numbers
from agent.paper.listing import Place

FORMAT = "werfpoort-bundle-1"
JOURNAL, MANIFEST, SIGNATURE = "journal.jsonl", "manifest.json", "manifest.sig"


@dataclass(frozen=True, slots=True)
class Contractor:
    """Who gets a bundle: [[contractors]] of the configuration."""

    company: str
    name: str
    recipient: str
    main: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """A bundle to be made: entries `first` to `upto` of `journal`, into `folder`.

    `upto` is a checkpoint. `key` signs the manifest. `made`: when, with its offset.
    `firms`: names by company number.
    """

    journal: Path
    key: Path
    folder: Path
    contractor: Contractor
    first: int
    upto: int
    gate: str
    site: str
    declaration: str
    languages: tuple[str, ...]
    zone: str
    training: bool
    version: str
    made: dt.datetime
    address: str = ""
    firms: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Made:
    """A bundle that lies whole in the order's folder."""

    company: str
    recipient: str
    first: int
    upto: int
    file: str
    sha256: str
    bytes: int
    since: dt.date
    until: dt.date
    head: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle is: `after` is the seal before its first entry, `head` that of its last one."""

    format: str
    gate: str
    site: str
    training: bool
    journal: str
    company: str
    firm: str
    main: bool
    first: int
    upto: int
    after: str
    head: str
    checkpoint: str
    key: str
    since: dt.date
    until: dt.date
    made: dt.datetime
    version: str
    entries: dict[str, int]
    files: dict[str, Packed]


def file_name(order: Order, journal: str) -> str:
    """Plain on any file system, different for each bundle, and sorted by firm and time."""
    contractor = order.contractor
    parts = (
        order.gate,
        contractor.company,
        f"{order.made:%Y-%m-%d}",
        f"{order.first}-{order.upto}",
    )
    return "_".join((*parts, journal)) + ".zip.age"


def make(order: Order) -> Made:
    """Makes the bundle. Raises JournalError, OSError where there is no room, EncryptError, and
    DeviceError when a list cannot be made a PDF."""
    with reading(order.journal) as connection:
        try:
            connection.execute("BEGIN")  # one state of the journal for every pass
            making = _Making(order, connection)
            return making.written()
        except sqlite3.Error as error:
            raise explained(error, str(order.journal)) from error


class _Making:
    def __init__(self, order: Order, connection: sqlite3.Connection) -> None:
        self._order, self._connection = order, connection
        self._zone = ZoneInfo(order.zone)
        self._reader = Reader(order.contractor.company, order.contractor.main)
        self._counts: Counter[str] = Counter()
        self._packed: dict[str, Packed] = {}
        self._said = texts(order.languages[0], "bundle")
        self._registrations, self._obligations = Held(), Held()
        self._registrations.add(csv_head(tables.head(tables.REGISTRATIONS, self._said)))
        self._obligations.add(csv_head(tables.head(tables.OBLIGATIONS, self._said)))
        self._sheets: dict[str, Held] = {}
        first, *_ = self._rows(1, 1)
        self._journal = first.entry().record.journal  # type: ignore[union-attr]
        self._after = next(
            (r.seal for r in self._rows(order.first - 1, order.first - 1)), bytes(32)
        )
        (self._last,) = self._rows(order.upto, order.upto)
        signed = self._last.entry().record
        if not isinstance(signed, CheckpointSigned):
            raise JournalError(
                f"journal {order.journal}: entry {order.upto} is no checkpoint, so no bundle can "
                "end there",
                "start the agent, which signs the journal, then export again",
            )
        self._signed = signed
        self._signer = signer_in(order.key)
        if self._signer.public != signed.key:
            raise JournalError(
                f"{order.key} is not the key that signed the journal last",
                "put the right one back from a backup, restart the agent, then export again",
            )
        self._past = past_of(connection, order.first, order.upto)
        self._since = next(self._rows(order.first, order.first)).at.day(self._zone)
        self._sheet = self._sheet_maker()
        self._lists = self._lists_maker()

    def _rows(self, first: int, last: int) -> Iterator[Row]:
        return rows(self._connection, first - 1, last)

    def written(self) -> Made:
        """Encrypts the archive while it is made, into the folder: whole or not at all."""
        import pyrage

        order = self._order
        name = file_name(order, self._journal)
        target, fresh = order.folder / name, order.folder / f".{name}.part"
        recipient = pyrage.x25519.Recipient.from_str(order.contractor.recipient)
        pieces = zipped(self._files(), order.made.timetuple()[:6], self._pack)
        fresh.unlink(missing_ok=True)
        try:
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640), "wb") as file:
                tee = _Hashed(file)
                pyrage.encrypt_io(Pulled(pieces), tee, [recipient])
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(target)
        finally:
            fresh.unlink(missing_ok=True)
        return Made(
            company=order.contractor.company,
            recipient=order.contractor.recipient,
            first=order.first,
            upto=order.upto,
            file=name,
            sha256=tee.digest.hexdigest(),
            bytes=tee.size,
            since=self._since,
            until=self._last.at.day(self._zone),
            head=self._last.seal.hex(),
        )

    def _pack(self, packed: Packed) -> None:
        self._packed[packed.name] = packed

    def _files(self) -> Iterator[tuple[str, Iterable[bytes]]]:
        order = self._order
        owners, days = Owners(), Days(self._zone, order.first, self._past.mended, EVENTS)
        for entry in entries_before(self._connection, self._past.start, order.first):
            owners.learn(entry.record)
            self._take(days, entry)
        yield JOURNAL, lines_for(self._reader, owners, self._entries(days), self._counts)
        yield "registrations.csv", self._registrations.pieces()
        yield "obligations.csv", self._obligations.pieces()
        for name, held in sorted(self._sheets.items()):
            yield name, held.pieces()
        about = readme.inside(order.gate, order.contractor.name, training=order.training)
        yield readme.NAME, [about.encode()]
        manifest = msgspec.json.format(msgspec.json.encode(self._manifest()), indent=1)
        yield MANIFEST, [manifest]
        signature = self._signer.vouches(manifest)
        yield SIGNATURE, [base64.b64encode(signature) + b"\n"]

    def _entries(self, days: Days) -> Iterator[tuple[Row, Entry]]:
        """The slice, read once: the days are told while it is packed."""
        for row in self._rows(self._order.first, self._order.upto):
            entry = row.entry()
            self._take(days, entry)
            yield row, entry
        for day in days.rest():
            self._tell(day)
        for name, pdf in self._lists.rest():
            self._keep(name, pdf)

    def _take(self, days: Days, entry: Entry) -> None:
        """What is over with this entry: days, and lists."""
        for day in days.take(entry):
            self._tell(day)
        for name, pdf in self._lists.take(entry):
            self._keep(name, pdf)

    def _keep(self, name: str, content: bytes) -> None:
        """A file that waits until the journal is packed."""
        held = Held()
        held.add(content)
        held.close()
        self._sheets[name] = held

    def _tell(self, day: Day) -> None:
        """A day's lines as this firm may read them, into its tables and its sheet."""
        mine = ((ref, self._seen(line)) for ref, line in day.lines.items())
        day.lines = {ref: line for ref, line in mine if line is not None}
        for columns, held in (
            (tables.REGISTRATIONS, self._registrations),
            (tables.OBLIGATIONS, self._obligations),
        ):
            wanted = (
                each for each in day.lines.values() if each.receipt or held is self._obligations
            )
            rows_of_day = (tables.row(columns, line, self._zone, self._said) for line in wanted)
            held.add(csv_lines(rows_of_day))
        sheet = Held()
        for piece in self._sheet.page(day):
            sheet.add(piece)
        sheet.close()
        name = f"days/{day.day.isoformat()}"
        again = f"-{len(self._sheets)}" if f"{name}.html" in self._sheets else ""
        self._sheets[f"{name}{again}.html"] = sheet  # again: a clock jumped back to that day

    def _seen(self, line: Line) -> Line | None:
        reader, person = self._reader, line.person
        if person.employer == reader.company or (reader.main and reader.company in line.listed_by):
            return line
        if not reader.main:
            return None
        inss, limosa = mask_inss(person.inss), mask_inss(person.limosa)
        return replace(
            line,
            person=replace(person, inss=inss, limosa=limosa),
            errors=tuple(map(without_numbers, line.errors)),
            remarks=tuple(map(without_numbers, line.remarks)),
        )

    def _sheet_maker(self) -> Sheet:
        order, contractor = self._order, self._order.contractor
        heading = Heading(
            gate=order.gate,
            site=order.site,
            declaration=order.declaration,
            firm=contractor.name,
            firm_number=contractor.company,
            training=order.training,
            journal=self._journal,
            head=self._last.seal.hex(),
            upto=order.upto,
            language=order.languages[0],
        )
        return Sheet(
            heading, tuple(map(partial(texts, domain="bundle"), order.languages)), self._zone
        )

    def _lists_maker(self) -> Lists:
        order = self._order
        where = ", ".join(filter(None, (order.site, order.address)))
        firms, training = order.firms, order.training
        place = Place(where, order.gate, self._zone, self._journal, firms, training)
        said = tuple(map(texts, order.languages[:2]))
        return Lists(self._reader, place, said, order.languages[0], order.first)

    def _manifest(self) -> Manifest:
        order, contractor = self._order, self._order.contractor
        return Manifest(
            format=FORMAT,
            gate=order.gate,
            site=order.site,
            training=order.training,
            journal=self._journal,
            company=contractor.company,
            firm=contractor.name,
            main=contractor.main,
            first=order.first,
            upto=order.upto,
            after=self._after.hex(),
            head=self._last.seal.hex(),
            checkpoint=Checkpoint.of(self._journal, self._signed).text(),
            key=base64.b64encode(self._signed.key).decode(),
            since=self._since,
            until=self._last.at.day(self._zone),
            made=order.made,
            version=order.version,
            entries=dict(self._counts),
            files=dict(self._packed),
        )


class _Hashed:
    """A file that is hashed as it is written."""

    def __init__(self, file: object) -> None:
        self._write = file.write  # type: ignore[attr-defined]
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        self.size += len(data)
        self._write(data)
        return len(data)

    def flush(self) -> None:
        """The one who opened the file does it."""
