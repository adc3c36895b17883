"""The one seam to httpx: every channel sends and receives through a `Wire`.

Redirects are not followed, TLS is verified, answers are read up to a bound and within one deadline
for the whole call, and whatever httpx or TLS raise becomes a ChannelError here, once. Replacing
httpx (its author makes no more fixes; httpx2 has the same API) means changing the imports of this
file. httpx is imported on first use: it costs a starting gate 0.2 s and more on small hardware.

What was certainly not sent is `NotReached`. A write that failed is not: the other side may have
read more than we know, so it counts as `AnswerLost`, like every failure after the connection stood.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agent.channels.base import (
    AnswerLost,
    AnswerUnreadable,
    CertificateRefused,
    ChannelError,
    NameNotResolved,
    NotAuthenticated,
    NotAuthorised,
    NotReached,
    Refused,
    ServiceFault,
    Ticket,
    Unavailable,
)

if TYPE_CHECKING:
    import httpx

    from agent.channels.credentials import Authorities
    from agent.channels.names import Names

MAX_ANSWER_BYTES = 8 * 2**20
"""A registration answers in about 1.5 kB, a search of 500 in 0.8 MB: ten times that, and whole."""
KEEP_ALIVE_S = 55.0
"""How long an idle connection is kept: just below the minute that many front ends allow."""

_HEADERS = {
    "User-Agent": "werfpoort",
    "Accept": "*/*",  # without it a firewall in front of a service may refuse the request
    # An answer that unpacks to a thousand times its size never reaches memory.
    "Accept-Encoding": "identity",
}

HINT_WAIT = "wait: the gate tries again by itself"
HINT_FIND_OUT = "the gate finds out by itself whether it was carried out"
HINT_ADDRESS = "check the address of this channel in the configuration"
HINT_OTHER_PAGE = (
    "something between the gate and the service answers in its place: look for a login page, a"
    " proxy or a filter in this network, and check the address in the configuration"
)
HINT_CREDENTIAL = (
    "check the certificate, key or token of this channel: expired, withdrawn or not registered"
    " with the service"
)

CLOCK_OFF_S = 60
"""A difference to the server's Date that explains a refused signature: past any call's duration."""

_VERIFY_HINTS = {
    9: "it is not valid yet: check the gate's clock",
    10: "it has expired: check the gate's clock; if that is right, the other side must renew",
    62: "it is for another host: look for a login page or proxy, and check the address",
    64: "it is for another host: look for a login page or proxy, and check the address",
}
"""By OpenSSL's verify code (X509_V_ERR_…); every other one means a CA we do not know."""
_VERIFY_HINT = (
    "its issuer is unknown: look for a proxy that opens TLS, and check the CA file in the"
    " configuration"
)
_OUR_CERTIFICATE_ALERTS = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED", "DECRYPT_ERROR")
"""TLS alerts that the other side sends when it does not take our certificate."""


@dataclass(frozen=True, slots=True)
class WireAnswer:
    """A whole HTTP answer, whatever its status. Header names in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)

    @property
    def server_date(self) -> str:
        """The Date header as sent; empty without one."""
        return self.headers.get("date", "")

    @property
    def retry_after_s(self) -> float | None:
        """Seconds that Retry-After asks to wait; a date is measured against the answer's own."""
        value = self.headers.get("retry-after", "").strip()
        if value.isascii() and value.isdigit():
            return float(value)
        try:
            until = email.utils.parsedate_to_datetime(value)
            now = email.utils.parsedate_to_datetime(self.server_date)
            return max(0.0, (until - now).total_seconds())
        except (TypeError, ValueError):
            return None


