"""Small files as people send them, and what each row must become: in the database, not on the way.

Costs are worked out by hand from the providers' price lists of the map's day, USD a million tokens.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from footprint.event import TOKENS, UsageEvent
from footprint.ingest.database import database_sender
from footprint.ingest.importers import ImportJob, import_file
from footprint.ingest.mapping import Instructions
from footprint.ingest.pricing import price_map
from house import Database

FOLDER = Path(__file__).parents[1] / "fixtures/field"
NO_PRICE = "unknown: no price for this model"
NO_TIER = "unknown: no price for this tier of service"
UNREAD = "unknown: usage that was not understood"


class Row(NamedTuple):
    """What a row becomes.

    Args:
        tokens: uncached input, read from and written to a cache, text, reasoning.
        cost: in USD; None is unknown.
        source: how the cost is known, or why not; "map" is LiteLLM's price map.
        weighed: whether an impact may be stated: of text, all of whose tokens are known.
    """

    tokens: tuple[int | None, ...]
    cost: str | None
    source: str = "map"
    tools: str | None = None
    quantities: Mapping[str, Any] = {}
    flags: tuple[str, ...] = ()
    tier: str | None = None
    weighed: bool = True
    reported: tuple[str, str] | None = None


class File(NamedTuple):
    """A file, what its person says of it, and its rows."""

    name: str
    rows: tuple[Row, ...]
    columns: Mapping[str, str] = {}
    constants: Mapping[str, str] = {}


NONE = (None, None, None, None, None)
SMALL = (100, None, None, 20, None)
THOUSAND = (1000, None, None, 100, None)
BEDROCK = {"provider": "bedrock"}
FILES = [
    # Cost without tokens: whatever a request was billed by, its cost is known.
    File(
        "tokenless_cost.jsonl",
        (Row(NONE, "0.006", "imported"), Row(SMALL, "0.00045", "imported")),
    ),
    File(
        "only_a_cost.csv",
        tuple(Row(NONE, cost, "imported") for cost in ("0.048", "0.03", "0.04", "0.002")),
    ),
    # 60 s × 0.0001.
    File(
        "transcription_by_duration.jsonl",
        (Row(NONE, "0.006", quantities={"audio_seconds": 60}),),
    ),
    # 12 pages × 0.004; the price of a batch beside it is another price, not another size.
    File("mistral_ocr.jsonl", (Row(NONE, "0.048", quantities={"pages": 12}),)),
    # 2 searches × 0.002.
    File("cohere_rerank.jsonl", (Row(NONE, "0.004", quantities={"search_units": 2}),)),
    File("image_without_price.jsonl", (Row(NONE, None, NO_PRICE, quantities={"images": 3}),)),
    # Fields dropped, then called wholly known.
    # 200 × 4 + 2000 × 0.4 + 400 × 5 + 100 × 20.
    File("openai_responses.jsonl", (Row((200, 2000, 400, 40, 60), "0.0056"),)),
    # 100 × 0.28 + 900 × 0.028 + 50 × 0.42 = 28 + 25.2 + 21.
    File("deepseek_cache_hit.jsonl", (Row((100, 900, None, 50, None), "0.0000742"),)),
    # 10 × 2.5 + 100 × 32 + 20 × 10 + 200 × 64 = 25 + 3200 + 200 + 12,800.
    File(
        "openai_audio.jsonl",
        (
            Row(
                (110, 0, None, 220, 0),
                "0.016225",
                quantities={"audio_input_tokens": 100, "audio_output_tokens": 200},
                weighed=False,
            ),
        ),
    ),
    # 1000 × 3 + 100 × 15, and three searches at 10 a thousand.
    File(
        "anthropic_web_search.jsonl",
        (Row((1000, 0, 0, 100, None), "0.0345", tools="0.03", quantities={"web_searches": 3}),),
    ),
    # 1000 × 0.3 + 500 × 2.5: 300 tokens of thinking stand in the total alone.
    File(
        "langfuse_total_only.jsonl",
        (Row((1000, None, None, 200, 300), "0.00155", flags=("tokens_from_total",)),),
    ),
    # 1000 × 3 + 5000 × 0.3 + 2000 × 3.75 + 100 × 15: a log names no hour.
    File(
        "bedrock_converse_log.jsonl",
        (Row((1000, 5000, 2000, 100, None), "0.0135"),),
        {"model": "modelId"},
        BEDROCK,
    ),
    # As before, but 500 of the writes are kept for an hour, at 6.
    File(
        "bedrock_converse_usage.jsonl",
        (
            Row(
                (1000, 5000, 2000, 100, None),
                "0.014625",
                quantities={"cache_write_1h_tokens": 500},
            ),
        ),
    ),
    # 3 × 3 + 9000 × 0.3 + 2000 × 6 + 400 × 15.
    File(
        "claude_code.jsonl",
        (
            Row(
                (3, 9000, 2000, 400, None),
                "0.020709",
                quantities={"cache_write_1h_tokens": 2000},
            ),
        ),
    ),
    # 71 × 0.15 + 100 × 0.6: tokens read, as LiteLLM prices them.
    File("cohere_chat.jsonl", (Row((71, None, None, 100, None), "0.00007065"),)),
    File(
        "openrouter_activity.csv",
        (Row((200, 1000, None, 60, 30), "0.00225", "imported"),),
        {"model": "model_permaslug", "cost_usd": "cost_total"},
        {"provider": "openrouter"},
    ),
    # 71,500,000 ticks of 10^-10 USD; xAI leaves reasoning out of its output.
    File("xai_ticks.jsonl", (Row((800, 200, None, 20, 300), "0.00715", "imported"),)),
    File("perplexity_cost.jsonl", (Row((14, None, None, 300, None), "0.005314", "imported"),)),
    # 500 × 0.3 + 100 × 1 (audio) + 400 × 0.03 + 500 × 2.5; what it only heard is weighed as nothing.
    File(
        "gemini_usage_metadata.jsonl",
        (
            Row(
                (600, 400, None, 200, 300),
                "0.001512",
                quantities={"audio_input_tokens": 100},
                weighed=False,
            ),
        ),
    ),
    # 250 × 2.5 + 100 × 1.25 + 240 × 10.
    File("langchain.jsonl", (Row((250, 100, None, 40, 200), "0.00315"),)),
    # 600 × 2.5 + 400 × 1.25 + 200 × 10.
    File("usage_as_json_text.csv", (Row((600, 400, None, 200, None), "0.004"),)),
    # 1000 × 0.02; a total alone is all input: an embedding writes nothing.
    File(
        "embedding.jsonl",
        (
            Row((1000, None, None, None, None), "0.00002"),
            Row((1000, None, None, None, None), "0.00002", flags=("tokens_from_total",)),
        ),
    ),
    # 50 × 5 + 100 × 10 + 4160 × 40.
    File(
        "image_by_tokens.jsonl",
        (
            Row(
                (150, None, None, 4160, None),
                "0.16765",
                quantities={"image_input_tokens": 100},
                weighed=False,
            ),
        ),
    ),
    # Flex and batch: half of 1000 × 1.25 + 100 × 10; priority: double; gpt-4-turbo has no flex.
    File(
        "flex_and_batch.jsonl",
        (
            Row(THOUSAND, "0.001125", tier="flex"),
            Row(THOUSAND, "0.0045", tier="priority"),
            Row(THOUSAND, "0.001125", tier="batch"),
            Row(THOUSAND, "0.00225"),
            Row(THOUSAND, None, NO_TIER, tier="flex"),
        ),
    ),
    # A total that vouches for the rest says that these tokens lie within; without one they may not.
    File(
        "smell_tokens.jsonl",
        (
            Row(SMALL, None, UNREAD, flags=("unread: usage.prompt_tokens_details.smell_tokens",)),
            Row(
                SMALL,
                None,
                UNREAD,
                flags=("tokens_unread", "unread: usage.smell_tokens"),
                weighed=False,
            ),
        ),
    ),
    File("money_without_currency.csv", (Row(SMALL, None, UNREAD, flags=("unread: cost",)),)),
    File("cost_eur.csv", (Row(SMALL, None, "imported", reported=("5.00", "EUR")),)),
    File(
        "cost_and_currency.csv",
        (
            Row(SMALL, None, "imported", reported=("12.50", "GBP")),
            Row(SMALL, "0.5", "imported"),
        ),
    ),
]


@pytest.fixture(scope="module")
def rated(module_database: Database) -> Database:
    """A database that knows what a pound is: without a rate its rows are refused, with a reason."""
    rate = json.dumps({"GBP": {"2026-11-20": "1.15"}})
    module_database.one("select private.set_currency_rates(%s, 'test')", [rate])
    return module_database


def test_every_file_of_the_folder_is_held_against_what_it_must_become() -> None:
    held = {file.name for file in FILES}
    assert held == {path.name for path in FOLDER.iterdir()} - {"README.md"}


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_a_file_becomes_what_its_provider_would_bill(
    file: File, rated: Database, tmp_path: Path
) -> None:
    ids: list[str] = []
    job = ImportJob(
        FOLDER / file.name,
        Instructions(columns=file.columns, constants=file.constants),
        tmp_path / "rejects.csv",
        tmp_path / "data",
    )
    with database_sender(rated.url) as destination:
        tally = import_file(
            job, price_map(), destination, observe=lambda event: ids.append(str(event.event_id))
        )
    assert (tally.inserted, tally.rejected) == (len(file.rows), 0)
    for event_id, row in zip(ids, file.rows, strict=True):
        _is_stored(rated, event_id, row)


def _is_stored(database: Database, event_id: str, row: Row) -> None:
    [stored] = database.rows(
        "select to_jsonb(l) || jsonb_build_object('cost', l.cost_usd::text,"
        " 'tools', l.cost_tools_usd::text, 'amount', l.reported_cost::text)"
        " from public.request_logs l where event_id = %s",
        [event_id],
    )
    said: dict[str, Any] = stored[0]
    assert tuple(said[name] for name in TOKENS) == row.tokens
    if row.reported is None:
        assert (said["amount"], said["reported_currency"]) == (None, None)
        assert _amount(said["cost"]) == _amount(row.cost)
    else:
        assert (_amount(said["amount"]), said["reported_currency"]) == (
            Decimal(row.reported[0]),
            row.reported[1],
        )
    assert _amount(said["tools"]) == _amount(row.tools)
    source = price_map().source if row.source == "map" else row.source
    assert said["price_source"] == source
    assert (said["quantities"] or {}) == dict(row.quantities)
    assert tuple(said["flags"] or ()) == row.flags
    assert said["service_tier"] == row.tier
    if not row.weighed:
        impact = (said["energy_kwh"], said["carbon_gco2e"], said["water_l"])
        assert impact == (None, None, None)
        assert said["impact_reason"] in ("not_text", "not_modelled", "tokens_unread")


def test_what_is_of_audio_is_priced_but_not_weighed_as_text(
    database: Database, tmp_path: Path
) -> None:
    job = ImportJob(
        FOLDER / "openai_audio.jsonl", Instructions(), tmp_path / "rejects.csv", tmp_path / "data"
    )
    with database_sender(database.url) as destination:
        import_file(job, price_map(), destination)
    assert database.rows("select cost_usd, energy_kwh, impact_reason from public.request_logs") == [
        (Decimal("0.016225"), None, "not_text")
    ]


def test_known_costs_add_up_whatever_they_are_billed_by(database: Database, tmp_path: Path) -> None:
    job = ImportJob(
        FOLDER / "tokenless_cost.jsonl", Instructions(), tmp_path / "rejects.csv", tmp_path / "data"
    )
    with database_sender(database.url) as destination:
        import_file(job, price_map(), destination)
    rows = database.rows("select sum(cost_usd), count(*) from public.request_logs")
    assert rows == [(Decimal("0.00645"), 2)]
    assert database.rollup_differences() == 0


def test_a_file_of_every_shape_is_the_same_whether_nested_flat_or_a_table(tmp_path: Path) -> None:
    usage = {
        "promptTokenCount": 1000,
        "candidatesTokenCount": 200,
        "thoughtsTokenCount": 300,
        "cachedContentTokenCount": 400,
        "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 100}],
    }
    row = {"timestamp": "2026-11-20", "model": "gemini-2.5-flash", "provider": "gemini"}
    flat = row | {f"usageMetadata.{name}": value for name, value in usage.items()}
    lines = [json.dumps(flat), json.dumps(row | {"usageMetadata": usage})]
    text = json.dumps(usage).replace('"', '""')
    (tmp_path / "rows.jsonl").write_text("\n".join(lines) + "\n")
    (tmp_path / "rows.csv").write_text(
        f'{",".join(row)},usageMetadata\n{",".join(row.values())},"{text}"\n'
    )
    found: list[UsageEvent] = []
    for name in ("rows.jsonl", "rows.csv"):
        job = ImportJob(tmp_path / name, Instructions(), tmp_path / "r.csv", tmp_path / "data")
        import_file(job, price_map(), None, observe=found.append)
    facts = {(e.tokens_input, e.tokens_output, e.cost_usd, str(e.quantities)) for e in found}
    assert len(found) == 3
    assert facts == {(1000, 500, Decimal("0.001512"), "{'audio_input_tokens': 100}")}


def _amount(written: str | None) -> Decimal | None:
    return None if written is None else Decimal(written).normalize()
