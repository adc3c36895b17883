"""The one way in: questions over the Unix socket."""

from __future__ import annotations

import json
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.control import ControlServer, NobodyAnswers, Question, ask


def echo(question: Question) -> dict[str, object]:
    if question.get("ask") == "fail":
        raise RuntimeError("a defect")
    return {"done": True, "text": question["ask"]}


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    server = ControlServer(tmp_path / "control.sock", echo)
    server.start()
    yield tmp_path / "control.sock"
    server.stop()


def test_a_question_is_answered_on_one_line(path: Path) -> None:
    assert ask(path, {"ask": "stătus"}) == {"done": True, "text": "stătus"}


def test_only_the_agents_user_and_group_may_ask(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o660


@pytest.mark.parametrize("line", [b"rubbish\n", b"[1]\n", b"\xff\xfe\n", b"\n", b'{"ask":'])
def test_rubbish_gets_an_answer_that_says_what_to_send(path: Path, line: bytes) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as talk:
        talk.connect(str(path))
        talk.sendall(line)
        talk.shutdown(socket.SHUT_WR)
        answer = json.loads(talk.makefile().read())
    assert not answer["done"]
    assert "one JSON object a line" in answer["text"]


def test_a_question_that_fails_does_not_close_the_way_in(path: Path) -> None:
    assert not ask(path, {"ask": "fail"})["done"]
    assert ask(path, {"ask": "again"})["done"]


def test_a_caller_who_goes_away_does_not_close_the_way_in(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as talk:
        talk.connect(str(path))
    assert ask(path, {"ask": "again"})["done"]


def test_where_no_agent_listens_the_caller_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(NobodyAnswers):
        ask(tmp_path / "control.sock", {"ask": "status"})


def test_a_socket_left_by_an_agent_that_was_killed_is_taken_over(path: Path) -> None:
    second = ControlServer(path, lambda question: {"done": True, "text": "second"})
    second.start()
    assert ask(path, {"ask": "status"})["text"] == "second"
    second.stop()
