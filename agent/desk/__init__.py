"""What people may ask the gate: every question of the control socket, and its answer.

A look reads the last published state; a request becomes an event for the loop and waits for its
reply. With no agent running, a command brings its own `decide` over the locked journal.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from agent.config import Config
from agent.control import Answer, Question
from agent.core.events import BadgeAssignmentAsked, BadgeDismissalAsked, Event
from agent.core.identifiers import IdentifierError, mask_inss, mask_uid, parse_uid
from agent.core.moment import Moment
from agent.core.state import State
from agent.credential_watch import CredentialWatch
from agent.desk.journal import JournalDesk
from agent.desk.outage import OutageDesk
from agent.desk.paper import PaperDesk
from agent.desk.registrations import RegistrationDesk, Wait
from agent.desk.status import status
from agent.desk.taps import TapsDesk
from agent.export.offering import Offering
from agent.roster.supplier import SupplierRoster
from agent.roster.watch import offer
from agent.seams import Decide


class Desk:
    """Answers questions; from any thread."""

    def __init__(
        self,
        state: Callable[[], State],
        now: Callable[[], Moment],
        decide: Decide,
        config: Config,
        wait: Wait | None = None,
        put: Callable[[Event], None] = lambda event: None,
    ) -> None:
        self._state = state
        self._now = now
        self._decide = decide
        self._roster = config.gate.roster
        self._declaration = config.site.declaration
        self.journal = JournalDesk(state, now, decide, config)
        self._taps = TapsDesk(state, now, decide)
        self._registrations = RegistrationDesk(
            state, now, decide, wait, {firm.number: firm.name for firm in config.employers}
        )
        self._paper = PaperDesk(state, now, decide, config)
        self._outage = OutageDesk(state, now, decide, config.gate.languages[0])
        self.supplier_roster: SupplierRoster | None = None
        self.credentials = CredentialWatch(config.channels, now, put)
        self._offering = Offering(config, state, now, decide)

    def answer(self, question: Question) -> Answer:
        """The answer: `done`, and `text` for a person or what was asked to be looked at."""
        match question:
            case {"ask": "status"}:
                return {"done": True, "status": self._status()}
            case {"ask": "roster-list"}:
                return {"done": True, "workers": self._workers()}
            case {"ask": "roster-import", "text": str(text), "name": str(name)}:
                return self._import(text, name, force=bool(question.get("force")))
            case {"ask": "badge-assign", "uid": str(uid), "worker": str(worker)}:
                return self._badge(
                    uid, lambda u, asked: BadgeAssignmentAsked(self._now(), u, worker, asked)
                )
            case {"ask": str(ask)} if ask.startswith("journal-"):
                return self.journal.answer(question)
            case {"ask": str(ask)} if ask.startswith("paper-"):
                return self._paper.answer(question)
            case {"ask": str(ask)} if ask.startswith("export-"):
                return self._offering.answer(question)
            case {"ask": str(ask)} if ask.startswith("outage-"):
                return self._outage.answer(question)
            case {"ask": str(ask)} if ask.startswith("taps-"):
                return self._taps.answer(question)
            case {"ask": "cancel" | "ahead" | "ahead-confirm" | "ahead-cancel-missing"}:
                return self._registrations.answer(question)
            case {"ask": "badge-dismiss", "uid": str(uid)}:
                return self._badge(uid, lambda u, asked: BadgeDismissalAsked(self._now(), u, asked))
        return {
            "done": False,
            "text": f"the agent does not know this question: {question.get('ask')}",
        }

    def _status(self) -> dict[str, object]:
        plan = self.journal.retention.expected()
        kept = {
            "unexported_soon_erased": plan.soon,
            "kept_until_exported": plan.held,
            "damaged_aside": [*map(str, plan.aside)],
            "to_do": self.journal.retention.to_do,
        }
        return {
            **status(self._state(), self._now()),
            "retention": kept,
            "credentials": self.credentials.stand(),
            "roster_from": self._roster_from(),
        }

    def _roster_from(self) -> dict[str, str]:
        source = self.supplier_roster
        return {"channel": source.name, "problem": source.problem} if source else {}

    def _badge(self, text: str, event: Callable[[str, int], Event]) -> Answer:
        try:
            uid = self._uid(text)
        except IdentifierError as error:
            return {"done": False, "text": f"badge {text}: {error}; {error.mend}"}
        done, said, _ = self._decide(lambda asked: event(uid, asked))
        return {"done": done, "text": said}

    def _uid(self, text: str) -> str:
        """The badge meant: a UID, or the number it has among today's unknown badges."""
        unknown = self._state().taps.unknown()
        if text.startswith("#") and text[1:].isdecimal() and 0 < int(text[1:]) <= len(unknown):
            return unknown[int(text[1:]) - 1]
        return parse_uid(text)

    def _workers(self) -> list[dict[str, object]]:
        return [
            {
                "number": f"w{number}",
                "name": listing.worker.called,
                "identity": mask_inss(listing.worker.inss or listing.worker.limosa),
                "employer": listing.worker.employer,
                "badges": [mask_uid(uid) for uid in listing.badges],
            }
            for number, listing in self._state().book.listed.items()
        ]

    def _import(self, text: str, name: str, *, force: bool) -> Answer:
        """Checks the roster whole, takes it, and makes it the file that the next start reads."""
        fresh = self._roster.with_name(self._roster.name + ".new")
        try:
            _write(fresh, text)
            done, said, _ = self._decide(
                lambda asked: offer(
                    fresh, self._declaration, self._now(), name=name, force=force, asked=asked
                )
            )
            if done:
                fresh.replace(self._roster)
            return {"done": done, "text": said}
        except OSError as error:
            mend = f"make {self._roster.parent} writable for the agent's user, with space left"
            return {"done": False, "text": f"roster {name} could not be kept: {error}; {mend}"}
        finally:
            fresh.unlink(missing_ok=True)


def _write(path: Path, text: str) -> None:
    with open(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640), "w", encoding="utf-8"
    ) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
