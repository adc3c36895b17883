"""The journal in a bundle: one JSON object a line, an entry each, from one number to another.

| field     | holds                                                                             |
|-----------|-----------------------------------------------------------------------------------|
| seq, kind, unix_ms, mono_ms, boot_id, trust | as in the journal (agent/journal/schema.py)     |
| digest, seal | base64; they hold the chain together whatever else is left out                 |
| salt, body   | base64 and text: the details; SHA-256(salt ‖ body in UTF-8) is the digest      |
| masked       | in place of the two: the details without what this firm may not read           |
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from agent.core.moment import Moment, Trust
from agent.core.records import KINDS, Entry, Record
from agent.export.audience import Owners, Reader, Share, shared
from agent.journal.rows import Row

MOST_LINE_BYTES = 16 * 1024 * 1024
"""An entry with a whole answer of the service in it is a hundredth of that."""


class SliceUnreadable(Exception):
    """A file holds no slice of a journal; the text says where it stops being one."""


class _Line(msgspec.Struct, omit_defaults=True):
    seq: int
    kind: str
    unix_ms: int
    mono_ms: int
    boot_id: str
    trust: str
    digest: bytes
    seal: bytes
    salt: bytes | None = None
    body: str | None = None
    masked: dict[str, Any] | None = None


def lines_for(
    reader: Reader, owners: Owners, rows: Iterable[tuple[Row, Entry]], counts: Counter[str]
) -> Iterator[bytes]:
    """The slice as one firm may read it; `counts` is how many entries it reads how far."""
    encode = msgspec.json.Encoder().encode
    for row, entry in rows:
        owners.learn(entry.record)
        if row.body is None:
            share, masked = Share.NOTHING, None
            counts["erased"] += 1
        else:
            share, masked = shared(reader, owners, entry, row.body)
            counts[share.value] += 1
        line = _Line(*row[:8], masked=masked)
        if share is Share.WHOLE and row.body is not None:
            line.salt, line.body = row.salt, row.body.decode()
        yield encode(line) + b"\n"


def rows_in(lines: Iterable[bytes]) -> Iterator[Row]:
    """The rows of a slice, for who verifies them. Raises SliceUnreadable."""
    decode = msgspec.json.Decoder(_Line).decode
    for number, text in enumerate(lines, 1):
        try:
            line = decode(text)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise SliceUnreadable(f"line {number} is no entry ({error})") from error
        body = None if line.body is None else line.body.encode()
        yield Row(
            *(line.seq, line.kind, line.unix_ms, line.mono_ms, line.boot_id, line.trust),
            *(line.digest, line.seal, line.salt, body),
        )


def entries_in(lines: Iterable[bytes]) -> Iterator[Entry]:
    """What the slice says, as far as its firm may read it: masked details stand for whole ones.
    Raises SliceUnreadable."""
    decode = msgspec.json.Decoder(_Line).decode
    for number, text in enumerate(lines, 1):
        try:
            line = decode(text)
            at = Moment(line.unix_ms, line.mono_ms, line.boot_id, Trust(line.trust))
            yield Entry(line.seq, at, line.kind, _record(line))
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
            raise SliceUnreadable(f"line {number} is no entry ({error})") from error


def _record(line: _Line) -> Record | None:
    """None where the details are not there, or where the mask took what the record needs."""
    kind = KINDS.get(line.kind)
    if kind is None or (line.body is None and line.masked is None):
        return None
    try:
        if line.body is not None:
            return msgspec.json.decode(line.body, type=kind)
        return msgspec.convert(line.masked, type=kind)
    except msgspec.ValidationError:
        return None
