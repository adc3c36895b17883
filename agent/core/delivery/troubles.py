"""Why a line does not work, and since when: the first failure of a row, and the last word of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.core.delivery.inquiry_records import InquiryClosed
from agent.core.moment import Moment
from agent.core.records import AgentStarted, AttemptEnded, DayBegan, Entry


@dataclass(frozen=True, slots=True)
class Trouble:
    """`since`: the first failure in a row. `kind`, `message` and `hint` are those of the last one;
    `kind`: the name of the channel error, or `Interrupted` or `Defect`.
    """

    since: Moment
    kind: str
    message: str
    hint: str


Troubles = Mapping[str, Trouble]
"""By line; none for one that works."""


def apply(troubles: Troubles, entry: Entry) -> Troubles:
    """The troubles after this entry. A start or a day begins without any, as the lines do."""
    match entry.record:
        case AttemptEnded() as ended:
            return _after(troubles, entry, ended.channel, ended)
        case InquiryClosed(hopeless=False) as closed:
            return _after(troubles, entry, closed.channel, closed)
        case AgentStarted() | DayBegan():
            return {} if troubles else troubles
    return troubles


def _after(
    troubles: Troubles, entry: Entry, line: str, ended: AttemptEnded | InquiryClosed
) -> Troubles:
    if not ended.failure:
        if line not in troubles:
            return troubles
        return {name: trouble for name, trouble in troubles.items() if name != line}
    since = troubles[line].since if line in troubles else entry.at
    said = ended.message or ended.failure
    return {**troubles, line: Trouble(since, ended.failure, said, ended.hint)}
