"""A disk that loses power: SQLite on real files, with what was not synced kept apart in memory.

SQLite runs unchanged over a VFS of ours: its own, with opening, writing, truncating, syncing and
deleting wrapped. Every change goes into the file at once, so that reading needs no help, and into a
list with what it replaced. A sync empties the list. A power cut takes the changes on it back; given
`chance`, some survive it, each sector for itself, as on a card that writes in its own order.

What counts as durable: a file's bytes and its name once it was synced; its deletion once its folder
was (SQLite syncs it on request and with the first sync of a new journal). Locks and the shared
memory of WAL end with the power. Connections open at the cut are of no use any more: their files
and their VFS fail every call, and the survivors are new files that they do not see.

Deterministic, without privilege or real syncs. One process and one thread that writes.
"""

from __future__ import annotations

import ctypes
import io
import os
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from agent.sandbox import sqlite_vfs as vfs

SECTOR_BYTES = 512
"""What a disk writes whole or not at all; the smallest that is in use."""

JOURNALS = vfs.OPEN_MAIN_JOURNAL | vfs.OPEN_SUPER_JOURNAL | vfs.OPEN_WAL
WATCHED = vfs.OPEN_MAIN_DB | JOURNALS


@dataclass(frozen=True, slots=True)
class _Change:
    """A write of `data` at `offset`, or a cut there (`data` is None), in a file of `size` bytes."""

    offset: int
    data: bytes | None
    replaced: bytes
    size: int


@dataclass(slots=True)
class _File:
    """A file by its path: its size now, whether its name is durable, what was not synced."""

    size: int
    durable: bool
    changes: list[_Change] = field(default_factory=list)


@dataclass(slots=True)
class _Handle:
    """An open file of SQLite's. `syncs_folder`: its next sync makes deletions durable."""

    path: str
    file: _File
    methods: _Methods
    syncs_folder: bool


class _Methods:
    """The native methods of one kind of file, with the live and the dead ones made of them."""

    def __init__(self, native: vfs.IoMethods, disk: LossyDisk) -> None:
        self.read, self.write = native.xRead, native.xWrite
        self.truncate, self.close = native.xTruncate, native.xClose
        self.live = vfs.IoMethods.from_buffer_copy(native)
        self.live.iVersion = vfs.METHODS_VERSION
        self.live.xWrite = vfs.Transfer(disk._guarded(disk._write))
        self.live.xTruncate = vfs.Truncate(disk._guarded(disk._truncate))
        self.live.xSync = vfs.Flag(disk._guarded(disk._sync))
        self.live.xClose = vfs.Close(disk._guarded(disk._close))
        # Closing and unmapping stay: they free what SQLite holds. So do the methods that only tell.
        self.dead = vfs.IoMethods.from_buffer_copy(native)
        self.dead.iVersion = vfs.METHODS_VERSION
        for name in ("Read", "Write", "Truncate", "Sync", "FileSize", "Lock", "Unlock"):
            _disable(self.dead, f"x{name}")
        for name in ("CheckReservedLock", "FileControl", "ShmMap", "ShmLock"):
            _disable(self.dead, f"x{name}")


def _disable(table: ctypes.Structure, name: str) -> None:
    prototype = dict(table._fields_)[name]  # type: ignore[arg-type]
    setattr(table, name, prototype(lambda *_: vfs.IOERR))


