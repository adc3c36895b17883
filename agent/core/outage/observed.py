"""What the gate knows of its surroundings, and what of a round of measuring is worth an entry.

Every round is heard and only news is journaled: each change, and while something is amiss all of
it again before it grows too old to count. So a quiet day costs a handful of entries, and a claim
stands on measurements made while it lasted. What a channel answered is known from its attempts,
and what a person said of a phone from the procedure's steps: neither is journaled twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain

from agent.core.delivery.credential_records import CredentialRenewed
from agent.core.delivery.inquiries import Ability
from agent.core.delivery.inquiry_records import InquiryClosed
from agent.core.delivery.registrations import Ticket
from agent.core.moment import Moment
from agent.core.outage.evidence import Evidence
from agent.core.outage.incident_records import EvidenceTaken, LayerSeen
from agent.core.outage.measurements import (
    FAILING,
    HOLDS_MS,
    MEASURED_HOLDS_MS,
    UNKNOWN,
    WELL,
    Answer,
    Elsewhere,
    Gate,
    Internet,
    Layer,
    Measurement,
    Reading,
    Said,
    Value,
    from_readings,
    readings,
)
from agent.core.outage.procedure_records import Step, StepTaken
from agent.core.records import AgentStarted, AttemptEnded, DayBegan, Entry

AGAIN_MS = MEASURED_HOLDS_MS * 2 // 5
"""In trouble an unchanged measurement is journaled again after this time."""
LONGEST_MS = max(HOLDS_MS[layer] for layer in Layer if layer is not Layer.ELSEWHERE)
WHOLE_MS = LONGEST_MS // 2
"""A round that began longer ago decides nothing any more; its entry may still be kept."""
_SAID = {
    Step.PHONE_YES: Elsewhere(phone=WELL),
    Step.PHONE_NO: Elsewhere(phone=FAILING),
    Step.GATE_DELIVERS: Elsewhere(other_gate=WELL),
    Step.GATE_FAILS: Elsewhere(other_gate=FAILING),
}
"""What people's steps say of other ways to register."""


@dataclass(frozen=True, slots=True)
class Observed:
    """The evidence, and the entries of which what still counts was made. `whole`: when the last
    round of all there is began that was wanted. `refused`: by channel, the entry by which the
    service found our credentials or messages at fault. That stands, over boots and midnights, until
    it takes a registration of ours or they are renewed: that it cannot be reached, or answers
    something else, mends nothing (DOMAIN.md, section 3: a known cause of ours)."""

    evidence: Evidence = field(default_factory=Evidence)
    entries: tuple[tuple[int, Moment], ...] = ()
    whole: Moment | None = None
    refused: Mapping[str, int] = field(default_factory=dict)

    def base(self) -> Iterator[int]:
        """The entries from which this can be rebuilt."""
        return chain((seq for seq, _ in self.entries), self.refused.values())

    def taken(self, channel: str) -> Observed:
        """What is known once this channel took a registration of ours, or got other credentials."""
        if channel not in self.refused:
            return self
        return replace(self, refused={c: s for c, s in self.refused.items() if c != channel})


def news(
    evidence: Evidence,
    measured: Iterable[Measurement],
    *,
    trouble: bool,
    whole: Moment | None = None,
) -> EvidenceTaken | None:
    """What of these measurements is to be journaled; None: nothing. `whole`: when the round began
    that is over with them, where that is worth an entry."""
    seen = tuple(
        LayerSeen(
            m.layer,
            m.of,
            readings(m.value),
            m.at.mono_ms,
            m.before.mono_ms if m.before is not None else 0,
        )
        for m in measured
        if _is_news(evidence.last(m.layer, m.of), m, trouble=trouble)
    )
    whole_ms = whole.mono_ms if whole is not None else 0
    return EvidenceTaken(seen, whole_ms) if seen or whole_ms else None


def _is_news(known: Measurement | None, new: Measurement, *, trouble: bool) -> bool:
    if known is None or known.at.boot_id != new.at.boot_id:
        return True
    if _as_news(known.value) != _as_news(new.value):
        return True
    return trouble and new.at.mono_ms - known.at.mono_ms >= AGAIN_MS


def _as_news(value: Value) -> Value:
    """In peace one anchor is asked each minute, in turn: which of them answered is no news."""
    if isinstance(value, Internet):
        others = [reading for reading in value.anchors if reading is not WELL]
        if len(others) == len(value.anchors) - 1 and set(others) <= {UNKNOWN}:
            return replace(value, anchors=(WELL,))
    return value


