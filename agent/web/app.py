"""The addresses of the page, and what each answers. No address holds anything of a person."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import math
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from agent import __version__
from agent.core.presence import present
from agent.locale import LANGUAGES
from agent.reports.incident_html import STYLE
from agent.reports.incidents import heading_of
from agent.web import acting, static_files
from agent.web.door import Door, Level, Locked, Session
from agent.web.glance import Seam, by_firm, uses_out
from agent.web.guard import POLICY, Guard, form_of
from agent.web.live import EventStream, Live
from agent.web.parts import Maker
from agent.web.rendering import LANGUAGE_COOKIE, Renderer, catalogue, language_of, words
from agent.web.reporting import NoReport, Order, in_a_child

YEAR_S = 365 * 24 * 3600
AS_OPERATOR = "/enter?as=operator"
AFTER = ("/", "/here", "/incidents", AS_OPERATOR)
"""Where a log-in may lead to."""
INCIDENT = re.compile(r"i[0-9]{1,9}")
LIST = re.compile(r"[A-Za-z0-9-]{1,40}")
MOST_TRYING = 4
"""Log-ins that wait for the hash of another one; more are turned away."""
REPORT_POLICY = POLICY.replace(
    "style-src 'self'",
    "style-src 'sha256-" + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode() + "'",
)
"""A report is one file with its style in it, of which the browser is told the hash."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request: in which language, by whom."""

    request: Request
    language: str
    session: Session | None
    level: Level


Handler = Callable[[Visit], Awaitable[Response]]


