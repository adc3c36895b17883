"""A shelf is a map that is never changed in place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.core.shelf import Shelf

changes = st.lists(st.tuples(st.booleans(), st.integers(0, 700), st.integers()))


@given(changes)
def test_a_shelf_holds_what_a_dict_would(plan: list[tuple[bool, int, int]]) -> None:
    shelf: Shelf[int, int] = Shelf()
    plain: dict[int, int] = {}
    for put, key, value in plan:
        before, held = shelf, dict(plain)
        if put:
            shelf, plain[key] = shelf.put(key, value), value
        else:
            shelf = shelf.drop(key)
            plain.pop(key, None)
        assert dict(before.items()) == held
    assert list(shelf.items()) == sorted(plain.items())
    assert len(shelf) == len(plain)
    assert all((key in shelf) == (key in plain) for key in range(700))


@given(st.dictionaries(st.text(), st.integers()))
def test_shelves_are_equal_whatever_the_order_in_which_they_were_filled(
    plain: dict[str, int],
) -> None:
    one: Shelf[str, int] = Shelf()
    other: Shelf[str, int] = Shelf()
    for key, value in plain.items():
        one = one.put(key, value)
    for key, value in reversed(plain.items()):
        other = other.put(key, value)
    assert one == other
    assert list(one) == list(other)
