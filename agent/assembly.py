"""Puts a gate together from its configuration, runs it, and takes it apart again.

Panel and readers are opened first, on threads of their own, and the channels get ready beside them:
a badge counts as soon as the journal is open, whatever the network does, and is refused while that
cannot be written.
"""

from __future__ import annotations

import datetime as dt
import logging
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import TypeVar, cast

from agent.channels import open_channel
from agent.channels.base import ChannelError
from agent.channels.delivery import Delivery, Post
from agent.config import Config
from agent.config.surroundings import names_of, plan_of
from agent.control import ControlServer
from agent.core.events import DeviceWent, Event
from agent.core.outage.measurements import MAINS_SENSOR, Gate
from agent.core.paper.paper_records import PAGE
from agent.daemon import Daemon, Parts
from agent.desk import Desk
from agent.doorstep import Doorstep, Stoppable, ToldToStop
from agent.evidence.clock import SystemClock
from agent.evidence.devices import SIGNING_KEY, gate_of
from agent.evidence.gauges import MachineGauges
from agent.evidence_watch import EvidenceWatch
from agent.export.wish import StickWish
from agent.journal.checkpoint import mark_of, signer_at
from agent.journal.fault import blocked
from agent.journal.keeper import Keeper, Owner
from agent.journal.recovery import recovered, require_lasting
from agent.lock import Lock
from agent.notices import open_notices
from agent.paper.documents import Documents
from agent.paper.keypad import Keypad
from agent.paper.printing import ChildPrinting
from agent.roster.supplier import FetchesRoster, SupplierRoster
from agent.roster.watch import RosterWatch
from agent.seams import QueueInbox, ThreadWork
from drivers import open_keypad, open_reader
from drivers.base import DeviceError, Panel, PanelSettings, Session
from drivers.panel_gpio import open_panel
from drivers.power_gpio import open_mains
from drivers.supervised import Supervised

READY = "taps are accepted"
LOST = (
    "today's taps without a receipt are in that file alone: let everybody on the site tap again; "
    "keep the file and call support; replace the card, then restart the agent"
)
"""About a journal that was damaged. Who is registered already is not registered twice."""

OTHER_KEY = (
    "put journal.key back from a backup and restart the agent; if there is none, or it was "
    "replaced on purpose, only restart it: verification tells from which entry on the new key signs"
)

T = TypeVar("T")

log = logging.getLogger(__name__)


@contextmanager
def owned(config: Config, clock: SystemClock) -> Iterator[Keeper]:
    """The journal of this gate, for this process alone.

    Raises Locked while an agent runs, JournalError, JournalUnwritable while its disk takes no
    writes, and OSError when its folder cannot be used.
    """
    with ExitStack() as held:
        try:
            keeper = _taken(config, clock, held)
        except OSError as error:
            raise blocked(error, config.gate.data_dir) or error from error
        yield keeper


def _taken(config: Config, clock: SystemClock, held: ExitStack) -> Keeper:
    folder = config.gate.data_dir
    folder.mkdir(mode=0o750, exist_ok=True)
    lock = Lock(folder / "lock")
    held.callback(lock.release)
    if not config.gate.training:  # whoever tries the gate out may lose all of it
        require_lasting(folder)
    owner = Owner(config.gate.name, config.gate.training)
    chance = random.SystemRandom()
    signer = signer_at(config.gate.signing_key)
    keeper = recovered(config.gate.journal, config.rules, chance, owner, clock.now(), signer)
    held.callback(keeper.journal.close)
    return keeper


def clock_of(config: Config) -> SystemClock:
    """The machine's clock, believed as far as the configuration says."""
    return SystemClock(believed=config.clock.trust == "always")


