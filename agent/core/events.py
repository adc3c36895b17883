"""What can happen to a gate. Every event carries the moment at which it happened.

Devices, the network, the clock and persons are all heard through these values; `gate.step`
answers each with commands (commands.py).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from agent.core.delivery.inquiries import CancelReason, Found
from agent.core.delivery.registrations import Answer, Ticket
from agent.core.export_events import ExportEvent
from agent.core.journal_events import JournalEvent
from agent.core.moment import Moment
from agent.core.outage.incident_records import Stop
from agent.core.outage.measurements import UNKNOWN, Measurement, Reading
from agent.core.outage.procedure_records import By, Step
from agent.core.paper.paper_events import PaperEvent
from agent.core.predecessor import PlaceTaken
from agent.core.roster import Roster


@dataclass(frozen=True, slots=True)
class JournalMade:
    """An empty journal is there for this gate; `journal` is the name it shall have."""

    at: Moment
    journal: str
    gate: str
    training: bool


@dataclass(frozen=True, slots=True)
class Gap:
    """The agent did not run between its last sign of life at `since` and now: why, and what the
    mains sensor said last before."""

    since: Moment
    why: Stop
    mains: Reading = UNKNOWN


@dataclass(frozen=True, slots=True)
class Started:
    """The agent runs. `gap`: for how long it did not, as far as that is known."""

    at: Moment
    version: str
    gap: Gap | None = None


@dataclass(frozen=True, slots=True)
class Stopping:
    """The agent was asked to stop; `reason` says by what."""

    at: Moment
    reason: str


@dataclass(frozen=True, slots=True)
class TimePassed:
    """Nothing else happened until the moment that `gate.due` named."""

    at: Moment


@dataclass(frozen=True, slots=True)
class Tapped:
    """A badge was held to a reader; `uid` in upper-case hex."""

    at: Moment
    reader: str
    uid: str
    direction: str = "any"


@dataclass(frozen=True, slots=True)
class CardsClashed:
    """Several cards lay in a reader's field, so that none can be believed."""

    at: Moment
    reader: str


@dataclass(frozen=True, slots=True)
class DeviceWent:
    """A device stopped working; `kind`: the name of its error, or of what was found."""

    at: Moment
    device: str
    cause: str
    hint: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class DeviceCame:
    """A device works, for the first time or again."""

    at: Moment
    device: str


@dataclass(frozen=True, slots=True)
class ClockSet:
    """The wall clock moved by `shift_ms` against the monotonic one, or its trust changed."""

    at: Moment
    shift_ms: int


@dataclass(frozen=True, slots=True)
class ServerHeard:
    """By its Date header, `server` is `off_ms` behind our clock; it did not say so before."""

    at: Moment
    server: str
    off_ms: int
    agrees: bool


@dataclass(frozen=True, slots=True)
class TapDayNamed:
    """A person says of which day taps are that no clock could date; none named: all of these."""

    at: Moment
    day: dt.date
    by: str
    taps: tuple[int, ...] = ()
    asked: int = 0


@dataclass(frozen=True, slots=True)
class RosterOffered:
    """A roster file was read. `problems`: what is wrong with the rows that were left out.

    `asked`: the question to reply to, 0 for none.
    """

    at: Moment
    roster: Roster
    source: str
    problems: tuple[str, ...] = ()
    force: bool = False
    asked: int = 0


@dataclass(frozen=True, slots=True)
class BadgeAssignmentAsked:
    """A person links a badge to a worker: its number, or its full name."""

    at: Moment
    uid: str
    worker: str
    asked: int = 0


