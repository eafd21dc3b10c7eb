"""A month before and after prices by hand: its files have the cost, and nothing else is different."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from exporting import file_of, read
from footprint.local.stack import Stack
from house import Database, event
from web import Web, knowing, web_over

MONTH = "2026-10"
UNPRICED = {"provider": "acme", "model": "ocr", "cost_usd": None, "price_source": None}
TOKENLESS = UNPRICED | {"tokens_input_uncached": None, "tokens_output_text": None}
COSTS = {"statement": "cost_eur", "requests": "cost_eur", "focus": "BilledCost"}
# What follows from a price, by file.
CHANGED = {
    "statement": {
        *("priced", "cost_eur", "cost_usd"),
        *("restored_m2_verified", "restored_m2_pending"),
    },
    "requests": {"cost_eur", "cost_usd", "price_source", "fx_eur_per_usd", "fx_date"},
}


@pytest.fixture
def october(stack: Stack, database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    with web_over(stack, database) as web:
        database.execute("insert into public.fx_rates values ('2000-01-01', 0.5, 'test')")
        database.store(
            event(),
            event(**TOKENLESS, quantities={"pages": 4}),
            event(**TOKENLESS, quantities={"pages": 6}, user_id=None, tags=["t"]),
            event(**TOKENLESS, quantities={"pages": 1, "images": 1}),
            event(**UNPRICED),
            event(**UNPRICED, quantities={"web_searches": 1}),
        )
        yield from knowing(web, monkeypatch)


def month(kind: str) -> list[dict[str, str]]:
    return read(file_of(f"/export/{kind}.csv?month={MONTH}"))[1]


def test_the_months_files_have_what_was_priced_and_nothing_else_changed(october: Web) -> None:
    before = {kind: month(kind) for kind in COSTS}
    calls = (
        "price_unpriced_unit('acme', 'ocr', null, 'pages', 0.002, 'contract', true)",
        "price_unpriced('acme', 'ocr', 2, 2, 2, 10, 'contract', true)",
    )
    for call in calls:
        october.database.one(f"select public.{call}", actor="admin")
    after = {kind: month(kind) for kind in COSTS}
    # 10 pages at 0.002 $, and 1,000 × 2 + 200 × 10 millionths of a dollar for text.
    for kind, column in COSTS.items():
        known = [sum(Decimal(line[column] or 0) for line in of[kind]) for of in (before, after)]
        assert known == [Decimal("0.00225"), Decimal("0.01425")], kind
    for kind, follows in CHANGED.items():
        assert len(before[kind]) == len(after[kind])
        for old, new in zip(before[kind], after[kind], strict=True):
            assert {name for name in new if new[name] != old[name]} <= follows
    assert sum(int(line["billable"]) - int(line["priced"]) for line in after["statement"]) == 2
    assert october.database.rollup_differences() == 0
