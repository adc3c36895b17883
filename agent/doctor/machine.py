"""The machine under the gate: files and rights, disk, journal, clock, service."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from agent.config import Config, check_config
from agent.doctor.verdicts import Verdict, broken, untried, warning, well
from agent.evidence.clock import SystemClock
from agent.evidence.devices import ROOM_LEAST_MIB
from agent.journal.checkpoint import mark_of, signer_in
from agent.journal.erase import WARNED_DAYS
from agent.journal.fault import JournalDamaged, JournalError, blocked, explained
from agent.journal.mount import why_unfit
from agent.journal.rows import keys_of, reading
from agent.retention import TO_DO_ASIDE, plan_at, taking_away

"""A year of one gate is some 100 MiB of journal; below this a card fills without being noticed."""
SYNC_SLOW_MS = 100.0
"""A tap waits for one sync; the amber light is due within 250 ms."""
SYNCS = 20
SYNC_BYTES = 4096
WORN_LEVEL = 9
"""JEDEC eMMC 5.0, EXT_CSD life time estimation: 0x09 is 80 to 90 % of the card's life."""
EOL_URGENT = 2
"""The same, PRE_EOL_INFO: 1 normal, 2 warning, 3 urgent."""
COMMAND_S = 5.0
RESTARTS_MANY = 5

UDEV_RULES = Path("/usr/lib/udev/rules.d")
UDEV_RUNS = Path("/run/udev/control")
RULES_OF_UDEV = ("60-werfpoort.rules", "61-werfpoort-export.rules")
UNIT = "werfpoort.service"
MMC = Path("/sys/block")


def configuration(file: Path) -> tuple[Config | None, list[Verdict]]:
    """The configuration, None if it cannot be used, and what is to be said of it."""
    config, findings = check_config(file)
    verdicts = [
        (warning if f.warning else broken)(
            "configuration", f"{f.where or f.file}: {f.problem}", f.mend
        )
        for f in findings
    ]
    return config, verdicts or [well("configuration", f"{file} is good")]


def rights(config: Config) -> Iterator[Verdict]:
    """Whether this user may write where the agent writes, and nobody else reads there."""
    folder = config.gate.data_dir
    if not folder.is_dir():
        yield broken("rights", f"{folder} does not exist", f"sudo install -d -m 700 {folder}")
        return
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield broken(
            "rights",
            f"this user may not write to {folder}",
            "run this as the agent's user: sudo -u werfpoort werfpoort doctor",
        )
        return
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & stat.S_IRWXO:
        yield broken(
            "rights",
            f"{folder} is open to every user of this machine (mode {mode:04o})",
            f"sudo chmod 700 {folder}",
        )
        return
    yield well("rights", f"{folder} is the agent's own")


def disk(folder: Path) -> Iterator[Verdict]:
    """Whether what is written lasts, how fast it is, how much room and life are left."""
    if unfit := why_unfit(folder):
        yield broken("disk", unfit, "mount a data partition there (ext4), with barriers on")
    free_mib = shutil.disk_usage(folder).free // 2**20
    if free_mib < ROOM_LEAST_MIB:
        yield broken("disk space", f"{free_mib} MiB are free", "make room, or use a larger card")
    else:
        yield well("disk space", f"{free_mib} MiB are free")
    yield from _speed(folder)
    yield from _wear()


def _speed(folder: Path) -> Iterator[Verdict]:
    try:
        took_ms = sorted(_syncs_ms(folder))
    except OSError as error:
        trouble = blocked(error, folder)
        mend = trouble.hint if trouble else "replace the card"
        yield broken("disk speed", f"cannot write: {error.strerror}", mend)
        return
    middle_ms = statistics.median(took_ms)
    told = f"a write is on the card after {middle_ms:.1f} ms (worst {took_ms[-1]:.0f})"
    if middle_ms > SYNC_SLOW_MS:
        yield warning("disk speed", told, "use a faster card (class A1 or A2), or an SSD on USB")
    else:
        yield well("disk speed", told)


