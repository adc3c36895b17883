"""A document as a PDF on A4 sheets, made in a process of its own; reportlab is never loaded here.

    pdf = as_pdf(document, title="G1-20261124-1", language="nl")

Takes a second or so: call it in a job, never on the loop. Lists, reports and notices all come this
way, of the blocks that a thermal printer gets.
"""

from __future__ import annotations

import subprocess
import sys

from .base import DeviceError
from .paper import Document, document_to_json

TIMEOUT_S = 60.0  # a list of 500 people takes 2 s on a laptop, some 10 on a slow Pi


def as_pdf(document: Document, title: str, language: str = "") -> bytes:
    """The PDF. `title` stands in the foot of each sheet and in the reader's window; `language`
    (nl, fr, …) is for a machine that reads it aloud.

    Raises DeviceError when the process cannot be started, fails, or takes longer than `TIMEOUT_S`.
    """
    order = document_to_json(document, {"title": title, "language": language})
    hint = "Free memory or restart the gate, and ask again."
    try:
        done = subprocess.run(
            [sys.executable, "-m", "drivers.pdf_process"],
            input="".join(order).encode(),
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise DeviceError(f"PDF: not made within {TIMEOUT_S:.0f} s", hint) from error
    except OSError as error:
        raise DeviceError(f"PDF: cannot start the process that makes it: {error}", hint) from error
    if done.returncode or not done.stdout.startswith(b"%PDF"):
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise DeviceError(f"PDF: not made: {last or f'exit code {done.returncode}'}", hint)
    return done.stdout
