"""Bad input through every door: a clear error or an unknown with its reason, never a crash or a 0.

The doors: ``estimate`` in Python, ingest in SQL, ``footprint estimate``. And units, from the first
figure to the last: each bound is wider than any published figure, and a factor of 1,000 is outside.
"""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

import pytest

from footprint.cli import main
from footprint.errors import InputError
from footprint.impact import estimate
from footprint.impact.constants import MAXIMUM_TOKENS
from house import Database, event

# What cannot be a number of tokens, and what ingest says of it.
TOKENS = [
    (-1, "a token count is negative"),
    (math.nan, "a token count is not a whole number"),
    (math.inf, "a token count is not a whole number"),
    (0.5, "a token count is not a whole number"),
    ("many", "a token count is not a whole number"),
    (MAXIMUM_TOKENS + 1, "a token count is above 10^12"),
]
# Names that are nobody's, and can be stored.
NAMES = ["🌍", "é" * 300, "'; drop table x; --", "../../etc/passwd", "gpt-4o\u202e", "NaN", "null"]


@pytest.mark.parametrize(("bad", "_"), TOKENS)
@pytest.mark.parametrize("which", ["in", "out", "cached"])
def test_python_refuses_what_is_no_number_of_tokens(bad: Any, _: str, which: str) -> None:
    counts = {"in": 10, "out": 10, "cached": 0} | {which: bad}
    with pytest.raises(InputError, match=r"not a number of tokens|more than the"):
        estimate("openai", "gpt-4o", counts["in"], counts["out"], counts["cached"])


@pytest.mark.parametrize(
    "given",
    [
        {"provider": None},
        {"model": None},
        {"model": 5},
        {"zone": 5},
        {"zone": b"FRA"},
        {"call_type": ["chat"]},
        {"call_type": 5},
    ],
)
def test_python_refuses_names_that_are_no_texts_in_a_sentence(given: dict[str, Any]) -> None:
    call: dict[str, Any] = {
        "provider": "openai",
        "model": "gpt-4o",
        "tokens_in": 1,
        "tokens_out": 1,
    }
    with pytest.raises(InputError, match=r"is no(t a)? (provider|model|zone|kind of call)"):
        estimate(**(call | given))


def test_the_command_reads_numbers_as_imports_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", "openai/gpt-4o", "--in", "1e6", "--json"]) == 0
    large = json.loads(capsys.readouterr().out)
    assert main(["estimate", "openai/gpt-4o", "--in", "1000000", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == large
    with pytest.raises(SystemExit):
        main(["estimate", "openai/gpt-4o", "--in", "1.234,5"])
    assert "it is not a whole number: 1.234,5 (write it with a" in capsys.readouterr().err


@pytest.mark.parametrize(("bad", "reason"), TOKENS)
@pytest.mark.parametrize(
    "which",
    ["tokens_input_uncached", "tokens_cache_read", "tokens_output_text", "tokens_reasoning"],
)
def test_ingest_refuses_what_is_no_number_of_tokens_and_keeps_the_rest(
    database: Database, bad: Any, reason: str, which: str
) -> None:
    told = str(bad) if isinstance(bad, float) and not math.isfinite(bad) else bad
    answer = database.store(event(**{which: told}), event())
    assert answer["inserted"] == 1
    assert [rejected["reason"] for rejected in answer["rejected"]] == [reason]
    assert database.one("select count(*) from public.request_logs where energy_kwh > 0") == 1


@pytest.mark.parametrize("bad", ["-1", "nan", "0.5", "many", str(MAXIMUM_TOKENS + 1)])
@pytest.mark.parametrize("option", ["--in", "--out", "--cached"])
def test_the_command_refuses_what_is_no_number_of_tokens(
    option: str, bad: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main(["estimate", "openai/gpt-4o", "--out", "1", f"{option}={bad}"])
    except SystemExit as stopped:
        code = int(stopped.code or 0)
    said = capsys.readouterr()
    assert code == 2
    assert "Traceback" not in said.err
    assert "error:" in said.err or "number of tokens" in said.err or "more than the" in said.err
    assert said.out == ""


@pytest.mark.parametrize("name", ["", "é" * 4096, *NAMES])
def test_a_name_that_nobody_knows_is_unknown_in_python(name: str) -> None:
    impact = estimate("openai", name, 10, 10).impact
    assert (impact.energy_kwh, impact.carbon_gco2e, impact.water_l) == (None, None, None)
    assert impact.reason == "no_factor"


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_nobody_knows_is_stored_as_unknown_with_its_reason(
    database: Database, name: str
) -> None:
    answer = database.store(event(model=name))
    assert answer["unknown_models"] == [f"openai/{name}"]
    stored = database.rows(
        "select model, energy_kwh, carbon_gco2e, water_l, impact_reason from public.request_logs"
    )
    assert stored == [(name, None, None, None, "no_factor")]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "model is missing"),
        (None, "model is missing"),
        ("é" * 4096, "model is longer than 300"),
    ],
)
def test_a_name_that_cannot_be_stored_is_refused_with_its_reason(
    database: Database, name: str | None, reason: str
) -> None:
    [rejected] = database.store(event(model=name))["rejected"]
    assert rejected["reason"].startswith(reason)


