"""Embeddings weigh by what they read; what nobody models stays unknown, whatever its model."""

from __future__ import annotations

import json
import math
import statistics

import pytest

from footprint.impact import constants as c
from footprint.impact import estimate
from footprint.impact.engine import EMBEDDING, KIND_OF_CALL, energy_from_size
from footprint.impact.ladder import Catalogue, match, match_embedding
from footprint.impact.prices import embedding_models, read_price_map
from footprint.impact.registry import read_registry
from footprint.impact.resolving import match_names, resolve
from footprint.impact.shipped import shipped
from footprint.impact.sizes import disclosed_sizes, embedding_sizes, read_rows, retired_models
from house import Database, event

UNMODELLED = [
    *("rerank", "moderation", "image_generation", "image_edit", "transcription", "speech"),
    *("realtime", "video_generation", "ocr", "pass_through", "never-heard-of"),
]
AMOUNTS = "energy_kwh, carbon_gco2e, carbon_gco2e_low, carbon_gco2e_high, water_l"


@pytest.fixture(scope="module")
def embeddings() -> Catalogue:
    return Catalogue((), embedding_sizes(), ())


def test_an_embedding_worked_out_by_hand() -> None:
    """bge-m3 has 0.303 B parameters at work: 2 x 0.303e9 / 5e11 = 0.001212 J a token.

    10,000 tokens: 12.12 J on the accelerators, x 1.6 for the server x 1.2 PUE = 23.2704 J =
    6.464e-6 kWh. On the world's grid of 458.29 g/kWh that is 0.002962387 g; making the hardware adds
    12.12 J x 3.1e-5 g/J = 0.00037572 g.
    """
    impact = estimate("libertai", "bge-m3", 10_000, 0).impact
    assert impact.energy_kwh and impact.carbon_gco2e
    assert impact.energy_kwh.mid == pytest.approx(6.464e-6, rel=1e-9)
    assert impact.carbon_gco2e.mid == pytest.approx(0.002962387 + 0.00037572, rel=1e-6)
    assert impact.energy_kwh.high == pytest.approx(5 * impact.energy_kwh.mid)
    assert impact.energy_kwh.low == pytest.approx(impact.energy_kwh.mid / 5)


@pytest.mark.parametrize(
    ("provider", "model", "rung", "at_work"),
    [
        ("libertai", "bge-m3", "exact", 0.303),
        ("novita", "baai/bge-m3", "alias", 0.303),
        ("databricks", "databricks-gte-large-en", "alias", 0.434),
        ("databricks", "databricks-qwen3-embedding-0-6b", "alias", 0.44),
        ("fireworks_ai", "accounts/fireworks/models/qwen3-embedding-0p6b", "alias", 0.44),
        ("nebius", "intfloat/e5-mistral-7b-instruct", "alias", 6.98),
        ("ollama", "nomic-embed-text", "exact", 0.137),
        ("perplexity", "pplx-embed-v1-4b", "parameters", 4),
        ("openai", "text-embedding-3-large", "none", None),
        ("cohere", "embed-english-v3.0", "none", None),
        ("bedrock", "amazon.titan-embed-text-v2:0", "none", None),
        ("voyage", "voyage-3-large", "none", None),
        ("together_ai", "together-ai-embedding-up-to-150m", "none", None),
        ("groq", "qwen/qwen3-32b", "none", None),  # a size in the name, and no embedding model
    ],
)
def test_an_embedding_model_is_taken_for_what_it_is(
    embeddings: Catalogue, provider: str, model: str, rung: str, at_work: float | None
) -> None:
    found = match_embedding(provider, model, embeddings)
    assert found.rung == rung
    assert (found.size.active_mid_b if found.size else None) == pytest.approx(at_work)


@pytest.mark.parametrize(
    "model", ["qwen3-embedding-8b", "pplx-embed-v1-4b", "text-embedding-3-large"]
)
def test_an_embedding_model_is_never_taken_for_one_that_writes(model: str) -> None:
    catalogue = Catalogue(read_registry().sizes, disclosed_sizes(), retired_models())
    assert match("acme", model, 1.0, catalogue).rung == "none"


