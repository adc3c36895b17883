"""Whether a login page stands between this network and the internet.

A page is asked for over plain HTTP that is known to be empty (204). A login page or a redirect in
its place is somebody's who wants to be paid or agreed with first.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass

from agent.core.outage.measurements import FAILING, UNKNOWN, WELL, Reading
from agent.evidence.dialling import SOON_S, Calls, Place
from agent.evidence.endpoint import looked_up

MOST_BYTES = 4096


@dataclass(frozen=True, slots=True)
class EmptyPage:
    """A page that is answered by 204 and nothing else, over plain HTTP."""

    host: str
    path: str = "/generate_204"
    port: int = 80


def login_page(
    page: EmptyPage, resolvers: Sequence[str], stand_in: str, device: str = ""
) -> Reading:
    """Failing when a login page or redirect came; well when it was looked for and none came.

    `stand_in`: an address to ask when nobody knows the page's own; then only silence says
    something, for a login page would have answered in anybody's place.
    """
    _, found = looked_up(page.host, resolvers, device)
    address = found[0] if found else stand_in
    if not address:
        return UNKNOWN
    place = Place(address, page.port)
    with Calls([place], device) as calls:
        call = calls.wait(SOON_S).get(place)
        if call is not None and call.unmade:
            return UNKNOWN
        if call is None or not call.connected:
            return WELL
        with calls.take(place) as asking:
            status = _status(asking, page)
    if status is None:
        return UNKNOWN
    if not found:
        return UNKNOWN
    return WELL if status == 204 else FAILING


def _status(asking: socket.socket, page: EmptyPage) -> int | None:
    request = (
        f"GET {page.path} HTTP/1.1\r\nHost: {page.host}\r\n"
        "User-Agent: werfpoort\r\nConnection: close\r\n\r\n"
    )
    try:
        asking.settimeout(SOON_S)
        asking.sendall(request.encode("ascii"))
        words = asking.recv(MOST_BYTES).split(b" ", 2)
    except OSError:
        return None
    good = len(words) > 1 and words[0].startswith(b"HTTP/") and words[1].isdigit()
    return int(words[1]) if good else None
