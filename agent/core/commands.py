"""What the gate asks of the world. The shell carries commands out in the order given.

All `Record` commands of one step are made durable together, before any other command of that
step is carried out and before its state counts; if they cannot be, none of it happened and the
shell says so with `events.RecordFailed`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.core import records
from agent.core.delivery.inquiries import Question
from agent.core.delivery.registrations import Registration
from agent.core.moment import Moment
from agent.core.paper.paper_events import SlipKind
from agent.core.paper.paper_records import Paper
from agent.core.paper.papers import Reference, Sheet
from agent.core.refusals import Refused
from agent.core.signals import Signal


@dataclass(frozen=True, slots=True)
class Record:
    """Journal this, durably."""

    record: records.Record


@dataclass(frozen=True, slots=True)
class Show:
    """Give this signal to whoever stands at the reader."""

    signal: Signal
    reader: str


@dataclass(frozen=True, slots=True)
class Send:
    """Send these by this channel: a burst of calls that ends at `until_ms` (monotonic)."""

    attempt: int
    channel: str
    registrations: tuple[Registration, ...]
    until_ms: int


@dataclass(frozen=True, slots=True)
class Inquire:
    """Put `question` to this channel, which can answer it; over by `until_ms` (monotonic)."""

    inquiry: int
    channel: str
    question: Question
    until_ms: int


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer a person's question: done or refused, and in words what and why."""

    asked: int
    done: bool
    text: str
    why: Refused | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """Measure all there is, now: `why` names what failed, as the channel that did not deliver.

    What is found comes back as `events.Measured`.
    """

    why: str


@dataclass(frozen=True, slots=True)
class CheckCode:
    """Compare this with the operator code; the answer is `paper_events.CodeChecked`."""

    keypad: str
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReadyPrinter:
    """Somebody may print soon: let the printing process get warm."""


@dataclass(frozen=True, slots=True)
class Print:
    """Print this list, or the slip that completes it, from part `certain` on; parts up to `sent`
    may be on paper already. Begin after `after_ms`. News come as `paper_events.PaperMoved`."""

    job: int
    paper: Paper
    sheet: Sheet
    reference: Reference | None
    certain: int
    sent: int
    after_ms: int = 0


@dataclass(frozen=True, slots=True)
class DropPrint:
    """Print nothing more of this job: what was ordered is dropped, what runs is stopped."""

    job: int


@dataclass(frozen=True, slots=True)
class PrintSlip:
    """Print this slip, as things stand now. `since`: what it tells of began then."""

    slip: SlipKind
    since: Moment | None = None


@dataclass(frozen=True, slots=True)
class Sign:
    """Sign the journal up to its end, in the same commit as what is recorded with this."""


@dataclass(frozen=True, slots=True)
class AskForExport:
    """Let the stick that is in be written by whoever may mount it. What comes of it comes back as
    events of an export."""


Command = (
    Record
    | Sign
    | Show
    | Send
    | Inquire
    | Reply
    | Measure
    | CheckCode
    | ReadyPrinter
    | Print
    | DropPrint
    | PrintSlip
    | AskForExport
)
