"""Opens a bundle: decrypts it, holds it against its manifest, and verifies the journal in it.

Neither the gate nor its configuration is needed; what is trusted is the signature of the gate's
key, whose fingerprint the verdict names, to be compared with that on a printed list. Nothing of a
bundle is believed before it was looked at: it may come from anybody who knows the firm's public
key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec

from agent.export.bundle import FORMAT, JOURNAL, MANIFEST, SIGNATURE, Manifest
from agent.export.journal_slice import MOST_LINE_BYTES, SliceUnreadable, rows_in
from agent.findings import Finding
from agent.journal.checkpoint import (
    Checkpoint,
    CheckpointUnreadable,
    mark_of,
    parse_checkpoint,
    vouched,
)
from agent.journal.verify import Verdict, verify_rows

if TYPE_CHECKING:
    from pyrage.x25519 import Identity

MOST_FILES = 20_000
"""Fifty years of day sheets and lists."""
MOST_MANIFEST_BYTES = 8 * 1024 * 1024
MOST_BYTES = 8 << 30
"""8 GiB of unpacked files, whatever the manifest says: some eighteen million entries, where seven
years of 400 taps a day are five."""
MOST_ADDED_BYTES = 16 * 1024 * 1024
"""By which they may be more than the manifest says: itself, and what somebody edited or added,
which is evidence; above it somebody sends a bomb."""
MOST_SIGNATURE_BYTES = 1024
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Whose packed bytes can be unpacked a piece at a time; a gate uses the second."""
_AGE = b"age-encryption.org/v1\n"
_NAME = re.compile(r"((days|lists)/)?[\w-][\w.-]{0,80}")
_MEND = "ask the gate for the bundle again (put the stick in, or: werfpoort journal export)"


class BundleError(Exception):
    """A file is no bundle, or does not open; the text says why and what to do."""


class NoRoom(BundleError):
    """There is not enough free space to unpack it; nothing is wrong with it."""


@dataclass(slots=True)
class Opened:
    """What was found in a bundle."""

    name: str
    manifest: Manifest
    verdict: Verdict
    findings: list[Finding] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """True when nothing is wrong with it."""
        return not self.findings and self.verdict.sound

    def text(self) -> str:
        """For a person."""
        m = self.manifest
        training = " TRAINING: nothing in it is a real registration" if m.training else ""
        counts = ", ".join(f"{count} {share}" for share, count in sorted(m.entries.items()))
        key = mark_of(base64.b64decode(m.key))
        lines = [
            f"bundle of gate {m.gate} ({m.site}) for {m.firm} ({m.company}){training}",
            f"{m.since} to {m.until}; journal {m.journal}, entries {m.first} to {m.upto}: {counts}",
            f"signed by key {key}: compare it with the code on a list that the gate printed",
            *self.verdict.erased,
            *map(str, self.findings),
            *map(str, self.verdict.findings),
        ]
        if self.sound:
            lines.append(f"verified: nothing was changed; the last seal is {m.head}")
        else:
            lines.append("NOT VERIFIED: keep this file as it is, and a copy of it elsewhere")
        return "\n".join(lines)


def is_bundle(path: Path) -> bool:
    """True for an encrypted bundle, and for a folder into which one was unpacked."""
    if path.is_dir():
        return (path / MANIFEST).is_file()
    try:
        with path.open("rb") as file:
            return file.read(len(_AGE)) == _AGE
    except OSError:
        return False


def looked_into(
    path: Path, identities: Sequence[Identity], checkpoints: Sequence[Checkpoint] = ()
) -> Opened:
    """What is found in an encrypted or unpacked bundle. Raises BundleError."""
    if path.is_dir():
        return _verified(path, str(path), checkpoints)
    with tempfile.TemporaryDirectory(prefix="werfpoort-") as folder:
        _unpack(path, identities, Path(folder))
        return _verified(Path(folder), str(path), checkpoints)


def opened(path: Path, identities: Sequence[Identity], target: Path) -> Opened:
    """Unpacks a bundle into `target`, which must not be there yet: whole or not at all.

    A bundle that does not verify is unpacked too: it may be evidence. Raises BundleError, OSError.
    """
    if target.exists() or target.is_symlink():
        raise BundleError(f"{target} is there already; name another folder with --to")
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        _unpack(path, identities, fresh)
        found = _verified(fresh, str(path), ())
        fresh.rename(target)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return found


def _unpack(path: Path, identities: Sequence[Identity], folder: Path) -> None:
    with _decrypted(path, identities, folder) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                _extract(path, archive, folder)
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
            raise BundleError(f"{path} holds no bundle ({error}); {_MEND}") from error


@contextmanager
def _decrypted(path: Path, identities: Sequence[Identity], folder: Path) -> Iterator[IO[bytes]]:
    """The archive, in a file that has no name and is gone when it is closed."""
    import pyrage

    with tempfile.TemporaryFile(dir=folder) as plain:
        try:
            with path.open("rb") as sealed:
                pyrage.decrypt_io(sealed, plain, list(identities))
        except pyrage.DecryptError as error:
            if "No matching keys" in str(error):
                raise BundleError(
                    f"{path} is not for this key; take the identity of the firm that its name tells"
                ) from error
            raise BundleError(
                f"{path} is no bundle, or a part of one ({error}); {_MEND}"
            ) from error
        except OSError as error:
            if error.errno is not None:
                raise
            raise BundleError(f"{path} is damaged ({error}); {_MEND}") from error
        plain.seek(0)
        yield plain


