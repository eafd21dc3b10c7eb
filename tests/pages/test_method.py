"""The page Method: anybody's model, their own models twice, the method and how good it is."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from factor_sets import add_set
from footprint.impact.estimation import estimate
from footprint.impact.methodology import sections
from footprint.impact.restating import Scope, restate
from house import event
from screens import figures, open_page, words
from web import Web

METHOD, MAPPING = "pages/method.py", "pages/model_mapping.py"


def press(at: AppTest, label: str) -> None:
    next(button for button in at.button if button.label == label).click()
    at.run()


def test_every_signed_in_person_reads_the_whole_method(
    full: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(monkeypatch, "ann", METHOD)
    text = words(at)
    shown = {section.title: section for section in sections()}
    for title in ("The formula", "Known gaps", "How to cite", "What is in, and what is not"):
        assert title in [heading.value for heading in at.subheader]
        assert shown[title].text.strip()[:60] in text
    assert "published figures lie inside our 90 % band" in text
    assert "EcoLogits: geometric mean ratio" in text
    assert "No figure of this deployment was ever restated." in text


def test_the_calculator_uses_the_deployments_own_set(
    full: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(monkeypatch, "ann", METHOD, {"model": "openai/gpt-4o"})
    # 300 tokens out at 3,600 J, nothing for input: 300 Wh, ×/÷ 2; 100 g and 2 L per kWh.
    assert figures(at)["Energy"] == "300 Wh"
    assert figures(at)["CO₂e"] == "30 g"
    assert figures(at)["Water"] == "600 mL"
    assert "90% range 150–600 Wh" in words(at)


def test_the_readers_own_models_stand_beside_ecologits(
    full: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(monkeypatch, "ann", METHOD)
    own = next(table.value for table in at.table if "EcoLogits" in table.value.columns)
    assert [str(name).replace("\\", "") for name in own["Model"]] == ["gpt-4o"]
    assert own["Ours"].iloc[0].replace("\u00a0", " ") == "3 kWh"


def test_more_cached_than_read_is_refused_in_a_sentence(
    full: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(monkeypatch, "ann", METHOD)
    at.number_input(key="cached").set_value(5000)
    at.run()
    assert "More tokens are cached than were read" in words(at)


def test_an_organisation_without_requests_still_looks_models_up(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(monkeypatch, "bob", METHOD)
    energy = estimate("openai", "gpt-4o", 1000, 300).impact.energy_kwh
    assert energy is not None
    assert figures(at)["Energy"].replace("\u00a0", " ") == f"{energy.mid * 1e6:.0f} mWh"
    assert "€" in figures(at)["Cost"]
    assert "None of your requests" in words(at)


def test_a_restatement_is_in_the_record(empty: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    restate(empty.database.url, Scope(), "a better fit")
    at = open_page(monkeypatch, "ann", METHOD)
    log = next(table.value for table in at.table if "Why" in table.value.columns)
    assert list(log["Why"]) == ["a better fit"]


def test_admins_and_finance_see_what_a_restatement_changed_by_month_and_model(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty.database.store(
        event(started_at="2026-09-10T10:00:00Z"), event(started_at="2026-10-10T10:00:00Z")
    )
    add_set(empty.database, "2099.01", 3)
    restate(empty.database.url, Scope("2099.01"), "three times the energy")
    at = open_page(monkeypatch, "fin", METHOD)
    at.segmented_control(key="restated").set_value("Energy")
    at.run()
    months = next(t.value for t in at.dataframe if "Range before" in t.value.columns)
    assert list(months["Month"]) == ["2026-10", "2026-09"]
    assert set(months["Set before"]) == {"2026.11"}
    energy = estimate("openai", "gpt-4o", 1000, 200).impact.energy_kwh
    assert energy is not None
    before, after = (months[name].iloc[0].replace("\u00a0", " ") for name in ("Before", "After"))
    assert before == f"{energy.mid * 1e6:.0f} mWh" and after == f"{energy.mid * 3e3:.2f} Wh"
    assert "–" in months["Range after"].iloc[0]
    at = open_page(monkeypatch, "ann", METHOD)
    assert not [t for t in at.dataframe if "Range before" in t.value.columns]


def test_the_calculator_counts_what_an_embedding_model_reads(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(monkeypatch, "ann", METHOD, {"model": "libertai/bge-m3"})
    assert at.number_input(key="out").disabled
    # 1,000 tokens at 0.001212 J x 1.6 x 1.2: 2.327 J, 0.65 mWh; nothing for the 300 out of the form.
    energy = estimate("libertai", "bge-m3", 1000, 0).impact.energy_kwh
    assert energy is not None and energy.mid == pytest.approx(6.464e-7)
    assert figures(at)["Energy"].replace("\u00a0", " ") == "0.65 mWh"
    steps = next(table.value for table in at.table if "Step" in table.value.columns)
    assert "0.303 at work of 0.568" in steps["How"].iloc[1].replace("\\", "")


def test_market_based_carbon_is_explained_with_its_source(
    full: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = words(open_page(monkeypatch, "ann", METHOD))
    assert "**gemini, vertex_ai**: 96 gCO2e/kWh bought; the usual grid (USA) weighs 384.4" in text
    assert "arXiv:2508.15734" in text
    assert "neither is added to or subtracted from the other" in text


def test_the_queue_is_for_admins(full: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    at = open_page(monkeypatch, "ann", MAPPING)
    assert not at.dataframe
    at = open_page(monkeypatch, "ada", MAPPING)
    assert list(at.dataframe[0].value["Model"]) == ["mystery-*model*"]


def test_an_admin_maps_a_model_and_its_requests_have_an_impact(
    full: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(monkeypatch, "ada", MAPPING)
    at.selectbox[1].set_value("openai/gpt-4o")
    at.text_input[0].set_value("its release notes")
    press(at, "Use this")
    assert "1 requests have an impact that had none" in at.success[0].value
    assert full.database.one("select count(*) from private.unfactored_names") == 0
    assert full.database.rollup_differences() == 0
    at = open_page(monkeypatch, "ada", MAPPING)
    assert "Every model has a factor" in at.success[0].value


def test_a_mapping_needs_a_source(empty: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    empty.database.store(event(provider="acme", model="mystery"))
    at = open_page(monkeypatch, "ada", MAPPING)
    at.selectbox[1].set_value("openai/gpt-4o")
    press(at, "Use this")
    assert "Say where it is known from" in at.error[0].value
    assert empty.database.one("select count(*) from public.model_mappings") == 0
