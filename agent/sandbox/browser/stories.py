"""What to try: four short stories, each step with what to do and how one sees that it happened.

A step is done once `done(now, then)` holds, where `then` is what was to be seen when it began.
Nothing in a story is played: its deeds are those that the page has buttons for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.core.signals import Signal
from agent.sandbox.browser.view import Seen
from agent.sandbox.site import CODE

Done = Callable[[Seen, Seen], bool]
Deed = Mapping[str, Any]

NUMBER = "47110"
"""What the contact centre of the stories gives."""


@dataclass(frozen=True, slots=True)
class Step:
    """`text`: what to do. `see`: what comes of it. `deed`: what its button does, None: wait."""

    text: str
    see: str
    done: Done
    deed: Deed | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """`about`: what whoever follows it has understood in the end. `without_past`: the gate must
    not know of an outage before, for a path that was down half of its days never exempts.
    """

    name: str
    title: str
    about: str
    steps: Sequence[Step]
    without_past: bool = False


def _heard(signal: Signal) -> Done:
    return lambda now, then: now.heard.get(signal, 0) > then.heard.get(signal, 0)


def _pulled(part: str) -> Step:
    texts = {
        "provider": ("The provider's line fails behind its own equipment.", "Break the line"),
        "cable": ("Somebody pulls the network cable: the site's own doing.", "Pull the cable"),
        "service": ("Checkinatwork itself is down.", "Take the service down"),
    }
    text, label = texts[part]
    deed = {"deed": "pull", "part": part, "out": True}
    see = "Nothing changes at the gate: nobody has tapped yet."
    return Step(text, see, lambda now, then: part in now.pulled, deed, label)


def _mended(part: str, label: str) -> Step:
    return Step(
        "It is mended. Nobody has to do anything.",
        "What waited is registered by itself: a receipt today counts before everything else.",
        lambda now, then: part not in now.pulled and now.up and not now.waiting,
        {"deed": "pull", "part": part, "out": False},
        label,
    )


def _next(text: str, see: str, done: Done) -> Step:
    return Step(text, see, done, {"deed": "next"}, "Hold the next badge")


def _waits(now: Seen, then: Seen) -> bool:
    return now.waiting > 0 and now.taps > then.taps


ANYBODY = _next(
    "Somebody registers while all is well: a path that never worked proves nothing.",
    "Amber with a short beep: stored on the disk. Green with a long one: the receipt is there.",
    lambda now, then: bool(now.registered),
)
STORED = _next(
    "The next one holds a badge to the reader.",
    "Amber: the tap is stored. It blinks slowly: the receipt is not there yet. Never green.",
    _waits,
)

MORNING = Story(
    "morning",
    "A normal morning",
    "Amber is stored, green is registered, red is refused, each with its own rhythm and beep.",
    (
        Step(
            "The first worker holds a badge to the reader.",
            "Amber with a short beep: stored on the disk. Green with a long one: registered, there "
            "is a receipt number of Checkinatwork.",
            lambda now, then: "0" in now.registered and _heard(Signal.REGISTERED)(now, then),
            {"deed": "hold", "who": "0"},
            "Hold the badge",
        ),
        Step(
            "Not sure? The same badge again, some seconds later.",
            "Green at once: registered already. Nothing is sent a second time.",
            _heard(Signal.REGISTERED),
            {"deed": "hold", "who": "0"},
            "Hold it again",
        ),
        Step(
            "Somebody holds a phone to the reader.",
            "Red, two long beeps: a phone has another number at every tap, so it proves nobody.",
            _heard(Signal.CARD_UNUSABLE),
            {"deed": "hold", "who": "phone"},
            "Hold a phone",
        ),
        Step(
            "A badge that the roster does not know.",
            "Red, three short beeps: see the site manager. The tap is kept all the same.",
            lambda now, then: now.unknown_badges > 0 and _heard(Signal.REFUSED)(now, then),
            {"deed": "unknown"},
            "Hold the unknown badge",
        ),
        Step(
            "The office links that badge to its worker.",
            "The tap of a moment ago counts: the worker is registered without coming back.",
            lambda now, then: not now.unknown_badges and len(now.registered) > len(then.registered),
            {"deed": "link"},
            "Link the badge",
        ),
    ),
)

PROVIDER = Story(
    "provider",
    "The provider is down",
    "A third party's outage exempts for that day, if it is proved. The gate measures.",
    (
        ANYBODY,
        _pulled("provider"),
        STORED,
        Step(
            "The gate measures whose outage it is. Lines may be slow: it gives this one forty "
            "seconds before it believes that it is dead.",
            "Cable, router and the provider's own equipment answer, nothing beyond does: the "
            "provider's. A slip says what to do.",
            lambda now, then: now.cause == "row.internet.provider-dead",
        ),
        Step(
            "Does the online service open on a phone? Nobody is exempt while any way works: "
            "answer at the keypad with the code, then 20: no.",
            "The answer is in the journal; it stands in the report for the inspector.",
            lambda now, then: now.key == "now.exempt",
            {"deed": "type", "keys": f"{CODE}#20#"},
            f"Type {CODE} # 20 #",
        ),
        _mended("provider", "Mend the line"),
    ),
    without_past=True,
)

CABLE = Story(
    "cable",
    "Our cable: number and list",
    "What is the site's own fault exempts nobody: the contact centre's number and the list do.",
    (
        ANYBODY,
        _pulled("cable"),
        STORED,
        Step(
            "Seconds here, minutes on a gate: then it calls the site manager.",
            "Red winks between the amber: see what the gate says to do. The slip comes out.",
            lambda now, then: (
                now.cause == "row.link.cable-out" and len(now.papers) > len(then.papers)
            ),
        ),
        Step(
            "Does the online service open on a phone? No: the code, then 20.",
            "Now the slip's advice is to call the contact centre, and what to press in its menu.",
            lambda now, then: now.key in ("now.call-centre", "now.use-form"),
            {"deed": "type", "keys": f"{CODE}#20#"},
            f"Type {CODE} # 20 #",
        ),
        Step(
            f"The contact centre gives a reference number, here {NUMBER}. It is typed twice.",
            "The attendance list comes out, with that number: with it, the list is the proof.",
            lambda now, then: any(one["reference"] and not one["waits_for"] for one in now.lists),
            {"deed": "type", "keys": f"{NUMBER}#{NUMBER}#"},
            f"Type {NUMBER} # {NUMBER} #",
        ),
        _mended("cable", "Put the cable back"),
    ),
)

MIDNIGHT = Story(
    "midnight",
    "Midnight comes first",
    "What is not registered by midnight never can be; each worker's day has an outcome.",
    (
        ANYBODY,
        _pulled("cable"),
        STORED,
        Step(
            "Seconds here, minutes on a gate: then it calls the site manager.",
            "Nobody comes: no number is asked for, no list is printed.",
            lambda now, then: now.cause == "row.link.cable-out",
        ),
        Step(
            "The day goes by, and nobody mends it. It is ten to twelve.",
            "The gate plans its attempts against midnight.",
            lambda now, then: now.time >= "23:50",
            {"deed": "pass", "to": "evening"},
            "Pass to 23:50",
        ),
        Step(
            "Midnight.",
            "What could not be delivered is expired, and told as such: it is never sent for the "
            "next day. Had the list been printed, it would say: on paper.",
            lambda now, then: now.day > then.day and "expired" in now.yesterday,
            {"deed": "pass", "to": "midnight"},
            "Let midnight come",
        ),
        Step(
            "The cable is put back, and the next working day begins.",
            "A new day, with nothing on it. Yesterday's outcomes stay as they were.",
            lambda now, then: "07:05" <= now.time < "23:00" and "cable" not in now.pulled,
            {"deed": "tomorrow"},
            "Mend it, pass to the morning",
        ),
    ),
)

STORIES = {story.name: story for story in (MORNING, PROVIDER, CABLE, MIDNIGHT)}


class Guide:
    """Walks somebody through one story at a time."""

    def __init__(self) -> None:
        self.story: Story | None = None
        self.place = 0
        self._then: Seen | None = None

    def begin(self, name: str) -> None:
        """From its first step on; empty: no story any more. Raises ValueError."""
        if name and name not in STORIES:
            raise ValueError(f"there is no story called {name}")
        self.story, self.place, self._then = STORIES.get(name), 0, None

    def follow(self, now: Seen) -> None:
        """Goes on as far as what is seen allows."""
        story = self.story
        while story is not None and self.place < len(story.steps):
            self._then = self._then or now
            if not story.steps[self.place].done(now, self._then):
                return
            self.place, self._then = self.place + 1, now

    def deed(self) -> Deed | None:
        """What the button of the present step does."""
        if self.story is None or self.place >= len(self.story.steps):
            return None
        return self.story.steps[self.place].deed
