"""A bundle opened by its firm, by an inspector, and after somebody was at it."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pyrage
import pytest
from click.testing import CliRunner, Result

from agent.cli import main
from agent.export.opening import MOST_ADDED_BYTES, BundleError, is_bundle, looked_into, opened
from agent.journal.checkpoint import Checkpoint, signer_at
from agent.sandbox.firms import MAIN, OTHER, OWN, Pair, Site

FIRMS = (MAIN, OWN, OTHER)


def identity_file(site: Site, firm: str) -> Path:
    path = site.folder / f"{firm}.key"
    path.write_text(f"{site.firms[firm].identity}\n")
    return path


def werfpoort(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.mark.parametrize("firm", FIRMS)
def test_each_firm_opens_its_own_and_finds_it_sound(site: Site, firm: str) -> None:
    made, _ = site.bundle(firm)
    target = site.folder / "out" / "opened"
    found = opened(site.folder / made.file, [site.firms[firm].identity], target)
    assert found.sound, found.text()
    assert found.verdict.entries == made.upto
    assert found.verdict.head.hex() == made.head
    assert stat.S_IMODE(target.stat().st_mode) == 0o700
    assert {stat.S_IMODE(p.stat().st_mode) for p in target.rglob("*") if p.is_file()} == {0o600}
    assert looked_into(target, []).sound
    assert not [p for p in target.parent.iterdir() if p != target]


def test_a_later_bundle_verifies_by_itself_and_against_a_printed_checkpoint(site: Site) -> None:
    first, _ = site.bundle(OWN)
    site.tap("04C3")
    second, _ = site.bundle(OWN, first.upto + 1)
    signed = site.keeper.state.checkpoint
    assert signed is not None
    printed = Checkpoint.of(site.keeper.state.journal, signed)
    keys = [site.firms[OWN].identity]
    assert looked_into(site.folder / second.file, keys, [printed]).sound
    other = Checkpoint.of("0" * 8, signed)
    assert not looked_into(site.folder / first.file, keys, [printed]).sound  # it ended before
    assert "another journal's" in looked_into(site.folder / second.file, keys, [other]).text()


def test_the_commands_open_and_verify_without_gate_or_configuration(site: Site) -> None:
    made, _ = site.bundle(OWN)
    file, key = site.folder / made.file, identity_file(site, OWN)
    done = werfpoort("bundle", "open", file, "--identity", key)
    assert done.exit_code == 0, done.output
    assert "verified: nothing was changed" in done.output
    assert "Façades & Fils" in done.output
    unpacked = site.folder / made.file.removesuffix(".zip.age")
    assert (unpacked / "obligations.csv").is_file()
    for what in ((file, "--identity", key), (unpacked,)):
        assert werfpoort("journal", "verify", *what).exit_code == 0
    again = werfpoort("bundle", "open", file, "--identity", key)
    assert (again.exit_code, "is there already" in again.output) == (1, True)
    without = werfpoort("bundle", "open", file, "--to", site.folder / "x")
    assert (without.exit_code, "--identity" in without.output) == (1, True)


def test_another_firms_key_and_a_file_that_holds_none_are_told(site: Site) -> None:
    made, _ = site.bundle(OWN)
    file = site.folder / made.file
    other = werfpoort("journal", "verify", file, "--identity", identity_file(site, OTHER))
    assert (other.exit_code, "not for this key" in other.output) == (1, True)
    none = werfpoort("journal", "verify", file, "--identity", file)
    assert (none.exit_code, "holds no key" in none.output) == (1, True)


@pytest.mark.parametrize("keep", [0, 10, 300, -70_000, -1])
def test_a_bundle_that_was_cut_short_or_scratched_never_opens(site: Site, keep: int) -> None:
    for _ in range(40):
        site.tap("04C3")
    made, _ = site.bundle(OWN)
    file = site.folder / made.file
    whole = file.read_bytes()
    keys = [site.firms[OWN].identity]
    for damaged in (whole[:keep], whole[: keep - 40] + b"?" + whole[keep - 39 :]):
        if damaged == whole:
            continue
        file.write_bytes(damaged)
        with pytest.raises(BundleError):
            opened(file, keys, site.folder / "out")
    assert not (site.folder / "out").exists()


Change = Callable[[dict[str, bytes]], None]


def edited(name: str, old: bytes, new: bytes) -> Change:
    def change(files: dict[str, bytes]) -> None:
        assert old in files[name]
        files[name] = files[name].replace(old, new, 1)

    return change


def removed(name: str) -> Change:
    return lambda files: files.__delitem__(name)


def added(name: str) -> Change:
    return lambda files: files.__setitem__(name, b"x")


def cut(files: dict[str, bytes]) -> None:
    files["journal.jsonl"] = b"".join(files["journal.jsonl"].splitlines(True)[:-3])


CHANGES: dict[str, tuple[Change, str]] = {
    "a cell": (edited("obligations.csv", b"geweigerd", b"geregistreerd"), "obligations.csv: was e"),
    "a sheet": (edited("days/2026-11-23.html", b"geweigerd", b"ok"), "days/2026-11-23.html: was"),
    "an entry": (edited("journal.jsonl", b"unplugged", b"unplagued"), "was edited: its details"),
    "the end of the journal": (cut, "truncated"),
    "a file less": (removed("registrations.csv"), "registrations.csv: is missing"),
    "a file more": (added("extra.csv"), "extra.csv: is not in the manifest"),
    "the firm": (edited("manifest.json", OWN.encode(), OTHER.encode()), "not signed by the gate"),
}


def repacked(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def tampered(site: Site, change: Change) -> Path:
    """A bundle that somebody who knows the public key changed and encrypted again."""
    made, archive = site.bundle(OWN)
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}
    change(files)
    return sealed(site.folder / made.file, repacked(files), site.firms[OWN])


def sealed(path: Path, archive: bytes, pair: Pair) -> Path:
    recipient = pyrage.x25519.Recipient.from_str(pair.contractor.recipient)
    path.write_bytes(pyrage.encrypt(archive, [recipient]))
    return path


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_was_changed_in_a_bundle_is_found(site: Site, name: str) -> None:
    change, words = CHANGES[name]
    file = tampered(site, change)
    done = werfpoort("journal", "verify", file, "--identity", identity_file(site, OWN))
    assert done.exit_code == 1
    assert words in done.output
    assert "NOT VERIFIED" in done.output


def test_a_manifest_made_to_fit_a_changed_table_is_not_the_gates(site: Site) -> None:
    def forge(files: dict[str, bytes]) -> None:
        files["obligations.csv"] = files["obligations.csv"].replace(b"geweigerd", b"ok")
        manifest = json.loads(files["manifest.json"])
        import hashlib

        digest = hashlib.sha256(files["obligations.csv"]).hexdigest()
        manifest["files"]["obligations.csv"]["sha256"] = digest
        thief = signer_at(site.folder / "thief.key")
        files["manifest.json"] = msgspec.json.encode(manifest)
        files["manifest.sig"] = base64.b64encode(thief.vouches(files["manifest.json"]))

    found = looked_into(tampered(site, forge), [site.firms[OWN].identity])
    assert "not signed by the gate's key" in found.text()


def test_a_key_of_ones_own_in_the_manifest_is_not_that_of_the_journal(site: Site) -> None:
    def forge(files: dict[str, bytes]) -> None:
        manifest = json.loads(files["manifest.json"])
        thief = signer_at(site.folder / "thief.key")
        manifest["key"] = base64.b64encode(thief.public).decode()
        files["manifest.json"] = msgspec.json.encode(manifest)
        files["manifest.sig"] = base64.b64encode(thief.vouches(files["manifest.json"]))

    found = looked_into(tampered(site, forge), [site.firms[OWN].identity])
    assert "another key than the one that signed the journal" in found.text()


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "days/../../evil", "days/a/b", ".hidden"])
def test_a_bundle_never_writes_outside_its_folder(site: Site, name: str) -> None:
    file = tampered(site, added(name))
    with pytest.raises(BundleError, match="no gate packs"):
        opened(file, [site.firms[OWN].identity], site.folder / "out" / "x")
    assert not list(site.folder.rglob("evil"))
    assert list((site.folder / "out").iterdir()) == []


def test_something_else_that_was_encrypted_to_the_firm_is_no_bundle(site: Site) -> None:
    for content in (b"", b"hello", repacked({"a.txt": b"a"}), repacked({"manifest.json": b"{}"})):
        file = sealed(site.folder / "x.age", content, site.firms[OWN])
        assert is_bundle(file)
        with pytest.raises(BundleError):
            looked_into(file, [site.firms[OWN].identity])


def test_packed_bytes_that_make_no_sense_are_told_as_any_other_damage(site: Site) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", b"{}" * 500)
    scratched = bytearray(out.getvalue())
    begin = 30 + len("manifest.json")
    scratched[begin : begin + 6] = b"\xff" * 6
    asks_password = bytearray(repacked({"manifest.json": b"{}"}))
    asks_password[asks_password.index(b"PK\1\2") + 8] |= 1
    asks_password[6] |= 1
    for content in (scratched, asks_password):
        file = sealed(site.folder / "x.age", bytes(content), site.firms[OWN])
        with pytest.raises(BundleError, match="holds no bundle"):
            looked_into(file, [site.firms[OWN].identity])


@pytest.mark.parametrize("packing", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_what_is_packed_in_a_way_that_takes_any_memory_is_not_unpacked(
    site: Site, packing: int
) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as archive:
        archive.writestr("manifest.json", b"{}" * 500)
    file = sealed(site.folder / "x.age", out.getvalue(), site.firms[OWN])
    with pytest.raises(BundleError, match="no gate packs"):
        looked_into(file, [site.firms[OWN].identity])


CLAIMED_BYTES = (1 << 32) - 2
"""The most that a ZIP directory says of a file without its extension for larger ones."""


def bomb(site: Site, said: int, held: int, claims: int = 0) -> Path:
    """A bundle with a file of `held` zeros, and `claims` empty ones of which the directory says
    CLAIMED_BYTES each; `said`: what its manifest says of the zeros."""
    made, archive = site.bundle(OWN)
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(archive)) as packed,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as anew,
    ):
        for name in packed.namelist():
            content = packed.read(name)
            if name == "manifest.json":
                manifest = json.loads(content)
                manifest["files"]["zeros.csv"] = {"name": "zeros.csv", "sha256": "", "bytes": said}
                content = msgspec.json.encode(manifest)
            anew.writestr(name, content)
        anew.writestr("zeros.csv", bytes(held))
        for n in range(claims):
            anew.writestr(f"claim-{n}", b"")
    raw = bytearray(out.getvalue())
    for n in range(claims):
        at = raw.rindex(f"claim-{n}".encode()) - 46  # its entry in the directory begins there
        raw[at + 24 : at + 28] = CLAIMED_BYTES.to_bytes(4, "little")
    return sealed(site.folder / made.file, bytes(raw), site.firms[OWN])


def test_more_than_the_manifest_says_is_not_unpacked(site: Site) -> None:
    target = site.folder / "out" / "x"
    key = identity_file(site, OWN)
    file = bomb(site, 0, MOST_ADDED_BYTES + 1)
    done = werfpoort("bundle", "open", file, "--identity", key, "--to", target)
    assert done.exit_code == 1
    assert "somebody packed more into it; do not open it otherwise, and ask the gate" in done.output
    assert list(target.parent.iterdir()) == []
    fits = bomb(site, 1 << 20, MOST_ADDED_BYTES)  # evidence, of which the findings tell
    found = opened(fits, [site.firms[OWN].identity], target)
    assert "zeros.csv: was edited" in found.text()
    assert (target / "zeros.csv").stat().st_size == MOST_ADDED_BYTES


def test_a_manifest_that_says_so_does_not_make_room_for_a_bomb(site: Site) -> None:
    file = bomb(site, 1 << 50, 0, claims=3)
    with pytest.raises(BundleError, match=r"8,192\.0 MiB at most"):
        looked_into(file, [site.firms[OWN].identity])


NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-e", "-c")


def can_mount() -> bool:
    command = (*NAMESPACE, "mount -t tmpfs tmpfs /mnt")
    return not subprocess.run(command, capture_output=True, check=False).returncode


@pytest.mark.needs("user and mount namespaces", available=can_mount(), installable_in_ci=False)
def test_where_there_is_no_room_to_unpack_it_is_said_where_and_what_to_do(site: Site) -> None:
    small = site.folder / "small"
    small.mkdir()
    file, key = bomb(site, 8 << 20, 8 << 20), identity_file(site, OWN)
    shutil.copy(file, site.folder / "second.age")  # of several, the one that fits is not taken
    commands = (
        ("bundle", "open", "--to", small / "x", file),
        ("journal", "verify", file),
        ("init", "--config", site.folder / "new.toml", "--from", site.folder),
    )
    for command in commands:
        asked = [*map(str, (sys.executable, "-m", "agent", *command, "--identity", key))]
        script = f"mount -t tmpfs -o size=4m tmpfs {small}; TMPDIR={small} {shlex.join(asked)}"
        done = subprocess.run((*NAMESPACE, script), capture_output=True, text=True, check=False)
        assert done.returncode == 1, done.stdout
        assert re.search(rf"unpacks to 8\.\d MiB, and {small}\S* has [34]\.\d MiB", done.stderr)
        assert "--to FOLDER" in done.stderr


def test_a_link_in_an_unpacked_bundle_is_not_followed(site: Site) -> None:
    made, _ = site.bundle(OWN)
    folder = site.folder / "out"
    opened(site.folder / made.file, [site.firms[OWN].identity], folder)
    os.replace(folder / "obligations.csv", site.folder / "kept.csv")
    (folder / "obligations.csv").symlink_to(site.folder / "kept.csv")
    assert "is missing" in looked_into(folder, []).text()


@pytest.mark.needs("age", available=shutil.which("age"), installable_in_ci=True)
def test_the_programs_that_everybody_has_open_it_too(site: Site) -> None:
    made, _ = site.bundle(OWN)
    archive = site.folder / "bundle.zip"
    key = identity_file(site, OWN)
    command = ("age", "--decrypt", "-i", key, "-o", archive, site.folder / made.file)
    subprocess.run(list(map(str, command)), check=True)
    with zipfile.ZipFile(archive) as packed:
        assert packed.testzip() is None
        assert "obligations.csv" in packed.namelist()
