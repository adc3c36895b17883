"""A gate from nothing: devices found, the rest asked or read, a configuration that is good."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.assembly import clock_of, owned
from agent.commissioning.detection import Found, detected
from agent.commissioning.predecessor import predecessor_in
from agent.commissioning.questions import QUESTIONS, asked, devices_of
from agent.commissioning.writing import toml
from agent.config import check_config
from agent.export.keys import identities_in
from agent.sandbox.authority import Authority
from agent.sandbox.firms import DECLARATION as OLD_DECLARATION
from agent.sandbox.firms import FRANS, MAIN, PEOPLE, two_days
from agent.sandbox.people import DECLARATION, MAIN_CONTRACTOR
from drivers.emulators.line_reader import LineReaderEmulator, rdm6300_frame
from drivers.emulators.pn532 import Pn532Emulator


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Authority().sender("gate").write(tmp_path, "rsz")
    return tmp_path


def answers(folder: Path) -> str:
    return f"""
[gate]
name = "noord-1"
roster = "{folder}/roster.csv"
data_dir = "{folder}/data"
[site]
name = "Werf Noord"
declaration = "{DECLARATION}"
company = "{MAIN_CONTRACTOR}"
[[readers]]
kind = "rdm6300"
path = "/dev/serial0"
[[channels]]
name = "rsz"
certificate = "{folder}/rsz.crt"
key = "{folder}/rsz.key"
"""


def init(folder: Path, *more: str, typed: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agent", "init", "--config", str(folder / "gate.toml"), *more],
        capture_output=True,
        text=True,
        input=typed,
        check=False,
        timeout=60,
    )


# --- the command -----------------------------------------------------------------------------


def test_many_gates_are_made_from_answers_and_asked_nothing(folder: Path) -> None:
    (folder / "answers.toml").write_text(answers(folder))
    made = init(folder, "--answers", str(folder / "answers.toml"))
    assert made.returncode == 0, made.stdout + made.stderr
    assert "Next: werfpoort doctor" in made.stdout
    config, findings = check_config(folder / "gate.toml")
    assert config is not None
    assert [f for f in findings if not f.warning] == []
    assert (folder / "data/journal.key").exists()
    assert (folder / "roster.csv").read_text().startswith("badge_uid,")
    assert (folder / "roster.csv").stat().st_mode & 0o777 == 0o600


def test_a_technician_is_asked_what_cannot_be_found_out_and_again_when_it_is_wrong(
    folder: Path,
) -> None:
    typed = [
        "Gate One",  # no name
        "noord-1",
        f"{folder}/roster.csv",
        "Werf Noord",
        DECLARATION,
        "0448181967",  # its check digits are wrong
        MAIN_CONTRACTOR,
        "",
        f"{folder}/rsz.crt",
        f"{folder}/rsz.key",
    ]
    made = init(folder, typed="\n".join(typed) + "\n")
    assert "is not a name of 1 to 16 characters" in made.stdout
    assert made.stdout.count("Company number") == 2
    config = tomllib.loads((folder / "gate.toml").read_text())
    assert config["gate"]["name"] == "noord-1"
    assert config["channels"][0]["name"] == "rsz"


def test_what_is_missing_yet_is_listed_with_the_mend(folder: Path) -> None:
    (folder / "rsz.crt").unlink()
    (folder / "answers.toml").write_text(answers(folder))
    made = init(folder, "--answers", str(folder / "answers.toml"))
    assert made.returncode == 1
    assert "Still to do" in made.stdout
    assert "rsz.crt" in made.stdout
    assert (folder / "gate.toml").exists()


def test_wrong_answers_write_nothing_and_say_what_is_wrong(folder: Path) -> None:
    (folder / "answers.toml").write_text(answers(folder).replace("noord-1", "Noord 1"))
    made = init(folder, "--answers", str(folder / "answers.toml"))
    assert made.returncode == 1
    assert "gate.name" in made.stderr
    assert not (folder / "gate.toml").exists()


def test_a_configuration_that_is_there_is_kept(folder: Path) -> None:
    (folder / "gate.toml").write_text("mine")
    (folder / "answers.toml").write_text(answers(folder))
    made = init(folder, "--answers", str(folder / "answers.toml"))
    assert made.returncode == 1
    assert "--force" in made.stderr
    assert (folder / "gate.toml").read_text() == "mine"


def test_a_second_run_keeps_the_key_of_the_journal(folder: Path) -> None:
    (folder / "answers.toml").write_text(answers(folder))
    keys = set()
    for _time in range(2):
        init(folder, "--answers", str(folder / "answers.toml"), "--force")
        keys.add((folder / "data/journal.key").read_bytes())
    assert len(keys) == 1


# --- in the place of another gate ----------------------------------------------------------------


@pytest.fixture
def export(tmp_path: Path) -> tuple[Path, Path]:
    """The main contractor's bundle of a gate with receipts of its last two days, and its key."""
    old = tmp_path / "old"
    old.mkdir()
    with two_days(old) as site:
        site.tap("04A1")
        made, _ = site.bundle(MAIN)
        key = tmp_path / "identity.txt"
        key.write_text(f"{site.firms[MAIN].identity}\n")
        return old / made.file, key


