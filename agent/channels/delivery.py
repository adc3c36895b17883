"""A burst: the attempts that one `Send` may cost, made by tenacity, on a worker's thread.

The plan (when a burst starts, when it must be over, how long a line rests) is the core's;
inside a burst an attempt is repeated only when the one before was certainly not carried out.
Once an answer is lost the burst is over: the core finds out first. An `Inquire` is carried out in
the same way.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import takewhile
from typing import TypeVar, cast

import tenacity

from agent.channels.base import (
    AsksAfter,
    Cancels,
    Channel,
    ChannelError,
    LooksUp,
    Refused,
    Reply,
    Searches,
    ServiceFault,
    Unavailable,
)
from agent.core.commands import Inquire, Send
from agent.core.delivery.inquiries import AskAfter, Cancel, Found, LookUp, Search
from agent.core.delivery.registrations import Answer, Ticket
from agent.core.events import BurstEnded, Failure, InquiryEnded
from agent.seams import Clock

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 10.0
LEAST_CALL_S = 1.0
"""With less time than this left, a call is not begun."""

WHOLE = (Refused, ServiceFault, Unavailable)
"""Answers of the service to a call as a whole, that one registration in it may have caused."""
MOST_ANSWERED = 3
"""A service that has refused so often in one burst is left to the plan."""

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Post:
    """A channel with the longest time one call of it may take."""

    channel: Channel
    timeout_s: float


class Delivery:
    """Carries out `Send` and `Inquire`. `chance` draws the pauses, `clock` sleeps and stops."""

    def __init__(self, posts: Mapping[str, Post], clock: Clock, chance: random.Random) -> None:
        self._posts = posts
        self._clock = clock
        self._chance = chance

    def burst(self, send: Send) -> BurstEnded | None:
        """What became of it; None when the agent stops, for the next start to find out."""
        post = self._posts[send.channel]
        burst = _Burst(self._clock, self._chance, post.timeout_s, send.until_ms)
        jitter = self._chance.random()
        reply = Reply(())
        failure: Failure | None = None
        try:
            reply = burst.call(lambda left_s: post.channel.register(send.registrations, left_s))
        except _StoppedError:
            return None
        except Exception as error:
            failure = _failure(error)
        return BurstEnded(
            self._clock.now(),
            send.attempt,
            send.channel,
            answers=reply.answers,
            failure=failure,
            calls=burst.calls,
            jitter=jitter,
            missing=reply.missing,
            stray=reply.stray,
            ticket=reply.ticket,
        )

    def inquire(self, inquire: Inquire) -> InquiryEnded | None:
        """What was found out; None when the agent stops."""
        post = self._posts[inquire.channel]
        burst = _Burst(self._clock, self._chance, post.timeout_s, inquire.until_ms)
        jitter = self._chance.random()
        findings = _Findings()
        failure: Failure | None = None
        try:
            _put(inquire, post.channel, burst, findings)
        except _StoppedError:
            return None
        except Exception as error:
            failure = _failure(error)
        return InquiryEnded(
            self._clock.now(),
            inquire.inquiry,
            inquire.channel,
            tuple(findings.found),
            tuple(findings.answers),
            tuple(findings.missing),
            findings.stray,
            failure,
            max(1, burst.calls),
            jitter,
            findings.ticket,
            findings.cut_short,
        )


@dataclass(slots=True)
class _Findings:
    """What came so far: a failure in the middle keeps it."""

    found: list[Found] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    stray: tuple[str, ...] = ()
    ticket: Ticket = Ticket()
    cut_short: bool = False


def _put(inquire: Inquire, channel: Channel, burst: _Burst, findings: _Findings) -> None:
    """Puts the question; a question about several things is one call for each of them."""
    match inquire.question:
        case Search(query):
            searches = cast(Searches, channel)
            results = burst.call(lambda left_s: searches.search(query, left_s))
            findings.found += results.found
            findings.cut_short = results.cut_short
        case Cancel(cancellations):
            cancels = cast(Cancels, channel)
            reply = burst.call(lambda left_s: cancels.cancel(cancellations, left_s))
            findings.answers += reply.answers
            findings.missing += reply.missing
            findings.stray, findings.ticket = reply.stray, reply.ticket
        case LookUp(numbers):
            looks_up = cast(LooksUp, channel)
            for number in takewhile(burst.goes_on, numbers):
                found = burst.call(partial(looks_up.look_up, number))
                findings.found += (found,) if found is not None else ()
                findings.missing += (number,) if found is None else ()
        case AskAfter(references):
            asks = cast(AsksAfter, channel)
            for reference in takewhile(burst.goes_on, references):
                answer = burst.call(partial(asks.ask_after, reference))
                findings.answers += (answer,) if answer is not None else ()
                findings.missing += (reference,) if answer is None else ()


class _Burst:
    """Attempts of one command within its time; each call of `call` may take several."""

    def __init__(
        self, clock: Clock, chance: random.Random, timeout_s: float, until_ms: int
    ) -> None:
        self.calls = 0
        self._clock = clock
        self._chance = chance
        self._timeout_s = timeout_s
        self._until_ms = until_ms
        self._answered = 0
        self._stopping = False

    def call(self, attempt: Callable[[float], T]) -> T:
        """What `attempt` gives at last. Raises what the last one raised."""
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_may_be_repeated),
            wait=self._wait,
            stop=self._over,
            sleep=self._sleep,
            reraise=True,
        )
        answer: T = attempts(self._once, attempt)
        return answer

    def goes_on(self, _: object) -> bool:
        """Whether there is time for one more question. Raises _StoppedError."""
        if self.calls and self._clock.sleep(0):
            raise _StoppedError
        return not self.calls or self._left_s() >= LEAST_CALL_S

    def _once(self, attempt: Callable[[float], T]) -> T:
        if self._stopping:
            raise _StoppedError
        self.calls += 1
        return attempt(min(self._timeout_s, max(LEAST_CALL_S, self._left_s())))

    def _left_s(self) -> float:
        return (self._until_ms - self._clock.now().mono_ms) / 1000

    def _wait(self, state: tenacity.RetryCallState) -> float:
        ceiling = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0**state.attempt_number)
        drawn = ceiling * (0.5 + self._chance.random() / 2)
        return max(drawn, _asked_s(state))

    def _over(self, state: tenacity.RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome is not None else None
        self._answered += type(error) in WHOLE
        if self._answered >= MOST_ANSWERED:
            return True
        return self._left_s() < state.upcoming_sleep + LEAST_CALL_S

    def _sleep(self, seconds: float) -> None:
        self._stopping = self._clock.sleep(seconds)


class _StoppedError(Exception):
    """The agent stops: no attempt any more."""


def _may_be_repeated(error: BaseException) -> bool:
    return isinstance(error, ChannelError) and error.retry and not error.sent


def _asked_s(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome is not None else None
    return (error.retry_after_s or 0.0) if isinstance(error, ChannelError) else 0.0


def _of_content(error: ChannelError) -> bool:
    """Whether what was sent may be the cause; a front end that says wait has not looked at it."""
    waits = isinstance(error, Unavailable) and not error.ticket.code
    return type(error) in WHOLE and not waits


def _failure(error: Exception) -> Failure:
    if not isinstance(error, ChannelError):
        # A defect of ours must not stop the gate; what was sent is unknown.
        log.error("a channel failed in a way that it does not know", exc_info=error)
        return Failure("Defect", type(error).__name__, "send the log to support", unsure=True)
    return Failure(
        kind=type(error).__name__,
        message=str(error),
        hint=error.hint,
        unsure=error.sent,
        hopeless=isinstance(error, Refused) or not (error.retry or error.sent),
        whole=_of_content(error),
        retry_after_ms=round((error.retry_after_s or 0.0) * 1000),
        ticket=error.ticket,
    )
