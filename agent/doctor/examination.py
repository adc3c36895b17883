"""The whole examination, in the order in which a technician mends what it finds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from agent import control
from agent.config import ChannelSettings, Config
from agent.core.outage.measurements import Measurement
from agent.doctor import devices, lines, machine, page
from agent.doctor.devices import Guide
from agent.doctor.verdicts import Verdict, broken, untried, well
from agent.evidence.clock import SystemClock

STATUS_S = 5.0


def examine(file: Path, guide: Guide | None = None) -> Iterator[Verdict]:
    """Every part, each as soon as it is known; by hand too where there is a guide.

    The network and the channels are tried beside each other, so that it takes as long as the
    slowest of them.
    """
    config, verdicts = machine.configuration(file)
    yield from verdicts
    if config is None:
        yield untried("the rest", "needs a configuration that can be used")
        return
    with ThreadPoolExecutor(max_workers=len(config.channels) + 1) as beside:
        measuring = beside.submit(_measured, config)
        calls = [beside.submit(_channel, c, config) for c in config.channels]
        yield from machine.rights(config)
        if config.gate.data_dir.is_dir():
            yield from machine.disk(config.gate.data_dir)
        yield from machine.journal(config)
        yield from machine.signing(config)
        yield from machine.terms(config)
        yield from machine.clock(config)
        yield from machine.service()
        yield from page.examined(config.page, dt.datetime.now(dt.UTC))
        yield from agent_and_devices(config, guide)
        yield from lines.network(measuring.result())
        for call in calls:
            yield from call.result()


def agent_and_devices(config: Config, guide: Guide | None = None) -> Iterator[Verdict]:
    """What the agent says of itself and its devices; without one, what the devices do."""
    try:
        answer = control.ask(config.gate.control_socket, {"ask": "status"}, STATUS_S)
    except control.NobodyAnswers:
        yield from devices.all_of(config, guide)
        return
    except OSError as error:
        yield broken(
            "agent", f"cannot be asked: {error}", "run this as the agent's user, or with sudo"
        )
        return
    if not answer["done"]:
        yield broken("agent", answer["text"], "it goes on by itself once that is mended")
        return
    status: dict[str, Any] = answer["status"]
    yield well("agent", f"answers; the panel says {status['signal']}")
    yield from devices.as_told(status)


def _channel(settings: ChannelSettings, config: Config) -> list[Verdict]:
    return list(lines.channel(settings, config, dt.datetime.now(dt.UTC)))


def _measured(config: Config) -> list[Measurement]:
    from agent.config.surroundings import plan_of
    from agent.core.outage.measurements import Gate
    from agent.evidence.gauges import MachineGauges
    from agent.seams import Round

    clock = SystemClock(believed=config.clock.trust == "always")
    gauges = MachineGauges(plan_of(config), clock, Gate, lambda _heard: None)
    return list(gauges.take(Round.ALL))
