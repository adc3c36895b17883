"""[ahead]: registering tomorrow's crew."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AheadSettings:
    """[ahead]; `here_by` is a local time of the day, as 09:00."""

    enabled: bool = False
    here_by: str = "09:00"

    @property
    def here_by_min(self) -> int:
        """The same in minutes after midnight."""
        hours, _, minutes = self.here_by.partition(":")
        return int(hours) * 60 + int(minutes)
