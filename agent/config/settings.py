"""What a technician may write in the configuration: one frozen dataclass a section.

Names, types and defaults stand here, the rules of each key in `rules.py`, what the keys
mean and why the defaults are so in `config/werfpoort.example.toml`. A new section is a new field
of Config.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from agent.config.ahead_settings import AheadSettings
from agent.config.outage_settings import ContactSettings, OutageSettings
from agent.config.page_settings import PageSettings
from agent.config.surroundings import EvidenceSettings, PowerSettings, UplinkSettings, facts_of
from agent.core.delivery.inquiries import Ability
from agent.core.rules import Line, Rules
from drivers.base import KeypadSettings, PanelSettings, ReaderSettings
from drivers.paper import Paper, PrinterSettings

NONE = "none"
"""The kind of a device that the gate does not have."""

Environment = Literal[
    "Production", "Simulation", "Acceptation", "Integration", "Test", "Development"
]
"""As the service names itself in a fault (WIRE.md, section 1)."""


@dataclass(frozen=True, slots=True)
class ChannelKind:
    """The one duty that a kind of channel fulfils, its address in each environment, and what it
    can be asked."""

    duty: str
    addresses: Mapping[str, str]
    abilities: frozenset[Ability] = frozenset()


CHANNEL_KINDS: Mapping[str, ChannelKind] = {
    "checkinatwork": ChannelKind(
        "checkinatwork",
        {"Production": "https://services.socialsecurity.be/PresenceRegistration/v1"},
        frozenset({Ability.SEARCH, Ability.LOOK_UP, Ability.CANCEL}),
    ),
    "checkinout": ChannelKind(
        "checkinout",
        {
            "Production": "https://services.socialsecurity.be/REST/presenceRegistration/v1",
            "Simulation": "https://services-sim.socialsecurity.be/REST/presenceRegistration/v1",
        },
    ),
    "supplier": ChannelKind("checkinatwork", {}, frozenset({Ability.ASK_AFTER, Ability.ROSTER})),
}
"""WIRE.md; Checkinatwork's simulation has no published address, a supplier none at all."""

