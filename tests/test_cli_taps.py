"""A person names the day of taps that no clock could date."""

from __future__ import annotations

import datetime as dt
import random
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agent.cli import main
from agent.config import load_config
from agent.core.clock_records import TapsDated
from agent.core.events import RosterOffered, Started, Tapped
from agent.core.moment import Moment, Trust
from agent.core.roster import Roster
from agent.journal.checkpoint import signer_at
from agent.journal.keeper import Owner, opened
from agent.journal.rows import reading, rows
from agent.journal.store import decoded
from agent.sandbox.people import crew

AN, BO = crew(2, random.Random(2))
TODAY = dt.date.today().isoformat()


@pytest.fixture
def config(gate_file: Path) -> Path:
    """A gate after a start whose clock was never right: An tapped, then a stranger."""
    settings = load_config(gate_file)
    settings.gate.data_dir.mkdir()
    at = Moment(1_000_000, 1_000, "an earlier start", Trust.UNKNOWN)
    keeper = opened(
        settings.gate.journal,
        settings.rules,
        random.Random(1),
        Owner("noord-1", training=True),
        at,
        signer_at(settings.gate.signing_key),
    )
    with closing(keeper.journal):
        keeper.do(Started(at, "1"))
        keeper.do(RosterOffered(at, Roster({AN.uid: AN.worker, BO.uid: BO.worker}), "r"))
        for after_ms, uid in ((5_000, AN.uid), (65_000, "04FFFFFFFFFFFF")):
            moment = Moment(1_000_000 + after_ms, 1_000 + after_ms, at.boot_id, Trust.UNKNOWN)
            keeper.do(Tapped(moment, "entrance", uid))
    return gate_file


def werfpoort(config: Path, *arguments: object) -> Result:
    words = [*map(str, arguments), "--config", str(config)]
    return CliRunner().invoke(main, words)


def test_taps_that_wait_are_listed_in_their_order_without_a_full_number(config: Path) -> None:
    lines = werfpoort(config, "taps", "list").output.splitlines()
    assert [line.split("  ")[1:] for line in lines] == [
        ["start 1", "+0:00:00", "entrance", "w1"],
        ["start 1", "+0:01:00", "entrance", lines[1].split("  ")[-1]],
    ]
    assert "unknown badge" in lines[1]
    assert "04FFFFFFFFFFFF" not in lines[1]
    status = werfpoort(config, "status").output
    assert "taps of an earlier start without a day: 2" in status


def test_the_day_is_kept_with_who_said_so_and_counts(config: Path) -> None:
    result = werfpoort(config, "taps", "confirm", TODAY, "--by", "Jan Maes")
    assert result.exit_code == 0
    assert "1 registration(s) were owed" in result.output
    assert "1 tap(s) lead to no worker" in result.output
    with reading(config.parent / "data/journal.db") as connection:
        found = [decoded((*row[:6], row.body)).record for row in rows(connection)]
    (dated,) = (record for record in found if isinstance(record, TapsDated))
    assert (dated.day.isoformat(), dated.by) == (TODAY, "Jan Maes")
    assert werfpoort(config, "taps", "list").output == ""


def test_what_cannot_be_is_refused_with_the_reason(config: Path) -> None:
    tomorrow = (dt.date.today() + dt.timedelta(days=2)).isoformat()
    for words, said in (
        ((tomorrow, "--by", "Jan"), "has not come yet"),
        ((TODAY, "9999", "--by", "Jan"), "no tap 9999 waits"),
        ((TODAY, "--by", " "), "say who confirms it"),
        (("morgen", "--by", "Jan"), "morgen"),
        ((TODAY,), "--by"),
    ):
        result = werfpoort(config, "taps", "confirm", *words)
        assert result.exit_code != 0
        assert said in result.output
