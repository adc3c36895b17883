"""lived(world)  →  what came of it: what should never have been, and how its obligations ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agent.sandbox.world.findings import Wrong
from agent.sandbox.world.play import Play
from agent.sandbox.world.values import World


@dataclass(frozen=True, slots=True)
class Lived:
    """`seal`: of the journal's last entry, so that two runs can be held against each other."""

    wrong: tuple[Wrong, ...]
    counts: Mapping[str, int]
    outcomes: Mapping[str, int]
    seal: str

    def line(self, world: World) -> str:
        """One line for a person."""
        ended = ", ".join(f"{n} {outcome}" for outcome, n in self.outcomes.items() if n)
        said = "; ".join(f"{n} {what}" for what, n in self.counts.items())
        lines = "+".join(world.site.lines)
        return (
            f"seed {world.seed} ({lines}, {world.site.medium}): {said}; {ended or 'nothing owed'}"
        )


def lived(
    world: World, told: Callable[[int, str], None] | None = None, *, stops: bool = False
) -> Lived:
    """Lives through it, in this thread. `told`: hears the story, with its true times. `stops`: at
    the first thing that is wrong."""
    with Play(world) as play:
        play.watch.told = told
        try:
            play.live(stops=stops)
            play.watch.ends()
        finally:
            play.watch.over()
        watch, (_, seal) = play.watch, play.daemon.keeper.journal.head
        return Lived(tuple(watch.wrong), dict(watch.counts), dict(watch.outcomes), seal.hex())