ROSTER = "badge_uid;surname;given_name;inss;limosa;employer\n" + "".join(
    f"{uid}{uid};{who.surname};{who.given_name};{who.inss};{who.limosa};{who.employer}\n"
    for uid, who in PEOPLE.items()
    if who != FRANS  # whose name is a formula
)


def of_the_old_gate(folder: Path) -> str:
    return answers(folder).replace(MAIN_CONTRACTOR, MAIN).replace(DECLARATION, OLD_DECLARATION)


def test_a_spare_gate_begins_with_what_the_old_one_had_registered(
    folder: Path, export: tuple[Path, Path]
) -> None:
    bundle, key = export
    (folder / "answers.toml").write_text(of_the_old_gate(folder))
    (folder / "roster.csv").write_text(ROSTER)
    command = ("--answers", str(folder / "answers.toml"), "--from", str(bundle))
    made = init(folder, *command, "--identity", str(key))
    assert made.returncode == 0, made.stdout + made.stderr
    assert "In the place of gate noord-1 (Werf <Noord> & co): journal" in made.stdout
    assert "compare it with the code on a list" in made.stdout
    assert "2 registrations of noord-1 go on here, 2 of them settled" in made.stdout
    config, _ = check_config(folder / "gate.toml")
    assert config is not None
    with owned(config, clock_of(config)) as keeper:
        owed = keeper.state.ledger.obligations.values()
        assert [o.receipt for o in owed if o.day == dt.date(2026, 11, 25)] == ["100000000000006"]
    again = init(folder, *command, "--identity", str(key), "--force")
    assert again.returncode == 1
    assert "has registrations of its own" in again.stderr


def test_a_folder_that_is_named_as_a_bundle_does_not_keep_the_others_from_being_read(
    tmp_path: Path, export: tuple[Path, Path]
) -> None:
    bundle, key = export
    (bundle.parent / "0.zip.age").mkdir()
    (identity,) = identities_in(key)
    assert predecessor_in(bundle.parent, [identity]).gate == "noord-1"


def test_a_spare_gate_without_a_roster_or_with_a_wrong_key_is_told_what_to_do(
    folder: Path, export: tuple[Path, Path]
) -> None:
    bundle, key = export
    (folder / "answers.toml").write_text(of_the_old_gate(folder))
    command = ("--answers", str(folder / "answers.toml"), "--from", str(bundle))
    made = init(folder, *command)
    assert "--identity KEY" in made.stderr
    made = init(folder, *command, "--identity", str(key))
    assert made.returncode == 1
    assert "put the roster (CSV) where" in made.stderr
    assert not (folder / "gate.toml").exists()


def test_a_technician_is_proposed_what_the_old_gate_was_called(
    folder: Path, export: tuple[Path, Path]
) -> None:
    bundle, key = export
    made = init(folder, "--from", str(bundle), "--identity", str(key), typed="\n")
    assert "[noord-1]" in made.stdout


# --- what is found -------------------------------------------------------------------------------


def usb(sys_folder: Path, name: str, vendor: str, product: str, interface: str = "ff") -> None:
    devices = sys_folder / "bus/usb/devices"
    (devices / name).mkdir(parents=True)
    (devices / name / "idVendor").write_text(f"{vendor}\n")
    (devices / name / "idProduct").write_text(f"{product}\n")
    (devices / f"{name}:1.0").mkdir()
    (devices / f"{name}:1.0/bInterfaceClass").write_text(f"{interface}\n")


