"""An order to a process of its own, and the ways in which no answer comes."""

from __future__ import annotations

import pytest

from agent import child


def test_a_process_that_says_something_else_or_nothing_is_told_apart_from_one_that_hangs() -> None:
    with pytest.raises(child.Silent, match="JSON"):
        child.told("this", {}, dict, 30.0)
    with pytest.raises(child.Silent):
        child.told("no_such_module_anywhere", {}, dict, 30.0)
    with pytest.raises(child.Late, match="after 0 s"):
        child.told("timeit", {}, dict, 0.01)
