"""A month's statement as a file: it states what it is, adds up, and runs nothing when opened."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footprint.data.finance import LINE_KEYS, FinanceMonth, Restoration
from footprint.data.usage import usage, usage_table
from footprint.errors import ServiceUnavailable
from footprint.finance.statement_csv import COLUMNS, file_name, safe_cell, statement_csv


def line(**figures: Any) -> dict[str, Any]:
    names = {
        "user_id": "u1",
        "email": "ada@example.test",
        "full_name": "Ada",
        "team": "R#D",
        "provider": "openai",
        "model": "gpt-4o",
        "requests": 1,
    }
    return {**names, **figures}


def statement(*lines: dict[str, Any], **totals: Any) -> FinanceMonth:
    return FinanceMonth(
        month=date(2026, 10, 1),
        timezone="Europe/Berlin",
        first_month=date(2026, 1, 1),
        last_month=date(2026, 11, 1),
        totals=usage(totals),
        lines=usage_table(lines, *LINE_KEYS),
        restoration=Restoration("pending", 0.01, Decimal("0.1"), Decimal(0), 0.0, 1.2),
        fx={},
        factor_set="2026.11",
    )


def read(file: bytes) -> tuple[dict[str, str], list[dict[str, str]]]:
    rows = list(csv.reader(io.StringIO(file.decode("utf-8"), newline="")))
    about = {row[0][2:]: row[1] for row in rows if row[0].startswith("# ")}
    header, *lines = rows[len(about) :]
    return about, [dict(zip(header, row, strict=True)) for row in lines]


def test_the_lines_add_up_to_the_total_to_the_last_digit() -> None:
    tiny = "0.000000000001"
    file = statement_csv(
        statement(
            line(cost_eur="0.100000000000", cost_usd="0.2"),
            line(cost_eur=tiny, model="gpt-4o-mini"),
            line(cost_eur="1234567.89", model="o1"),
            cost_eur="1234567.990000000001",
            cost_usd="0.2",
        )
    )
    about, lines = read(file)
    assert sum(Decimal(row["cost_eur"]) for row in lines) == Decimal(about["total_cost_eur"])
    assert about["total_cost_eur"] == "1234567.990000000001"
    assert lines[1]["cost_eur"] == tiny


def test_the_file_states_what_it_is() -> None:
    about, lines = read(statement_csv(statement(line(), line(model="o1"), requests=2)))
    assert about["month"] == "2026-10"
    assert about["timezone"] == "Europe/Berlin"
    assert about["currency"].startswith("EUR")
    assert about["factor_set"] == "2026.11"
    assert about["filter"] == "all people, providers and models"
    assert about["rows"] == "2" == str(len(lines))


def test_the_plain_dialect_is_utf8_without_a_mark_with_commas_and_points() -> None:
    file = statement_csv(statement(line(full_name="Zoë 🌱", cost_eur="1.5"), cost_eur="1.5"))
    assert not file.startswith(b"\xef\xbb\xbf")
    _, lines = read(file)
    assert lines[0]["full_name"] == "Zoë 🌱"
    assert lines[0]["cost_eur"] == "1.5"
    assert b"\r\n" in file


def test_unknown_is_empty_and_nothing_is_zero() -> None:
    _, (row,) = read(statement_csv(statement(line(cost_eur=None, energy_kwh=None, tokens_used=0))))
    assert (row["cost_eur"], row["energy_kwh"], row["tokens_used"]) == ("", "", "0")


def test_small_estimates_are_written_without_an_exponent() -> None:
    _, (row,) = read(statement_csv(statement(line(energy_kwh=1.5e-9))))
    assert row["energy_kwh"] == "0.0000000015"


def test_what_nobody_is_known_for_is_a_line_without_a_name() -> None:
    _, (row,) = read(statement_csv(statement(line(user_id=None, email=None, full_name=None))))
    assert (row["user_id"], row["email"], row["full_name"]) == ("", "", "")


def test_an_empty_month_is_a_file_with_a_header() -> None:
    about, lines = read(statement_csv(statement()))
    assert (about["rows"], lines) == ("0", [])


def test_lines_that_do_not_add_up_make_no_file() -> None:
    wrong = replace(statement(line(cost_eur="1.00")), totals=usage({"cost_eur": "1.01"}))
    with pytest.raises(ServiceUnavailable, match="do not add up"):
        statement_csv(wrong)


@pytest.mark.parametrize(
    "name",
    ["=1+1", "+49 30", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", '=HYPERLINK("http://x")'],
)
def test_no_cell_starts_a_formula(name: str) -> None:
    assert safe_cell(name).startswith("'")
    _, (row,) = read(statement_csv(statement(line(full_name=name, model=name, team=name))))
    assert all(row[key].startswith("'") for key in ("full_name", "model", "team"))


def test_a_negative_amount_stays_a_number() -> None:
    _, (row,) = read(statement_csv(statement(line(cost_eur="-3.20"), cost_eur="-3.20")))
    assert row["cost_eur"] == "-3.20"


@given(st.text(), st.text(), st.text())
def test_any_name_comes_back_in_its_own_cell(name: str, team: str, model: str) -> None:
    names = line(full_name=name, team=team, model=model, cost_eur="1")
    _, (row,) = read(statement_csv(statement(names, cost_eur="1")))
    assert list(row) == list(COLUMNS)
    assert row["cost_eur"] == "1"
    assert row["team"].lstrip("'") == " ".join(team.replace("\0", "").split()).lstrip("'")


def test_the_file_is_named_after_its_month() -> None:
    assert file_name(statement()) == "footprint-statement-2026-10.csv"