TOKEN_ADDRESS = "https://services.socialsecurity.be/REST/oauth/v5/token"
"""WIRE.md, at its top: one for both environments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSettings:
    """[gate]"""

    name: str
    roster: Path
    data_dir: Path = Path("/var/lib/werfpoort")
    control_socket: Path = Path("/run/werfpoort/control.sock")
    training: bool = False
    languages: tuple[str, ...] = ("nl", "fr")
    debounce_s: float = 3.0
    shift_hours: float = 12.0

    @property
    def journal(self) -> Path:
        """Where the journal lies."""
        return self.data_dir / "journal.db"

    @property
    def signing_key(self) -> Path:
        """Where the key lies that signs the journal's checkpoints."""
        return self.data_dir / "journal.key"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceSettings:
    """[site.place]: coordinates or an address, as Check In and Out takes it; or nothing."""

    latitude: float | None = None
    longitude: float | None = None
    post_code: str = ""
    municipality: str = ""
    street: str = ""
    house_number: str = ""
    box_number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSettings:
    """[site]; `company` is the firm that reports, `duty` that of whoever has none of its own."""

    name: str
    declaration: str
    company: str
    address: str = ""
    duty: str = "checkinatwork"
    place: PlaceSettings = field(default_factory=PlaceSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmployerSettings:
    """[[employers]]; `duty` empty: the site's."""

    number: str
    name: str
    duty: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionSettings:
    """[retention]: the two terms of DOMAIN.md, section 6."""

    receipt_months: int = 13
    proof_years: int = 7
    keep_until_exported: bool = False
    contact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractorSettings:
    """[[contractors]]: a firm that takes its part of the journal away; `main` takes all."""

    company: str
    name: str
    recipient: str
    main: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSettings:
    """[clock]"""

    trust: Literal["kernel", "always"] = "kernel"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """[channels.api]: paths under the address of a supplier, and names of headers.

    `headers`: more of them, the same in each call, each as `Name: value`.
    """

    registrations: str = "/registrations"
    registration: str = "/registrations/{key}"
    roster: str = "/roster"
    key_header: str = "Idempotency-Key"
    token_header: str = "Authorization"
    token_scheme: str = "Bearer"
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSettings:
    """[channels.request]: where each thing stands in what a supplier is sent (RFC 6901 pointers).

    `items` from the top of the body, the others within an item; empty: left out.
    """

    items: str = "/registrations"
    reference: str = "/reference"
    day: str = "/day"
    declaration: str = "/declaration"
    employer: str = "/employer"
    inss: str = "/inss"
    limosa: str = "/limosa"
    at: str = "/at"
    direction: str = "/direction"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSettings:
    """[channels.answer]: where each thing stands in what a supplier answers (RFC 6901 pointers).

    `items` from the top of the body, `error_code` and `error_text` within an error, the others
    within an item. `handed_over` and `rejected`: the states that mean so.
    """

    items: str = "/registrations"
    reference: str = "/reference"
    state: str = "/status"
    receipt: str = "/receipt/number"
    receipt_status: str = "/receipt/status"
    remarks: str = "/receipt/remarks"
    errors: str = "/errors"
    error_code: str = "/code"
    error_text: str = "/text"
    handed_over: tuple[str, ...] = ("202", "409")
    rejected: tuple[str, ...] = ("422",)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSettings:
    """[[channels]]; proves itself with `certificate` and `key` (PEM), `pkcs12`, or a token.

    Which keys go with which kind is told in `channel_check.py`.
    """

    name: str
    kind: str = "checkinatwork"
    for_duty: str = ""
    environment: Environment = "Production"
    address: str = ""
    certificate: Path | None = None
    key: Path | None = None
    pkcs12: Path | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    may_search: bool = False
    timeout_s: float = 20.0
    batch: int = 200
    client_id: str = ""
    token_address: str = TOKEN_ADDRESS
    scope: str = ""
    oldest_s: float = 600.0
    budget_s: float = 60.0
    token_file: Path | None = None
    valid_until: str = ""
    roster_every_min: float = 0.0
    api: ApiSettings = field(default_factory=ApiSettings)
    request: RequestSettings = field(default_factory=RequestSettings)
    answer: AnswerSettings = field(default_factory=AnswerSettings)

    @property
    def duty(self) -> str:
        """The duty that this channel fulfils."""
        return self.for_duty or CHANNEL_KINDS[self.kind].duty

    @property
    def abilities(self) -> frozenset[Ability]:
        """What it can be asked; to search only where the account may."""
        able = CHANNEL_KINDS[self.kind].abilities
        return able if self.may_search else able - {Ability.SEARCH}

    @property
    def line(self) -> Line:
        """What the core needs of it."""
        oldest_ms = _ms(self.oldest_s) if self.duty == "checkinout" else 0
        budget_ms = _ms(self.budget_s)
        return Line(self.name, self.duty, self.batch, self.abilities, budget_ms, oldest_ms)

    @property
    def endpoint(self) -> str:
        """The address to call: the configured one, else that of the kind; empty: there is none."""
        return self.address or CHANNEL_KINDS[self.kind].addresses.get(self.environment, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """[delivery]"""

    burst_s: float = 60.0
    first_retry_s: float = 2.0
    longest_retry_s: float = 300.0
    taken_back_after_s: float = 60.0
    ask_after_s: float = 60.0
    take_over_hours: float = 2.0
    waiting_after_s: float = 5.0
    follow_up_hours: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorSettings:
    """[operator]; `code` is the hash that `werfpoort code` makes, never the code itself."""

    ask_code: bool = True
    code: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeypadSection:
    """[keypad]"""

    kind: str = NONE
    name: str = "keypad"
    rows: tuple[int, ...] = KeypadSettings().rows
    columns: tuple[int, ...] = KeypadSettings().columns
    path: str = ""

    @property
    def device(self) -> KeypadSettings | None:
        """What the driver is opened with; None: there is none."""
        if self.kind == NONE:
            return None
        return KeypadSettings(self.name, self.kind, self.rows, self.columns, self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterSection:
    """[printer]"""

    kind: str = NONE
    address: str = ""
    paper: Paper = Paper.MM80
    profile: str = ""
    baud: int = 115_200

    @property
    def device(self) -> PrinterSettings | None:
        """What the driver is opened with; None: there is none."""
        if self.kind == NONE:
            return None
        return PrinterSettings(self.kind, self.address, self.paper, self.profile, self.baud)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSettings:
    """[notices]"""

    heartbeat_url: str = field(default="", repr=False)
    webhook_url: str = field(default="", repr=False)
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A configuration in which every key was checked; channels in order of preference."""

    gate: GateSettings
    site: SiteSettings
    readers: tuple[ReaderSettings, ...]
    channels: tuple[ChannelSettings, ...]
    employers: tuple[EmployerSettings, ...] = ()
    contractors: tuple[ContractorSettings, ...] = ()
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    clock: ClockSettings = field(default_factory=ClockSettings)
    panel: PanelSettings = field(default_factory=PanelSettings)
    delivery: DeliverySettings = field(default_factory=DeliverySettings)
    ahead: AheadSettings = field(default_factory=AheadSettings)
    outage: OutageSettings = field(default_factory=OutageSettings)
    contacts: ContactSettings = field(default_factory=ContactSettings)
    power: PowerSettings = field(default_factory=PowerSettings)
    uplinks: tuple[UplinkSettings, ...] = (UplinkSettings(),)
    evidence: EvidenceSettings = field(default_factory=EvidenceSettings)
    operator: OperatorSettings = field(default_factory=OperatorSettings)
    keypad: KeypadSection = field(default_factory=KeypadSection)
    printer: PrinterSection = field(default_factory=PrinterSection)
    notices: NoticeSettings = field(default_factory=NoticeSettings)
    page: PageSettings = field(default_factory=PageSettings)

    @property
    def zone(self) -> ZoneInfo:
        """Where a day begins and ends: DOMAIN.md, section 4."""
        return ZoneInfo("Europe/Brussels")

    @property
    def rules(self) -> Rules:
        """What the core needs of it."""
        return Rules(
            zone=self.zone,
            declaration=self.site.declaration,
            firm=self.site.company,
            duty=self.site.duty,
            duties={e.number: e.duty for e in self.employers if e.duty},
            lines=tuple(c.line for c in self.channels),
            debounce_ms=_ms(self.gate.debounce_s),
            shift_ms=_ms(self.gate.shift_hours * 3600),
            burst_ms=_ms(self.delivery.burst_s),
            first_retry_ms=_ms(self.delivery.first_retry_s),
            longest_retry_ms=_ms(self.delivery.longest_retry_s),
            waiting_after_ms=_ms(self.delivery.waiting_after_s),
            facts=facts_of(self),
            ahead=self.ahead.enabled,
            here_by_min=self.ahead.here_by_min,
            limits=self.outage.limits,
            contacts=self.contacts.contacts,
            follow_up_ms=_ms(self.delivery.follow_up_hours * 3600),
            readers={reader.name: reader.direction for reader in self.readers},
            keypad=self.keypad.name,
            ask_code=self.operator.ask_code,
            printer=self.printer.device is not None,
            employers=tuple(e.number for e in self.employers),
            taken_back_ms=_ms(self.delivery.taken_back_after_s),
            ask_after_ms=_ms(self.delivery.ask_after_s),
            take_over_ms=_ms(self.delivery.take_over_hours * 3600),
        )


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
