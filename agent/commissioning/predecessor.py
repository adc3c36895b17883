"""What an export of the old gate tells: the main contractor's bundles, verified and read back.

A bundle is a slice of the journal. One made for an empty folder holds all of it; on a stick that
was put in every day they follow each other, and are read together. Only the main contractor's tell
of everybody.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from agent.core.gate import restore
from agent.core.moment import Moment
from agent.core.predecessor import Predecessor
from agent.core.records import DayBegan, Entry, kind_of
from agent.core.rules import Rules
from agent.core.succession import predecessor_of
from agent.export.bundle import JOURNAL, Manifest
from agent.export.journal_slice import MOST_LINE_BYTES, entries_in
from agent.export.opening import BundleError, NoRoom, Opened, is_bundle, looked_into, opened
from agent.journal.checkpoint import mark_of

if TYPE_CHECKING:
    from pyrage.x25519 import Identity

ZONE = ZoneInfo("Europe/Brussels")
"""Where a day begins and ends: DOMAIN.md, section 4."""


class _Slice(msgspec.Struct):
    """A bundle that was unpacked into `folder`."""

    folder: Path
    manifest: Manifest


def predecessor_in(export: Path, identities: Sequence[Identity]) -> Predecessor:
    """The gate that made `export`: a bundle, a folder into which one was unpacked, or a folder or
    stick with bundles in it. `identities`: the keys of the main contractor; none for what was
    unpacked already. Raises BundleError, OSError.
    """
    with ExitStack() as stack:
        slices = _following(_slices(export, identities, stack), export)
        last = slices[-1].manifest
        began = _day_begun(slices)
        base = began.base if began is not None else 1
        if base < slices[0].manifest.first:
            raise BundleError(
                f"{export} begins with entry {slices[0].manifest.first}, and what counts today "
                f"begins with entry {base}; take the folder with all bundles of that gate, or "
                "export into an empty one"
            )
        until: Moment | None = None

        def needed() -> Iterator[Entry]:
            nonlocal until
            for entry in _entries(slices):
                until = entry.at
                if began is None or began.needs(entry):
                    yield entry

        state = restore(Rules(ZONE), needed())
        assert until is not None  # a slice that verified has entries
        key = _key_of(last)
        return predecessor_of(
            state,
            until,
            gate=last.gate,
            site=last.site,
            company=last.company,
            head=last.head,
            key=key.hex(),
        )


def fingerprint(predecessor: Predecessor) -> str:
    """The code of the old gate's key, as its lists print it."""
    return mark_of(bytes.fromhex(predecessor.key))


def _slices(export: Path, identities: Sequence[Identity], stack: ExitStack) -> Iterator[_Slice]:
    """Every bundle of a main contractor there that opens with these keys, verified."""
    if export.is_dir() and is_bundle(export):
        found = _sound(looked_into(export, ()))
        yield _Slice(export, found.manifest)
        return
    files = [export]
    if export.is_dir():
        files = sorted(file for file in export.rglob("*.age") if file.is_file())
    for file in files:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="werfpoort-")))
        try:
            found = opened(file, identities, folder / "bundle")
        except BundleError as error:
            if len(files) == 1 or isinstance(error, NoRoom):
                raise
            continue  # another firm's
        if found.manifest.main:
            yield _Slice(folder / "bundle", _sound(found).manifest)
        elif len(files) == 1:
            raise BundleError(
                f"{file} is {found.manifest.firm}'s and tells of its own workers only; take the "
                "main contractor's"
            )


def _sound(found: Opened) -> Opened:
    if not found.manifest.main:
        raise BundleError(f"{found.name} is not the main contractor's; take that one")
    if not found.sound:
        raise BundleError(f"{found.text()}\nexport again, or set the spare gate up without it")
    return found


def _following(found: Iterator[_Slice], export: Path) -> list[_Slice]:
    """The slices of the journal that went on last, each after the one before it."""
    slices = sorted(found, key=lambda one: (one.manifest.made, one.manifest.upto))
    if not slices:
        raise BundleError(
            f"{export} holds no bundle of a main contractor that opens with this key; look for a "
            "file that ends in .zip.age, and for the key that werfpoort keys contractor made"
        )
    journal = slices[-1].manifest.journal
    chain: list[_Slice] = []
    mine = sorted(
        (one for one in slices if one.manifest.journal == journal),
        key=lambda one: (one.manifest.first, -one.manifest.upto),
    )
    for one in mine:
        if not chain or one.manifest.first > chain[-1].manifest.upto + 1:
            chain = [one]  # what came before a gap tells nothing of what came after it
        elif one.manifest.upto > chain[-1].manifest.upto:
            chain.append(one)
    keys = {one.manifest.key for one in chain}
    if len(keys) > 1:
        marks = ", ".join(sorted(mark_of(_key_of(one.manifest)) for one in chain))
        raise BundleError(
            f"{export}: its bundles are signed by different keys ({marks}); leave only those with "
            "the code that the gate's lists bear"
        )
    return chain


def _entries(slices: Sequence[_Slice]) -> Iterator[Entry]:
    """Each entry once, in order."""
    seen = 0
    for one in slices:
        with (one.folder / JOURNAL).open("rb") as file:
            for entry in entries_in(iter(lambda: file.readline(MOST_LINE_BYTES), b"")):
                if entry.seq > seen:
                    seen = entry.seq
                    yield entry


def _day_begun(slices: Sequence[_Slice]) -> DayBegan | None:
    """The last `DayBegan`, which says from what the state is rebuilt."""
    last, kind = None, kind_of(DayBegan).encode()
    for one in slices:
        with (one.folder / JOURNAL).open("rb") as file:
            began = (line for line in file if b'"kind":"' + kind + b'"' in line)
            for entry in entries_in(began):
                if isinstance(entry.record, DayBegan):
                    last = entry.record
    return last


def _key_of(manifest: Manifest) -> bytes:
    return msgspec.convert(manifest.key, bytes)