@dataclass(frozen=True, slots=True)
class BadgeDismissalAsked:
    """A person says that this unknown badge obliges to nothing today."""

    at: Moment
    uid: str
    asked: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a burst of calls ended without an answer; `kind` names the channel error.

    `unsure`: the last call may have been carried out. `hopeless`: retrying cannot mend it.
    `whole`: the service answered and refused the call as a whole, which one registration in it may
    have caused.
    """

    kind: str
    message: str
    hint: str = ""
    unsure: bool = False
    hopeless: bool = False
    whole: bool = False
    retry_after_ms: int = 0
    ticket: Ticket = Ticket()


@dataclass(frozen=True, slots=True)
class BurstEnded:
    """A burst of calls is over: answers, or the failure of its last call.

    `calls`: how many were made. `jitter`: a number in [0, 1) drawn for the pause that follows.
    """

    at: Moment
    attempt: int
    channel: str
    answers: tuple[Answer, ...] = ()
    failure: Failure | None = None
    calls: int = 1
    jitter: float = 0.0
    missing: tuple[str, ...] = ()
    stray: tuple[str, ...] = ()
    ticket: Ticket = Ticket()


@dataclass(frozen=True, slots=True)
class InquiryEnded:
    """A question to a service is answered, or failed as far as `failure` says.

    `found`: of a search or look-up. `answers`: after what was handed over, by our references, or
    of a cancellation, by receipt numbers (a receipt: cancelled). `missing`: what was asked for and
    is not there (receipt numbers, references). With a failure they hold what came before it; what
    time did not suffice for is in none of them. `cut_short`: there may be more than a search found.
    """

    at: Moment
    inquiry: int
    channel: str
    found: tuple[Found, ...] = ()
    answers: tuple[Answer, ...] = ()
    missing: tuple[str, ...] = ()
    stray: tuple[str, ...] = ()
    failure: Failure | None = None
    calls: int = 1
    jitter: float = 0.0
    ticket: Ticket = Ticket()
    cut_short: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """Something was measured: every round is told, also when nothing has changed; the core keeps
    what is news. Measurements are of this boot. `whole`: with this a round of all there is was
    over, that had begun then."""

    at: Moment
    measurements: tuple[Measurement, ...]
    whole: Moment | None = None


@dataclass(frozen=True, slots=True)
class CauseConfirmationAsked:
    """A person says whose an incident was: `party` is one of `correction.PARTIES`.

    `incident` empty: the latest. `reference`: the third party's ticket or notice.
    """

    at: Moment
    incident: str
    party: str
    by: By
    who: str = ""
    reference: str = ""
    asked: int = 0


@dataclass(frozen=True, slots=True)
class StepAsked:
    """A person took a step of the procedure, as calling the contact centre, or answers "does the
    online service open on a phone?" (`Step.PHONE_YES`, `PHONE_NO`).

    `incident` empty: the latest. `firm`: its company number, empty for the one that reports.
    """

    at: Moment
    incident: str
    step: Step
    by: By
    firm: str = ""
    who: str = ""
    detail: str = ""
    asked: int = 0


@dataclass(frozen=True, slots=True)
class RecordFailed:
    """What `cause` asked to record could not be made durable: it did not happen."""

    at: Moment
    cause: Event
    reason: str


@dataclass(frozen=True, slots=True)
class RosterUnreadable:
    """An offered roster file holds no roster at all."""

    at: Moment
    source: str
    reason: str
    asked: int = 0


@dataclass(frozen=True, slots=True)
class WritingResumed:
    """The journal may be written again; it could not be since `since`, for `reason`.

    `refused`: how many taps were not stored meanwhile.
    """

    at: Moment
    since: Moment
    reason: str
    refused: int


@dataclass(frozen=True, slots=True)
class CancellationAsked:
    """A person wants the registrations with these references of ours taken back."""

    at: Moment
    references: tuple[str, ...]
    reason: CancelReason = field(repr=False)
    asked: int = 0


@dataclass(frozen=True, slots=True)
class CrewConfirmationAsked:
    """An employer confirms that its crew comes tomorrow, but for the workers `without`."""

    at: Moment
    employer: str
    without: tuple[int, ...] = ()
    asked: int = 0


@dataclass(frozen=True, slots=True)
class CredentialSeen:
    """What a channel proves itself with holds until then; None: nobody says until when.

    `renewed`: other files lie there than the time before.
    """

    at: Moment
    channel: str
    what: str
    until: dt.datetime | None
    renewed: bool = False


@dataclass(frozen=True, slots=True)
class JournalLost:
    """The journal before this one was damaged: it lies in `file`, good up to entry `upto`."""

    at: Moment
    file: str
    upto: int
    head: str
    reason: str


Event = (
    JournalMade
    | Started
    | Stopping
    | TimePassed
    | Tapped
    | CardsClashed
    | DeviceWent
    | DeviceCame
    | ClockSet
    | ServerHeard
    | TapDayNamed
    | RosterOffered
    | BadgeAssignmentAsked
    | BadgeDismissalAsked
    | CancellationAsked
    | CredentialSeen
    | CrewConfirmationAsked
    | BurstEnded
    | InquiryEnded
    | Measured
    | CauseConfirmationAsked
    | StepAsked
    | RecordFailed
    | RosterUnreadable
    | WritingResumed
    | JournalLost
    | PlaceTaken
    | ExportEvent
    | JournalEvent
    | PaperEvent
)
