"""What an input pin reads: a small electrical network as a value, without wires or threads.

Pins are numbers (BCM). A pin is driven from outside, joined to other pins by closed contacts (a
key, a relay), or left to its pull resistor. Everything joined is one net: a driven level beats
every pull, low beats high (a short to ground), and a net that nothing holds keeps its level. So
the ghost key of a matrix without diodes appears by itself, as it does in copper.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping


class Circuit:
    """The world outside the pins: external levels and closed contacts.

    A change is one line of text, so that it can travel: `drive PIN 0|1`, `release PIN`,
    `join PIN PIN`, `part PIN PIN`.
    """

    def __init__(self) -> None:
        self.driven: dict[int, bool] = {}
        self.contacts: set[tuple[int, int]] = set()

    def apply(self, line: str) -> None:
        """Carries out one change. Raises ValueError for a line that is none."""
        match line.split():
            case ["drive", pin, ("0" | "1") as level]:
                self.driven[int(pin)] = level == "1"
            case ["release", pin]:
                self.driven.pop(int(pin), None)
            case ["join", one, other]:
                self.contacts.add(_contact(int(one), int(other)))
            case ["part", one, other]:
                self.contacts.discard(_contact(int(one), int(other)))
            case _:
                raise ValueError(f"not a change of a circuit: {line!r}")

    def lines(self) -> list[str]:
        """The changes that make this circuit out of an empty one."""
        return [f"drive {pin} {level:d}" for pin, level in sorted(self.driven.items())] + [
            f"join {one} {other}" for one, other in sorted(self.contacts)
        ]

    def clear(self) -> None:
        """Nothing driven, no contact closed."""
        self.driven.clear()
        self.contacts.clear()

    def settle(self, outputs: Mapping[int, bool], pulls: Mapping[int, str]) -> dict[int, bool]:
        """The levels of the pins in `pulls` (the inputs: "up", "down", "floating").

        `outputs` are the pins that the program drives. A pin that nothing holds is left out.
        """
        held: dict[int, bool] = {}
        for net in _nets({*outputs, *pulls, *self.driven}, self.contacts):
            strong = [level for pin in net for level in self._strong(pin, outputs)]
            weak = {pulls.get(pin, "floating") for pin in net} - {"floating"}
            if strong:
                level = all(strong)
            elif weak:
                level = weak == {"up"}
            else:
                continue
            held.update({pin: level for pin in net if pin in pulls})
        return held

    def _strong(self, pin: int, outputs: Mapping[int, bool]) -> Iterator[bool]:
        for levels in (outputs, self.driven):
            if pin in levels:
                yield levels[pin]


def _contact(one: int, other: int) -> tuple[int, int]:
    return (one, other) if one <= other else (other, one)


def _nets(pins: Iterable[int], contacts: Iterable[tuple[int, int]]) -> list[set[int]]:
    nets = [{pin} for pin in pins]
    for contact in contacts:
        joined = set(contact)
        apart = []
        for net in nets:
            if net & joined:
                joined |= net
            else:
                apart.append(net)
        nets = [*apart, joined]
    return nets
