"""Who may see and do what: two codes, sessions that end, and a lock that grows with wrong codes.

The access code shows names and lets one answer for an incident; the operator code, as at the
keypad, lets one enter a reference number and take the list, which bears national numbers. It is
taken only of who has shown the access code: a stranger on the network can neither guess it nor use
up the guesses of those who know it. What is typed here never locks the keypad, and what is typed
there never locks the page. Sessions are in memory alone: after a restart everybody types the code
again.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from ipaddress import IPv6Address, ip_address

from agent.paper.operator_code import right

SESSION_S = 12 * 3600.0
"""A working day: then the code is asked for again."""
OPERATOR_S = 900.0
"""So long after it was last used, a phone that lies about opens no list any more."""
MOST_SESSIONS = 64
MOST_ADDRESSES = 512
"""Of which wrong codes are remembered; who changes his address is met by the lock for all."""
FORGOTTEN_S = 24 * 3600.0


class Level(IntEnum):
    """What a session may do; a higher one may all that a lower one may."""

    NOBODY = 0
    ACCESS = 1
    OPERATOR = 2


@dataclass(frozen=True, slots=True)
class Patience:
    """So many wrong codes are free; each one more locks twice as long, up to `longest_s`."""

    free: int
    first_s: float
    longest_s: float

    def lock_s(self, wrong: int) -> float:
        """How long the lock is after so many wrong codes."""
        over = wrong - self.free
        return 0.0 if over <= 0 else min(self.longest_s, self.first_s * 2.0 ** min(over - 1, 32))


ONE = Patience(free=2, first_s=10.0, longest_s=3600.0)
"""Of one address: the third wrong code costs ten seconds, the tenth most of an hour."""
ALL = Patience(free=20, first_s=10.0, longest_s=300.0)
"""Of all together, for each code. Six digits then take over four years of guessing on average."""
EVERYBODY = "*"


class Lockout:
    """Wrong codes by address, and of all; times are monotonic, in seconds."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait_s(self, address: str, now_s: float) -> float:
        """How long nobody at this address may try; 0: now."""
        return max(self._wait_s(address, ONE, now_s), self._wait_s(EVERYBODY, ALL, now_s))

    def wrong(self, address: str, now_s: float) -> float:
        """Notes a wrong code; how long the lock is now."""
        for who in (address, EVERYBODY):
            count, last_s = self._wrong.pop(who, (0, now_s))
            count = 0 if now_s - last_s > FORGOTTEN_S else count
            self._wrong[who] = (count + 1, now_s)  # at the end: that of all is never the first
        if len(self._wrong) > MOST_ADDRESSES:
            self._wrong.popitem(last=False)
        return self.wait_s(address, now_s)

    def right(self, address: str) -> None:
        """Forgets the wrong codes of this address, not those of all."""
        self._wrong.pop(address, None)

    def _wait_s(self, who: str, patience: Patience, now_s: float) -> float:
        count, last_s = self._wrong.get(who, (0, 0.0))
        return max(0.0, last_s + patience.lock_s(count) - now_s)


@dataclass(slots=True)
class Session:
    """One browser that knew a code. `who` is the name that it gave, for the journal."""

    token: str
    who: str
    ends_s: float
    operator_until_s: float = 0.0
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    said: tuple[bool, str, str] | None = None
    """What the last deed came to, for the next page: done or not, in words, and why not."""

    def gave(self, form: Mapping[str, str]) -> bool:
        """True for a form that was made for this session."""
        return hmac.compare_digest(form.get("token", "").encode(), self.csrf.encode())

    def level(self, now_s: float) -> Level:
        """What it may do."""
        return Level.OPERATOR if now_s < self.operator_until_s else Level.ACCESS


@dataclass(frozen=True, slots=True)
class Locked:
    """Nobody at this address may try for so long."""

    seconds: float


Operates = Callable[[str], bool]
"""Whether this is the operator code."""


class Door:
    """The codes and the sessions; from any thread."""

    def __init__(
        self, access: str, operates: Operates | None, clock_s: Callable[[], float]
    ) -> None:
        """`access`: the hash of the access code; empty: there is none, and the operator's serves
        for both. `operates` None: there is no operator code."""
        self._access, self._operates, self._clock_s = access, operates, clock_s
        self._lockouts = {level: Lockout() for level in (Level.ACCESS, Level.OPERATOR)}
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._guard = threading.Lock()
        self._one_at_a_time = threading.Lock()

    @property
    def has_access(self) -> bool:
        """True where some code opens it."""
        return bool(self._access) or self.has_operator

    @property
    def has_operator(self) -> bool:
        """True where there is an operator code."""
        return self._operates is not None

    def asks(self, session: Session | None, *, operator: bool) -> Level:
        """Whose code is asked for, where somebody wants in, as the `operator` or not."""
        if self._access and (session is None or not operator):
            return Level.ACCESS
        return Level.OPERATOR

    def enter(
        self,
        code: str,
        who: str,
        address: str,
        before: Session | None = None,
        *,
        operator: bool = False,
    ) -> Session | Locked | None:
        """A session for who knows the code that is asked for (see `asks`); None: it is wrong.
        Takes its time. `before`: the session that there is already, which it replaces.
        """
        level = self.asks(before, operator=operator)
        # One for each code: who knows the one must not begin anew with it at guessing the other.
        lockout, place = self._lockouts[level], network_of(address)
        with self._one_at_a_time:  # the hash takes memory, and guesses wait for each other
            wait_s = lockout.wait_s(place, self._clock_s())
            if wait_s:
                return Locked(wait_s)
            if not self._is_right(code, level):
                lockout.wrong(place, self._clock_s())
                return None
            lockout.right(place)
        return self._opened(who, before, operates=level is Level.OPERATOR)

    def _is_right(self, code: str, level: Level) -> bool:
        if level is Level.OPERATOR:
            return self._operates is not None and self._operates(code)
        return right(code, self._access)

    def session(self, token: str) -> Session | None:
        """The session of this token, while it lasts."""
        with self._guard:
            session = self._sessions.get(token)
            if session is not None and self._clock_s() >= session.ends_s:
                session = self._sessions.pop(token) and None
            return session

    def level(self, session: Session | None) -> Level:
        """What it may do now."""
        return Level.NOBODY if session is None else session.level(self._clock_s())

    def used(self, session: Session) -> None:
        """An operator did something: the time begins again."""
        if session.level(self._clock_s()) is Level.OPERATOR:
            session.operator_until_s = self._clock_s() + OPERATOR_S

    def leave(self, session: Session) -> None:
        """Ends a session."""
        with self._guard:
            self._sessions.pop(session.token, None)

    def _opened(self, who: str, before: Session | None, *, operates: bool) -> Session:
        now_s = self._clock_s()
        fresh = Session(secrets.token_urlsafe(32), who, now_s + SESSION_S)
        if before is not None:
            fresh.who = who or before.who
        fresh.operator_until_s = now_s + OPERATOR_S if operates else 0.0
        with self._guard:
            if before is not None:  # never the same token at a higher level
                self._sessions.pop(before.token, None)
            self._sessions[fresh.token] = fresh
            while len(self._sessions) > MOST_SESSIONS:
                self._sessions.popitem(last=False)
        return fresh


def network_of(address: str) -> str:
    """What one guesser holds: the address, or of IPv6 the 64 bits that every device has."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or IPv6Address(int(parsed) >> 64 << 64))
    return str(parsed)
