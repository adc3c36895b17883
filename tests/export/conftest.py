"""The journal that bundles are made of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.sandbox.firms import Site, two_days


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A gate after two days of three firms."""
    with two_days(tmp_path) as site:
        yield site
