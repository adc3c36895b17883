"""Measurements over time, and the picture of an instant that they make.

The picture is put together by the time at which things were measured, so that the order in which
measurements arrive changes nothing. What nobody measured lately is `unknown`. A newer `unknown`
takes back what was favourable and never what was adverse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from operator import attrgetter

from agent.core.moment import Moment
from agent.core.outage.measurements import (
    ADVERSE,
    FAILING,
    HOLDS_MS,
    MEASURED_HOLDS_MS,
    UNKNOWN,
    WELL,
    Answer,
    Channel,
    Clock,
    Elsewhere,
    Gate,
    Internet,
    Layer,
    Link,
    Local,
    Measurement,
    Names,
    Power,
    Reading,
    Said,
    Value,
)


@dataclass(frozen=True, slots=True)
class Picture:
    """What was known at an instant, by layer and the uplink's or channel's name.

    `reached_ms`: by uplink, Unix time of the last anchor that answered. `heard_ms`: of the last
    cell of its own operator. `silent_ms`: by channel, how long it has answered nothing but
    502, 503 or 504. `lit`: what answered last, of the uplinks' gateways by name and the witness
    as "", since the mains are lost; that something could not be measured since takes nothing back.
    `refused`: channels that found our credentials or messages at fault, and took nothing since.
    """

    values: Mapping[tuple[Layer, str], Value] = field(default_factory=dict)
    unix_ms: int = 0
    reached_ms: Mapping[str, int] = field(default_factory=dict)
    heard_ms: Mapping[str, int] = field(default_factory=dict)
    silent_ms: Mapping[str, int] = field(default_factory=dict)
    lit: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()

    def clock(self) -> Clock:
        """The clock as last measured; of unknown readings where it was not."""
        value = self.values.get((Layer.CLOCK, ""))
        return value if isinstance(value, Clock) else Clock()

    def power(self) -> Power:
        """The power, likewise."""
        value = self.values.get((Layer.POWER, ""))
        return value if isinstance(value, Power) else Power()

    def link(self, uplink: str) -> Link:
        """The link of this uplink, likewise."""
        value = self.values.get((Layer.LINK, uplink))
        return value if isinstance(value, Link) else Link()

    def local(self, uplink: str) -> Local:
        """The local network of this uplink, likewise."""
        value = self.values.get((Layer.LOCAL, uplink))
        return value if isinstance(value, Local) else Local()

    def internet(self, uplink: str) -> Internet:
        """The internet over this uplink, likewise."""
        value = self.values.get((Layer.INTERNET, uplink))
        return value if isinstance(value, Internet) else Internet()

    def names(self) -> Names:
        """The names, likewise."""
        value = self.values.get((Layer.NAMES, ""))
        return value if isinstance(value, Names) else Names()

    def channel(self, name: str) -> Channel:
        """This endpoint, likewise."""
        value = self.values.get((Layer.CHANNEL, name))
        return value if isinstance(value, Channel) else Channel()

    def answer(self, name: str) -> Answer:
        """What this endpoint answered last, likewise."""
        value = self.values.get((Layer.ANSWER, name))
        return value if isinstance(value, Answer) else Answer()

    def gate(self) -> Gate:
        """The gate itself, likewise."""
        value = self.values.get((Layer.GATE, ""))
        return value if isinstance(value, Gate) else Gate()

    def elsewhere(self) -> Elsewhere:
        """Other ways to register, likewise."""
        value = self.values.get((Layer.ELSEWHERE, ""))
        return value if isinstance(value, Elsewhere) else Elsewhere()


@dataclass(frozen=True, slots=True)
class Evidence:
    """Measurements that may still count, by what was measured; and what is remembered longer.

    Adding a measurement twice, or two in either order, makes the same evidence.
    """

    recent: Mapping[tuple[Layer, str], tuple[Measurement, ...]] = field(default_factory=dict)
    reached_ms: Mapping[str, int] = field(default_factory=dict)
    heard_ms: Mapping[str, int] = field(default_factory=dict)

    def add(self, new: Measurement) -> Evidence:
        """The evidence with this measurement."""
        key = (new.layer, new.of)
        held = self.recent.get(key, ())
        if not held or _place(held[-1]) < _place(new):  # as nearly always: in the order of time
            kept, newest = (*held, new), _when(new)
        else:
            kept = held if new in held else tuple(sorted((*held, new), key=_order))
            newest = max(_when(m) for m in kept if _same_time(m, new))
        oldest = newest - HOLDS_MS[new.layer]
        kept = tuple(m for m in kept if _when(m) >= oldest or not _same_time(m, new))
        return Evidence({**self.recent, key: kept}, self.reached_ms, self.heard_ms).marked(new)

    def marked(self, seen: Measurement) -> Evidence:
        """The evidence with what is remembered longer of this: an anchor answered, the own
        operator was heard."""
        match seen.value:
            case Internet(anchors=anchors) if WELL in anchors and seen.at.trusted:
                return replace(self, reached_ms=_latest(self.reached_ms, seen))
            case Link(own_cells=Reading.WELL) if seen.at.trusted:
                return replace(self, heard_ms=_latest(self.heard_ms, seen))
        return self

    def last(self, layer: Layer, of: str = "") -> Measurement | None:
        """The last that was measured here, however old."""
        held = self.recent.get((layer, of), ())
        return held[-1] if held else None

    def blamed_ms(self, channel: str, at: Moment) -> int | None:
        """Since when (monotonic) this channel has answered nothing but that it is its own fault."""
        held = self.recent.get((Layer.ANSWER, channel), ())
        return _unbroken((m for m in held if _holds(m, Layer.ANSWER, at, 0)), _BLAMES_SERVICE)

    def _of(self, *layers: Layer) -> Iterator[Measurement]:
        return (m for key, held in self.recent.items() if key[0] in layers for m in held)

    def without(self, layer: Layer, of: str) -> Evidence:
        """The evidence without all that was measured here."""
        return replace(self, recent={k: v for k, v in self.recent.items() if k != (layer, of)})

    def of_boot(self, boot_id: str) -> Evidence:
        """The evidence without what was measured before another boot: it counts no more."""
        held = {
            key: tuple(m for m in all_ if m.at.boot_id == boot_id or m.layer is Layer.ELSEWHERE)
            for key, all_ in self.recent.items()
        }
        return replace(self, recent={key: kept for key, kept in held.items() if kept})

    def since(self, at: Moment) -> Evidence:
        """What may still count after `at`, where a day begins: what was said of elsewhere holds
        for its day alone."""
        held = {
            key: tuple(m for m in all_ if _holds(m, key[0], at, at.unix_ms))
            for key, all_ in self.recent.items()
            if key[0] is not Layer.ELSEWHERE
        }
        return replace(self, recent={key: kept for key, kept in held.items() if kept})

    def picture(
        self,
        at: Moment,
        day_start_ms: int = 0,
        in_vain_counts: Callable[[Moment], bool] | None = None,
    ) -> Picture:
        """What is known at `at`; of other ways to register what was said since the day began.

        `in_vain_counts`: whether that such a way was tried in vain then says anything of what fails
        now. That it worked holds for the day, or until it is tried again in vain.
        """
        values: dict[tuple[Layer, str], Value] = {}
        silent: dict[str, int] = {}
        for (layer, of), held in self.recent.items():
            fresh = [_as_it_holds(m, at) for m in held if _holds(m, layer, at, day_start_ms)]
            if fresh:
                values[layer, of] = _merged(fresh)
            if fresh and layer is Layer.ELSEWHERE and in_vain_counts is not None:
                values[layer, of] = _in_vain(values[layer, of], fresh, in_vain_counts)
            if layer is Layer.ANSWER and (since := _unbroken(fresh, _OF_GATEWAY)) is not None:
                silent[of] = at.mono_ms - since
        lit = _lit([m for m in self._of(Layer.POWER, Layer.LOCAL) if _holds(m, m.layer, at, 0)])
        return Picture(values, at.unix_ms, self.reached_ms, self.heard_ms, silent, lit)


def gather(measurements: Iterable[Measurement]) -> Evidence:
    """The evidence that these measurements make, in whatever order they come."""
    evidence = Evidence()
    for measurement in measurements:
        evidence = evidence.add(measurement)
    return evidence


def _when(measurement: Measurement) -> int:
    """Its place in time: by the monotonic clock, but what is said of elsewhere outlives a boot."""
    at = measurement.at
    return at.unix_ms if measurement.layer is Layer.ELSEWHERE else at.mono_ms


def _same_time(one: Measurement, other: Measurement) -> bool:
    """True when `_when` can compare them."""
    return one.layer is Layer.ELSEWHERE or one.at.boot_id == other.at.boot_id


def _place(measurement: Measurement) -> tuple[int, str]:
    return _when(measurement), measurement.at.boot_id


def _order(measurement: Measurement) -> tuple[int, str, str]:
    return *_place(measurement), repr(measurement.value)


def _latest(marks: Mapping[str, int], new: Measurement) -> Mapping[str, int]:
    return {**marks, new.of: max(new.at.unix_ms, marks.get(new.of, 0))}


def _holds(measurement: Measurement, layer: Layer, at: Moment, day_start_ms: int) -> bool:
    if layer is Layer.ELSEWHERE:
        return day_start_ms <= measurement.at.unix_ms <= at.unix_ms
    age_ms = at.mono_ms - measurement.at.mono_ms
    return measurement.at.boot_id == at.boot_id and 0 <= age_ms <= HOLDS_MS[layer]


def _as_it_holds(measurement: Measurement, at: Moment) -> Measurement:
    """Without what an uplink reached too long ago: that is measured, and holds no longer than what
    is, while what a person said holds for its day."""
    value = measurement.value
    if not isinstance(value, Elsewhere) or value.uplink is UNKNOWN:
        return measurement
    age_ms = at.mono_ms - measurement.at.mono_ms
    if measurement.at.boot_id == at.boot_id and 0 <= age_ms <= MEASURED_HOLDS_MS:
        return measurement
    return replace(measurement, value=replace(value, uplink=UNKNOWN))


def _in_vain(merged: Value, held: Sequence[Measurement], counts: Callable[[Moment], bool]) -> Value:
    """What is known of other ways, without those that were last tried in vain when that did not
    count: it still takes back that such a way worked before."""
    vain: dict[str, object] = {}
    for f in fields(merged):
        last = [m.at for m in held if getattr(m.value, f.name) is FAILING][-1:]
        if getattr(merged, f.name) is FAILING and not all(map(counts, last)):
            vain[f.name] = UNKNOWN
    changed: Callable[..., Value] = replace
    return changed(merged, **vain)


def _merged(held: list[Measurement]) -> Value:
    """Field by field, the newest that says something; an `unknown` undoes the favourable."""
    if all(m.value == held[0].value for m in held):
        return held[0].value
    made: dict[str, object] = {}
    for f in fields(held[0].value):
        given = [(_when(m), getattr(m.value, f.name)) for m in _that_tried(held, f.name)]
        made[f.name] = _of_answer(held, f.name) if f.name in _ANSWERED else _of(f.name, given)
    make: Callable[..., Value] = type(held[0].value)
    return make(**made)


_ANSWERED = frozenset(("said", "code", "origin", "status", "verified"))


def _that_tried(held: list[Measurement], name: str) -> list[Measurement]:
    """Those that say something of this field, were it that nobody knows: a delivery does not try
    another request, so that it takes nothing back of that; nor does an uplink of what a person said
    of a phone."""
    if isinstance(held[0].value, Elsewhere):
        unsaid = Elsewhere() if name == "uplink" else None
        return [m for m in held if m.value == unsaid or getattr(m.value, name) is not UNKNOWN]
    if name != "likewise":
        return held
    return [m for m in held if _is_probe(m.value)]


def _is_probe(value: Value) -> bool:
    return isinstance(value, Answer) and (value.said is Said.NOTHING or value.likewise != UNKNOWN)


def _of_answer(held: list[Measurement], name: str) -> object:
    """From the newest measurement in which something was said: these belong together."""
    said = [m.value for m in held if isinstance(m.value, Answer) and m.value.said != "nothing"]
    return getattr(said[-1] if said else Answer(), name)


def _of(name: str, given: list[tuple[int, object]]) -> object:
    if name == "anchors":
        return _anchors([(ms, value) for ms, value in given if isinstance(value, tuple)])
    if name == "last_hop":
        return max(given, key=lambda when: (when[0], str(when[1])))[1]
    adverse = ADVERSE.get(name, FAILING)
    # Made at the very same instant: the adverse one is taken last, so it stands.
    ranked = sorted((ms, _rank(r, adverse), r) for ms, r in given if isinstance(r, Reading))
    current = UNKNOWN
    for _, _, reading in ranked:
        if reading is not UNKNOWN or current is not adverse:
            current = reading
    return current


def _rank(reading: Reading, adverse: Reading) -> int:
    return 2 if reading is adverse else 1 if reading is UNKNOWN else 0


def _anchors(given: list[tuple[int, tuple[Reading, ...]]]) -> tuple[Reading, ...]:
    """The newest round; where two were made at the same instant and differ, nothing is known."""
    newest = max(ms for ms, _ in given)
    rounds = {anchors for ms, anchors in given if ms == newest}
    return rounds.pop() if len(rounds) == 1 else ()


def _lit(held: Sequence[Measurement]) -> frozenset[str]:
    """What answered last since the mains are lost; nothing while they are there."""
    mains = [(_when(m), m.value.mains) for m in held if isinstance(m.value, Power)]
    lost_ms = None
    for ms, reading in sorted(mains, key=lambda said: (said[0], said[1] is FAILING)):
        if reading is not UNKNOWN:
            lost_ms = (ms if lost_ms is None else lost_ms) if reading is FAILING else None
    if lost_ms is None:
        return frozenset()
    said: dict[str, tuple[int, bool]] = {}
    for m in held:
        answers = _witness(m.value)
        if answers is not UNKNOWN and _when(m) >= lost_ms:
            last = _when(m), answers is WELL
            said[m.of] = max(last, said.get(m.of, last))
    return frozenset(of for of, (_, answers) in said.items() if answers)


def _witness(value: Value) -> Reading:
    match value:
        case Power(witness=answers) | Local(gateway=answers):
            return answers
    return UNKNOWN


_OF_GATEWAY = attrgetter("of_gateway")
_BLAMES_SERVICE = attrgetter("blames_service")


def _unbroken(held: Iterable[Measurement], such: Callable[[Answer], bool]) -> int | None:
    """Monotonic ms of the first of the last answers in a row that are `such`; None without one."""
    since: int | None = None
    for m in held:
        if not isinstance(m.value, Answer) or m.value.said is Said.NOTHING:
            continue
        since = (m.at.mono_ms if since is None else since) if such(m.value) else None
    return since
