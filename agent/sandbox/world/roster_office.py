"""The contractor's office: who is on the site, which badge each has, and the roster file that says
so to the gate, spoilt for a while by whoever edits it badly."""

from __future__ import annotations

from pathlib import Path

from agent.sandbox.people import Person, roster_csv
from agent.sandbox.world.checks import Watch
from agent.sandbox.world.edits import EDITS, SPOILT, UNKNOWN
from agent.sandbox.world.values import Crew, Edit, NewBadge, World


class Office:
    """Keeps the roster of `world`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._badges = {n: somebody.uid for n, somebody in enumerate(world.people)}
        self._here = set(world.present)
        self._edits: dict[str, Edit] = {}

    def people(self) -> list[Person]:
        """Who is on the site now, each with the badge of today."""
        return [Person(self._world.people[n].worker, self._badges[n]) for n in sorted(self._here)]

    def moves(self, crew: Crew) -> None:
        """These come, or leave for good."""
        people = set(crew.people)
        self._here = self._here | people if crew.here else self._here - people

    def replaces(self, badge: NewBadge) -> None:
        """A lost badge is no more; the same worker has another."""
        self._badges[badge.who] = badge.uid

    def spoils(self, edit: Edit) -> None:
        """From now on the file is edited so."""
        self._edits[edit.how] = edit

    def mends(self, edit: Edit) -> bool:
        """It is no more; False: it was mended before."""
        return self._edits.pop(edit.how, None) is not None

    def text(self) -> str:
        """The file as it stands now."""
        people = self.people()
        text = roster_csv(people)
        for how, edit in self._edits.items():
            text = EDITS[how](people, text, edit.who)
        return text


class WatchedOffice(Office):
    """`watch` is told what the roster truly says."""

    def __init__(self, world: World, watch: Watch) -> None:
        super().__init__(world)
        self._watch = watch

    def people(self) -> list[Person]:
        """As told by the office."""
        self._watch.badges = {self._badges[n]: n for n in self._here}
        return super().people()

    def mended(self, edit: Edit, at_ms: int) -> None:
        """An edit is no more."""
        if self.mends(edit) and edit.how == UNKNOWN and self._here:
            spoilt = sorted(self._here)[edit.who % len(self._here)]
            self._watch.reaching.mended.setdefault(spoilt, []).append(at_ms)

    def writes(self, file: Path, at_ms: int) -> None:
        """The file as it stands now."""
        self._watch.rostered_ms, self._watch.edited = at_ms, bool(self._edits)
        self._watch.spoilt = not SPOILT.isdisjoint(self._edits)
        file.unlink(missing_ok=True)  # a new inode: the watch sees that it is another file
        file.write_text(self.text(), encoding="utf-8")
