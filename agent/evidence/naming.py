"""Asking one resolver for the addresses of one name: RFC 1035, as much of it as that takes.

Each resolver is asked by itself, over one uplink, which the system's resolver cannot do. A library
for all of DNS would cost 9 MiB of the gate's memory for these hundred lines.
"""

from __future__ import annotations

import errno
import ipaddress
import secrets
import socket
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from agent.core.outage.measurements import FAILING, UNKNOWN, WELL, Reading
from agent.evidence.dialling import new_socket

PORT = 53
ASKED_S = (1.0, 2.0, 4.0)
"""Seconds until each try is given up: a packet is lost now and then."""
HEADER = struct.Struct("!HHHHHH")
RECORD = struct.Struct("!HHIH")  # type, class, time to live, length: what follows a record's name
QUESTION = struct.Struct("!HH")
RECURSE = 0x0100  # RD
IS_ANSWER = 0x8000  # QR
CUT = 0x0200  # TC: ask again over TCP
CODE = 0x000F
NO_ERROR, NO_SUCH_NAME = 0, 3
TYPE_A = 1
CLASS_IN = 1
POINTER = 0xC0
MOST_BYTES = 4096

RESOLV_CONF = (Path("/run/systemd/resolve/resolv.conf"), Path("/etc/resolv.conf"))
"""The first that is there: behind systemd's own resolver are those that the network gave."""


class Told(StrEnum):
    """What a resolver said of a name."""

    KNOWN = "known"
    NO_SUCH_NAME = "no such name"
    FAILED = "failed"
    """It answered that it cannot say."""
    SILENT = "silent"
    UNASKED = "unasked"
    """It could not be asked from here."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What one resolver told; `addresses` of IPv4."""

    told: Told
    addresses: tuple[str, ...] = ()


class NotDnsError(ValueError):
    """The message is no answer to our question."""


def configured_resolvers() -> tuple[str, ...]:
    """The resolvers of this machine, by address, those on it left out; none if nobody says."""
    for path in RESOLV_CONF:
        try:
            rows = [line.split() for line in path.read_text("utf-8", "replace").splitlines()]
        except OSError:
            continue
        return tuple(row[1] for row in rows if len(row) > 1 and row[0] == "nameserver")
    return ()


def ask(
    resolver: str, name: str, device: str = "", slow_s: float = 0.0, *, port: int = PORT
) -> Answered:
    """What `resolver` says of `name`; takes up to 7 s where it is silent, and `slow_s` more on a
    line that is so slow."""
    ident = secrets.randbits(16)
    question = _question(ident, name)
    family = socket.AF_INET6 if ":" in resolver else socket.AF_INET
    try:
        with new_socket(family, socket.SOCK_DGRAM, device) as asking:
            asking.connect((resolver, port))
            answer = _by_udp(asking, question, ident, slow_s)
        if answer is not None and answer[1] & CUT:
            with new_socket(family, socket.SOCK_STREAM, device) as asking:
                until = time.monotonic() + ASKED_S[-1] + slow_s
                asking.settimeout(ASKED_S[-1] + slow_s)
                asking.connect((resolver, port))
                answer = _by_tcp(asking, question, ident, until)
    except OSError as error:
        unasked = error.errno in (errno.EPERM, errno.EACCES, errno.ENODEV, errno.EMFILE)
        return Answered(Told.UNASKED if unasked else Told.SILENT)
    return Answered(Told.SILENT) if answer is None else _read(answer)


def _question(ident: int, name: str) -> bytes:
    labels = b"".join(bytes([len(part)]) + part for part in name.encode("idna").split(b"."))
    head = HEADER.pack(ident, RECURSE, 1, 0, 0, 0)
    return head + labels + b"\0" + QUESTION.pack(TYPE_A, CLASS_IN)


_Message = tuple[bytes, int]
"""A whole message, and its flags."""