def _extract(path: Path, archive: zipfile.ZipFile, folder: Path) -> None:
    """Only plain names, each once, and hardly more than the manifest says."""
    members = archive.infolist()
    names = {member.filename for member in members}
    plain = all(map(_NAME.fullmatch, names)) and len(members) == len(names) <= MOST_FILES
    if not plain or any(member.compress_type not in _PACKINGS for member in members):
        raise BundleError(f"{path} holds files that no gate packs; do not open it otherwise")
    _bound(path, archive, folder)
    for member in members:
        (folder / member.filename).parent.mkdir(mode=0o700, exist_ok=True)
        number = os.open(folder / member.filename, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with archive.open(member) as packed, open(number, "wb") as file:
            shutil.copyfileobj(packed, file)


def _bound(path: Path, archive: zipfile.ZipFile, folder: Path) -> None:
    """Raises BundleError for an archive that would unpack to more than it may, or than there is
    room for. `zipfile` unpacks no more of a member than its `file_size`, whatever is packed in it.
    """
    size = sum(member.file_size for member in archive.infolist())
    try:
        with archive.open(MANIFEST) as file:
            manifest = _manifest(file.read(MOST_MANIFEST_BYTES), str(path))
    except KeyError:
        raise BundleError(f"{path} holds no manifest of a bundle; {_MEND}") from None
    said = sum(packed.bytes for packed in manifest.files.values())
    if size > min(said + MOST_ADDED_BYTES, MOST_BYTES):
        raise BundleError(
            f"{path} would unpack to {_mib(size)}, and its manifest says {_mib(said)} (a bundle "
            f"has {_mib(MOST_BYTES)} at most): somebody packed more into it; do not open it "
            f"otherwise, and {_MEND}"
        )
    free = shutil.disk_usage(folder).free
    if size > free:
        raise NoRoom(
            f"{path} unpacks to {_mib(size)}, and {folder.parent} has {_mib(free)} free; make room "
            "there, or have it unpacked where there is more: bundle open --to FOLDER, for other "
            "commands TMPDIR=FOLDER before the command"
        )


def _mib(size: int) -> str:
    return f"{size / (1 << 20):,.1f} MiB"


def _verified(folder: Path, name: str, checkpoints: Sequence[Checkpoint]) -> Opened:
    try:
        with (folder / MANIFEST).open("rb") as file:
            raw = file.read(MOST_MANIFEST_BYTES)
    except OSError as error:
        raise BundleError(f"{name} holds no manifest of a bundle ({error}); {_MEND}") from error
    manifest = _manifest(raw, name)
    found = Opened(name, manifest, Verdict(name))
    try:
        own = parse_checkpoint(manifest.checkpoint)
        after = (manifest.first - 1, bytes.fromhex(manifest.after))
        key = base64.b64decode(manifest.key, validate=True)
        with (folder / SIGNATURE).open("rb") as file:
            signature = base64.b64decode(file.read(MOST_SIGNATURE_BYTES))
    except (ValueError, OSError, binascii.Error, CheckpointUnreadable) as error:
        raise BundleError(f"{name}: its manifest cannot be read ({error}); {_MEND}") from error
    if not vouched(raw, signature, key):
        _find(found, MANIFEST, "is not signed by the gate's key: it was changed or forged")
    _compare(folder, found)
    try:
        with (folder / JOURNAL).open("rb") as file:
            slice_rows = rows_in(_lines(file))
            outside = [own, *checkpoints]
            found.verdict = verify_rows(name, slice_rows, outside, after, veiled=True)
    except (OSError, SliceUnreadable) as error:
        _find(found, JOURNAL, f"cannot be read: {error}")
    else:
        _judge(found, key)
    for checkpoint in checkpoints:
        if checkpoint.journal != manifest.journal:
            where = f"checkpoint of entry {checkpoint.upto}"
            _find(found, where, f"is another journal's ({checkpoint.journal})")
    return found


def _manifest(raw: bytes, name: str) -> Manifest:
    try:
        manifest = msgspec.json.decode(raw, type=Manifest)
    except msgspec.MsgspecError as error:
        raise BundleError(f"{name} holds no manifest of a bundle ({error}); {_MEND}") from error
    if manifest.format != FORMAT:
        raise BundleError(
            f"{name} is a {manifest.format}, made by agent {manifest.version}; open it with a "
            "version at least as new"
        )
    return manifest


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    while line := file.readline(MOST_LINE_BYTES):
        yield line


def _compare(folder: Path, found: Opened) -> None:
    """Every file against its hash, and none beside those that the manifest names."""
    listed = found.manifest.files
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()}
    for name in sorted(there - listed.keys() - {MANIFEST, SIGNATURE}):
        _find(found, name, "is not in the manifest: somebody put it there")
    for name, packed in sorted(listed.items()):
        if name not in there or (folder / name).is_symlink():
            _find(found, name, "is missing")
            continue
        with (folder / name).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != packed.sha256:
                _find(found, name, "was edited: it has another hash than in the manifest")


def _judge(found: Opened, key: bytes) -> None:
    """The slice against what the manifest says of it."""
    manifest, verdict = found.manifest, found.verdict
    if verdict.key and verdict.key != key:
        _find(found, MANIFEST, "names another key than the one that signed the journal")
    if verdict.journal and verdict.journal != manifest.journal:
        _find(found, MANIFEST, f"names another journal than the one in it ({verdict.journal})")
    if verdict.sound and (verdict.head.hex(), verdict.entries) != (
        manifest.head,
        manifest.upto - manifest.first + 1,
    ):
        _find(found, JOURNAL, f"ends otherwise than with entry {manifest.upto} of the manifest")
    if not verdict.key:
        _find(found, JOURNAL, "holds no checkpoint: nothing vouches for it")


def _find(found: Opened, where: str, problem: str) -> None:
    mend = "compare with another copy of the bundle, or with the gate's journal"
    found.findings.append(Finding(found.name, where, problem, mend))
