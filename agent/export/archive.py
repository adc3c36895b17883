"""A ZIP archive made while it is read, so that none lies on any disk unencrypted.

Whoever encrypts it asks for the next bytes; they are made then, from one file after the other. What
is found for a later file meanwhile waits in memory, squeezed.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

CHUNK_BYTES = 65_536
"""As much as age encrypts at a time."""
_REGULAR_OWNER_ONLY = 0o100600 << 16
"""Where ZIP keeps the mode of a file."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A file of the archive: its name, its hash in hex, and its size in bytes."""

    name: str
    sha256: str
    bytes: int


class Held:
    """Bytes that wait for their turn: a tenth of what they take else."""

    def __init__(self) -> None:
        self._squeeze: zlib._Compress | None = zlib.compressobj(1)
        self._parts: list[bytes] = []

    def add(self, data: bytes) -> None:
        """More of them, before it is closed."""
        assert self._squeeze is not None
        self._parts.append(self._squeeze.compress(data))

    def close(self) -> None:
        """There will be no more: what the squeezing itself takes, a quarter MiB, is given back."""
        if self._squeeze is not None:
            self._parts.append(self._squeeze.flush())
            self._squeeze = None

    def pieces(self) -> Iterator[bytes]:
        """All of them, in order."""
        self.close()
        loosen = zlib.decompressobj()
        for part in self._parts:
            yield loosen.decompress(part)
        yield loosen.flush()


class _Sink:
    """Where the archive is written to, as far as it was not fetched yet."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.waiting = 0

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        self.waiting += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def take(self) -> bytes:
        whole = b"".join(self._parts)
        self._parts.clear()
        self.waiting = 0
        return whole


def zipped(
    files: Iterable[tuple[str, Iterable[bytes]]],
    stamp: tuple[int, int, int, int, int, int],
    packed: Callable[[Packed], None],
) -> Iterator[bytes]:
    """The archive of these files, piece by piece. `stamp`: year to second, of each file.

    `packed` is told of each file once it is in, before the next one is begun.
    """
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]
        for name, chunks in files:
            about = zipfile.ZipInfo(name, stamp)
            about.compress_type = zipfile.ZIP_DEFLATED
            about.external_attr = _REGULAR_OWNER_ONLY
            digest, size = hashlib.sha256(), 0
            with archive.open(about, "w") as member:
                for chunk in _gathered(chunks):
                    digest.update(chunk)
                    size += len(chunk)
                    member.write(chunk)
                    if sink.waiting >= CHUNK_BYTES:
                        yield sink.take()
            packed(Packed(name, digest.hexdigest(), size))
    yield sink.take()


def _gathered(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in fewer pieces: each costs a call into zlib."""
    parts: list[bytes] = []
    size = 0
    for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size >= CHUNK_BYTES:
            yield b"".join(parts)
            parts, size = [], 0
    yield b"".join(parts)


class Pulled:
    """Pieces as a file to read from."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes (all: -1); b"" at the end."""
        while not self._rest or size < 0:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._rest += piece
        if size < 0:
            size = len(self._rest)
        out, self._rest = self._rest[:size], self._rest[size:]
        return out