def _syncs_ms(folder: Path) -> Iterator[float]:
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(SYNCS):
            begun = time.perf_counter()
            os.pwrite(file.fileno(), os.urandom(SYNC_BYTES), 0)
            os.fdatasync(file.fileno())
            yield (time.perf_counter() - begun) * 1000


def _wear() -> Iterator[Verdict]:
    """What eMMC says of its own life; SD cards say nothing."""
    for device in sorted(MMC.glob("mmcblk[0-9]")):
        life, ending = (
            _numbers(device / "device/life_time"),
            _numbers(device / "device/pre_eol_info"),
        )
        if not life:
            yield untried("disk wear", f"{device.name} does not tell (SD cards do not)")
        elif max(life) >= WORN_LEVEL or max(ending, default=0) >= EOL_URGENT:
            yield warning("disk wear", f"{device.name} is worn", "replace it at the next visit")
        else:
            yield well("disk wear", f"{device.name} has used under {max(life)}0 % of its life")


def _numbers(file: Path) -> list[int]:
    try:
        return [int(word, 16) for word in file.read_text().split()]
    except (OSError, ValueError):
        return []


def journal(config: Config) -> Iterator[Verdict]:
    """Whether SQLite finds the journal whole; `werfpoort journal verify` also reads every seal."""
    path = config.gate.journal
    if not path.exists():
        yield untried("journal", "there is none yet; the agent makes it at its first start")
        return
    try:
        with reading(path) as connection:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            count = connection.execute("SELECT max(seq) FROM entry").fetchone()[0]
    except JournalDamaged as error:
        found, count = str(error), 0
    except sqlite3.Error as error:
        found, count = str(explained(error, str(path))), 0
    except JournalError as error:
        yield broken("journal", str(error), error.hint)
        return
    if found == "ok":
        yield well("journal", f"whole, {count or 0} entries")
    else:
        yield broken(
            "journal",
            f"SQLite says: {found}",
            "restart the agent: it puts the damaged file aside whole and goes on with a new one",
        )


def signing(config: Config) -> Iterator[Verdict]:
    """Whether the key that signs the journal is there, and whether it always was the same."""
    path, part = config.gate.signing_key, "signing key"
    try:
        with reading(config.gate.journal) as connection:
            keys = keys_of(connection)
    except (JournalError, sqlite3.Error, msgspec.MsgspecError):
        return  # there is none yet, or it is damaged, and tells so itself
    try:
        here = signer_in(path).public
    except JournalError as error:
        yield broken(part, str(error), error.hint)
        return
    except OSError as error:
        yield broken(part, f"{path} cannot be read: {error.strerror}", "run this with sudo")
        return
    if keys and keys[-1][1] != here:
        found = f"{path} is not the key that signed the journal last ({mark_of(keys[-1][1])})"
        yield broken(part, found, "put that one back from a backup, then restart the agent")
    elif len(keys) > 1:
        changes = ", ".join(f"{mark_of(key)} from entry {seq} on" for seq, key in keys[1:])
        found = f"the journal was signed by another one before ({mark_of(keys[0][1])}; {changes})"
        to_do = "if nobody replaced it on purpose, compare with lists and bundles from before"
        yield warning(part, found, to_do)
    else:
        yield well(part, f"{mark_of(here)}, as at the end of the code on a printed list")


def terms(config: Config) -> Iterator[Verdict]:
    """What is about to be erased although nobody took it away, and what lies there damaged."""
    now = SystemClock(believed=config.clock.trust == "always").now()
    if not config.gate.journal.exists() or not now.trusted:
        return  # of which the journal and the clock tell by themselves
    try:
        plan = plan_at(config, now)
    except JournalError as error:
        yield untried("terms", str(error), error.hint)
        return
    if plan.soon:
        found = f"{plan.soon} entries that nobody took away are erased within {WARNED_DAYS} days"
        yield warning("terms", found, taking_away(config))
    elif plan.held:
        found = f"{plan.held} entries are over their term, and kept until they are exported"
        yield warning("terms", found, taking_away(config))
    else:
        yield well("terms", "nothing is erased soon that nobody took away")
    for damaged in plan.aside:
        yield warning("damaged journal", str(damaged), TO_DO_ASIDE)