def run(
    config: Config,
    began: Callable[[Stoppable, str], None],
    turned: Callable[[], None],
    clocks: Callable[[Config], SystemClock] = clock_of,
    *,
    patient: bool = True,
) -> None:
    """Runs the gate until it is told to stop. Raises what `owned` raises.

    `began` is told, with how the gate stands, once taps are accepted, and before that if they are
    refused since the journal cannot be written; `turned` after each turn of the loop. `patient`:
    that is waited for, else raised.
    """
    clock = clocks(config)
    with ExitStack() as parts, suppress(ToldToStop):
        inbox: QueueInbox[Event] = QueueInbox()
        panel = _panel(config.panel, clock, inbox)
        parts.callback(panel.close)
        places = (config.gate.data_dir, config.gate.control_socket)
        doorstep = Doorstep(panel, clock, places, began, turned, partial(_show_shut, config))
        parts.callback(doorstep.close)
        for device, opened in _devices(config):
            supervised = Supervised(device, opened, doorstep.report)
            supervised.start()
            parts.callback(supervised.stop)

        def wait_for(attempt: Callable[[], T]) -> T:
            return doorstep.patient(attempt) if patient else attempt()

        keeper = wait_for(lambda: parts.enter_context(owned(config, clock)))
        posts = _posts(config, clock, parts)
        daemon = _daemon(config, (keeper, clock, inbox, panel), posts, parts)
        wait_for(daemon.start)
        doorstep.hand_over(daemon)
        _tell_what_was_found(keeper, clock, inbox)
        _tend(config, daemon, posts, clock, parts)
        log.info("the gate is ready: journal %s", keeper.state.journal)
        began(daemon, READY)
        while daemon.turn():
            turned()
    log.info("the gate has stopped; nothing is lost")


def _daemon(
    config: Config,
    at_hand: tuple[Keeper, SystemClock, QueueInbox[Event], Panel],
    posts: Mapping[str, Post],
    parts: ExitStack,
) -> Daemon:
    """The daemon with all it is made of; the channels get ready meanwhile."""
    keeper, clock, inbox, panel = at_hand
    work = ThreadWork()
    parts.callback(clock.stop)
    roster = RosterWatch(config.gate.roster, config.site.declaration, clock, inbox, work)
    delivery = Delivery(posts, clock, random.SystemRandom())

    def gate() -> Gate:
        return gate_of(keeper.state, posts, config.gate.data_dir)

    gauges = MachineGauges(plan_of(config), clock, gate, inbox.put)
    evidence = EvidenceWatch(gauges, tuple(posts), clock, inbox, work)
    keypad = Keypad(clock, inbox, work, config.operator.code)
    documents, seams = Documents(config), (clock, work)
    printing = ChildPrinting(
        config.printer.device, documents, lambda: keeper.state, seams, inbox.put
    )
    parts.callback(printing.close)
    place = config.gate.control_socket.parent
    sticks = StickWish(place, lambda: keeper.state, seams, inbox.put)
    for name, post in posts.items():
        work.start(f"{name} gets ready", partial(_prepare, name, post))
    made = (keeper, clock, inbox, work, panel, delivery, roster, evidence, keypad, printing)
    return Daemon(Parts(*made, sticks))


def _tell_what_was_found(keeper: Keeper, clock: SystemClock, inbox: QueueInbox[Event]) -> None:
    """Red at rest until somebody has looked and starts it again."""
    if keeper.lost is not None:
        cause = f"it was damaged and lies in {keeper.lost.file}: {keeper.lost.reason}"
        log.error("journal: %s; to do: %s", cause, LOST)
        inbox.put(DeviceWent(clock.now(), "journal", cause, LOST, "JournalLost"))
    if keeper.other_key:
        mark = mark_of(keeper.other_key)
        cause = f"another key than before signs the journal from now on; until now {mark} did"
        log.error("%s; to do: %s", cause, OTHER_KEY)
        inbox.put(DeviceWent(clock.now(), SIGNING_KEY, cause, OTHER_KEY, "OtherKey"))


def _tend(
    config: Config,
    daemon: Daemon,
    posts: Mapping[str, Post],
    clock: SystemClock,
    parts: ExitStack,
) -> None:
    """Starts what works beside the loop: answers, terms, credentials, rosters, notices."""
    work = ThreadWork()
    desk = Desk(
        lambda: daemon.keeper.state,
        clock.now,
        daemon.decide,
        config,
        clock.sleep,
        daemon.inbox.put,
    )
    _watch(desk, config, posts, daemon, clock, work)
    work.start("terms", partial(desk.journal.retention.watch, clock))
    notices = open_notices(
        config.notices, config.gate.name, lambda: daemon.keeper.state, names_of(config)
    )
    if notices is not None:
        parts.callback(notices.close)
        work.start("notices", partial(notices.watch, clock))
    _listen(desk, config, daemon, parts)


