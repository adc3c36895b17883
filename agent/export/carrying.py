"""The other side of an export: brings the agent's bundles to a stick or a folder.

Each file is there whole or not at all: written under another name, synced, read back from the
medium, and only then told to the agent. Nothing that lies there is trusted: our folders are opened
without following links, and no file but our own is ever touched.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from agent.control import Answer, NobodyAnswers, Question
from agent.export import readme
from agent.export.offering import Asks, Refused, bundles

OUR_FOLDER = "werfpoort"
BUNDLE = re.compile(r"[a-z0-9-]{1,16}_\d{10}_\d{4}-\d\d-\d\d_\d+-\d+_[0-9a-f]{8}\.zip\.age")
"""How the agent names one (agent/export/bundle.py)."""
_PART = ".part"
_CHUNK_BYTES = 1 << 20
_MOST_HELD = 20_000
LONGEST_WAIT_S = 1_500.0
"""For another stick; the unit is given half an hour for all of it."""
AGAIN_S = 0.5
_SLACK_BYTES = 1 << 20
"""For the note, folders, and clusters that are not filled."""
_WORDS = {
    errno.ENOSPC: "it is full: make room on it, or take another one",
    errno.EDQUOT: "it is full: make room on it, or take another one",
    errno.EROFS: "it is write-protected, or its file system is damaged: slide its lock, or have a "
    "computer check it",
    errno.EACCES: "nothing may be written there: take another one",
    errno.EPERM: "nothing may be written there: take another one",
    errno.EIO: "it was pulled out, or it is broken: put it in again, or take another one",
    errno.ENODEV: "it was pulled out: put it in again",
    errno.ENXIO: "it was pulled out: put it in again",
    errno.ENOTCONN: "it was pulled out: put it in again",
    errno.ECONNABORTED: "it was pulled out: put it in again",
    errno.ENOMEDIUM: "it was pulled out: put it in again",
    errno.EUCLEAN: "its file system is damaged: have a computer check it, or take another one",
}


class CarryError(Exception):
    """Not everything lies where it was to go; the text says why and what to do."""


class Place(Protocol):
    """Where bundles go."""

    @property
    def name(self) -> str:
        """As the journal tells it."""
        ...

    def writable(self) -> AbstractContextManager[Path]:
        """Its root, to be written to; synced when it is left."""
        ...

    def readable(self) -> AbstractContextManager[Path]:
        """Its root, so that what is read comes from the medium and not from memory."""
        ...


@dataclass(frozen=True, slots=True)
class Carried:
    """What was brought there; none: nothing was new."""

    files: tuple[str, ...]
    text: str


def carry(asks: Asks, gate: str, place: Place, *, stick: bool) -> Carried:
    """Brings there what is new of this gate. Raises CarryError, after the agent was told of it."""
    asks = _heard(asks)
    over = {"ask": "export-over", "target": place.name, "stick": stick}
    try:
        with place.writable() as root:
            written = _write(asks, gate, root, place.name, stick=stick)
        if written:
            with place.readable() as root:
                _compare(root, gate, written)
        for file, sha256 in written.items():
            _must(asks({"ask": "export-done", "file": file, "sha256": sha256}))
    except (CarryError, Refused, OSError) as error:
        failure = _explained(error)
        with suppress(Refused):
            _in_turn(asks, {**over, "failure": failure})
        raise CarryError(failure) from error
    try:
        _must(asks({**over, "failure": ""}))
    except Refused as error:
        raise CarryError(f"everything lies there; but {error}") from error
    if not written:
        return Carried((), "nothing is new since the bundles that are there already")
    return Carried(tuple(written), "\n".join(f"{OUR_FOLDER}/{gate}/{file}" for file in written))


def _heard(asks: Asks) -> Asks:
    """The same; an agent that does not answer is not taken for a broken stick."""

    def ask(question: Question) -> Answer:
        try:
            return asks(question)
        except (NobodyAnswers, OSError, ValueError) as error:
            raise Refused(
                f"the agent does not answer ({error}): see systemctl status werfpoort"
            ) from error

    return ask


def _must(answer: Mapping[str, Any]) -> None:
    if not answer["done"]:
        raise Refused(answer["text"])


def _explained(error: Exception) -> str:
    if not isinstance(error, OSError):
        return str(error)
    return _WORDS.get(error.errno or 0, f"it cannot be used: {error.strerror or error}")


def _write(asks: Asks, gate: str, root: Path, target: str, *, stick: bool) -> dict[str, str]:
    """Every new bundle, by file with its hash, and the note beside them."""
    written: dict[str, str] = {}
    with _our_folder(root, gate, make=True) as folder:
        _tidy(folder)
        question = {"ask": "export-begin", "target": target, "stick": stick}
        begun = _in_turn(asks, {**question, "held": dict(_held(folder))})
        _must(begun)
        taken = [_as_taken(about) for about in begun["taken"]]
        for about in bundles(asks, begun["bundles"]):
            _require_room(folder, about)
            _copy(Path(about["path"]), folder, about["file"])
            written[about["file"]] = about["sha256"]
            taken.append(_as_taken(about))
            note = readme.beside(gate, taken, training=begun["training"])
            _put(folder, readme.NAME, iter([note.encode()]))
    return written


def _in_turn(asks: Asks, question: Question) -> Answer:
    """What the agent answers once no other stick is being written: one at a time."""
    until_s = time.monotonic() + LONGEST_WAIT_S
    while (answer := asks(question)).get("wait") and time.monotonic() < until_s:
        time.sleep(AGAIN_S)
    return answer


def _as_taken(about: Mapping[str, Any]) -> readme.Taken:
    since, until = (date.fromisoformat(about[key]) for key in ("since", "until"))
    return readme.Taken(about["file"], about["journal"], since, until, about["upto"], about["head"])


@contextmanager
def _our_folder(root: Path, gate: str, *, make: bool) -> Iterator[int]:
    """An open descriptor of our folder for this gate; what is in its place is left alone."""
    numbers = [os.open(root, os.O_RDONLY | os.O_DIRECTORY)]
    try:
        for name in (OUR_FOLDER, gate):
            if make:
                with suppress(FileExistsError):
                    os.mkdir(name, 0o700, dir_fd=numbers[-1])
            numbers.append(_opened_folder(name, numbers[-1]))
        yield numbers[-1]
    finally:
        for number in reversed(numbers):
            with suppress(OSError):
                os.close(number)


def _opened_folder(name: str, above: int) -> int:
    try:
        return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=above)
    except OSError as error:
        if error.errno in (errno.ENOTDIR, errno.ELOOP):
            raise CarryError(
                f"where the folder {name} should be lies a link or a file, which is left alone: "
                "rename it, or take another stick"
            ) from error
        raise


def _tidy(folder: int) -> None:
    """Takes away what of ours was cut short when a stick was pulled out."""
    for name in os.listdir(folder):
        bare = name.removeprefix(".").removesuffix(_PART)
        ours = BUNDLE.fullmatch(bare) or bare == readme.NAME
        if name == f".{bare}{_PART}" and ours:
            with suppress(OSError):
                os.unlink(name, dir_fd=folder)


def _held(folder: int) -> Iterator[tuple[str, str]]:
    """Files that look like bundles, with their hashes."""
    for name in sorted(os.listdir(folder))[:_MOST_HELD]:
        if BUNDLE.fullmatch(name):
            digest = _hash(folder, name)
            if digest:
                yield name, digest


def _hash(folder: int, name: str) -> str:
    """Of a plain file; "" for what is none or cannot be read, so that it counts for nothing."""
    try:
        number = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError:
        return ""
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        return ""
    with open(number, "rb") as file:
        with suppress(OSError):
            os.posix_fadvise(number, 0, 0, os.POSIX_FADV_DONTNEED)  # from the medium, not memory
        try:
            return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            return ""


def _require_room(folder: int, about: Mapping[str, Any]) -> None:
    there = os.fstatvfs(folder)
    free, needed = there.f_bavail * there.f_frsize, about["bytes"] + _SLACK_BYTES
    if free < needed:
        raise CarryError(
            f"it is full: {free >> 20} MiB are free and the bundle of {about['firm']} needs "
            f"{(needed >> 20) + 1} MiB; make room on it, or take another one"
        )


def _copy(source: Path, folder: int, name: str) -> None:
    with source.open("rb") as file:
        _put(folder, name, iter(lambda: file.read(_CHUNK_BYTES), b""))


def _put(folder: int, name: str, chunks: Iterator[bytes]) -> None:
    """The file under its name, whole and synced, or not there at all."""
    fresh = f".{name}{_PART}"
    with suppress(FileNotFoundError):
        os.unlink(fresh, dir_fd=folder)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        with open(os.open(fresh, flags, 0o600, dir_fd=folder), "wb", buffering=0) as file:
            for chunk in chunks:
                rest = memoryview(chunk)
                while rest:
                    rest = rest[file.write(rest) :]
            os.fsync(file.fileno())
        os.rename(fresh, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        with suppress(OSError):
            os.unlink(fresh, dir_fd=folder)
        raise
    with suppress(OSError):  # not every file system syncs a folder; the flush at the end does
        os.fsync(folder)


def _compare(root: Path, gate: str, written: Mapping[str, str]) -> None:
    """Reads everything back."""
    with _our_folder(root, gate, make=False) as folder:
        for name, sha256 in written.items():
            if _hash(folder, name) != sha256:
                raise CarryError(
                    f"{name} was written and reads otherwise: the stick is broken or lies about "
                    "its size; take another one"
                )


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of this machine, or of whatever is mounted there."""

    path: Path

    @property
    def name(self) -> str:
        """As the journal tells it."""
        return f"folder {self.path}"

    @contextmanager
    def writable(self) -> Iterator[Path]:
        """It is synced file by file."""
        yield self.path

    @contextmanager
    def readable(self) -> Iterator[Path]:
        """What is read was asked out of memory before."""
        yield self.path