def test_every_size_has_a_source_a_date_and_parameters_that_can_be() -> None:
    for row in read_rows("embedding_sizes.csv"):
        assert row["title"] and row["url"].startswith("https://")
        year, month = row["date"].split("-")
        assert 2019 <= int(year) <= 2026 and 1 <= int(month) <= 12
        assert 0 < float(row["active_b"]) <= float(row["total_b"]) < 20


def test_the_two_bounds_that_are_known_lie_within_the_band() -> None:
    of_7b = c.EMBEDDING_J_PER_B * 6.98
    by_input_weight = energy_from_size(7.11, 7.11) * c.WEIGHT_INPUT
    assert 1 < of_7b / by_input_weight < c.EMBEDDING_BANDS["open"]
    # An A10G at its full 300 W that reads 230,000 tokens a second with arctic-embed-m-v1.5.
    by_a10g = 300 / 230_000
    assert 1 < by_a10g / (c.EMBEDDING_J_PER_B * 0.086) < c.EMBEDDING_BANDS["open"]


def test_a_price_says_nothing_about_the_size_of_an_embedding_model(embeddings: Catalogue) -> None:
    pairs: list[tuple[float, float]] = []
    by_model: dict[str, list[float]] = {}
    for key, entry in read_price_map().items():
        price = float(entry.get("input_cost_per_token") or 0) * 1e6
        if entry.get("mode") != "embedding" or not price:
            continue
        size = match_embedding("", key.split("/")[-1].lower(), embeddings).size
        if size:
            pairs.append((math.log(size.active_mid_b), math.log(price)))
            by_model.setdefault(size.name, []).append(price)
    assert len(pairs) >= 20
    assert statistics.correlation(*zip(*pairs, strict=True)) ** 2 < 0.4
    qwen = by_model["qwen3-embedding-8b"]
    assert max(qwen) / min(qwen) == pytest.approx(10)


def test_every_open_embedding_model_of_litellm_has_a_factor_and_no_closed_one() -> None:
    known = {(f.provider, f.model): f for f in shipped().factors if f.kind == EMBEDDING}
    listed = {(m.provider, m.model) for m in embedding_models(read_price_map())}
    assert set(known) <= listed and len(known) >= 30
    closed = ("openai", "azure", "cohere", "gemini", "vertex_ai", "voyage", "bedrock", "mistral")
    assert not [name for name in known if name[0] in closed]
    for factor in known.values():
        assert (factor.weight_input, factor.weight_cached) == (1, 1)
        assert factor.embodied_gco2e_per_token_out == 0 < factor.embodied_gco2e_per_token_in
        assert factor.evidence == "open" and factor.band == c.EMBEDDING_BANDS["open"]


def test_sql_and_python_agree_on_what_each_call_is(module_database: Database) -> None:
    for call in [*KIND_OF_CALL, *UNMODELLED]:
        found = module_database.one("select private.kind_of_call(%s)", [call])
        assert found == KIND_OF_CALL.get(call), call


@pytest.mark.parametrize("call", ["chat", "embedding", *UNMODELLED])
@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-4o"),
        ("novita", "baai/bge-m3"),
        ("openai", "text-embedding-3-small"),
        ("cohere", "rerank-v3.5"),
    ],
)
def test_a_call_of_any_type_is_the_same_in_sql_and_python(
    module_database: Database, provider: str, model: str, call: str
) -> None:
    found = estimate(provider, model, 5000, 0, call_type=call)
    [(energy, carbon, low, high, water, factor, reason)] = module_database.rows(
        f"select {AMOUNTS}, factor_id, impact_reason"
        " from private.impact_of(%s, %s, %s, null, false, %s, 0, 5000, 0)",
        [provider, model, call, found.factor_set],
    )
    assert reason == found.impact.reason
    expected = {("openai", "gpt-4o"): "chat", ("novita", "baai/bge-m3"): "embedding"}
    if expected.get((provider, model)) != call:
        assert reason == ("no_factor" if call == "chat" else "not_modelled")
        assert (energy, carbon, water, factor) == (None, None, None, None)
        return
    impact = found.impact
    assert impact.energy_kwh and impact.carbon_gco2e and impact.water_l and found.factor
    assert factor == found.factor.factor_id
    assert (energy, water) == pytest.approx((impact.energy_kwh.mid, impact.water_l.mid), rel=1e-9)
    carbons = impact.carbon_gco2e
    assert (carbon, low, high) == pytest.approx((carbons.mid, carbons.low, carbons.high), rel=1e-9)