def _by_udp(asking: socket.socket, question: bytes, ident: int, slow_s: float) -> _Message | None:
    for patience_s in (*ASKED_S[:-1], ASKED_S[-1] + slow_s):
        until = time.monotonic() + patience_s
        try:
            asking.send(question)
            while (left := until - time.monotonic()) > 0:
                asking.settimeout(left)
                if (message := _ours(asking.recv(MOST_BYTES), ident, question)) is not None:
                    return message
        except TimeoutError:
            continue
        except ConnectionRefusedError:  # nobody listens there, for now
            time.sleep(max(0.0, until - time.monotonic()) / 4)
    return None


def _by_tcp(asking: socket.socket, question: bytes, ident: int, until: float) -> _Message | None:
    asking.sendall(struct.pack("!H", len(question)) + question)
    length = _received(asking, 2, until)
    if len(length) < 2:
        return None
    return _ours(_received(asking, struct.unpack("!H", length)[0], until), ident, question)


def _received(asking: socket.socket, size: int, until: float) -> bytes:
    """So many bytes, or fewer where the other end stops. Raises TimeoutError after `until`, however
    the bytes trickle: the round waits for it."""
    came = b""
    while len(came) < size:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer trickles")
        asking.settimeout(left)
        part = asking.recv(size - len(came))
        if not part:
            break
        came += part
    return came


def _ours(message: bytes, ident: int, question: bytes) -> _Message | None:
    """The message with its flags, if it answers this very question."""
    if len(message) < HEADER.size:
        return None
    their_ident, flags, *_ = HEADER.unpack_from(message)
    asked = question[HEADER.size :].lower()
    repeated = message[HEADER.size : HEADER.size + len(asked)].lower()
    matches = their_ident == ident and flags & IS_ANSWER and repeated == asked
    return (message, flags) if matches else None


def _read(answer: _Message) -> Answered:
    message, flags = answer
    match flags & CODE:
        case code if code == NO_ERROR:
            try:
                return Answered(Told.KNOWN, tuple(addresses(message)))
            except NotDnsError:
                return Answered(Told.FAILED)
        case code if code == NO_SUCH_NAME:
            return Answered(Told.NO_SUCH_NAME)
    return Answered(Told.FAILED)


def addresses(message: bytes) -> Iterable[str]:
    """The IPv4 addresses in an answer. Raises NotDnsError where it breaks off."""
    try:
        _, _, questions, answers, _, _ = HEADER.unpack_from(message)
        place = HEADER.size
        for _ in range(questions):
            place = _after_name(message, place) + QUESTION.size
        found = []
        for _ in range(answers):
            place = _after_name(message, place)
            kind, group, _, length = RECORD.unpack_from(message, place)
            place += RECORD.size
            if (kind, group, length) == (TYPE_A, CLASS_IN, 4):
                found.append(str(ipaddress.IPv4Address(message[place : place + length])))
            place += length
    except (struct.error, IndexError, ipaddress.AddressValueError) as error:
        raise NotDnsError("it breaks off") from error
    return found


def _after_name(message: bytes, place: int) -> int:
    """Where the name that begins at `place` ends; a pointer ends it."""
    while length := message[place]:
        if length & POINTER == POINTER:
            return place + 2
        place += 1 + length
    return place + 1


def resolvers_answer(
    resolvers: Iterable[str], names: Iterable[str], device: str = "", slow_s: float = 0.0
) -> Reading:
    """Whether one of the resolvers answers for one of the names; no such name is an answer."""
    asked = False
    wanted = tuple(names)
    for resolver in resolvers:
        for name in wanted:
            told = ask(resolver, name, device, slow_s).told
            if told in (Told.KNOWN, Told.NO_SUCH_NAME):
                return WELL
            asked = asked or told is not Told.UNASKED
            if told is not Told.FAILED:  # silent: another name will not make it speak
                break
    return FAILING if asked else UNKNOWN