def clock(config: Config) -> Iterator[Verdict]:
    """Whether a day may be dated by this machine's clock."""
    now = SystemClock(believed=config.clock.trust == "always").now()
    if now.trusted:
        yield well("clock", f"set, by {now.trust.value}")
    else:
        yield broken(
            "clock",
            "was not set since the start: taps are kept, and nothing is sent",
            "let NTP out (UDP 123), see timedatectl; a clock module (RTC) bridges a dead network",
        )


def service() -> Iterator[Verdict]:
    """How systemd keeps the agent, and what keeps the machine alive and its log small."""
    if not Path("/run/systemd/system").is_dir():
        yield untried("service", "systemd does not run this machine")
        return
    properties = ("ActiveState", "UnitFileState", "NRestarts", "LoadState")
    shown = _shown("show", f"--property={','.join(properties)}", UNIT)
    if shown.get("LoadState") != "loaded":
        yield broken(
            "service", f"{UNIT} is not installed", "install the package: apt install ./werfpoort_…"
        )
    elif shown.get("UnitFileState") != "enabled":
        yield broken("service", "is not started at boot", f"sudo systemctl enable --now {UNIT}")
    elif shown.get("ActiveState") != "active":
        yield broken("service", f"is {shown.get('ActiveState')}", f"journalctl -u {UNIT} says why")
    elif int(shown.get("NRestarts", "0")) >= RESTARTS_MANY:
        restarts = shown["NRestarts"]
        yield warning(
            "service", f"runs, after {restarts} restarts", f"journalctl -u {UNIT} says why"
        )
    else:
        yield well("service", "runs, and is started at boot")
    yield from _hardware_watchdog()
    yield from _log_bound()
    yield udev()


def udev(rules: Path = UDEV_RULES, runs: Path = UDEV_RUNS) -> Verdict:
    """Whether the rules are there that let the agent use its devices and tell it of a stick."""
    missing = [name for name in RULES_OF_UDEV if not (rules / name).is_file()]
    if missing:
        return warning(
            "udev rules",
            f"{', '.join(missing)} not in {rules}: USB devices may be closed to the agent, and a "
            "stick that is put in starts no export",
            "install the package: apt install ./werfpoort_…",
        )
    if not runs.exists():
        return broken(
            "udev rules",
            "are there, and udev does not run: no device gets its stable name",
            "sudo systemctl start systemd-udevd, then plug the devices in again",
        )
    return well("udev rules", "are there, and udev runs")


def _hardware_watchdog() -> Iterator[Verdict]:
    if not list(Path("/dev").glob("watchdog*")):
        yield untried("machine's watchdog", "this machine has none")
    elif _shown("show", "--property=RuntimeWatchdogUSec").get("RuntimeWatchdogUSec") in (
        "0",
        "off",
    ):
        yield warning(
            "machine's watchdog",
            "is not used: a machine that hangs stays so",
            "install the package, which switches it on, and restart the machine",
        )
    else:
        yield well("machine's watchdog", "starts a machine that hangs again")


def _log_bound() -> Iterator[Verdict]:
    lines = _output("systemd-analyze", "cat-config", "systemd/journald.conf").splitlines()
    if any(line.startswith("SystemMaxUse=") for line in lines):
        yield well("system log", "is bounded")
    else:
        yield warning(
            "system log",
            "may fill the card",
            "install the package, which bounds it",
        )


def _shown(*arguments: str) -> dict[str, str]:
    lines = _output("systemctl", *arguments).splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _output(*command: str) -> str:
    try:
        return subprocess.run(
            command, capture_output=True, text=True, timeout=COMMAND_S, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
