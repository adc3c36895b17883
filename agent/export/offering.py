"""The agent's side of an export: makes bundles when it is asked to, and notes those that arrived.

    begin   what is held already → an entry that says so, signed; how many bundles there will be
    next    the next bundle, in a file of the agent's own, until it is fetched
    done    a bundle lies whole where it was to go: noted in the journal
    over    the export has ended, well or not: shown and noted

What is new is reckoned from what the stick or folder holds, as far as the journal knows it by name
and hash: so each stick is a whole by itself. By the journal's memory alone, a stick that was lost
would be a hole for ever, and a firm with two sticks would have a half on each. A file that is
changed, foreign or made for an earlier key does not count, and is left alone.
"""

from __future__ import annotations

import logging
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from agent import __version__
from agent.config import Config
from agent.control import Answer, Question
from agent.core.export_events import ExportAsked, ExportDone, ExportOver
from agent.core.journal_records import BundleExported
from agent.core.moment import Moment
from agent.core.state import State
from agent.export.bundle import Contractor, Made, Order
from agent.export.making import NotMade, in_a_child
from agent.journal.fault import JournalError, explained
from agent.journal.outward import exports
from agent.journal.rows import reading, rows
from agent.paper.documents import firm_names
from agent.seams import Decide

RESERVE_BYTES = 128 * 1024 * 1024
"""Stays free beside a bundle that is made: taps need a few KiB each, and must never lack them."""
OUTBOX = "outbox"
_OWN_KINDS = ("export-begun", "export-ended", "bundle-exported", "checkpoint-signed")
"""What an export itself writes: alone it is nothing new."""

log = logging.getLogger(__name__)


class Refused(Exception):
    """No export; the text says why and what to do."""


class Offering:
    """One export at a time; from any thread but the loop's."""

    def __init__(
        self,
        config: Config,
        state: Callable[[], State],
        now: Callable[[], Moment],
        decide: Decide,
        make: Callable[[Order], Made] = in_a_child,
        reserve_bytes: int = RESERVE_BYTES,
    ) -> None:
        self._config, self._state, self._now, self._decide = config, state, now, decide
        self._make, self._reserve_bytes = make, reserve_bytes
        self._outbox = config.gate.data_dir / OUTBOX
        self._orders: list[Order] = []
        self._offered: dict[str, Made] = {}
        self._busy = threading.Lock()

    def answer(self, question: Question) -> Answer:
        """The answer to a question that begins with `export-`."""
        if not self._busy.acquire(blocking=False):
            return {"done": False, "wait": True, "text": "another export is answered; try again"}
        try:
            match question:
                case {"ask": "export-begin", "target": str(target), "held": dict(held)}:
                    return self._begin(target, held, stick=bool(question.get("stick")))
                case {"ask": "export-next"}:
                    return self._next()
                case {"ask": "export-done", "file": str(file), "sha256": str(sha256)}:
                    return self._done(file, sha256)
                case {"ask": "export-over", "target": str(target), "failure": str(failure)}:
                    return self._over(target, failure, stick=bool(question.get("stick")))
        except Refused as error:
            return {"done": False, "text": str(error)}
        except (JournalError, NotMade) as error:
            return {"done": False, "text": f"{error}; to do: {error.hint}"}
        finally:
            self._busy.release()
        return {"done": False, "text": f"an export is not asked this: {question.get('ask')}"}

    # --- the four questions -------------------------------------------------------------------

    def _begin(self, target: str, held: Mapping[str, str], *, stick: bool) -> Answer:
        """Before anything is written: whether there is anything new, and for whom."""
        contractors = self._contractors()
        if stick and (other := self._other(target)):
            return {"done": False, "wait": True, "text": f"an export to {other} runs"}
        with reading(self._config.gate.journal) as connection:
            try:
                known = [b for b in exports(connection) if held.get(b.file) == b.sha256]
                firsts = {c.company: _reach(c, known) + 1 for c in contractors}
                news = [c for c in contractors if _is_news(connection, firsts[c.company])]
                taken = [_taken(connection, bundle, self._config) for bundle in known]
            except sqlite3.Error as error:
                raise explained(error, str(self._config.gate.journal)) from error
        answer = {"done": True, "gate": self._config.gate.name, "taken": taken, "bundles": 0}
        answer["training"] = self._config.gate.training
        if not news:
            return {**answer, "text": "nothing is new since the bundles that are there already"}
        done, said, _ = self._decide(lambda asked: ExportAsked(self._now(), target, stick, asked))
        if not done:
            raise Refused(said)
        self._clear()
        signed = self._state().checkpoint
        if signed is None:
            raise Refused("the journal is not signed, so nothing can be exported; call support")
        self._orders = [self._order(c, firsts[c.company], signed.upto + 1) for c in news]
        return {**answer, "bundles": len(news), "text": said}

    def _next(self) -> Answer:
        """The next bundle; the one before it was fetched, and goes."""
        for file in self._offered:
            (self._outbox / file).unlink(missing_ok=True)
        if not self._orders:
            return {"done": True, "bundle": None}
        order = self._orders.pop(0)
        self._require_room()
        made = self._make(order)
        self._offered[made.file] = made
        about = _about(made, self._state().journal)
        path = str(self._outbox / made.file)
        return {"done": True, "bundle": {**about, "path": path, "firm": order.contractor.name}}

    def _done(self, file: str, sha256: str) -> Answer:
        """Only what the agent made itself is noted, and only if it arrived as it was made."""
        made = self._offered.get(file)
        if made is None or made.sha256 != sha256:
            raise Refused(f"{file} is not as the gate made it; nothing is noted, export again")
        fields = (made.company, made.recipient, made.first, made.upto, made.file, made.sha256)
        done, said, _ = self._decide(
            lambda asked: ExportDone(self._now(), BundleExported(*fields), asked)
        )
        return {"done": done, "text": said}

    def _over(self, target: str, failure: str, *, stick: bool) -> Answer:
        if stick and (other := self._other(target)):
            return {"done": False, "wait": True, "text": f"an export to {other} runs"}
        done, said, _ = self._decide(
            lambda asked: ExportOver(self._now(), target, stick, failure, asked)
        )
        if done:
            self._clear()
        return {"done": done, "text": said}

    def _other(self, target: str) -> str:
        """Where an export goes that runs now, if that is somewhere else; else ""."""
        export = self._state().export
        return export.target if export and export.runs and export.target != target else ""

    # --- what they need -----------------------------------------------------------------------

    def _contractors(self) -> list[Contractor]:
        if not self._config.contractors:
            raise Refused(
                "nobody is configured to take anything away; add [[contractors]] with the firm's "
                "recipient (werfpoort keys contractor makes one), then systemctl reload werfpoort"
            )
        return [
            Contractor(c.company, c.name, c.recipient, c.main) for c in self._config.contractors
        ]

    def _clear(self) -> None:
        """Begins with an empty outbox: what an earlier export left there is of no use."""
        self._orders, self._offered = [], {}
        self._outbox.mkdir(mode=0o700, exist_ok=True)
        for left in self._outbox.iterdir():
            left.unlink(missing_ok=True)

    def _order(self, contractor: Contractor, first: int, upto: int) -> Order:
        config = self._config
        return Order(
            journal=config.gate.journal,
            key=config.gate.signing_key,
            folder=self._outbox,
            contractor=contractor,
            first=first,
            upto=upto,
            gate=config.gate.name,
            site=config.site.name,
            declaration=config.site.declaration,
            languages=config.gate.languages,
            zone=config.zone.key,
            training=config.gate.training,
            version=__version__,
            made=self._now().local(config.zone),
            address=config.site.address,
            firms=firm_names(config),
        )

    def _require_room(self) -> None:
        """A bundle is smaller than the journal it is of."""
        needed = self._config.gate.journal.stat().st_size + self._reserve_bytes
        free = shutil.disk_usage(self._outbox).free
        if free < needed:
            raise Refused(
                f"{_mib(free)} are free on the journal's disk and an export wants {_mib(needed)}, "
                "so that taps never lack room; free some"
            )


