"""Who holds a connection of the page and asks for nothing, over a real one with little patience."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from agent.web.server import _Patient

HASTE_S = 0.2
ASKED = b"GET / HTTP/1.1\r\nHost: gate\r\n\r\n"


class Hasty(_Patient):
    patience_s = HASTE_S


async def late(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers when patience with a connection that asks for nothing would be over long ago."""
    if scope["path"] == "/late":
        await asyncio.sleep(4 * HASTE_S)
    await PlainTextResponse("here")(scope, receive, send)


def left_with(*sent: bytes) -> list[bytes]:
    """What came after each part that was sent, and at last the end of the connection.

    On a thread of its own: a browser driven by the tests beside these has its loop on this one.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(_left_with(sent))).result()


async def _left_with(sent: tuple[bytes, ...]) -> list[bytes]:
    config = uvicorn.Config(late, ws="none", lifespan="off", log_config=None, access_log=False)
    config.load()
    loop, state = asyncio.get_running_loop(), ServerState()
    async with await loop.create_server(lambda: Hasty(config, state, {}), "127.0.0.1", 0) as door:
        reading, writing = await asyncio.open_connection(*door.sockets[0].getsockname())
        came = []
        async with asyncio.timeout(5):
            for part in sent:
                writing.write(part)
                came.append(await reading.readuntil(b"here") if part.endswith(b"\r\n\r\n") else b"")
            came.append(await reading.read())
        writing.close()
    return came


def test_a_request_that_never_comes_whole_ends_the_connection() -> None:
    assert left_with(b"G") == [b"", b""]


def test_a_second_request_that_never_comes_whole_ends_it_too() -> None:
    first, _, end = left_with(ASKED, b"G")
    assert (first[:12], end) == (b"HTTP/1.1 200", b"")


def test_an_answer_that_takes_its_time_is_waited_for() -> None:
    first, second, _ = left_with(ASKED, ASKED.replace(b"/ ", b"/late ", 1))
    assert first[:12] == second[:12] == b"HTTP/1.1 200"
