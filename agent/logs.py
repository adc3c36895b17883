"""One line per fact, on standard error, for journald; never a national number in full."""

from __future__ import annotations

import logging
import re
import sys

from agent.core.identifiers import IdentifierError, mask_inss, parse_inss

NUMBER = re.compile(
    r"(?<!\d)\d{2}[.]?\d{2}[.]?\d{2}[- ]?\d{3}[. ]?\d{2}(?!\d)|(?<!\d)\d{16,}(?!\d)"
)
"""Eleven digits as an INSS is written, and what is longer than any receipt number (15 digits)."""
INSS_DIGITS = 11


class Masked(logging.Formatter):
    """`level message`, with whatever looks like a national number masked, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        """The line to write."""
        return masked(super().format(record))


def masked(text: str) -> str:
    """`text` with the middle of every national number taken out: the last line of defence."""
    return NUMBER.sub(_mask, text)


def _mask(found: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", found[0])
    if len(digits) == INSS_DIGITS:
        try:
            parse_inss(digits)
        except IdentifierError:
            return found[0]  # a receipt number, a time, a reference
    return mask_inss(digits)


def to_stderr(level: int = logging.INFO) -> None:
    """Sends our log there; libraries are heard from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Masked("%(levelname)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for ours in ("agent", "drivers"):
        logging.getLogger(ours).setLevel(level)
