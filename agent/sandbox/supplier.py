"""The emulated supplier, by the contract in config/supplier.openapi.yaml.

It registers with the emulated authority in its senders' names: at once, or some time after it
accepted, as suppliers do that collect. It is strict in what it takes, and keeps one registration
under one key.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import msgspec

from agent.sandbox.json_service import (
    JsonService,
    Problem,
    Said,
    Visit,
    check_told_fault,
    read_body,
    tampered,
)
from agent.sandbox.presence_ledger import PresenceLedger, Submitted
from agent.sandbox.presence_rules import Rules, registration_errors

BASE_PATH = "/werfpoort/v1"
BRUSSELS = ZoneInfo("Europe/Brussels")

_Digits = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,30}$")]


class Item(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One registration as it is sent."""

    reference: Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,24}$")]
    day: Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\d$")]
    declaration: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Z]{1,13}$")]
    employer: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{10}$")] | None = None
    inss: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{11}$")] | None = None
    limosa: _Digits | None = None
    at: Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")] | None = None
    direction: Literal["in", "out"] | None = None


class Call(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /registrations."""

    registrations: Annotated[list[Item], msgspec.Meta(min_length=1, max_length=200)]


@dataclass(slots=True)
class _Kept:
    """A registration that the supplier has: on its way, with a number, or refused."""

    item: Item = field(repr=False)
    sender: str
    due: dt.datetime
    number: int | None = None
    errors: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Repeatable:
    body: bytes = field(repr=False)
    said: Said = field(repr=False)


class SupplierService(JsonService):
    """One supplier. `tokens`: bearer token → its owner; None: whoever TLS let in may come.

    `number_after`: how long after it accepted a registration the supplier makes it. `roster`: CSV.
    """

    def __init__(
        self,
        clock: Callable[[], dt.datetime],
        tokens: Mapping[str, str] | None,
        *,
        ledger: PresenceLedger | None = None,
        rules: Rules | None = None,
        number_after: dt.timedelta = dt.timedelta(0),
        roster: bytes = b"",
    ) -> None:
        super().__init__(clock, ledger, rules)
        self.number_after = number_after
        self.roster = roster
        self._tokens = tokens
        self._kept: dict[str, _Kept] = {}
        self._open: dict[str, _Kept] = {}
        self._calls_by_key: dict[str, _Repeatable] = {}

    def work(self) -> None:
        """Registers with the authority what is due by now, as a supplier does by itself."""
        with self._lock:
            self._work(self._clock())

    def _carry_out(self, visit: Visit) -> Said:
        self._work(visit.now)
        method, path = visit.request.method, visit.request.path
        if not path.startswith(BASE_PATH + "/"):
            raise Problem(404, "not-found", "There is nothing here.")
        match path[len(BASE_PATH) + 1 :].split("/"):
            case ["registrations"]:
                visit.operation, allowed = "register", "POST"
            case ["registrations", key]:
                visit.operation, allowed = "askAfter", "GET"
                visit.references = (unquote(key),)
            case ["roster"]:
                visit.operation, allowed = "getRoster", "GET"
            case _:
                raise Problem(404, "not-found", "There is nothing here.")
        if method != allowed:
            raise Problem(405, "method-not-allowed", f"Only {allowed}.", {"Allow": allowed})
        visit.sender = self._owner(visit)
        check_told_fault(visit.faults)
        match visit.operation:
            case "register":
                return self._register(visit)
            case "askAfter":
                return self._ask_after(visit)
            case _:
                return self._roster(visit)

    def _owner(self, visit: Visit) -> str:
        if self._tokens is None:
            return "shown in TLS"
        kind, _, given = visit.request.headers.get("authorization", "").partition(" ")
        for token, owner in self._tokens.items():
            if kind == "Bearer" and hmac.compare_digest(token.encode(), given.encode()):
                return owner
        raise Problem(
            401, "unauthorized", "The token is not known.", {"WWW-Authenticate": "Bearer"}
        )

    # --- registrations ---------------------------------------------------------------------------

    def _register(self, visit: Visit) -> Said:
        key = visit.request.headers.get("idempotency-key", "")
        if not key:
            raise Problem(400, "idempotency-key-missing", "The header Idempotency-Key is required.")
        before = self._calls_by_key.get(key)
        if before is not None:
            if before.body != visit.request.body:
                raise Problem(422, "idempotency-key-reused", "The key was another call's.")
            return before.said
        call: Call = read_body(visit, Call)
        for item in call.registrations:
            _check_choices(item)
        references = tuple(item.reference for item in call.registrations)
        if len(set(references)) < len(references):
            raise Problem(422, "reference-repeated", "A reference stands twice in the call.")
        visit.references = references
        if any((item.inss or item.limosa) in visit.faults.poison for item in call.registrations):
            raise Problem(503, "unavailable", "The supplier is not available.")
        items = [self._taken(item, visit) for item in call.registrations]
        spoiled = tampered(
            items, visit.faults, renumbered=_renumber, unasked=_unask, swapped=lambda item: None
        )
        said = Said({"registrations": spoiled})
        self._calls_by_key[key] = _Repeatable(visit.request.body, said)
        return said

    def _taken(self, item: Item, visit: Visit) -> dict[str, Any]:
        kept = self._kept.get(item.reference)
        if kept is not None and not kept.errors:
            if kept.item != item:
                error = {"code": "reference-reused", "text": "The reference is another's."}
                return {"reference": item.reference, "status": 422, "errors": [error]}
            return self._shown(kept, visit.now) | {"status": 409}
        kept = _Kept(item, visit.sender, visit.now + self.number_after)
        self._kept[item.reference] = kept
        if kept.due <= visit.now:
            self._make(kept, visit.now)
        else:
            self._open[item.reference] = kept
        return self._shown(kept, visit.now)

    def _work(self, now: dt.datetime) -> None:
        for reference in [name for name, kept in self._open.items() if kept.due <= now]:
            self._make(self._open.pop(reference), now)

    def _make(self, kept: _Kept, now: dt.datetime) -> None:
        """Registers with the authority, which may refuse."""
        submitted = _submitted(kept.item)
        kept.errors = tuple(self._errors(submitted, now))
        if not kept.errors:
            kept.number = self.ledger.register(submitted, now, kept.sender).number

    def _errors(self, submitted: Submitted, now: dt.datetime) -> list[tuple[str, str]]:
        return registration_errors(submitted, now.astimezone(BRUSSELS).date(), self.rules)

    def _ask_after(self, visit: Visit) -> Said:
        kept = self._kept.get(visit.references[0])
        if kept is None:
            raise Problem(404, "not-found", "There is no registration under this key.")
        return Said(self._shown(kept, visit.now))

    def _shown(self, kept: _Kept, now: dt.datetime) -> dict[str, Any]:
        shown: dict[str, Any] = {"reference": kept.item.reference}
        if kept.errors:
            errors = [{"code": code, "text": text} for code, text in kept.errors]
            return shown | {"status": 422, "errors": errors}
        if kept.number is None:
            return shown | {"status": 202}
        entry = self.ledger.get(kept.number)
        assert entry is not None
        last = self.ledger.validation(entry, now)
        receipt = {
            "number": str(kept.number),
            "status": last.status.value,
            "remarks": list(last.remarks),
        }
        return shown | {"status": 201, "receipt": receipt}

    # --- the roster ------------------------------------------------------------------------------

    def _roster(self, visit: Visit) -> Said:
        if not self.roster:
            raise Problem(404, "not-found", "There is no roster.")
        etag = f'"{hashlib.sha256(self.roster).hexdigest()[:16]}"'
        if visit.request.headers.get("if-none-match") == etag:
            return Said(status=304, headers={"ETag": etag}, raw=b"")
        kind = {"Content-Type": "text/csv; charset=utf-8", "ETag": etag}
        return Said(headers=kind, raw=self.roster)


def _check_choices(item: Item) -> None:
    """What the types cannot say: an INSS with its employer, or a Limosa number; both or neither."""
    worker = item.limosa is None and item.employer is not None if item.inss else item.limosa
    if not worker or (item.at is None) != (item.direction is None):
        raise Problem(400, "malformed", "The body does not follow the contract: oneOf.")


def _submitted(item: Item) -> Submitted:
    return Submitted(
        day=dt.date.fromisoformat(item.day),
        declaration=item.declaration,
        inss=item.inss or "",
        company=int(item.employer) if item.employer and item.inss else None,
        limosa=item.limosa or "",
        reference=item.reference,
        direction=item.direction or "",
        at=dt.datetime.fromisoformat(item.at) if item.at else None,
    )


def _renumber(item: dict[str, Any]) -> None:
    item["receipt"] = {"number": "999999999", "status": "SUCCESSFULLY REGISTERED", "remarks": []}


def _unask(item: dict[str, Any]) -> None:
    item["reference"] = "never-asked"
