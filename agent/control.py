"""The one way in: a Unix socket, one JSON line a question, one JSON line the answer.

    {"ask": "status"}                                     → {"done": true, "status": {…}}
    {"ask": "roster-import", "text": "…", "name": "…"}    → {"done": false, "text": "…"}

Who may ask is who may open the socket: the agent's user and its group.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

Question = dict[str, Any]
Answer = dict[str, Any]

LONGEST_LINE_BYTES = 8 * 1024 * 1024
"""A roster of 50,000 workers."""
LONGEST_TALK_S = 60.0
MOST_WAITING = 8

log = logging.getLogger(__name__)


class NobodyAnswers(Exception):
    """No agent listens at the socket."""


class ControlServer:
    """Listens from `start` to `stop`; answers each connection on a thread of its own."""

    def __init__(self, path: Path, answer: Callable[[Question], Answer]) -> None:
        self._path = path
        self._answer = answer
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

    def start(self) -> None:
        """Begins to listen. Raises OSError when the folder is not there or not ours."""
        self._path.unlink(missing_ok=True)  # the lock on the journal says that its agent is gone
        before = os.umask(0o117)
        try:
            self._socket.bind(str(self._path))
        finally:
            os.umask(before)
        self._socket.listen(MOST_WAITING)
        threading.Thread(target=self._listen, name="control", daemon=True).start()

    def stop(self) -> None:
        """Stops listening; never raises."""
        self._socket.close()
        self._path.unlink(missing_ok=True)

    def _listen(self) -> None:
        while True:
            try:
                talk, _ = self._socket.accept()
            except OSError:
                return  # closed by stop
            threading.Thread(
                target=self._talk, args=(talk,), name="control talk", daemon=True
            ).start()

    def _talk(self, talk: socket.socket) -> None:
        with talk:
            talk.settimeout(LONGEST_TALK_S)
            try:
                answer = self._answered(_line(talk))
                talk.sendall(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
            except OSError as error:
                log.info("control: a caller went away: %s", error)

    def _answered(self, line: bytes) -> Answer:
        try:
            question = json.loads(line)
            if not isinstance(question, dict):
                raise TypeError("a question is a JSON object")
        except (ValueError, TypeError) as error:
            return {"done": False, "text": f"not a question: {error}; ask one JSON object a line"}
        try:
            return self._answer(question)
        except Exception as error:
            # Whatever a caller asks must not cost the others their way in.
            log.exception("control: a question could not be answered")
            return {
                "done": False,
                "text": f"could not be answered ({type(error).__name__}); see the log",
            }


def ask(path: Path, question: Question, timeout_s: float = LONGEST_TALK_S) -> Answer:
    """The agent's answer. Raises NobodyAnswers, PermissionError, OSError, ValueError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as talk:
        talk.settimeout(timeout_s)
        try:
            talk.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise NobodyAnswers(f"no agent listens at {path}") from error
        talk.sendall(json.dumps(question, ensure_ascii=False).encode() + b"\n")
        answer = json.loads(_line(talk))
        if not isinstance(answer, dict):
            raise ValueError(f"not an answer of the agent: {answer!r}")
        return answer


def _line(talk: socket.socket) -> bytes:
    parts: list[bytes] = []
    size = 0
    while size < LONGEST_LINE_BYTES:
        part = talk.recv(65_536)
        parts.append(part)
        size += len(part)
        if not part or part.endswith(b"\n"):
            break
    return b"".join(parts)