class Wire:
    """Kept-open connections. Safe to use from several threads. It is httpx's transport and not its
    client: no cookie is kept, no redirect followed, nothing taken from the environment.

    `transport`: an ssl context makes the gate's own transport on first use (None: the system's
    CAs), authorities make it anew when their file was renewed; any httpx transport is taken as it
    is. `names` finds the addresses of hosts (None: the machine's resolver does). `monotonic` times
    the deadline, in seconds.
    """

    def __init__(
        self,
        transport: httpx.BaseTransport | ssl.SSLContext | Authorities | None = None,
        *,
        names: Names | None = None,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transport = transport
        self._names = names
        self._max_answer_bytes = max_answer_bytes
        self._monotonic = monotonic
        self._opened: httpx.BaseTransport | None = None
        self._before: list[httpx.BaseTransport] = []
        self._trusted: ssl.SSLContext | None = None
        self._closed = False

    def prepare(self) -> None:
        """Imports httpx and makes the transport, so that the first call need not."""
        self._open_transport()

    def call(
        self,
        method: str,
        url: str,
        *,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
        timeout_s: float,
    ) -> WireAnswer:
        """One attempt, over within `timeout_s`. Raises ChannelError."""
        if self._closed:
            raise NotReached("the channel is closed: the gate is stopping", retry=False)
        import httpx

        from agent.channels.deadline import deadline

        transport = self._open_transport()
        end = self._monotonic() + timeout_s
        try:
            with deadline(lambda: end - self._monotonic()):
                request = httpx.Request(
                    method,
                    url,
                    content=content,
                    headers=_HEADERS | dict(headers or {}),
                    extensions={"timeout": httpx.Timeout(timeout_s).as_dict()},
                )
                if not request.url.host:
                    raise httpx.InvalidURL("no host")
                response = transport.handle_request(request)
                try:
                    body = self._read(response, end)
                finally:
                    response.close()
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
            # Not chained: httpx errors carry the request, and h11 quotes what it read.
            raise mapped(error, _host(url)) from None
        return WireAnswer(response.status_code, dict(response.headers), body)

    def close(self) -> None:
        """Lets connections go; never raises. A call in flight is not interrupted."""
        self._closed = True
        for opened in (*self._before, self._opened):
            if opened is not None:
                opened.close()

    def _open_transport(self) -> httpx.BaseTransport:
        """The one in force. Raises CredentialError while the authorities were never good."""
        from agent.channels.credentials import Authorities

        transport = self._transport
        if isinstance(transport, Authorities):
            transport = transport.current()
            if self._opened is not None and transport is not self._trusted:
                self._before.append(self._opened)  # a call may be in flight on it
                self._opened = None
            self._trusted = transport
        if self._opened is None:
            if transport is None or isinstance(transport, ssl.SSLContext):
                transport = gate_transport(transport, self._names)
            self._opened = transport
        return self._opened

    def _read(self, response: httpx.Response, end: float) -> bytes:
        ticket = Ticket(
            http_status=response.status_code, server_date=response.headers.get("date", "")
        )
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding != "identity":
            raise AnswerUnreadable(
                "the answer is compressed, which was not asked for", HINT_OTHER_PAGE, ticket=ticket
            )
        body = bytearray()
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > self._max_answer_bytes:
                raise AnswerUnreadable(
                    f"the answer is larger than {self._max_answer_bytes} bytes",
                    HINT_OTHER_PAGE,
                    ticket=ticket,
                )
            if self._monotonic() > end:
                raise AnswerLost("the answer came too slowly", HINT_FIND_OUT, ticket=ticket)
        return bytes(body)


def gate_transport(
    context: ssl.SSLContext | None = None, names: Names | None = None
) -> httpx.BaseTransport:
    """The transport of a gate: real TLS by `context`, one deadline over the whole of each call."""
    import httpcore
    import httpx

    from agent.channels.deadline import DeadlineBackend

    context = context if context is not None else ssl.create_default_context()
    transport = httpx.HTTPTransport(verify=context)
    # The one private name of httpx that we touch: it offers no other way to a network backend.
    transport._pool = httpcore.ConnectionPool(
        ssl_context=context, keepalive_expiry=KEEP_ALIVE_S, network_backend=DeadlineBackend(names)
    )
    return transport


def mapped(error: Exception, host: str) -> ChannelError:
    """The ChannelError for what httpx, ssl or the system raised while calling `host`."""
    import httpx

    tls = _tls_error(error, host)
    if tls is not None:
        return tls
    match error:
        case httpx.ConnectTimeout():
            return NotReached(f"{host} takes no connection in time", HINT_WAIT)
        case httpx.PoolTimeout():
            return NotReached(f"no connection to {host} was free in time", HINT_WAIT)
        case httpx.ConnectError() if any(isinstance(e, socket.gaierror) for e in _chain(error)):
            return NameNotResolved(
                f"the name {host} has no address", "check the network's DNS and the address"
            )
        case httpx.ConnectError():
            return NotReached(f"{host} takes no connection", HINT_WAIT)
        case httpx.ProxyError():
            return NotReached(f"a proxy lets nothing through to {host}", HINT_OTHER_PAGE)
        case httpx.ReadTimeout():
            return AnswerLost(f"{host} did not answer in time", HINT_FIND_OUT)
        case httpx.WriteTimeout() | httpx.WriteError():
            return AnswerLost(f"the connection to {host} broke while sending", HINT_FIND_OUT)
        case httpx.ReadError() | httpx.CloseError() | httpx.RemoteProtocolError():
            return AnswerLost(f"the connection to {host} broke before the answer", HINT_FIND_OUT)
        case httpx.UnsupportedProtocol() | httpx.InvalidURL() | httpx.LocalProtocolError():
            return Refused("the address or a header of this channel is not valid", HINT_ADDRESS)
        case httpx.DecodingError() | httpx.TooManyRedirects() | httpx.HTTPStatusError():
            return AnswerUnreadable(f"{host} answered what cannot be read", HINT_OTHER_PAGE)
        case _:
            return AnswerLost(f"the call to {host} failed: {type(error).__name__}", HINT_FIND_OUT)


def _tls_error(error: Exception, host: str) -> ChannelError | None:
    """What TLS says in the chain of `error`: their certificate, or ours; None: nothing."""
    for link in _chain(error):
        if isinstance(link, ssl.SSLCertVerificationError):
            # Only what OpenSSL raises has these attributes; Python itself may raise the same class.
            hint = _VERIFY_HINTS.get(getattr(link, "verify_code", 0), _VERIFY_HINT)
            said = getattr(link, "verify_message", "") or "not verified"
            return CertificateRefused(
                f"the certificate of {host} is not valid for us: {said}", hint
            )
        # Under TLS 1.3 this comes with the first read: the handshake is over for us, not for them.
        reason = getattr(link, "reason", None) or ""
        if isinstance(link, ssl.SSLError) and "_ALERT_" in reason:
            alert = reason.partition("_ALERT_")[2]
            if any(word in alert for word in _OUR_CERTIFICATE_ALERTS):
                return NotAuthenticated(
                    f"{host} does not take our certificate: {alert.replace('_', ' ').lower()}",
                    HINT_CREDENTIAL,
                )
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """`error` and what caused it, outermost first."""
    import httpcore

    link: BaseException | None = error
    while link is not None:
        yield link
        # httpcore's pool raises `from None`: only the context still tells. Anywhere else the
        # context may be an earlier attempt, being handled while this one failed.
        from_httpcore = type(link).__module__.startswith(httpcore.__name__)
        link = link.__cause__ or (link.__context__ if from_httpcore else None)


def _host(url: str) -> str:
    """The host in `url`, for a message."""
    try:
        return urlsplit(url).hostname or "the address"
    except ValueError:
        return "the address"


def clock_hint(server_date: str, now: dt.datetime) -> str:
    """Says so when our clock (`now`, aware) differs from the server's: that spoils what we sign."""
    try:
        theirs = email.utils.parsedate_to_datetime(server_date)
        off_s = (now - theirs).total_seconds()
    except (TypeError, ValueError):
        return ""
    if abs(off_s) < CLOCK_OFF_S:
        return ""
    way = "ahead of" if off_s > 0 else "behind"
    return f"set the clock first: it is {abs(off_s):.0f} s {way} the service's (NTP)"


def status_error(answer: WireAnswer, ticket: Ticket) -> ChannelError:
    """What an HTTP answer means that does not hold what the service says; by its status.

    The classes are those of DOMAIN.md, section 3, layer `answer`. 500, 502 and 504 leave open
    whether something behind them carried the request out.
    """
    status = answer.status
    after = answer.retry_after_s
    match status:
        case 401:
            return NotAuthenticated(
                "the service does not know us (401)", HINT_CREDENTIAL, ticket=ticket
            )
        case 403:
            return NotAuthorised(
                "the service does not let us (403)",
                "ask for the right to this service for the account, or look for a proxy",
                ticket=ticket,
            )
        case 429 | 503:
            return Unavailable(
                f"the service asks to wait ({status})",
                HINT_WAIT,
                ticket=ticket,
                retry_after_s=after,
            )
        case 502 | 504:
            return Unavailable(
                f"the service is not behind its front end ({status})",
                HINT_WAIT,
                ticket=ticket,
                retry_after_s=after,
                sent=True,
            )
        case _ if 200 <= status < 300:
            return AnswerUnreadable(
                "something answers that is not the service", HINT_OTHER_PAGE, ticket=ticket
            )
        case _ if 300 <= status < 400:
            return Refused(
                f"the address points elsewhere ({status}); the gate does not follow",
                HINT_OTHER_PAGE,
                ticket=ticket,
            )
        case _ if 400 <= status < 500:
            return Refused(
                f"the service refuses the request ({status})", HINT_OTHER_PAGE, ticket=ticket
            )
        case _:
            return ServiceFault(
                f"the service failed ({status})",
                HINT_WAIT,
                ticket=ticket,
                retry_after_s=after,
                sent=True,
            )
