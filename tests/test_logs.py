"""What may stand in the log."""

from __future__ import annotations

import logging

import pytest

from agent.logs import Masked, masked


@pytest.mark.parametrize("written", ["85011512355", "85.01.15-123.55", "850115-123.55"])
def test_a_national_number_is_masked_however_it_is_written(written: str) -> None:
    assert masked(f"worker {written} refused") == "worker 850115•••55 refused"


def test_a_limosa_number_is_masked() -> None:
    assert "58641968" not in masked("limosa 24910158641968060")


def test_a_receipt_number_is_left_as_it_is() -> None:
    text = "receipt=100000000000001 receipt=12345678901 at=1763960100000"
    assert masked(text) == text


def test_a_traceback_is_masked_too() -> None:
    try:
        raise ValueError("INSS 85011512355 is bad")
    except ValueError:
        record = logging.getLogger("agent").makeRecord(
            "agent", logging.ERROR, "f", 1, "failed", (), __import__("sys").exc_info()
        )
    assert "85011512355" not in Masked("%(message)s").format(record)
