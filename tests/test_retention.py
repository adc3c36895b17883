"""Terms kept night after night: what is warned of, from the start on, and damaged journals too."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agent.config import Config, load_config
from agent.core.commands import Reply
from agent.core.events import Event, Started
from agent.core.journal_records import DamagedErased
from agent.core.moment import Moment, Trust
from agent.core.refusals import Refused
from agent.desk.status import as_text, status
from agent.journal.checkpoint import signer_from
from agent.journal.keeper import Keeper, Owner
from agent.journal.recovery import recovered
from agent.journal.rows import reading, rows
from agent.journal.verify import verify
from agent.retention import Retention

BEGAN = dt.datetime(2026, 11, 24, 6, 0, tzinfo=dt.UTC)
SECRET = b"85011512345"


@dataclass
class Gate:
    """A gate whose first journal was damaged, and whose clock stands where it is put."""

    config: Config
    keeper: Keeper
    at: dt.datetime = BEGAN
    trust: Trust = Trust.NTP
    retention: Retention = field(init=False)

    def __post_init__(self) -> None:
        self.retention = Retention(self.config, self.now, self.decide)

    def now(self) -> Moment:
        unix_ms = round(self.at.timestamp() * 1000)
        return Moment(unix_ms, unix_ms - 1_790_000_000_000, "boot", self.trust)

    def decide(self, event_for: Callable[[int], Event]) -> tuple[bool, str, Refused | None]:
        (reply,) = (c for c in self.keeper.do(event_for(1)) if isinstance(c, Reply))
        return reply.done, reply.text, reply.why

    @property
    def files(self) -> list[str]:
        """All that is left of the damaged journal, the database first, then SQLite's own."""
        return sorted(p.name for p in self.config.gate.data_dir.glob("journal-damaged-*"))

    def after(self, **ago: int) -> None:
        self.at = BEGAN + dt.timedelta(**ago)


@pytest.fixture
def gate(gate_file: Path) -> Iterator[Gate]:
    config = load_config(gate_file)
    config.gate.data_dir.mkdir()
    config.gate.journal.write_bytes(SECRET * 5_000)
    config.gate.journal.with_name("journal.db-wal").write_bytes(SECRET * 100)
    at = Moment(round(BEGAN.timestamp() * 1000), 1, "boot")
    owner, signer = Owner("noord-1", training=True), signer_from(bytes(32))
    keeper = recovered(config.gate.journal, config.rules, random.Random(1), owner, at, signer)
    with closing(keeper.journal):
        keeper.do(Started(at, "1"))
        yield Gate(config, keeper)


def test_a_damaged_journal_stands_in_every_plan_with_the_day_on_which_it_goes(gate: Gate) -> None:
    (damaged,) = gate.retention.plan().aside
    # The longer of both terms: what it proves is not known.
    assert damaged.ends == dt.date(2033, 11, 24)
    assert "holds personal data" in str(damaged)
    assert gate.files[0] == damaged.file
    assert f"{damaged.file}-wal" in gate.files


def test_a_damaged_journal_is_erased_whole_once_its_term_has_ended_and_the_journal_says_so(
    gate: Gate,
) -> None:
    gate.after(days=7 * 365)
    gate.retention.look()
    assert gate.files
    file, copy = gate.config.gate.data_dir / gate.files[0], gate.config.gate.data_dir / "linked"
    copy.hardlink_to(file)  # what lies where it lay
    gate.after(days=7 * 366)
    gate.retention.look()
    assert gate.files == []
    assert copy.read_bytes() == bytes(len(SECRET) * 5_000)
    assert verify(gate.config.gate.journal).sound
    with reading(gate.config.gate.journal) as connection:
        found = [row.entry().record for row in rows(connection) if row.kind == "damaged-erased"]
    assert found == [DamagedErased(file.name, "its term ended")]


def test_a_person_erases_a_damaged_journal_at_once(gate: Gate) -> None:
    assert gate.retention.erase_damaged("journal.db", "asked")[0] is False
    assert gate.retention.erase_damaged("../roster.csv", "asked")[0] is False
    done, said = gate.retention.erase_damaged(gate.files[0], "asked")
    assert done
    assert "erased" in said
    assert gate.files == []
    assert gate.config.gate.journal.exists()


def test_while_no_clock_was_right_a_damaged_journal_stays(gate: Gate) -> None:
    gate.trust = Trust.UNKNOWN
    gate.after(days=9_000)
    gate.retention.look()
    assert gate.files
    assert gate.retention.last.aside == ()


def test_from_the_start_on_people_are_told_what_comes_next_and_nothing_goes_before_the_night(
    gate: Gate,
) -> None:
    gate.at = dt.datetime(2034, 11, 24, 0, 30, tzinfo=dt.UTC)  # half past one on the site
    assert len(gate.retention.expected().aside) == 1
    gate.retention.look()
    assert gate.files
    gate.at += dt.timedelta(hours=2)
    gate.retention.look()
    assert gate.files == []


def test_status_tells_what_is_kept_beyond_its_term_and_what_lies_there_damaged(gate: Gate) -> None:
    kept = {
        "unexported_soon_erased": 0,
        "kept_until_exported": 12,
        "damaged_aside": [*map(str, gate.retention.plan().aside)],
        "to_do": gate.retention.to_do,
    }
    text = as_text({**status(gate.keeper.state, gate.now()), "retention": kept})
    assert "12 entries are over their term, and kept until they are exported" in text
    (damaged,) = (line for line in text.splitlines() if line.startswith("damaged journal "))
    assert gate.files[0] in damaged
    assert "holds personal data" in damaged
    assert "until 2033-11-24" in damaged


def test_whoever_asks_a_running_agent_does_not_wait_for_the_journal_to_be_read(gate: Gate) -> None:
    class OneLook:
        """A clock that lets the agent sleep once, and then stops it."""

        def sleep(self, seconds: float) -> bool:
            assert gate.retention.expected().aside == ()  # nothing was planned yet
            return True

    gate.retention.watch(OneLook())  # type: ignore[arg-type]
    gate.retention.look()
    assert len(gate.retention.expected().aside) == 1
