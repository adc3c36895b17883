"""The page: whether it answers where the configuration says, and how long its certificate holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from agent.channels.credentials import CredentialError, CredentialFiles, load
from agent.config.page_settings import PageSettings
from agent.doctor.verdicts import Verdict, broken, untried, warning, well

EXPIRY_WARNING_DAYS = 30
RENEW = "make a new one, put it in its place, then: sudo systemctl reload werfpoort"


def examined(page: PageSettings, now: dt.datetime) -> Iterator[Verdict]:
    """What is to be said of the page."""
    if not page.listen:
        yield untried("page", "there is none", "[page].listen shows one; see docs/page.md")
        return
    from agent.web.probe import Unanswered, asked

    who = "this machine alone" if page.local else "the network it is in"
    try:
        health = asked(page)
    except Unanswered as error:
        mend = "is the agent running, and does its log (journalctl -u werfpoort) name the page?"
        yield broken("page", f"{page.listen} does not answer: {error}", mend)
    else:
        if health.get("well") is True:
            yield well("page", f"answers at {page.listen}, to {who}")
        else:
            mend = "see the lines on the journal and the service here"
            yield broken("page", f"answers that the gate is not well: {health}", mend)
    yield from _expiry(page, now)


def _expiry(page: PageSettings, now: dt.datetime) -> Iterator[Verdict]:
    if page.certificate is None:
        return
    try:
        ends = load(CredentialFiles(page.certificate, page.key), rsa=False).not_after
    except CredentialError as error:
        yield broken("certificate of the page", str(error), error.hint)
        return
    left = (ends - now).days
    told = f"{page.certificate} ends on {ends:%Y-%m-%d}, in {left} days"
    if left < 0:
        yield broken("certificate of the page", told, RENEW)
    elif left < EXPIRY_WARNING_DAYS:
        yield warning("certificate of the page", told, RENEW)
    else:
        yield well("certificate of the page", told)
