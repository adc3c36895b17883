"""What can happen when bundles are taken away; every event carries its moment, as in events.py."""

from __future__ import annotations

from dataclasses import dataclass

from agent.core.journal_records import BundleExported
from agent.core.moment import Moment


@dataclass(frozen=True, slots=True)
class ExportAsked:
    """Somebody is about to take bundles away to `target`: a folder, or a `stick`."""

    at: Moment
    target: str
    stick: bool = False
    asked: int = 0


@dataclass(frozen=True, slots=True)
class ExportDone:
    """A bundle lies whole where it was to go."""

    at: Moment
    bundle: BundleExported
    asked: int = 0


@dataclass(frozen=True, slots=True)
class ExportOver:
    """The export to `target` is over: nothing of it is written any more. `failure`: why not all of
    it lies there, empty if it does."""

    at: Moment
    target: str
    stick: bool = False
    failure: str = ""
    asked: int = 0


@dataclass(frozen=True, slots=True)
class StickWished:
    """A person at the gate wants the stick that is in to be written."""

    at: Moment
    asked: int = 0


ExportEvent = ExportAsked | ExportDone | ExportOver | StickWished
