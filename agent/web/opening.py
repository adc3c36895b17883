"""Puts the page together from the configuration and opens it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial

from starlette.types import ASGIApp

from agent.config import Config
from agent.config.page_settings import PageSettings
from agent.paper.operator_code import right
from agent.web.app import PageApp
from agent.web.door import Door
from agent.web.glance import Seam
from agent.web.server import PageServer, PageUnserved
from agent.web.shut import Why, shut_app

log = logging.getLogger(__name__)


def open_page(seam: Seam) -> PageServer:
    """The page, listening. Raises PageUnserved."""
    operates = partial(_operates, seam) if seam.config.operator.code else None
    app = PageApp(seam, Door(seam.config.page.code, operates, time.monotonic))
    return _listening(seam.config.page, app.asgi, app.live.close)


def open_shut(config: Config, why: Why) -> PageServer:
    """In its place, while there is no state to show: that badges are refused, and why. Raises
    PageUnserved.
    """
    return _listening(config.page, shut_app(config, why), lambda: None)


def served(opens: Callable[[], PageServer]) -> Callable[[], None]:
    """What ends again what this opens; where it cannot be opened, that is told and nothing else."""
    try:
        server = opens()
    except PageUnserved as error:
        log.error("%s; to do: %s", error, error.hint)
        return lambda: None
    log.info("the page is at %s", server.address)
    return server.stop


def _listening(page: PageSettings, app: ASGIApp, closing: Callable[[], None]) -> PageServer:
    files = (page.certificate, page.key)
    certificate = None if files[0] is None or files[1] is None else (files[0], files[1])
    server = PageServer(app, page.place, certificate, page.proxy, closing)
    server.start()
    return server


def _operates(seam: Seam, code: str) -> bool:
    """Compared and journaled by the gate, as at the keypad; where the keypad asks for no code the
    page does all the same."""
    operator = seam.config.operator
    if not operator.ask_code:
        return right(code, operator.code)
    return bool(seam.ask({"ask": "paper-code", "code": code})["done"])
