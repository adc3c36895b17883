"""Which cards lie in a reader's field: a stream of sightings becomes one report a card.

The rules, for every reader that sees a card again and again while it stays:

- A card is reported when it is first seen, and counts as gone after 0.5 s unseen.
- Cards that come one after the other are each reported, however quickly.
- Two cards in one look are `SeveralCards`, reported once; neither is read until it was away for
  0.5 s, so that nothing is registered for a wallet that is pulled apart before the reader.
- A card whose UID is random may show another one at every look: all random UIDs are one card,
  for a reader that looks again and again (`looks`). One that tells each card once says so.
"""

from __future__ import annotations

from collections.abc import Sequence

from drivers.base import BadgeSeen, ReaderSettings, Report, SeveralCards

CARD_GONE_S = 0.5  # longer than a hand's tremble at the edge of the field breaks the contact
RANDOM_UID_START = "08"  # ISO/IEC 14443-3, 6.5.4: a four-byte UID that starts so is random
RANDOM_UID_DIGITS = 8

SEVERAL = "several"
RANDOM = "random"


class Presence:
    """What lay in the field of one reader in the last half second."""

    def __init__(
        self, settings: ReaderSettings, gone_s: float = CARD_GONE_S, *, looks: bool = True
    ) -> None:
        self._settings = settings
        self._gone_s = gone_s
        self._looks = looks
        self._seen_at: dict[str, float] = {}

    def seen(self, uids: Sequence[str], now: float) -> Sequence[Report]:
        """What is new about one look that found `uids` at `now` (monotonic seconds)."""
        self._seen_at = {k: at for k, at in self._seen_at.items() if now - at <= self._gone_s}
        keys = [_key(uid) if self._looks else uid for uid in uids]
        if len(uids) > 1:
            keys.append(SEVERAL)
        new = [key for key in keys if key not in self._seen_at]
        self._seen_at.update(dict.fromkeys(keys, now))
        if len(uids) > 1:
            return [SeveralCards(self._settings.name)] if SEVERAL in new else []
        return [BadgeSeen(self._settings.name, uids[0], self._settings.direction)] if new else []


def _key(uid: str) -> str:
    is_random = len(uid) == RANDOM_UID_DIGITS and uid.startswith(RANDOM_UID_START)
    return RANDOM if is_random else uid