def _devices(config: Config) -> Iterator[tuple[str, Callable[[], Session]]]:
    """Every device that is kept working, by name, with how it is opened."""
    for reader in config.readers:
        yield reader.name, partial(open_reader, reader)
    if config.power.sensor is not None:
        yield MAINS_SENSOR, partial(open_mains, config.power.sensor)
    if (keypad := config.keypad.device) is not None:
        yield keypad.name, partial(open_keypad, keypad)


class DarkPanel:
    """A panel that could not be opened: the gate works on, and says so elsewhere."""

    def show(self, pattern: object) -> None:
        """Shows nothing."""

    def rest(self, pattern: object) -> None:
        """Shows nothing."""

    def close(self) -> None:
        """Nothing to close."""


def _panel(settings: PanelSettings, clock: SystemClock, inbox: QueueInbox[Event]) -> Panel:
    try:
        return open_panel(settings)
    except DeviceError as error:
        inbox.put(DeviceWent(clock.now(), "panel", str(error), error.hint, type(error).__name__))
        return DarkPanel()


def _posts(config: Config, clock: SystemClock, parts: ExitStack) -> Mapping[str, Post]:
    def now() -> dt.datetime:
        return dt.datetime.fromtimestamp(clock.now().unix_ms / 1000, dt.UTC)

    names = names_of(config)
    posts = {
        channel.name: Post(open_channel(channel, config.site.place, now, names), channel.timeout_s)
        for channel in config.channels
    }
    for post in posts.values():
        parts.callback(post.channel.close)
    return posts


def _watch(
    desk: Desk,
    config: Config,
    posts: Mapping[str, Post],
    daemon: Daemon,
    clock: SystemClock,
    work: ThreadWork,
) -> None:
    """Starts what looks after credentials, and the roster where a supplier keeps it."""
    work.start("credentials", partial(desk.credentials.watch, clock))
    for settings in config.channels:
        if settings.roster_every_min:
            desk.supplier_roster = SupplierRoster(
                settings.name,
                cast(FetchesRoster, posts[settings.name].channel),
                settings.timeout_s,
                config.gate.roster,
                config.site.declaration,
                lambda: daemon.keeper.state,
                clock.now,
                daemon.inbox.put,
            )
            every_s = settings.roster_every_min * 60
            work.start("roster", partial(desk.supplier_roster.watch, clock, every_s))


def _prepare(name: str, post: Post) -> None:
    """Loads what the first call needs; what is wrong with it is told before anybody taps."""
    try:
        post.channel.prepare()
    except ChannelError as error:
        log.error("channel %s: %s; to do: %s", name, error, error.hint)


def _listen(desk: Desk, config: Config, daemon: Daemon, parts: ExitStack) -> None:
    """From here on people may ask, by commands and on the page."""
    if config.page.listen:
        _show_page(config, daemon, desk, parts)
    path = config.gate.control_socket
    server = ControlServer(path, desk.answer)
    try:
        server.start()
    except OSError as error:
        log.error("no commands can be given: %s: %s; make its folder the agent's own", path, error)
        return
    parts.callback(server.stop)


def _show_shut(config: Config, why: Callable[[], tuple[str, str]]) -> Callable[[], None]:
    """Shows what is wrong in the page's place; what ends that."""
    if not config.page.listen:
        return lambda: None
    from agent.web.opening import open_shut, served

    return served(partial(open_shut, config, why))


def _show_page(config: Config, daemon: Daemon, desk: Desk, parts: ExitStack) -> None:
    """Opens the page; a gate without it takes taps all the same."""
    from agent.web.glance import Seam
    from agent.web.opening import open_page, served

    seam = Seam(
        config=config,
        state=lambda: daemon.keeper.state,
        now=daemon.clock.now,
        ask=lambda question: desk.answer({**question, "by": PAGE}),
        looked=lambda: daemon.looked,
        writes=lambda: daemon.writes,
    )
    parts.callback(served(partial(open_page, seam)))