def _mib(size: int) -> str:
    return f"{size / 1024 / 1024:.0f} MiB"


def _reach(contractor: Contractor, known: Sequence[BundleExported]) -> int:
    """The entry up to which a firm holds everything without a gap, readable by its present key."""
    reach = 0
    for bundle in sorted(known, key=lambda bundle: bundle.first):
        mine = (bundle.company, bundle.recipient) == (contractor.company, contractor.recipient)
        if mine and bundle.first <= reach + 1:
            reach = max(reach, bundle.upto)
    return reach


def _is_news(connection: sqlite3.Connection, first: int) -> bool:
    marks = ",".join("?" * len(_OWN_KINDS))
    query = f"SELECT 1 FROM entry WHERE seq >= ? AND kind NOT IN ({marks}) LIMIT 1"
    return connection.execute(query, (first, *_OWN_KINDS)).fetchone() is not None


def _taken(
    connection: sqlite3.Connection, bundle: BundleExported, config: Config
) -> dict[str, Any]:
    """A bundle that lies there already, as the note beside it tells of it."""
    first, last = (_row(connection, seq) for seq in (bundle.first, bundle.upto))
    journal = bundle.file.removesuffix(".zip.age").rpartition("_")[2]
    return {
        "file": bundle.file,
        "journal": journal,
        "since": first.at.day(config.zone).isoformat(),
        "until": last.at.day(config.zone).isoformat(),
        "upto": bundle.upto,
        "head": last.seal.hex(),
    }


def _row(connection: sqlite3.Connection, seq: int) -> Any:
    return next(iter(rows(connection, seq - 1, seq)))


def _about(made: Made, journal: str) -> dict[str, Any]:
    """What is told of a bundle that was made."""
    about = {**asdict(made), "journal": journal}
    return {**about, "since": made.since.isoformat(), "until": made.until.isoformat()}


Asks = Callable[[Question], Answer]
"""Puts a question to the agent, or to the desk of a journal that no agent holds."""


def bundles(asks: Asks, count: int) -> Iterator[dict[str, Any]]:
    """Every bundle of an export that has begun, one after the other. Raises Refused."""
    for _ in range(count):
        answer = asks({"ask": "export-next"})
        if not answer["done"]:
            raise Refused(answer["text"])
        if answer["bundle"] is None:
            raise Refused("the agent was started anew meanwhile; put the stick in again")
        yield answer["bundle"]
