"""What happens beside the infrastructure and the gate's power: at the card, the reader and the
printer, in the office, and by the persons on the site."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.delivery import ahead
from agent.core.delivery.inquiries import CancelReason
from agent.core.events import CancellationAsked, CrewConfirmationAsked, Event
from agent.sandbox.world import tickets
from agent.sandbox.world.values import (
    Ahead,
    Away,
    Cancel,
    Card,
    Crew,
    Edit,
    Happening,
    Interrupted,
    NewBadge,
    Phoned,
    Reader,
    Roll,
    Ticket,
    Typed,
)
from drivers.base import DeviceBack, DeviceGone

if TYPE_CHECKING:
    from agent.sandbox.world.play import Play


def happen(play: Play, happening: Happening) -> None:
    """Lets it happen; what lasts ends by itself."""
    match happening:
        case Card(_, lasts_ms, how):
            _card(play, how, spoilt=True)
            play.after(lasts_ms, lambda: _card(play, how, spoilt=False))
        case Crew():
            play.office.moves(happening)
            _rewrite(play)
        case NewBadge():
            play.office.replaces(happening)
            _rewrite(play)
        case Edit(_, lasts_ms):
            play.office.spoils(happening)
            _rewrite(play)
            play.after(lasts_ms, lambda: _mended(play, happening))
        case Reader(_, lasts_ms):
            _reader(play, works=False)
            play.after(lasts_ms, lambda: _reader(play, works=True))
        case Roll(_, parts):
            play.tray.roll, play.tray.rest = parts, True
        case Away(_, lasts_ms):
            play.operator.away_until_ms = play.clock.true_ms + lasts_ms
        case Ticket():
            tickets.given(play, happening)
        case Phoned():
            play.operator.phoned()
        case Typed(_, keys):
            play.operator.does(keys)
        case Ahead() | Cancel():
            if play.watch.running:
                play.inbox.put(_asked(play, happening))
        case Interrupted():
            play.operator.interrupted = happening


def _card(play: Play, how: str, *, spoilt: bool) -> None:
    if how == "full":
        play.disk.full = spoilt
    else:
        play.disk.read_only = spoilt
    play.watch.card_well = not (play.disk.full or play.disk.read_only)


def _rewrite(play: Play) -> None:
    play.office.writes(play.roster, play.clock.true_ms)


def _mended(play: Play, edit: Edit) -> None:
    play.office.mended(edit, play.clock.true_ms)
    _rewrite(play)


def _reader(play: Play, *, works: bool) -> None:
    play.watch.reader = works
    if play.watch.running:
        gone = DeviceGone("entrance", "unplugged", "plug it in")
        play.daemon.report(DeviceBack("entrance") if works else gone)


def _asked(play: Play, wish: Ahead | Cancel) -> Event:
    """What the office asks of the gate, by the command or the page."""
    state, now = play.daemon.keeper.state, play.clock.now()
    if isinstance(wish, Ahead):
        crew = [n for n, _ in ahead.crew(state, wish.employer, ahead.tomorrow(state, now))]
        without = tuple(crew[:: wish.but]) if wish.but else ()
        return CrewConfirmationAsked(now, wish.employer, without)
    identity, today = play.world.people[wish.who].worker.identity, state.rules.day(now)
    known = state.ledger.obligations.values()
    mine = (o for o in known if o.person.identity == identity and o.day >= today)
    return CancellationAsked(now, tuple(o.reference for o in mine), CancelReason(wish.reason))
