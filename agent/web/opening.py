"""Puts the page together from the configuration and opens it."""

from __future__ import annotations

import time
from functools import partial

from agent.paper.operator_code import right
from agent.web.app import PageApp
from agent.web.door import Door
from agent.web.glance import Seam
from agent.web.server import PageServer


def open_page(seam: Seam) -> PageServer:
    """The page, listening. Raises PageUnserved."""
    page = seam.config.page
    operates = partial(_operates, seam) if seam.config.operator.code else None
    app = PageApp(seam, Door(page.code, operates, time.monotonic))
    files = (page.certificate, page.key)
    certificate = None if files[0] is None or files[1] is None else (files[0], files[1])
    server = PageServer(app.asgi, page.place, certificate, page.proxy, app.live.close)
    server.start()
    return server


def _operates(seam: Seam, code: str) -> bool:
    """Compared and journaled by the gate, as at the keypad; where the keypad asks for no code the
    page does all the same."""
    operator = seam.config.operator
    if not operator.ask_code:
        return right(code, operator.code)
    return bool(seam.ask({"ask": "paper-code", "code": code})["done"])
