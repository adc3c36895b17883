"""SQLite's virtual file system as ctypes sees it, in the very library Python's sqlite3 has loaded.

Sources: https://www.sqlite.org/c3ref/vfs.html, c3ref/io_methods.html, rescode.html, and
c3ref/c_open_autoproxy.html. Only the first version of the VFS and the second of the file methods
are used: the third maps files into memory, past every write that could be watched.
"""

from __future__ import annotations

import ctypes
import sqlite3
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p

OK, IOERR, FULL = 0, 10, 13
IOERR_WRITE, IOERR_FSYNC, IOERR_DELETE = 10 | 3 << 8, 10 | 4 << 8, 10 | 10 << 8

OPEN_READONLY, OPEN_READWRITE, OPEN_CREATE = 0x1, 0x2, 0x4
OPEN_MAIN_DB, OPEN_MAIN_JOURNAL, OPEN_SUPER_JOURNAL, OPEN_WAL = 0x100, 0x800, 0x4000, 0x80000

File = c_void_p
Close = CFUNCTYPE(c_int, File)
Transfer = CFUNCTYPE(c_int, File, c_void_p, c_int, c_int64)
Truncate = CFUNCTYPE(c_int, File, c_int64)
Flag = CFUNCTYPE(c_int, File, c_int)
Size = CFUNCTYPE(c_int, File, POINTER(c_int64))
Ask = CFUNCTYPE(c_int, File, POINTER(c_int))
Control = CFUNCTYPE(c_int, File, c_int, c_void_p)
ShmMap = CFUNCTYPE(c_int, File, c_int, c_int, c_int, POINTER(c_void_p))
ShmLock = CFUNCTYPE(c_int, File, c_int, c_int, c_int)
Barrier = CFUNCTYPE(None, File)

METHODS_VERSION = 2
"""Of the file methods: with shared memory for WAL, without memory-mapped files."""


class IoMethods(Structure):
    """sqlite3_io_methods, version 2."""

    _fields_ = (
        ("iVersion", c_int),
        ("xClose", Close),
        ("xRead", Transfer),
        ("xWrite", Transfer),
        ("xTruncate", Truncate),
        ("xSync", Flag),
        ("xFileSize", Size),
        ("xLock", Flag),
        ("xUnlock", Flag),
        ("xCheckReservedLock", Ask),
        ("xFileControl", Control),
        ("xSectorSize", Close),
        ("xDeviceCharacteristics", Close),
        ("xShmMap", ShmMap),
        ("xShmLock", ShmLock),
        ("xShmBarrier", Barrier),
        ("xShmUnmap", Flag),
    )


class OpenFile(Structure):
    """sqlite3_file: what SQLite's core sees of an open file."""

    _fields_ = (("pMethods", POINTER(IoMethods)),)


# The path is passed on as an address: SQLite keeps URI parameters behind its end.
Open = CFUNCTYPE(c_int, c_void_p, c_void_p, File, c_int, POINTER(c_int))
Delete = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int)
Access = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, POINTER(c_int))


class Vfs(Structure):
    """sqlite3_vfs, version 1; what is not wrapped stays an address."""

    _fields_ = (
        ("iVersion", c_int),
        ("szOsFile", c_int),
        ("mxPathname", c_int),
        ("pNext", c_void_p),
        ("zName", c_char_p),
        ("pAppData", c_void_p),
        ("xOpen", Open),
        ("xDelete", Delete),
        ("xAccess", Access),
        ("xFullPathname", c_void_p),
        ("xDlOpen", c_void_p),
        ("xDlError", c_void_p),
        ("xDlSym", c_void_p),
        ("xDlClose", c_void_p),
        ("xRandomness", c_void_p),
        ("xSleep", c_void_p),
        ("xCurrentTime", c_void_p),
        ("xGetLastError", c_void_p),
    )


class Library:
    """The SQLite that Python's sqlite3 module uses. Raises RuntimeError where it cannot be reached
    (an interpreter with SQLite built in and its symbols hidden).
    """

    def __init__(self) -> None:
        # A handle of the extension module finds the symbols of what it is linked to, wherever
        # that lies; without a file it is part of the interpreter.
        import _sqlite3

        library = ctypes.CDLL(getattr(_sqlite3, "__file__", None))
        try:
            self.find = library.sqlite3_vfs_find
            self.register = library.sqlite3_vfs_register
            self.unregister = library.sqlite3_vfs_unregister
        except AttributeError:
            raise RuntimeError(UNREACHABLE) from None
        self.find.argtypes, self.find.restype = [c_char_p], POINTER(Vfs)
        self.register.argtypes = [POINTER(Vfs), c_int]
        self.unregister.argtypes = [POINTER(Vfs)]

    def check(self, name: str) -> None:
        """Raises RuntimeError when Python's sqlite3 does not know the VFS of this name."""
        try:
            sqlite3.connect(f"file:probe?vfs={name}&mode=memory", uri=True).close()
        except sqlite3.OperationalError as error:
            raise RuntimeError(f"{UNREACHABLE} ({error})") from error


UNREACHABLE = (
    "the SQLite inside this Python cannot be reached: use a Python whose sqlite3 module is linked "
    "to libsqlite3 (Debian's, Raspberry Pi OS's or pyenv's)"
)
