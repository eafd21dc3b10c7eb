"""Cells of a file: exact figures, names in their own cell, and nothing that runs when opened."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footprint.finance.dialects import EXCEL, PLAIN, Dialect, csv_figure, safe_cell


@pytest.mark.parametrize(
    "name",
    ["=1+1", "+49 30", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", '=HYPERLINK("http://x")'],
)
def test_no_cell_starts_a_formula(name: str) -> None:
    assert safe_cell(name).startswith("'")


def test_a_negative_amount_stays_a_number() -> None:
    assert PLAIN.row(Decimal("-3.20")) == "-3.20\r\n"
    assert EXCEL.row(Decimal("-3.20"), "a;b") == '-3,20;"a;b"\r\n'


def test_small_figures_are_written_without_an_exponent() -> None:
    assert PLAIN.row(csv_figure(1.5e-9)) == "0.0000000015\r\n"
    assert PLAIN.row(csv_figure(None), csv_figure(float("nan")), Decimal(0)) == ",,0\r\n"


@pytest.mark.parametrize("dialect", [PLAIN, EXCEL])
@given(st.text(), st.text())
def test_any_name_comes_back_in_its_own_cell(dialect: Dialect, name: str, model: str) -> None:
    line = dialect.row(safe_cell(name), safe_cell(model), Decimal("1.5"))
    [row] = csv.reader(io.StringIO(line, newline=""), delimiter=dialect.separator)
    assert row == [safe_cell(name), safe_cell(model), dialect.figure("1.5")]
    assert row[0].lstrip("'") == " ".join(name.replace("\0", "").split()).lstrip("'")
