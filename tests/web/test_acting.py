"""What a button of the page asks of the gate."""

from __future__ import annotations

import pytest

from agent.web.acting import NoSuchDeed, question

FORM = {
    "incident": "i1",
    "step": "phone-no",
    "cause": "own",
    "number": "4711",
    "count": "2",
}


@pytest.mark.parametrize(
    "deed", ["step", "confirm", "reference", "list", "copy", "looked", "filled"]
)
def test_whatever_the_page_asks_says_that_it_came_by_the_page_and_who_asked(deed: str) -> None:
    _, asked = question(deed, FORM, "An Aerts")
    assert (asked["by"], asked["who"]) == ("page", "An Aerts")


def test_what_no_button_asks_is_refused() -> None:
    for deed, form in (("erase", FORM), ("step", {**FORM, "step": "exempt"}), ("copy", {})):
        with pytest.raises(NoSuchDeed):
            question(deed, form, "")