class LossyDisk:
    """Databases in `folder`, opened by `sqlite3.connect(disk.uri("a.sqlite"), uri=True)`.

    `name` is the VFS's, of letters and digits, once in a process. `default`: every database of this
    process lies on it. Raises ValueError when the name is taken, RuntimeError when Python's SQLite
    cannot be reached.
    """

    def __init__(self, name: str, folder: Path | str, *, default: bool = False) -> None:
        self.name, self.folder = name, Path(folder).resolve()
        self._default = default
        self.full = False
        """Every write fails, as on a disk without a free block (SQLITE_FULL)."""
        self.read_only = False
        """Open files cannot be written (SQLITE_IOERR), new connections not either (_READONLY)."""
        self.bytes_written = self.syncs = self.operations = self.cuts = 0
        """`operations`: writes, truncations, syncs and deletions that SQLite asked for."""
        self._alarm: tuple[int, Callable[[], object]] | None = None
        self._defect: BaseException | None = None
        self._files: dict[str, _File] = {}
        self._deleted: dict[str, bytes] = {}
        self._handles: dict[int, _Handle] = {}
        self._methods: dict[int, _Methods] = {}
        self._sqlite = vfs.Library()
        if self._sqlite.find(name.encode()):
            raise ValueError(f"a VFS named {name} is registered already")
        self._native: vfs.Vfs = self._sqlite.find(None).contents
        self._kept: list[object] = []
        self._vfs = self._registered()
        # For ever: connections are closed after modules at the interpreter's end, and still call.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self))
        self._sqlite.check(name)

    def uri(self, path: Path | str) -> str:
        """The database's `file:` URI on this disk; `&mode=ro` may be added."""
        self._check()
        return f"file:{quote(str(self.folder / path))}?vfs={self.name}"

    def cut(self, chance: random.Random | None = None) -> None:
        """The power goes and comes back. What was not synced is lost; with `chance`, all but a
        share of it, drawn anew at each cut, sector by sector.
        """
        self._check()
        self._end_connections()
        files, self._files = self._files, {}
        deleted, self._deleted = self._deleted, {}
        share = chance.uniform(-0.25, 1.25) if chance else 0.0  # none and all of it included

        def survives() -> bool:
            return chance is not None and chance.random() < share

        for path, file in files.items():
            Path(f"{path}-shm").unlink(missing_ok=True)
            if file.durable or (path not in deleted and survives()):
                _replace(Path(path), file.changes, survives)
            else:
                Path(path).unlink(missing_ok=True)
        for path, content in deleted.items():
            if not survives():
                Path(path).write_bytes(content)

    def after(self, operations: int, action: Callable[[], object]) -> None:
        """Calls `action` once, before the operation that comes after so many from now: a cut, a
        disk that fills up, in the middle of a commit. Replaces what was set before.
        """
        self._alarm = (self.operations + operations, action)

    def close(self) -> None:
        """Takes the VFS's name back. Connections that are open go on."""
        self._sqlite.unregister(ctypes.byref(self._vfs))
        self._check()

    def _check(self) -> None:
        """An exception cannot pass through SQLite: it is raised here, at the next chance."""
        if self._defect:
            defect, self._defect = self._defect, None
            raise defect

    def _guarded(self, body: Callable[..., int]) -> Callable[..., int]:
        def call(*arguments: object) -> int:
            try:
                return body(*arguments)
            except BaseException as defect:
                self._defect = self._defect or defect
                return vfs.IOERR

        return call

    # -- power

    def _registered(self) -> vfs.Vfs:
        own = vfs.Vfs.from_buffer_copy(self._native)
        own.iVersion, own.zName = 1, self.name.encode()
        own.xOpen = opening = vfs.Open(self._guarded(self._open))
        own.xDelete = deleting = vfs.Delete(self._guarded(self._delete))
        self._kept += [own, opening, deleting]  # a cut may come while SQLite is in one of them
        self._sqlite.register(ctypes.byref(own), int(self._default))
        return own

    def _end_connections(self) -> None:
        """Those that are open fail from here on, each call that is left to them."""
        self.cuts += 1
        for address, handle in self._handles.items():
            vfs.OpenFile.from_address(address).pMethods = ctypes.pointer(handle.methods.dead)
        self._handles = {}
        self._sqlite.unregister(ctypes.byref(self._vfs))
        for name in ("xOpen", "xDelete", "xAccess"):
            _disable(self._vfs, name)
        self._vfs = self._registered()

    def _powered(self) -> bool:
        """Counts an operation; False when the power went just before it."""
        self.operations += 1
        cuts = self.cuts
        if self._alarm and self.operations > self._alarm[0]:
            (_, action), self._alarm = self._alarm, None
            action()
        return self.cuts == cuts

    # -- what SQLite calls

    def _open(
        self,
        _: int,
        name: int | None,
        address: int,
        flags: int,
        flags_out: ctypes._Pointer[ctypes.c_int],
    ) -> int:
        opened = vfs.OpenFile.from_address(address)
        opened.pMethods = None
        native = ctypes.addressof(self._native)
        if name is None or not flags & WATCHED:
            return int(self._native.xOpen(native, name, address, flags, flags_out))
        if self.read_only:  # the native VFS does the same when the kernel refuses it
            flags = flags & ~(vfs.OPEN_READWRITE | vfs.OPEN_CREATE) | vfs.OPEN_READONLY
        path = os.fsdecode(ctypes.string_at(name))
        durable = os.path.exists(path)
        if not durable:  # somebody else may have moved it away
            self._files.pop(path, None)
        code = int(self._native.xOpen(native, name, address, flags, flags_out))
        if code == vfs.OK:
            file = self._files.setdefault(path, _File(os.path.getsize(path), durable))
            syncs_folder = bool(flags & vfs.OPEN_CREATE and flags & JOURNALS)
            methods = self._wrapped(opened)
            self._handles[address] = _Handle(path, file, methods, syncs_folder)
            opened.pMethods = ctypes.pointer(methods.live)
        return code

    def _wrapped(self, opened: vfs.OpenFile) -> _Methods:
        native = opened.pMethods.contents
        address = ctypes.addressof(native)
        if address not in self._methods:
            self._methods[address] = _Methods(native, self)
        return self._methods[address]

    def _write(self, address: int, data: int, size: int, offset: int) -> int:
        if not self._powered():
            return vfs.IOERR
        if self.read_only or self.full:
            return vfs.IOERR_WRITE if self.read_only else vfs.FULL
        handle = self._handles[address]
        file = handle.file
        replaced = self._read(handle, address, offset, min(size, file.size - offset))
        file.changes.append(_Change(offset, ctypes.string_at(data, size), replaced, file.size))
        file.size = max(file.size, offset + size)
        self.bytes_written += size
        return int(handle.methods.write(address, data, size, offset))

    def _truncate(self, address: int, size: int) -> int:
        if not self._powered():
            return vfs.IOERR
        if self.read_only:
            return vfs.IOERR_WRITE
        handle = self._handles[address]
        file = handle.file
        replaced = self._read(handle, address, size, file.size - size)
        file.changes.append(_Change(size, None, replaced, file.size))
        file.size = size
        return int(handle.methods.truncate(address, size))

    def _read(self, handle: _Handle, address: int, offset: int, size: int) -> bytes:
        """`size` bytes of the file as they are now; none when `size` is not positive."""
        if size <= 0:
            return b""
        buffer = ctypes.create_string_buffer(size)
        if handle.methods.read(address, ctypes.addressof(buffer), size, offset) != vfs.OK:
            raise OSError(f"lossy disk {self.name}: cannot read what is to be overwritten")
        return buffer.raw

    def _sync(self, address: int, _: int) -> int:
        if not self._powered():
            return vfs.IOERR
        if self.read_only:
            return vfs.IOERR_FSYNC
        handle = self._handles[address]
        self.syncs += 1
        handle.file.durable = True
        handle.file.changes.clear()
        if handle.syncs_folder:
            handle.syncs_folder = False
            self._deleted.clear()
        return vfs.OK

    def _delete(self, _: int, name: int, sync_folder: int) -> int:
        if not self._powered():
            return vfs.IOERR
        if self.read_only:
            return vfs.IOERR_DELETE
        path = os.fsdecode(ctypes.string_at(name))
        if os.path.exists(path):
            file = self._files.pop(path, _File(0, durable=True))
            if file.durable:
                content = io.BytesIO(Path(path).read_bytes())
                _take_back(content, file.changes)
                self._deleted[path] = content.getvalue()
        if sync_folder:
            self._deleted.clear()
        return int(self._native.xDelete(ctypes.addressof(self._native), name, 0))

    def _close(self, address: int) -> int:
        handle = self._handles.pop(address)
        shared = any(other.file is handle.file for other in self._handles.values())
        if handle.file.durable and not handle.file.changes and not shared:
            self._files.pop(handle.path, None)  # as it lies there now, whoever changes it next
        return int(handle.methods.close(address))


def _take_back(content: BinaryIO, changes: list[_Change]) -> None:
    for change in reversed(changes):
        content.seek(change.offset)
        content.write(change.replaced)
        content.truncate(change.size)


def _replace(path: Path, changes: list[_Change], survives: Callable[[], bool]) -> None:
    """A new file of that name with what was durable and the changes that survive."""
    new = path.with_name(f"{path.name}-new")
    shutil.copy(path, new)
    with new.open("r+b", buffering=0) as content:
        _take_back(content, changes)
        for change in changes:
            if change.data is None:
                if survives():
                    content.truncate(change.offset)
                continue
            for start, sector in _sectors(change.offset, change.data):
                if survives():
                    content.seek(start)
                    content.write(sector)
    new.replace(path)


def _sectors(offset: int, data: bytes) -> Iterator[tuple[int, bytes]]:
    """`data` in the pieces that lie in one sector each, with the place of each."""
    start = 0
    while start < len(data):
        end = start + SECTOR_BYTES - (offset + start) % SECTOR_BYTES
        yield offset + start, data[start:end]
        start = end
