"""Why a person's request was refused, for whoever says it in another language than the command
line's."""

from __future__ import annotations

from enum import StrEnum


class Refused(StrEnum):
    """A reason for which the page has words; where a reply names none, its text alone tells it."""

    NO_INCIDENT = "no-incident"
    NO_NUMBER = "no-number"
    NO_DAY = "no-day"
    ENTERED_BEFORE = "entered-before"
    NO_LIST_YET = "no-list-yet"
    ALL_LISTED = "all-listed"
    NO_SUCH_LIST = "no-such-list"
    NOT_ALL_SENT = "not-all-sent"
    NOTHING_TO_SEE = "nothing-to-see"
    NO_BLANK_LINES = "no-blank-lines"
    NOT_SO_MANY_LINES = "not-so-many-lines"
    UNKNOWN_WORKER = "unknown-worker"
    NOT_WRITTEN = "not-written"
    NO_ANSWER = "no-answer"
    OWN_CAUSE = "own-cause"
    NO_INFRASTRUCTURE = "no-infrastructure"
    NOT_FROM_HERE = "not-from-here"
    DEGRADED = "degraded"
    NOT_THEIRS = "not-theirs"
    BARRED = "barred"
