"""What ModemManager says of a mobile uplink: SIM, operator, and which cells are heard.

ModemManager is what Raspberry Pi OS and Debian drive modems with; it is asked over the system's
D-Bus (https://www.freedesktop.org/software/ModemManager/doc/latest/ModemManager/). Without it, or
without a modem, all of it is `unknown`. Reading needs no privilege. To look around for other
operators does (polkit's org.freedesktop.ModemManager1.Device.Control); where it is refused, cells
stay `unknown`, and so does whose it is.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from agent.core.outage.measurements import FAILING, UNKNOWN, WELL, Link, Reading
from agent.evidence.beside import begun

MANAGER = "org.freedesktop.ModemManager1"
MANAGER_PATH = "/org/freedesktop/ModemManager1"
OBJECTS = "org.freedesktop.DBus.ObjectManager"
MODEM, THREE_GPP = f"{MANAGER}.Modem", f"{MANAGER}.Modem.Modem3gpp"
ANSWERS_S = 5.0
SCANS_S = 300.0
"""The longest that ModemManager gives a modem to look around."""

# ModemManager-enums.h; the numbers are its interface.
STATE_LOCKED = 2
FAILED_BY_SIM = frozenset((2, 3, 5))
"""MMModemStateFailedReason: SIM missing, SIM error, an eSIM without profile."""
UNLOCKED = frozenset((0, 1, 3, 5))
"""MMModemLock: unknown, none, and the codes of the card's second set, which nobody needs."""
REGISTERED = frozenset((1, 5, 9, 10))
"""MMModem3gppRegistrationState: at home or roaming, with data."""
DENIED, REGISTRATION_UNKNOWN = 3, frozenset((4, 6, 7))
PORT_NET = 2
CURRENT = 2
"""MMModem3gppNetworkAvailability: the operator of this modem."""

log = logging.getLogger(__name__)

Properties = Mapping[str, tuple[str, Any]]
"""By name: the D-Bus signature and the value."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A modem as ModemManager knows it. A reset, or pulling it out, gives it another path."""

    path: str
    modem: Properties
    mobile: Properties

    def of_modem(self, name: str, default: Any) -> Any:
        return self.modem.get(name, ("", default))[1]

    def of_mobile(self, name: str, default: Any) -> Any:
        return self.mobile.get(name, ("", default))[1]

    def drives(self, device: str) -> bool:
        """Whether this network device is one of its ports."""
        return (device, PORT_NET) in (tuple(port) for port in self.of_modem("Ports", ()))


@dataclass(frozen=True, slots=True)
class _Heard:
    """What a look around found: its own operator, others."""

    own: Reading = UNKNOWN
    others: Reading = UNKNOWN


@dataclass(slots=True)
class Modem:
    """The modem of one uplink; remembers its operator, and where it lost it."""

    bus: str = "SYSTEM"
    _operator: str = ""
    _lost_at: str = ""
    _heard: Future[_Heard] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def link(self, device: str, *, look_around: bool) -> Link:
        """The link over `device`. With `look_around` a modem without its operator begins to search
        for all there are, which takes minutes: what it hears comes with a later call."""
        with self._lock:
            seen = self._found(device)
            if seen is None:
                return Link()
            state = int(seen.of_mobile("RegistrationState", 4))
            sim, registered = _sim(seen, state), _registered(state)
            if registered is WELL:
                self._operator = str(seen.of_mobile("OperatorCode", "")) or self._operator
                self._lost_at, self._heard = "", None
                return Link(sim=sim, registered=WELL, own_cells=WELL)
            self._lost_at = self._lost_at or seen.path
            reset = WELL if self._lost_at != seen.path else UNKNOWN
            heard = self._around(seen, look_around=look_around and registered is FAILING)
            return Link(
                sim=sim,
                registered=registered,
                own_cells=heard.own,
                other_cells=heard.others,
                reset=reset,
            )

    def _found(self, device: str) -> _Seen | None:
        try:
            # On a thread of its own: a bus that hangs must not stop the measuring.
            modems = begun(partial(_modems, self.bus)).result(ANSWERS_S)
        except Exception as error:  # no bus, no ModemManager: nothing is known
            log.debug("no modem is known: %s", error)
            return None
        mine = (modem for modem in modems if modem.drives(device))
        return next(mine, modems[0] if len(modems) == 1 else None)

    def _around(self, seen: _Seen, *, look_around: bool) -> _Heard:
        """What was heard last; a new look begins as soon as the one before is over."""
        before, heard = self._heard, _Heard()
        if before is not None and before.done():
            with contextlib.suppress(Exception):
                heard = before.result()
        if look_around and (before is None or before.done()):
            self._heard = begun(partial(_scanned, self.bus, seen.path, self._operator))
        return heard


def _sim(seen: _Seen, state: int) -> Reading:
    """Whether a card is there, unlocked and not denied."""
    card = str(seen.of_modem("Sim", "/"))
    failed = int(seen.of_modem("StateFailedReason", 0)) in FAILED_BY_SIM
    locked = int(seen.of_modem("UnlockRequired", 0)) not in UNLOCKED
    if failed or locked or int(seen.of_modem("State", 0)) == STATE_LOCKED or state == DENIED:
        return FAILING
    return WELL if card != "/" else UNKNOWN


def _registered(state: int) -> Reading:
    if state in REGISTERED:
        return WELL
    return UNKNOWN if state in REGISTRATION_UNKNOWN else FAILING


def _modems(bus: str) -> tuple[_Seen, ...]:
    (objects,) = _called(bus, MANAGER_PATH, OBJECTS, "GetManagedObjects", ANSWERS_S)
    return tuple(
        _Seen(path, interfaces[MODEM], interfaces.get(THREE_GPP, {}))
        for path, interfaces in objects.items()
        if MODEM in interfaces
    )


def _scanned(bus: str, path: str, operator: str) -> _Heard:
    """Looks around. Whose a network is, is told by the operator that it was registered with."""
    (networks,) = _called(bus, path, THREE_GPP, "Scan", SCANS_S)
    codes = {str(network["operator-code"][1]) for network in _named(networks)}
    own = any(network["status"][1] == CURRENT for network in networks if "status" in network)
    if not operator and not own:
        return _Heard()
    heard = own or operator in codes
    return _Heard(WELL if heard else FAILING, WELL if codes - {operator} else FAILING)


def _named(networks: Iterable[Mapping[str, tuple[str, Any]]]) -> Iterator[Properties]:
    return (network for network in networks if "operator-code" in network)


def _called(bus: str, path: str, interface: str, method: str, within_s: float) -> tuple[Any, ...]:
    """What one call of ModemManager answers. Raises whatever stands in the way."""
    from jeepney import DBusAddress, MessageType, new_method_call
    from jeepney.io.blocking import open_dbus_connection

    with open_dbus_connection(bus) as connection:
        call = new_method_call(DBusAddress(path, MANAGER, interface), method)
        reply = connection.send_and_get_reply(call, timeout=within_s)
    if reply.header.message_type is MessageType.error:
        raise OSError(f"{interface}.{method}: {reply.body}")
    body: tuple[Any, ...] = reply.body
    return body
