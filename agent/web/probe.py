"""Asks a running page for its health, from this machine; for `werfpoort doctor`."""

from __future__ import annotations

import http.client
import ipaddress
import json
import ssl
from typing import Any

from agent.config.page_settings import PageSettings

WAIT_S = 5.0
LONGEST_BYTES = 4096


class Unanswered(Exception):
    """Nothing that is the page answers."""


def asked(page: PageSettings) -> dict[str, Any]:
    """What /healthz says. Raises Unanswered.

    The certificate is not looked at: it is for the names that browsers use, not for this one.
    """
    host, port = page.place
    if ipaddress.ip_address(host).is_unspecified:
        host = "::1" if ":" in host else "127.0.0.1"
    talk: http.client.HTTPConnection
    if page.certificate is None:
        talk = http.client.HTTPConnection(host, port, timeout=WAIT_S)
    else:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        talk = http.client.HTTPSConnection(host, port, timeout=WAIT_S, context=context)
    try:
        talk.request("GET", "/healthz")
        health = json.loads(talk.getresponse().read(LONGEST_BYTES))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unanswered(str(error) or type(error).__name__) from error
    finally:
        talk.close()
    if not isinstance(health, dict):
        raise Unanswered("something else answers there")
    return health
