"""What was taken away from the journal, and by whom: the memory of the exports."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

import msgspec

from agent.core.journal_records import BundleExported
from agent.core.records import kind_of


def exports(connection: sqlite3.Connection) -> Iterator[BundleExported]:
    """Every bundle that was taken away whole, the first one first."""
    found = connection.execute(
        "SELECT body FROM entry JOIN payload USING (seq) WHERE kind = ? ORDER BY seq",
        (kind_of(BundleExported),),
    )
    return (msgspec.json.decode(body, type=BundleExported) for (body,) in found)


def exported_upto(connection: sqlite3.Connection, companies: Sequence[str]) -> int:
    """The entry up to which each of these took theirs away; 0 when one of them never did."""
    reached = dict.fromkeys(companies, 0)
    for bundle in exports(connection):
        if bundle.company in reached:
            reached[bundle.company] = max(reached[bundle.company], bundle.upto)
    return min(reached.values(), default=0)
