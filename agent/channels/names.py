"""The addresses of a host: whichever resolver answers is used (DOMAIN.md, section 3, layer names).

The machine's own resolver is asked first, as any program does. Where it fails, or says nothing for
a while, the others of the configuration are asked at once, each by itself, and the first that knows
the host counts. A wrong address does no harm: TLS is verified for the host's name all the same.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue

HEAD_START_S = 2.0
"""How long the machine's resolver alone is waited for: a mobile line answers in less, while the C
library gives a dead resolver 5 s, twice, for each one that it knows (resolv.conf(5))."""

log = logging.getLogger(__name__)

MACHINE = "of the machine"


@dataclass(frozen=True, slots=True)
class Answer:
    """Who answered, with which addresses, or how it failed."""

    who: str
    found: list[str] = field(default_factory=list)
    error: OSError | None = None


class Names:
    """Looks hosts up. Safe to use from several threads.

    `resolvers`: addresses of those that are asked besides, at `port`; none: the machine's alone.
    """

    def __init__(self, resolvers: Sequence[str] = (), port: int = 53) -> None:
        self._resolvers = tuple(dict.fromkeys(resolvers))
        self._port = port
        self._lock = threading.Lock()
        self._hanging: set[str] = set()
        self._used: dict[str, str] = {}

    def addresses(self, host: str, wait_s: float) -> list[str]:
        """The host's addresses, each once, at least one. Raises OSError; within `wait_s`, unless
        only the machine's resolver may be asked and hangs."""
        _check(host)
        if not self._resolvers or _is_address(host):
            return machines(host)
        until = time.monotonic() + wait_s
        answers: SimpleQueue[Answer] = SimpleQueue()
        awaited = self._ask_machine(host, answers)
        alone_until = min(until, time.monotonic() + HEAD_START_S)
        first, awaited = _first(answers, awaited, alone_until)
        if not first.found:
            awaited += self._ask_others(host, answers)
            first, _ = _first(answers, awaited, until, first.error)
        if not first.found:
            raise first.error or socket.gaierror(socket.EAI_AGAIN, "no resolver answers")
        self._tell(host, first.who)
        return first.found

    def _ask_machine(self, host: str, answers: SimpleQueue[Answer]) -> int:
        """How many are being asked: none while an earlier call's lookup of that host hangs."""
        with self._lock:
            if host in self._hanging:
                return 0
            self._hanging.add(host)

        def ask() -> None:
            answer = Answer(MACHINE)
            try:
                answer = Answer(MACHINE, machines(host))
            except OSError as error:
                answer = Answer(MACHINE, error=error)
            finally:
                with self._lock:
                    self._hanging.discard(host)
                answers.put(answer)

        _beside(ask)
        return 1

    def _ask_others(self, host: str, answers: SimpleQueue[Answer]) -> int:
        """How many are being asked."""
        from agent.evidence.naming import ask

        def put(resolver: str) -> None:
            found = ask(resolver, host, port=self._port).addresses
            answers.put(Answer(resolver, list(found)))

        for resolver in self._resolvers:
            _beside(partial(put, resolver))
        return len(self._resolvers)

    def _tell(self, host: str, who: str) -> None:
        """Once, when another one than before is used."""
        with self._lock:
            before, self._used[host] = self._used.get(host, MACHINE), who
        if who == MACHINE != before:
            log.info("the machine's resolver knows %s again", host)
        elif before == MACHINE != who:
            log.warning(
                "the machine's resolver does not say where %s is, resolver %s does: it is used;"
                " to do: look at the DNS of the router",
                host,
                who,
            )


def _first(
    answers: SimpleQueue[Answer], awaited: int, until_s: float, error: OSError | None = None
) -> tuple[Answer, int]:
    """The first answer with addresses, of so many, and how many are still awaited."""
    nobody = Answer("", error=error)
    while awaited:
        try:
            answer = answers.get(timeout=max(0.0, until_s - time.monotonic()))
        except Empty:
            break
        awaited -= 1
        if answer.found:
            return answer, awaited
        nobody = Answer("", error=nobody.error or answer.error)
    return nobody, awaited


def machines(host: str) -> list[str]:
    """What the machine's resolver says, in its order. Raises OSError; may take half a minute."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _check(host: str) -> None:
    try:
        host.encode("idna")
    except UnicodeError:
        raise socket.gaierror(socket.EAI_NONAME, "no valid name of a host") from None


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _beside(job: Callable[[], None]) -> None:
    # Nobody waits for it at the end: a lookup cannot be broken off.
    threading.Thread(target=job, name="names", daemon=True).start()