def test_what_is_plugged_in_is_found_by_its_stable_name(tmp_path: Path) -> None:
    dev, sys_folder = tmp_path / "dev", tmp_path / "sys"
    by_id = dev / "serial/by-id"
    by_id.mkdir(parents=True)
    (dev / "input/by-id").mkdir(parents=True)
    (dev / "input/by-id/usb-Sycreader-event-kbd").touch()
    (dev / "gpiochip0").touch()
    usb(sys_folder, "1-1", "072f", "2200")
    usb(sys_folder, "1-2", "04b8", "0e28", "07")
    usb(sys_folder, "1-3", "046d", "c077", "03")
    with (
        Pn532Emulator(by_id / "usb-1a86_USB_Serial-if00-port0", radio_s=0.002),
        LineReaderEmulator(rdm6300_frame) as silent,
    ):
        (by_id / "usb-Prolific-if00-port0").symlink_to(silent.path)
        found = detected(dev, sys_folder)
    assert found == Found(
        nfc_serial=(str(by_id / "usb-1a86_USB_Serial-if00-port0"),),
        nfc_usb=("usb:072f:2200",),
        silent_ports=(str(by_id / "usb-Prolific-if00-port0"),),
        typing=(str(dev / "input/by-id/usb-Sycreader-event-kbd"),),
        printers=("04b8:0e28",),
        gpio=True,
    )


def test_a_bare_machine_has_nothing_and_lamps_that_are_not_wired(tmp_path: Path) -> None:
    found = detected(tmp_path, tmp_path)
    assert found == Found()
    assert devices_of(found)["panel"]["amber"] == "none"


class Technician:
    """Answers what is asked, in order."""

    def __init__(self, choices: Sequence[str]) -> None:
        self.choices = list(choices)
        self.heard: list[str] = []

    def text(self, question: str, proposed: str = "") -> str:
        return {"site.declaration": DECLARATION, "site.company": MAIN_CONTRACTOR}.get(
            next(q.key for q in QUESTIONS if q.text == question), proposed or "Werf"
        )

    def choice(self, question: str, among: tuple[str, ...]) -> str:
        chosen = self.choices.pop(0)
        assert chosen in among
        return chosen

    def told(self, text: str) -> None:
        self.heard.append(text)


def test_a_person_says_what_hangs_on_a_port_that_says_nothing() -> None:
    found = Found(
        nfc_serial=("/dev/serial/by-id/a",),
        silent_ports=("/dev/serial/by-id/b", "/dev/serial/by-id/c", "/dev/serial0"),
        typing=("/dev/input/by-id/d", "/dev/input/by-id/e"),
        gpio=True,
    )
    config = asked(Technician(["rdm6300", "printer", "nothing", "keypad", "reader"]), found)
    assert config["readers"] == [
        {"name": "entrance", "kind": "pn532", "path": "/dev/serial/by-id/a"},
        {"name": "exit", "kind": "rdm6300", "path": "/dev/serial/by-id/b"},
        {"name": "reader-3", "kind": "hid", "path": "/dev/input/by-id/e"},
    ]
    assert config["printer"] == {"kind": "serial", "address": "/dev/serial/by-id/c"}
    assert config["keypad"] == {"kind": "usb", "path": "/dev/input/by-id/d"}
    assert "panel" not in config


# --- what is written -----------------------------------------------------------------------------


KEYS = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)
PLAIN = st.one_of(
    st.text(max_size=12).filter(lambda t: not any(0xD800 <= ord(c) < 0xE000 for c in t)),
    st.integers(-(2**53), 2**53),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(st.integers(0, 99), max_size=3),
)
TABLES = st.dictionaries(KEYS, PLAIN, max_size=4)


@given(
    st.dictionaries(
        KEYS, st.one_of(PLAIN, TABLES, st.lists(TABLES, min_size=1, max_size=3)), max_size=5
    )
)
def test_whatever_is_written_is_read_back_the_same(config: dict[str, object]) -> None:
    assert json.dumps(tomllib.loads(toml(config)), sort_keys=True) == json.dumps(
        config, sort_keys=True
    )