def apply(observed: Observed, entry: Entry) -> Observed:
    """What is known after this entry."""
    match entry.record:
        case EvidenceTaken(seen, whole_ms):
            evidence = observed.evidence
            for layer in seen:
                evidence = _with(evidence, entry.at, layer)
            if whole_ms:
                observed = replace(observed, whole=_moment(entry.at, whole_ms))
            return _noted(observed, entry, evidence)
        case InquiryClosed(asks=Ability.LOOK_UP | Ability.SEARCH, channel=channel) as closed:
            probe = Measurement(entry.at, Answer(likewise=_likewise(closed)), channel)
            return _noted(observed, entry, observed.evidence.add(probe))
        case CredentialRenewed(channel):
            return observed.taken(channel)
        case AttemptEnded(failure="", channel=channel):
            observed = observed.taken(channel)
            if observed.evidence.last(Layer.ANSWER, channel) is None:
                return observed
            return replace(observed, evidence=observed.evidence.without(Layer.ANSWER, channel))
        case AttemptEnded() as ended:
            value = _said(ended.failure, ended.ticket)
            if value is None:
                return observed
            of = ended.channel if isinstance(value, Answer) else ""
            if isinstance(value, Answer) and value.said is Said.FAULT and value.blames_sender:
                observed = replace(observed, refused={**observed.refused, of: entry.seq})
            evidence = observed.evidence.add(Measurement(entry.at, value, of))
            return _noted(observed, entry, evidence)
        case StepTaken(step=step) if step in _SAID:
            said = Measurement(entry.at, _SAID[step])
            return replace(observed, evidence=observed.evidence.add(said))
        case AgentStarted():
            # Else what the boot before measured last would stay the last one until midnight, for
            # its monotonic clock stood higher, and whatever is measured now would be news.
            evidence = observed.evidence.of_boot(entry.at.boot_id)
            return _noted(observed, entry, evidence, new=False)
        case DayBegan() as began:
            evidence = replace(
                observed.evidence.since(entry.at), reached_ms=began.reached, heard_ms=began.heard
            )
            return _noted(observed, entry, evidence, new=False)
    return observed


def _with(evidence: Evidence, at: Moment, seen: LayerSeen) -> Evidence:
    if seen.before_ms:
        known = evidence.last(seen.layer, seen.of)
        if known is not None and known.at.boot_id == at.boot_id:
            held_until = _moment(at, seen.before_ms)
            evidence = evidence.marked(Measurement(held_until, known.value, seen.of))
    value = from_readings(seen.layer, seen.readings)
    return evidence.add(Measurement(_moment(at, seen.mono_ms), value, seen.of))


def _moment(at: Moment, mono_ms: int) -> Moment:
    """The instant of the same boot, dated by the clock as it was when the entry was written."""
    return Moment(at.unix_ms - at.mono_ms + mono_ms, mono_ms, at.boot_id, at.trust)


def _noted(observed: Observed, entry: Entry, evidence: Evidence, *, new: bool = True) -> Observed:
    at = entry.at
    kept = tuple(
        (seq, then)
        for seq, then in observed.entries
        if then.boot_id == at.boot_id and at.mono_ms - then.mono_ms <= LONGEST_MS
    )
    whole = observed.whole
    if whole is not None and (whole.boot_id != at.boot_id or at.mono_ms - whole.mono_ms > WHOLE_MS):
        whole = None
    entries = (*kept, (entry.seq, at)) if new else kept
    return replace(observed, evidence=evidence, entries=entries, whole=whole)


def _likewise(closed: InquiryClosed) -> Reading:
    """Whether a question, which is a different request, fails as a registration does."""
    said = _said(closed.failure, closed.ticket) if closed.failure else None
    if isinstance(said, Answer) and (said.blames_service or said.of_gateway):
        return FAILING
    return UNKNOWN if closed.failure else WELL


_REFUSALS = ("Refused", "NotAuthenticated", "NotAuthorised")
_ANSWERS = (*_REFUSALS, "WrongEnvironment", "Unavailable", "ServiceFault")


def _said(failure: str, ticket: Ticket) -> Answer | Gate | None:
    """What a failed burst says of the other side, or of our credentials; None: nothing.

    An answer came over TLS that was verified, else it would not have been read. A refusal without
    an answer is ours: the credentials could not even be used.
    """
    status = ticket.http_status or 0
    known = WELL if ticket.environment else UNKNOWN
    if failure == "AnswerUnreadable":
        return Answer(Said.UNREADABLE, status=status, verified=WELL, environment=known)
    elsewhere = failure == "WrongEnvironment"
    environment = FAILING if elsewhere else known
    if failure not in _ANSWERS:
        return None
    if elsewhere or ticket.code or ticket.origin:
        code, origin = ticket.code, ticket.origin
        return Answer(Said.FAULT, code, origin, status, verified=WELL, environment=environment)
    if status:
        return Answer(Said.STATUS, status=status, verified=WELL, environment=environment)
    return Gate(credentials=FAILING) if failure in _REFUSALS else None
