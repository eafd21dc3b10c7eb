"""Names that the set lacks: one reading for estimates and for resolving, from shipped tables."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footprint.cli import main
from footprint.config import get_settings
from footprint.impact import estimate
from footprint.impact import resolution as rooms
from footprint.impact.engine import TEXT
from footprint.impact.prices import read_price_map, request_name
from footprint.impact.registry import read_registry
from footprint.impact.resolution import match_written, resolved
from footprint.impact.resolving import match_names, resolve
from footprint.impact.shipped import shipped
from footprint.impact.sizes import later_sizes, ollama_tags, read_rows, registry_models
from footprint.impact.written import LONGEST_NAME, read_written
from house import Database, event

LIB = Path(__file__).parents[2] / "lib"
# Modes of LiteLLM's map that are not text. Its evaluators and searches are language models.
NOT_TEXT_MODES = {
    *("image_generation", "image_edit", "video_generation", "realtime", "rerank", "ocr"),
    *("audio_transcription", "audio_speech", "moderation"),
}


def test_the_snapshot_of_the_registry_is_the_registry_the_set_was_built_with() -> None:
    assert registry_models() == list(read_registry().sizes)


def test_every_further_table_names_its_source_and_a_possible_size() -> None:
    for table in ("later_sizes.csv", "ollama_tags.csv", "hosted_names.csv"):
        assert all(row["url"].startswith("https://") for row in read_rows(table))
    for size in (*later_sizes(), *(tagged.size for tagged in ollama_tags())):
        assert 0 < size.active_mid_b <= size.total_mid_b <= 3000
    families = [tagged.family for tagged in ollama_tags() if tagged.default]
    assert len(families) == len(set(families)) > 150


@pytest.mark.parametrize(
    ("name", "total_b"),
    [
        ("deepseek-r1", 8.19),  # not the 671B
        ("devstral", 23.6),  # not devstral-2512 of 123B
        ("llama4", 109),
        ("qwen3-coder", 30.5),
        ("qwen3:235b-a22b-instruct-2507-q4_K_M", 235),
        ("llama3.3:8b", 8),  # a tag that nobody listed says its size
        ("deepseek-r1:my-own-tag", None),
        ("someone/deepseek-r1", None),
        ("a-new-family", None),
    ],
)
def test_a_name_of_ollama_means_what_its_registry_means(name: str, total_b: float | None) -> None:
    for provider in ("ollama", "ollama_chat"):
        size = match_written(provider, name.lower()).size
        assert (size.total_mid_b if size else None) == total_b


def test_what_litellm_lists_as_something_else_than_text_gets_no_factor_for_text() -> None:
    entries = [(k, e) for k, e in read_price_map().items() if e.get("mode") in NOT_TEXT_MODES]
    assert len(entries) > 700
    found = {name: resolved("x", *name) for name in (request_name(k, e) for k, e in entries)}
    assert [name for name, factor in found.items() if factor and factor.kind == TEXT] == []


@pytest.mark.parametrize(
    "name", ["sagemaker/my-endpoint-70b-prod", "azure/llm-70b", "hosted_vllm/sophia-13b"]
)
def test_a_size_alone_in_an_id_that_its_owner_chose_is_weak_and_off(name: str) -> None:
    provider, _, model = name.partition("/")
    assert match_written(provider, model).rung == "weak"
    assert estimate(provider, model, 9, 9).impact.reason == "no_factor"
    assert match_names("2026.11", [(provider, model)]) == []
    (taken,) = match_names("2026.11", [(provider, model)], weak=True)
    assert (taken.match, taken.sources["weak"]) == ("parameters", "chosen id")


def test_a_family_beside_the_size_makes_it_strong() -> None:
    for name in ("llama-3.3-70b-prod", "my-org/qwen2.5-72b-support", "team-a-mistral-7b"):
        assert match_written("hosted_vllm", name).rung in {"alias", "parameters"}


def test_a_measurement_is_of_the_weights_as_they_were_measured() -> None:
    plain = resolved("x", "openrouter", "meta-llama/llama-3.1-8b-instruct:free")
    stored = resolved("x", "hosted_vllm", "nvidia/llama-3.1-8b-instruct-fp8")
    assert plain and stored
    assert (plain.evidence, stored.evidence) == ("measured", "open")
    assert plain.parameters_total_b == stored.parameters_total_b == 8.03


def test_a_size_without_its_active_part_is_no_dense_model_of_a_trillion() -> None:
    assert match_written("some-host", "acme-1t").rung == "none"
    assert match_written("some-host", "acme-400b-instruct").rung == "none"
    for name in ("gpt-oss-120b-high-throughput", "qwen3-235b-2507-cs"):
        size = match_written("some-host", name).size
        assert size and size.active_mid_b < 23


def test_the_names_of_the_set_keep_the_sets_factor() -> None:
    factor = estimate("ollama", "llama2:7b", 9, 9).factor
    assert factor and "resolved" not in factor.sources
    assert factor == next(f for f in shipped().factors if f.factor_id == factor.factor_id)


def test_an_estimate_by_name_cites_the_size_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert "ollama:deepseek-r1" in estimate("ollama", "deepseek-r1", 9, 9).citations
    assert "later:step-3.5-flash" in estimate("x", "step-3.5-flash", 9, 9).citations
    assert main(["estimate", "ollama/deepseek-r1", "--out", "10"]) == 0
    shown = capsys.readouterr().out
    assert "by its name (not in the set)" in shown and "https://ollama.com/library" in shown


def test_names_without_end_fill_no_memory() -> None:
    for number in range(5000):
        estimate("acme", f"nobody-{number}", 9, 9)
    assert resolved.cache_info().currsize <= 4096
    assert estimate("acme", "llama-8b-" + "x" * LONGEST_NAME, 9, 9).factor is None


@given(
    st.text(max_size=80), st.sampled_from(["ollama", "bedrock", "openrouter", "huggingface", ""])
)
def test_no_name_breaks_the_reading(name: str, provider: str) -> None:
    assert read_written(provider, name) == read_written(provider, name.lower())
    resolved("x", provider, name.lower())


def test_an_installation_of_the_base_alone_estimates_by_name() -> None:
    program = (
        "import sys, json; from footprint.impact import estimate;"
        "found = [estimate(p, m, 9, 9).factor for p, m in"
        " [('ollama', 'deepseek-r1'), ('openrouter', 'openai/gpt-4o'), ('x', 'mystery')]];"
        "third = {m.split('.')[0] for m in sys.modules} - set(sys.stdlib_module_names);"
        "print(json.dumps([[f and f.parameters_total_b for f in found], sorted(third)]))"
    )
    start = f"import sys; sys.path.insert(0, {str(LIB)!r}); "
    run = subprocess.run(
        [sys.executable, "-S", "-c", start + program], capture_output=True, text=True, check=True
    )
    sizes, third = json.loads(run.stdout)
    assert sizes == [8.19, 440.0, None]
    assert set(third) <= {"footprint", "__main__"}


def test_the_tables_are_not_read_for_names_of_the_set() -> None:
    program = (
        "import sys; from footprint import estimate; estimate('openai', 'gpt-4o', 9, 9);"
        f"print({rooms.__name__!r} in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "False"


@pytest.fixture
def operator(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setenv("SUPABASE_DB_URL", database.url)
    get_settings.cache_clear()
    yield database
    get_settings.cache_clear()


def test_the_command_names_weak_matches_and_takes_them_when_told(
    operator: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    operator.store(event(provider="sagemaker", model="My-Endpoint-70b-prod"))
    assert main(["resolve"]) == 0
    assert "(weak: nothing but a size in its id)" in capsys.readouterr().out
    assert main(["resolve", "--weak"]) == 0
    assert "1 requests have an impact now that had none" in capsys.readouterr().out
    row = operator.rows("select match, impact_reason from public.request_logs")
    assert row == [("parameters", None)]


def test_requests_to_a_family_of_ollama_get_its_default(database: Database) -> None:
    database.store(event(provider="ollama", model="deepseek-r1"))
    (factor,) = resolve(database.url).matched
    assert (factor.parameters_total_b, factor.sources["matched"]) == (8.19, "ollama/deepseek-r1:8b")
