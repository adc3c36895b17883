"""What can be made to go wrong with an emulated service while it runs, as one value."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Cut(StrEnum):
    """Where the connection closes under the client."""

    BEFORE_COMMIT = "before-commit"
    """The request was read and nothing done."""
    BEFORE_HEADERS = "before-headers"
    """The request was carried out; not a byte of the answer left."""
    MID_HEADERS = "mid-headers"
    MID_BODY = "mid-body"
    AFTER_BODY = "after-body"
    """The answer left whole."""


class Garbled(StrEnum):
    """What stands in the answer's body in place of the answer; the request was carried out."""

    EMPTY = "empty"
    MALFORMED = "malformed"
    """The first half of the answer."""
    BILLION_LAUGHS = "billion-laughs"
    EXTERNAL_ENTITY = "external-entity"
    OVERSIZED = "oversized"
    """The answer, then white space until it is `Faults.oversized_bytes` long."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A SOAP fault in answer to everything, with the service's own environment unless given."""

    code: str
    origin: str = "Provider"
    retry: bool | None = None
    environment: str = ""
    message: str = "The service reports an error."


@dataclass(frozen=True, slots=True)
class Faults:
    """Everything that is wrong with a service at the moment; by default nothing.

    Set as a whole (`service.faults = Faults(latency_s=2)`), from any thread; it counts from the
    next request on.
    """

    # The way there and back.
    unreachable: bool = False
    """No connection stands up; open ones close at their next request."""
    silent: bool = False
    """The request is taken and never answered, nor carried out."""
    latency_s: float = 0.0
    """Between the request, carried out, and the first byte of the answer."""
    drip_headers_s: float = 0.0
    """Between two bytes of the answer's head."""
    drip_body_s: float = 0.0
    """Between two bytes of the answer's body."""
    cut: Cut | None = None

    # A front end answers in the service's place: nothing is carried out.
    status: int | None = None
    """An HTML page with this status."""
    redirect_to: str = ""
    """With `status`, or 302."""
    retry_after: str = ""
    """The header, with `status`."""

    # The service answers, but not well.
    fault: Fault | None = None
    poison: frozenset[str] = field(default=frozenset(), repr=False)
    """Worker numbers; one of them in a batch has the whole batch refused with SOA-02001."""
    search_refused: bool = False
    """searchPresences is not for this account: SOA-01002."""
    garbled: Garbled | None = None
    oversized_bytes: int = 9 * 2**20
    content_type: str = ""
    drop_first: bool = False
    """The first item of a registration's answer is missing."""
    repeat_first: bool = False
    """The first item comes twice, the second time under another receipt number."""
    add_stray: bool = False
    """An item about a reference that nobody asked."""
    swap_workers: bool = False
    """The first item's reference stands beside another worker's number."""