@pytest.mark.parametrize("name", ["openai/" + "é" * 4096, "openai/🌍", "openai/'; drop table x"])
def test_the_command_says_that_a_strange_name_is_unknown(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["estimate", name, "--in", "1", "--out", "1"]) == 0
    assert "unknown, not zero" in capsys.readouterr().out


@pytest.mark.parametrize("zone", ["XXX", "🌍", "fr", "F" * 300, "USA; drop"])
def test_an_unknown_zone_is_refused_in_python_and_falls_back_with_a_flag_at_ingest(
    database: Database, zone: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InputError, match="is not a zone with a known electricity mix"):
        estimate("openai", "gpt-4o", 1, 1, zone=zone)
    assert main(["estimate", "openai/gpt-4o", "--out", "1", "--zone", zone]) == 2
    assert "is not a zone" in capsys.readouterr().err
    database.store(event(grid_zone=zone))
    [(used, flags, energy)] = database.rows(
        "select grid_zone, flags, energy_kwh from public.request_logs"
    )
    assert (used, flags) == ("USA", ["unknown_zone"])
    assert energy > 0


def test_units_hold_from_a_request_to_the_last_report(database: Database) -> None:
    """GPT-4o, 500 tokens out, in the USA: published figures say 0.3 to 0.7 Wh, that is 0.1 to 0.3 g
    on a grid of 300 to 500 g/kWh and 0.3 to 4 mL at 1 to 6 L/kWh. Every bound is five times wider.
    """
    database.store(
        event(tokens_input_uncached=0, tokens_output_text=500, grid_zone="USA", cost_usd="0.005",
              started_at="2026-10-15T10:00:00Z")
    )  # fmt: skip
    kwh, grams, litres = (0.3e-3 / 5, 0.7e-3 * 5), (0.09 / 5, 0.35 * 5), (0.3e-3 / 5, 4.2e-3 * 5)

    def right(figure: Any, bounds: tuple[float, float], times: float = 1) -> bool:
        return bounds[0] * times < float(figure) < bounds[1] * times

    days = ("2026-10-01", "2026-10-31")
    call = "select public.{}(%s, %s)"
    mine = database.one(call.format("my_footprint"), days, actor="member")["totals"]
    ours = database.one(call.format("organisation_footprint"), days, actor="admin")["totals"]
    month = database.one("select public.finance_month('2026-10-01')", actor="finance")["totals"]
    [row] = database.rows("select to_jsonb(r) from public.request_logs r", actor="member")
    [events] = database.rows("select kwh, co2e, l from public.request_events", actor="member")
    checked = 0
    for figures in (row[0], mine, ours, month):
        for name, bounds in (("energy_kwh", kwh), ("carbon_gco2e", grams), ("water_l", litres)):
            for wrong in (1000, 1 / 1000):
                assert right(figures[name], bounds)
                assert not right(float(figures[name]) * wrong, bounds)
            checked += 1
    assert checked == 12
    assert right(events[0], kwh) and right(events[2], litres)
    assert right(events[1], grams, 1 / 1000)  # the telemetry shape counts kilograms
    assert Decimal(month["cost_eur"]) == Decimal("0.0045")  # 0.005 USD at 0.90, in euros, not cents
    assert json.loads(json.dumps(mine))["energy_kwh"] == ours["energy_kwh"]
