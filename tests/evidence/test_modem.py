"""SIM, operator and cells, as a real D-Bus brings them from an emulated ModemManager."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from jeepney import HeaderFields, MessageType, new_error, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

from agent.core.outage.measurements import FAILING, UNKNOWN, WELL, Link
from agent.evidence.modem import MANAGER, MODEM, THREE_GPP, Modem

pytestmark = pytest.mark.needs(
    "dbus-daemon", available=which("dbus-daemon"), installable_in_ci=True
)
CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/>
<allow eavesdrop="true"/><allow own="*"/></policy></busconfig>"""
SEARCHING, HOME, DENIED = 2, 1, 3
HEARD = [{"operator-code": ("s", "20610"), "status": ("u", 1)}]
HEARD_ALL = [*HEARD, {"operator-code": ("s", "20601"), "status": ("u", 1)}]


@dataclass
class ModemManager:
    """Answers on the bus as ModemManager does; `may_scan`: polkit lets the agent look around."""

    address: str
    state: int = HOME
    number: int = 0
    modem: dict[str, Any] = field(default_factory=dict)
    networks: list[dict[str, Any]] = field(default_factory=list)
    may_scan: bool = True
    gone: bool = False
    scanned: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        self._connection = open_dbus_connection(self.address)
        self._connection.send_and_get_reply(message_bus.RequestName(MANAGER))
        self._serving = threading.Thread(target=self._serve, daemon=True)
        self._serving.start()

    def join(self) -> None:
        """The bus is gone: so is this."""
        self._serving.join()
        self._connection.close()

    def _serve(self) -> None:
        while True:
            try:
                call = self._connection.receive()
            except OSError:
                return
            if call.header.message_type is not MessageType.method_call:
                continue
            match call.header.fields[HeaderFields.member]:
                case "GetManagedObjects":
                    answer = new_method_return(call, "a{oa{sa{sv}}}", (self._objects(),))
                case "Scan" if self.may_scan:
                    answer = new_method_return(call, "aa{sv}", (self.networks,))
                case _:
                    name = f"{MANAGER}.Error.Core.Unauthorized"
                    answer = new_error(call, name, "s", ("PolicyKit says no",))
            self._connection.send(answer)
            if call.header.fields[HeaderFields.member] == "Scan":
                self.scanned.set()

    def _objects(self) -> dict[str, Any]:
        if self.gone:
            return {}
        modem = {
            "State": ("i", 8),
            "StateFailedReason": ("u", 0),
            "UnlockRequired": ("u", 1),
            "Sim": ("o", "/org/freedesktop/ModemManager1/SIM/0"),
            "Ports": ("a(su)", [("ttyUSB2", 3), ("wwan0", 2)]),
            **self.modem,
        }
        mobile = {"RegistrationState": ("u", self.state), "OperatorCode": ("s", "20601")}
        path = f"/org/freedesktop/ModemManager1/Modem/{self.number}"
        return {path: {MODEM: modem, THREE_GPP: mobile}}


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[ModemManager]:
    path = tmp_path / "bus"
    (tmp_path / "bus.conf").write_text(CONFIG.format(path=path))
    command = ["dbus-daemon", f"--config-file={tmp_path}/bus.conf", "--nofork", "--print-address"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as bus:
        assert bus.stdout is not None
        made = ModemManager(bus.stdout.readline().strip())
        made.start()
        yield made
        bus.terminate()
        made.join()


def link(modem: Modem, *, look_around: bool = False) -> Link:
    return modem.link("wwan0", look_around=look_around)


def test_a_modem_with_its_operator_is_well(manager: ModemManager) -> None:
    assert link(Modem(manager.address)) == Link(sim=WELL, registered=WELL, own_cells=WELL)


@pytest.mark.parametrize(
    "change",
    [
        {"modem": {"Sim": ("o", "/"), "State": ("i", -1), "StateFailedReason": ("u", 2)}},
        {"modem": {"State": ("i", 2), "UnlockRequired": ("u", 2)}},
        {"state": DENIED},
    ],
    ids=["missing", "locked", "denied"],
)
def test_a_sim_that_is_missing_locked_or_denied_fails(
    manager: ModemManager, change: dict[str, Any]
) -> None:
    manager.state = SEARCHING
    for name, value in change.items():
        setattr(manager, name, value)
    assert link(Modem(manager.address)).sim is FAILING


def test_after_a_reset_it_hears_others_and_no_longer_its_own(manager: ModemManager) -> None:
    modem = Modem(manager.address)
    link(modem)
    manager.state, manager.networks = SEARCHING, HEARD
    first = link(modem, look_around=True)
    assert first == Link(sim=WELL, registered=FAILING)  # it has only begun to look around
    assert manager.scanned.wait(10)
    manager.number += 1  # ModemManager numbers a modem anew that was reset
    later = awaited(modem)
    assert later == Link(
        sim=WELL, registered=FAILING, own_cells=FAILING, other_cells=WELL, reset=WELL
    )


def test_a_modem_that_hears_its_own_operator_says_so(manager: ModemManager) -> None:
    modem = Modem(manager.address)
    link(modem)
    manager.state, manager.networks = SEARCHING, HEARD_ALL
    link(modem, look_around=True)
    assert awaited(modem).own_cells is WELL


def test_without_the_right_to_look_around_the_cells_are_unknown(manager: ModemManager) -> None:
    modem = Modem(manager.address)
    link(modem)
    manager.state, manager.may_scan = SEARCHING, False
    link(modem, look_around=True)
    assert manager.scanned.wait(10)
    assert link(modem) == Link(sim=WELL, registered=FAILING)


def test_without_a_modem_or_a_bus_all_is_unknown(manager: ModemManager, tmp_path: Path) -> None:
    manager.gone = True
    assert link(Modem(manager.address)) == Link()
    assert link(Modem(f"unix:path={tmp_path}/none")) == Link()


def awaited(modem: Modem) -> Link:
    """The link once what was heard is known."""
    for _ in range(1000):
        seen = link(modem)
        if seen.own_cells is not UNKNOWN:
            return seen
        threading.Event().wait(0.01)
    raise AssertionError("nothing was heard within 10 s")
