"""What holds for every request and every answer, whatever address it is of.

- Host: only names of this machine, so that no foreign name that points here (DNS rebinding) gets
  an answer. An address in numbers cannot be rebound.
- A request that changes something comes from the page itself: browsers say so in `Origin` or
  `Sec-Fetch-Site`; forms carry a token of the session besides.
- No body is larger or slower than a form is.
- Nothing is loaded from elsewhere, no script stands in a page, nothing is kept by a browser.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LONGEST_BODY_BYTES = 16 * 1024
"""The longest form has a dozen short fields."""
LONGEST_BODY_S = 20.0
CHANGING = ("POST", "PUT", "PATCH", "DELETE")

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), usb=()",
    "Cache-Control": "no-store",
}
"""Of every answer that says nothing else itself."""


class Guard:
    """Stands before the application."""

    def __init__(self, app: ASGIApp, names: Iterable[str]) -> None:
        """`names`: by which browsers reach it, beside this machine's own."""
        self._app = app
        host = socket.gethostname().casefold()
        own = ("localhost", host, host.partition(".")[0], f"{host.partition('.')[0]}.local")
        self._names = frozenset((*own, *(name.casefold() for name in names)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers, or lets the application answer."""
        if scope["type"] != "http":
            return  # nothing else is served
        refusal = self._refusal(scope)
        answer = self._app if refusal is None else refusal
        await answer(scope, _bounded(receive), _with_headers(send))

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        if not self._knows(headers.get("host", "")):
            text = "no such host here; if this name is right, add it to [page].names\n"
            return PlainTextResponse(text, 421)
        if scope["method"] in CHANGING:
            if not _is_own(scope, headers):
                return PlainTextResponse("this request does not come from the page\n", 403)
            length = headers.get("content-length", "0")
            if not length.isdecimal() or int(length) > LONGEST_BODY_BYTES:
                return PlainTextResponse("that is no form of the page\n", 413)
        return None

    def _knows(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name.casefold().removesuffix(".") in self._names
        return True


def _is_own(scope: Scope, headers: Headers) -> bool:
    """True for what the browser says to come from this page. A browser sends `Origin` with every
    form; who sends neither header is no browser, and has no session of somebody else's to misuse.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site not in (None, "same-origin"):
        return False
    return origin is None or origin == f"{scope['scheme']}://{headers.get('host', '')}"


def _bounded(receive: Receive) -> Receive:
    left = LONGEST_BODY_BYTES

    async def bounded() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        return {"type": "http.disconnect"} if left < 0 else message

    return bounded


async def form_of(receive: Receive) -> dict[str, str] | None:
    """The fields of a form; None where it did not come whole and in time, or is none."""
    body = await _body_of(receive)
    try:
        return None if body is None else dict(parse_qsl(body.decode(), keep_blank_values=True))
    except ValueError:
        return None


async def _body_of(receive: Receive) -> bytes | None:
    parts: list[bytes] = []
    try:
        async with asyncio.timeout(LONGEST_BODY_S):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    return None
                parts.append(message.get("body", b""))
                if not message.get("more_body"):
                    return b"".join(parts)
    except TimeoutError:
        return None


def _with_headers(send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return with_headers
