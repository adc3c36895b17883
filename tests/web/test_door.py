from __future__ import annotations

from dataclasses import dataclass

import pytest

from agent.paper.operator_code import made
from agent.web.door import (
    ALL,
    MOST_ADDRESSES,
    MOST_SESSIONS,
    ONE,
    OPERATOR_S,
    SESSION_S,
    Door,
    Level,
    Locked,
    Lockout,
    Session,
    network_of,
)

ACCESS, OPERATOR = "135790", "482915"
HASH = made(ACCESS)


@dataclass
class World:
    """A door, with a clock that stands until it is moved."""

    now_s: float = 1000.0

    def __post_init__(self) -> None:
        self.door = Door(HASH, lambda code: code == OPERATOR, lambda: self.now_s)

    def enter(self, code: str = ACCESS, address: str = "10.0.0.7", **more: object) -> object:
        return self.door.enter(code, "An", address, **more)  # type: ignore[arg-type]

    def operator(self) -> Session:
        """Who showed the access code, and then the operator's."""
        return self.within(code=OPERATOR, operator=True, before=self.within())

    def within(self, **more: object) -> Session:
        entered = self.enter(**more)  # type: ignore[arg-type]
        assert isinstance(entered, Session)
        return entered


def test_the_access_code_opens_and_the_operators_opens_more() -> None:
    world = World()
    assert world.door.level(world.within()) is Level.ACCESS
    assert world.door.level(world.operator()) is Level.OPERATOR
    assert world.enter("000000") is None
    assert world.enter(OPERATOR) is None  # each code in its own place
    assert world.door.level(None) is Level.NOBODY


def test_without_an_access_code_the_operators_serves_for_both() -> None:
    door = Door("", lambda code: code == OPERATOR, lambda: 0.0)
    entered = door.enter(OPERATOR, "", "::1")
    assert isinstance(entered, Session)
    assert door.level(entered) is Level.OPERATOR
    assert not Door("", None, lambda: 0.0).has_access


def test_each_wrong_code_locks_longer_and_the_right_one_does_not_help_meanwhile() -> None:
    world, locks = World(), []
    for _ in range(ONE.free):
        assert world.enter("000000") is None
    for _ in range(4):
        assert world.enter("000000") is None
        locked = world.enter()
        assert isinstance(locked, Locked)
        locks.append(locked.seconds)
        world.now_s += locked.seconds
    assert locks == [10.0, 20.0, 40.0, 80.0]
    assert isinstance(world.enter(), Session)
    assert world.enter("000000") is None  # the right one made the address new
    assert isinstance(world.enter(), Session)


def test_the_lock_of_one_address_is_not_that_of_another() -> None:
    world = World()
    for _ in range(ONE.free + 1):
        assert world.enter("000000") is None
    assert isinstance(world.enter(), Locked)
    assert isinstance(world.enter(address="10.0.0.8"), Session)


def test_the_access_code_does_not_begin_the_guessing_of_the_operators_anew() -> None:
    world, tried = World(), 0
    session = world.within()
    while world.enter(f"{tried:06}", operator=True, before=session) is None:
        tried += 1
        session = world.within()
    assert tried == ONE.free + 1
    assert isinstance(world.enter(OPERATOR, operator=True, before=session), Locked)


def test_a_stranger_neither_tries_the_operators_code_nor_uses_up_its_guesses() -> None:
    world, compared = World(), []
    world.door = Door(HASH, lambda code: not compared.append(code), lambda: world.now_s)
    inside = world.within()
    assert world.door.asks(None, operator=True) is Level.ACCESS
    assert world.door.asks(inside, operator=True) is Level.OPERATOR
    for n in range(3 * ALL.free):
        assert not isinstance(world.enter(OPERATOR, f"10.0.1.{n}", operator=True), Session)
    assert compared == []
    # The access code is locked for all by now; who is inside goes on.
    assert isinstance(world.enter(address="10.0.2.1"), Locked)
    assert world.door.level(world.within(operator=True, before=inside)) is Level.OPERATOR
    assert compared == [ACCESS]


def test_whoever_changes_his_address_meets_the_lock_of_all() -> None:
    lockout = Lockout()
    waits = [lockout.wrong(f"10.0.{n // 250}.{n % 250}", 0.0) for n in range(200)]
    assert waits[ALL.free - 1] == 0.0
    assert waits[ALL.free] == ALL.first_s
    assert waits[-1] == ALL.longest_s
    assert lockout.wait_s("10.9.9.9", 0.0) == ALL.longest_s
    assert lockout.wait_s("10.9.9.9", ALL.longest_s) == 0.0


def test_guessing_six_digits_takes_years() -> None:
    lockout, now_s, guesses = Lockout(), 0.0, 0
    while guesses < 2000:
        lockout.wrong(f"10.{guesses % 200}.0.1", now_s)
        guesses += 1
        now_s += lockout.wait_s("10.250.0.1", now_s)
    a_day = 86_400 / ALL.longest_s
    assert 500_000 / a_day / 365 > 4
    assert now_s > 6 * 86_400


def test_what_is_remembered_of_addresses_and_sessions_is_bounded() -> None:
    lockout = Lockout()
    for n in range(3 * MOST_ADDRESSES):
        lockout.wrong(str(n), 0.0)
    assert len(lockout._wrong) <= MOST_ADDRESSES
    assert lockout.wait_s("somebody", 0.0) == ALL.longest_s  # that of all is not pushed out
    world = World()
    world.door = Door("", lambda code: True, lambda: world.now_s)
    first = world.within()
    for _ in range(MOST_SESSIONS):
        world.within()
    assert world.door.session(first.token) is None


def test_a_session_ends_and_the_operators_rights_end_before() -> None:
    world = World()
    session = world.operator()
    world.now_s += OPERATOR_S - 1
    world.door.used(session)
    world.now_s += OPERATOR_S - 1
    assert world.door.level(session) is Level.OPERATOR
    world.now_s += 1
    assert world.door.level(session) is Level.ACCESS
    world.door.used(session)  # what is over does not begin again
    assert world.door.level(session) is Level.ACCESS
    assert world.door.session(session.token) is session
    world.now_s += SESSION_S
    assert world.door.session(session.token) is None


def test_a_higher_level_is_another_session_and_leaving_ends_it() -> None:
    world = World()
    before = world.within()
    after = world.within(code=OPERATOR, operator=True, before=before)
    assert after.token != before.token
    assert after.csrf != before.csrf
    assert world.door.session(before.token) is None
    world.door.leave(after)
    assert world.door.session(after.token) is None


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.168.1.7", "192.168.1.7"),
        ("::ffff:192.168.1.7", "192.168.1.7"),
        ("2a02:1811:1:2:aaaa::1", "2a02:1811:1:2::"),
        ("2a02:1811:1:2:bbbb::2", "2a02:1811:1:2::"),
        ("", ""),
    ],
)
def test_one_guesser_is_one_address_or_its_ipv6_network(address: str, network: str) -> None:
    assert network_of(address) == network
