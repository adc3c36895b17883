"""The layers under a simulated gate: all well until the world says otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from agent.core.outage.measurements import (
    WELL,
    Channel,
    Gate,
    Internet,
    Layer,
    Link,
    Local,
    Measurement,
    Names,
    Power,
    Reading,
    Value,
)
from agent.core.outage.measurements import Clock as ClockLayer
from agent.seams import Clock, Round

UPLINK = "uplink"

_OF_ROUND = {
    Round.HERE: (Layer.CLOCK, Layer.POWER, Layer.GATE, Layer.LINK, Layer.LOCAL),
    Round.ANCHOR: (Layer.INTERNET,),
    Round.NAMES: (Layer.NAMES,),
    Round.CHANNEL: (Layer.CHANNEL,),
    Round.ALL: tuple(Layer),
}


def all_well(channel: str, uplink: str = UPLINK) -> dict[tuple[Layer, str], Value]:
    """What is measured where nothing fails."""
    return {
        (Layer.CLOCK, ""): ClockLayer(WELL, WELL),
        (Layer.POWER, ""): Power(mains=WELL, voltage=WELL),
        (Layer.GATE, ""): Gate(WELL, WELL, WELL, WELL),
        (Layer.LINK, uplink): Link(carrier=WELL),
        (Layer.LOCAL, uplink): Local(WELL, WELL),
        (Layer.INTERNET, uplink): Internet(
            (WELL,) * 4, provider_hop=WELL, beyond=WELL, portal=WELL, steady=WELL
        ),
        (Layer.NAMES, ""): Names(WELL, WELL),
        (Layer.CHANNEL, channel): Channel(WELL, WELL, WELL, WELL, WELL),
    }


@dataclass(slots=True)
class Layers:
    """Gauges that read what the world has set in `values`; what is not in there is unknown."""

    clock: Clock
    values: dict[tuple[Layer, str], Value] = field(default_factory=dict)
    mains: Reading = WELL

    def put(self, value: Value, of: str = "") -> None:
        """From now on this is what is measured there."""
        at = Measurement(self.clock.now(), value, of)
        self.values[at.layer, of] = value

    def take(self, what: Round, of: str = "") -> Iterator[Measurement]:
        """What the world has set."""
        for (layer, name), value in self.values.items():
            if layer in _OF_ROUND[what] and (what is not Round.CHANNEL or name == of):
                yield Measurement(self.clock.now(), value, name)