def asked(model: str, **fields: object) -> dict[str, object]:
    """Return an embedding of 5,000 tokens."""
    tokens = {"tokens_input_uncached": 5000, "tokens_output_text": 0}
    return event(provider="ollama", model=model, call_type="embedding", **tokens, **fields)


def test_an_embedding_is_filled_once_its_model_is_known_and_a_closed_one_waits(
    database: Database,
) -> None:
    answer = database.store(asked("bge-m3"), asked("text-embedding-3-small"))
    assert answer["unknown_models"] == []
    reasons = "select model, impact_reason, match from public.request_logs order by model"
    assert database.rows(reasons) == [
        ("bge-m3", "not_modelled", None),
        ("text-embedding-3-small", "not_modelled", None),
    ]
    done = resolve(database.url)
    assert [(f.model, f.kind) for f in done.matched] == [("bge-m3", EMBEDDING)]
    assert (done.rows_filled, done.unknown) == (1, ())
    assert database.rows(reasons) == [
        ("bge-m3", None, "exact"),
        ("text-embedding-3-small", "not_modelled", None),
    ]
    assert database.rollup_differences() == 0
    [waiting] = database.one("select public.unknown_models()", actor="admin")
    assert (waiting["model"], waiting["kind"]) == ("text-embedding-3-small", "embedding")


def test_an_admins_size_for_an_embedding_model_counts_what_it_reads(database: Database) -> None:
    database.store(asked("house-embedder"))
    answer = database.one(
        "select public.map_model('ollama', 'house-embedder', 'its card', p_active_b => 0.303,"
        " p_total_b => 0.568, p_kind => 'embedding')",
        actor="admin",
    )
    assert (answer["filled"], answer["left"]) == (1, 0)
    energy, carbon, low = database.rows(
        "select energy_kwh, carbon_gco2e, energy_kwh_low from public.request_logs"
    )[0]
    # As bge-m3 above, half the tokens; the size is said to be an estimate: x/÷ 5.8.
    assert float(energy) == pytest.approx(6.464e-6 / 2, rel=1e-6)
    assert float(carbon) == pytest.approx((0.002962387 + 0.00037572) / 2, rel=1e-6)
    assert float(energy / low) == pytest.approx(5.8, rel=1e-4)


@pytest.mark.parametrize(
    ("kind", "target"), [("embedding", "gpt-4o"), ("text", "baai/bge-m3"), ("picture", "gpt-4o")]
)
def test_a_model_is_mapped_to_one_of_its_own_kind_only(
    module_database: Database, kind: str, target: str
) -> None:
    provider = "novita" if "bge" in target else "openai"
    with pytest.raises(Exception, match=r"has no factor for|text or embedding"):
        module_database.one(
            "select public.map_model('a', 'b', 'said', %s, %s, p_kind => %s)",
            [provider, target, kind],
            actor="admin",
        )


def test_names_that_say_embedding_are_matched_as_embeddings_or_not_at_all() -> None:
    names = [("ollama", "acme-embed-3b"), ("ollama", "acme-embed-large"), ("ollama", "acme-3b")]
    found = {f.model: f.kind for f in match_names("2026.11", names)}
    assert found == {"acme-embed-3b": "embedding", "acme-3b": "text"}


def test_the_command_estimates_an_embedding(capsys: pytest.CaptureFixture[str]) -> None:
    from footprint.cli import main

    assert main(["estimate", "novita/baai/bge-m3", "--in", "10000", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["evidence"] == "open"
    main(["estimate", "novita/baai/bge-m3", "--in", "10000", "--call-type", "rerank"])
    assert "not modelled" in capsys.readouterr().out
