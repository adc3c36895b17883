"""A burst: the attempts that one `Send` may cost, made by tenacity, on a worker's thread.

The plan (when a burst starts, when it must be over, how long a line rests) is the core's;
inside a burst an attempt is repeated only when the one before was certainly not carried out.
Once an answer is lost the burst is over: the core finds out first.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass

import tenacity

from agent.channels.base import Channel, ChannelError, Refused, Reply
from agent.core.commands import Send
from agent.core.events import BurstEnded, Failure
from agent.seams import Clock

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 10.0
LEAST_CALL_S = 1.0
"""With less time than this left, a call is not begun."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Post:
    """A channel with the longest time one call of it may take."""

    channel: Channel
    timeout_s: float


class Delivery:
    """Carries out `Send` commands. `chance` draws the pauses, `clock` sleeps and stops."""

    def __init__(self, posts: Mapping[str, Post], clock: Clock, chance: random.Random) -> None:
        self._posts = posts
        self._clock = clock
        self._chance = chance
        self._stopping = False

    def burst(self, send: Send) -> BurstEnded | None:
        """What became of it; None when the agent stops, for the next start to find out."""
        calls = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_may_be_repeated),
            wait=self._wait,
            stop=lambda state: self._over(state, send),
            sleep=self._sleep,
            reraise=True,
        )
        jitter = self._chance.random()
        try:
            reply = calls(self._call, send)
        except _StoppedError:
            return None
        except ChannelError as error:
            return BurstEnded(
                self._clock.now(),
                send.attempt,
                send.channel,
                failure=_failure(error),
                calls=_made(calls),
                jitter=jitter,
            )
        except Exception as error:
            # A defect of ours must not stop the gate; what was sent is unknown.
            log.exception("a channel failed in a way that it does not know")
            failure = Failure("Defect", type(error).__name__, "send the log to support", True)
            return BurstEnded(
                self._clock.now(), send.attempt, send.channel, failure=failure, jitter=jitter
            )
        return BurstEnded(
            self._clock.now(),
            send.attempt,
            send.channel,
            answers=reply.answers,
            calls=_made(calls),
            jitter=jitter,
            missing=reply.missing,
            stray=reply.stray,
            ticket=reply.ticket,
        )

    def _call(self, send: Send) -> Reply:
        if self._stopping:
            raise _StoppedError
        post = self._posts[send.channel]
        left_s = (send.until_ms - self._clock.now().mono_ms) / 1000
        return post.channel.register(send.registrations, min(post.timeout_s, left_s))

    def _wait(self, state: tenacity.RetryCallState) -> float:
        ceiling = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0**state.attempt_number)
        drawn = ceiling * (0.5 + self._chance.random() / 2)
        return max(drawn, _asked_s(state))

    def _over(self, state: tenacity.RetryCallState, send: Send) -> bool:
        left_s = (send.until_ms - self._clock.now().mono_ms) / 1000
        return left_s < state.upcoming_sleep + LEAST_CALL_S

    def _sleep(self, seconds: float) -> None:
        self._stopping = self._clock.sleep(seconds)


class _StoppedError(Exception):
    """The agent stops: no attempt any more."""


def _may_be_repeated(error: BaseException) -> bool:
    return isinstance(error, ChannelError) and error.retry and not error.sent


def _asked_s(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome is not None else None
    return (error.retry_after_s or 0.0) if isinstance(error, ChannelError) else 0.0


def _made(calls: tenacity.Retrying) -> int:
    return int(calls.statistics.get("attempt_number", 1))


def _failure(error: ChannelError) -> Failure:
    return Failure(
        kind=type(error).__name__,
        message=str(error),
        hint=error.hint,
        unsure=error.sent,
        hopeless=isinstance(error, Refused),
        retry_after_ms=round((error.retry_after_s or 0.0) * 1000),
        ticket=error.ticket,
    )
