"""Files that travel with the package: examples, catalogues, fonts, the page.

They lie under `agent/` in a checkout and in the wheel alike (`agent/examples` is a link to
`config/`, which the wheel resolves), so that one rule finds them in both.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def resource(name: str) -> Path:
    """The path of a packaged file, by its name relative to `agent/`: `examples/roster.example.csv`.

    Raises FileNotFoundError when it did not come with the installation.
    """
    path = _PACKAGE / name
    if not path.exists():
        raise FileNotFoundError(
            f"{path} is missing from the installation; install werfpoort again from its wheel"
        )
    return path