class PageApp:
    """The application; `asgi` is what a server calls."""

    def __init__(self, seam: Seam, door: Door) -> None:
        config = seam.config
        self._seam, self._door = seam, door
        self._secure = config.page.encrypted
        self._cookie = "__Host-werfpoort" if self._secure else "werfpoort"
        self._renderer = Renderer(
            config.zone,
            site=config.site.name,
            gate=config.gate.name,
            version=__version__,
            training=config.gate.training,
            opens=door.has_access,
            operates=door.has_operator,
        )
        self.live = Live(Maker(seam, door, self._renderer), seam.state)
        self._trying = 0
        self._reporting = asyncio.Semaphore(1)
        missing = self._visited(self._missing)

        async def not_found(request: Request, error: Exception) -> Response:
            return await missing(request)

        application = Starlette(
            routes=self._routes(), exception_handlers={404: not_found, 405: not_found}
        )
        self.asgi: ASGIApp = Guard(application, config.page.names)

    def _routes(self) -> list[Route]:
        def route(path: str, handler: Handler, *methods: str) -> Route:
            return Route(path, self._visited(handler), methods=list(methods) or ["GET"])

        return [
            route("/", self._glance),
            route("/live", self._stream),
            route("/enter", self._entering),
            route("/enter", self._enter, "POST"),
            route("/leave", self._leave, "POST"),
            route("/here", self._here),
            route("/incidents", self._incidents),
            route("/incidents/{name}.pdf", self._report_pdf),
            route("/incidents/{name}", self._report),
            route("/lists/{number}.pdf", self._list_pdf),
            route("/do/{deed}", self._do, "POST"),
            Route("/healthz", self._health, methods=["GET"]),
            *static_files.routes(),
        ]

    def _visited(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def visited(request: Request) -> Response:
            chosen = request.query_params.get("lang", "")
            told = language_of(request, self._seam.config.gate.languages[0])
            session = self._door.session(request.cookies.get(self._cookie, ""))
            visit = Visit(request, told, session, self._door.level(session))
            response = await handler(visit)
            if chosen in LANGUAGES:
                self._keep(response, LANGUAGE_COOKIE, chosen, YEAR_S)
            return response

        return visited

    # --- looking --------------------------------------------------------------------------------

    async def _glance(self, visit: Visit) -> Response:
        look = await self.live.look()
        parts = await asyncio.to_thread(look.parts, visit.language, visit.level)
        token = visit.session.csrf if visit.session is not None else ""
        shown = parts.for_browser(token)
        return self._page(visit, "glance.html", "glance", parts=shown, digest=parts.digest)

    async def _stream(self, visit: Visit) -> Response:
        if self.live.full:
            return Response("enough browsers listen\n", 503, {"Retry-After": "30"})
        token = visit.session.token if visit.session is not None else ""

        def viewer() -> tuple[Level, Session | None]:
            session = self._door.session(token)
            return self._door.level(session), session

        seen = visit.request.query_params.get("seen", "")
        return EventStream(self.live.stream(visit.language, viewer, seen))

    async def _here(self, visit: Visit) -> Response:
        if visit.level < Level.ACCESS:
            return self._to_enter("/here")
        state, now = self._seam.state(), self._seam.now()
        here = await asyncio.to_thread(present, state, now)
        return self._page(
            visit,
            "here.html",
            "here",
            people=by_firm(here, self._seam.firm),
            unknown=[one for one in here if one.unknown],
            count=len(here),
            outs=uses_out(self._seam.config),
            at=f"{now.local(self._seam.config.zone):%d/%m/%Y %H:%M}",
        )

    async def _incidents(self, visit: Visit) -> Response:
        if visit.level < Level.ACCESS:
            return self._to_enter("/incidents")
        zone = self._seam.config.zone
        told, judged = catalogue(visit.language, "procedure"), catalogue(visit.language, "paper")
        shown = [
            {
                "name": one.name,
                "cause": told[f"row.{one.row}"],
                "since": f"{one.since.local(zone):%d/%m/%Y %H:%M}",
                "until": f"{one.until.local(zone):%d/%m/%Y %H:%M}" if one.until else "",
                "whose": judged[f"slip.judged.{one.whose.value.replace(' ', '-')}"],
                "lasts": one.open,
            }
            for one in reversed(tuple(self._seam.state().log.incidents.values()))
        ]
        return self._page(visit, "incidents.html", "incidents", incidents=shown)

    async def _report(self, visit: Visit) -> Response:
        return await self._reported(visit, "html")

    async def _report_pdf(self, visit: Visit) -> Response:
        return await self._reported(visit, "pdf")

    async def _reported(self, visit: Visit, form: Any) -> Response:
        name = visit.request.path_params["name"]
        if visit.level < Level.ACCESS:
            return self._to_enter("/incidents")
        if not INCIDENT.fullmatch(name):
            return self._told(visit, 404, "told.missing")
        heading = heading_of(self._seam.config)
        order = Order(
            journal=self._seam.config.gate.journal,
            name=name,
            form=form,
            language=visit.language,
            site=heading.site,
            declaration=heading.declaration,
            company=heading.company,
            zone=self._seam.config.zone.key,
            training=heading.training,
        )
        try:
            async with self._reporting:  # one after the other: each is a process
                made = await asyncio.to_thread(in_a_child, order)
        except NoReport as error:
            return self._told(visit, 404, "told.failed", str(error))
        if form == "pdf":
            return _pdf(made, f"incident-{name}-{visit.language}")
        return HTMLResponse(made, headers={"Content-Security-Policy": REPORT_POLICY})

    async def _list_pdf(self, visit: Visit) -> Response:
        """The attendance list bears national numbers in full: for the operator alone."""
        number = visit.request.path_params["number"]
        if visit.session is None or visit.level < Level.OPERATOR:
            return self._to_enter("/", operator=True)
        if not LIST.fullmatch(number):
            return self._told(visit, 404, "told.missing")
        self._door.used(visit.session)
        asked = {"ask": "paper-pdf", "number": number}
        async with self._reporting:
            answer = await asyncio.to_thread(self._seam.ask, asked)
        if not answer["done"]:
            return self._told(visit, 404, "told.failed", answer["text"])
        log.info("page: list %s was taken as PDF", answer["number"])
        return _pdf(base64.b64decode(answer["pdf"]), f"list-{number}")

    async def _health(self, request: Request) -> Response:
        """Whether the gate takes taps; for machines, without a code: it names nothing."""
        writes, stuck = self._seam.writes(), self._seam.stuck()
        well = writes and not stuck
        body = {"well": well, "loop": "stuck" if stuck else "turns", "journal_written": writes}
        return JSONResponse(body, 200 if well else 503)

    async def _missing(self, visit: Visit) -> Response:
        return self._told(visit, 404, "told.missing")

    # --- the code -------------------------------------------------------------------------------

    async def _entering(self, visit: Visit) -> Response:
        query = visit.request.query_params
        wanted = query.get("as") == "operator"
        asked = self._door.asks(visit.session, operator=wanted)
        next_ = query.get("next", "/")
        if wanted and asked is Level.ACCESS:
            next_ = AS_OPERATOR  # first the one code, then the other
        return self._enter_page(visit, next_, asked, 200)

    async def _enter(self, visit: Visit) -> Response:
        form = await form_of(visit.request.receive)
        if form is None or self._trying >= MOST_TRYING:
            return self._told(visit, 503, "told.busy")
        operator = form.get("as") == "operator"
        asked = self._door.asks(visit.session, operator=operator)
        if operator and asked is Level.ACCESS:
            return _see_other(AS_OPERATOR)  # the session ended while the code was typed
        who = " ".join(form.get("who", "").split())[:60]
        address = visit.request.client.host if visit.request.client else ""
        arguments = (form.get("code", "").strip()[:12], who, address, visit.session)
        self._trying += 1
        try:
            entered = await asyncio.to_thread(self._door.enter, *arguments, operator=operator)
        finally:
            self._trying -= 1
        t, next_ = words(visit.language), form.get("next", "/")
        match entered:
            case Locked(seconds):
                problem = t("enter.locked", seconds=math.ceil(seconds))
                return self._enter_page(visit, next_, asked, 429, problem, who)
            case None:
                log.warning("page: a wrong code from %s", address)
                return self._enter_page(visit, next_, asked, 403, t("enter.wrong"), who)
            case Session():
                response = _see_other(next_ if next_ in AFTER else "/")
                self._keep(response, self._cookie, entered.token, None)
                return response

    async def _leave(self, visit: Visit) -> Response:
        form = await form_of(visit.request.receive)
        if visit.session is not None and form is not None and visit.session.gave(form):
            self._door.leave(visit.session)
        response = _see_other("/")
        response.delete_cookie(self._cookie, secure=self._secure, httponly=True)
        return response

    # --- doing ----------------------------------------------------------------------------------

    async def _do(self, visit: Visit) -> Response:
        """Asks the loop what the button stands for, and shows the glance with what came of it."""
        form = await form_of(visit.request.receive)
        if visit.session is None:
            return self._to_enter("/")
        if form is None or not visit.session.gave(form):
            return self._told(visit, 403, "told.stale")
        try:
            deed = visit.request.path_params["deed"]
            needs, question = acting.question(deed, form, visit.session.who)
        except acting.NoSuchDeed:
            return self._told(visit, 400, "told.missing")
        if visit.level < needs:
            return self._to_enter("/", operator=True)
        answer = await asyncio.to_thread(self._seam.ask, question)
        self._door.used(visit.session)
        visit.session.said = (answer["done"], answer["text"], answer.get("why", ""))
        self.live.renew()
        return _see_other("/")

    # --- answers --------------------------------------------------------------------------------

    def _page(
        self, visit: Visit, template: str, place: str, status: int = 200, **values: Any
    ) -> Response:
        said = None
        if visit.session is not None:
            said, visit.session.said = visit.session.said, None
        token = visit.session.csrf if visit.session is not None else ""
        query = visit.request.query_params.multi_items()
        kept = urlencode([(name, value) for name, value in query if name != "lang"])
        standing = {
            "place": place,
            "token": token,
            "said": said,
            "kept": f"{kept}&" if kept else "",
        }
        html = self._renderer.render(template, visit.language, **standing, **values)
        return HTMLResponse(html, status, {"Vary": "Cookie, Accept-Language"})

    def _enter_page(
        self,
        visit: Visit,
        next_: str,
        asked: Level,
        status: int,
        problem: str = "",
        who: str = "",
    ) -> Response:
        who = who or (visit.session.who if visit.session is not None else "")
        values = {
            "operator": asked is Level.OPERATOR,
            "then_operator": next_ == AS_OPERATOR,
            "problem": problem,
            "who": who,
            "next": next_,
        }
        return self._page(visit, "enter.html", "enter", status, **values)

    def _told(self, visit: Visit, status: int, key: str, detail: str = "") -> Response:
        told = words(visit.language)(key)
        return self._page(visit, "told.html", "", status, told=told, detail=detail)

    def _to_enter(self, next_: str, *, operator: bool = False) -> Response:
        return _see_other(AS_OPERATOR if operator else f"/enter?next={next_}")

    def _keep(self, response: Response, name: str, value: str, seconds: int | None) -> None:
        response.set_cookie(
            name,
            value,
            max_age=seconds,
            secure=self._secure,
            httponly=True,
            samesite="strict",
        )


def _see_other(address: str) -> Response:
    return RedirectResponse(address, 303)


def _pdf(content: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f'inline; filename="{name}.pdf"'}
    return Response(content, 200, headers, "application/pdf")
