"""The FOCUS file against the rules of the specification's columns.

Source: FinOps Open Cost and Usage Specification, dataset "Cost and Usage", table "Columns" (feature
level, nullability) and the requirements of each column named below; attributes "Column naming and
ordering", "Date/time format", "Numeric format". Column names as from version 1.3 on.
"""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal

import pytest

from exporting import TOTAL_EUR, TOTAL_USD, file_of
from web import Web

# Feature level "Mandatory" → whether it allows nulls.
MANDATORY = {
    "BilledCost": False, "BillingAccountId": False, "BillingAccountName": True,
    "BillingCurrency": False, "BillingPeriodEnd": False, "BillingPeriodStart": False,
    "ChargeCategory": False, "ChargeClass": True, "ChargeDescription": True,
    "ChargePeriodEnd": False, "ChargePeriodStart": False, "ContractedCost": False,
    "EffectiveCost": False, "HostProviderName": False, "InvoiceIssuerName": False,
    "ListCost": False, "PricingQuantity": True, "PricingUnit": True, "ServiceCategory": False,
    "ServiceName": False, "ServiceProviderName": False,
}  # fmt: skip
# Conditional or recommended, with a condition that holds here: usage is measured, prices are in
# dollars and books in euros, teams are sub accounts, models are priced units.
FURTHER = {
    "ChargeFrequency", "ConsumedQuantity", "ConsumedUnit", "PricingCurrency",
    "PricingCurrencyEffectiveCost", "ServiceSubcategory", "SkuId", "SkuMeter", "SkuPriceDetails",
    "SkuPriceId", "SubAccountId", "SubAccountName",
}  # fmt: skip
COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
DATES = ("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd")


@pytest.fixture
def rows(october: Web) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file_of("/export/focus.csv?month=2026-10"))))


def test_every_mandatory_column_is_there_and_nothing_unknown(rows: list[dict[str, str]]) -> None:
    columns = set(rows[0])
    assert set(MANDATORY) <= columns
    custom = columns - set(MANDATORY) - FURTHER
    assert all(re.fullmatch(r"x_[A-Z][A-Za-z]+", name) for name in custom)
    names = list(rows[0])
    assert names[-len(custom) :] == sorted(custom)  # FOCUS columns come before custom ones
    assert all(len(name) <= 50 for name in names)


def test_what_may_not_be_null_is_filled(rows: list[dict[str, str]]) -> None:
    for name, may_be_null in MANDATORY.items():
        assert may_be_null or all(row[name] for row in rows), name
    for row in rows:
        # PricingQuantity and PricingUnit must be there for usage that corrects nothing.
        assert row["PricingQuantity"] and row["PricingUnit"] and row["SkuPriceId"]


def test_values_are_those_allowed(rows: list[dict[str, str]]) -> None:
    for row in rows:
        assert (row["ChargeCategory"], row["ChargeClass"]) == ("Usage", "")
        assert row["ChargeFrequency"] == "Usage-Based"
        assert row["ServiceCategory"] == "AI and Machine Learning"
        assert row["ServiceSubcategory"] == "Generative AI"
        assert (row["BillingCurrency"], row["PricingCurrency"]) == ("EUR", "USD")  # ISO 4217


def test_times_are_utc_and_periods_are_days_of_the_reporting_zone(
    rows: list[dict[str, str]],
) -> None:
    for row in rows:
        for name in DATES:
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row[name])
        assert row["BillingPeriodStart"] == "2026-09-30T22:00:00Z"
        assert row["BillingPeriodEnd"] == "2026-10-31T23:00:00Z"  # summer time has ended
    first, *_, last = sorted(rows, key=lambda row: row["ChargePeriodStart"])
    assert (first["ChargePeriodStart"], first["ChargePeriodEnd"]) == (
        "2026-09-30T22:00:00Z",
        "2026-10-01T22:00:00Z",
    )
    assert last["ChargePeriodEnd"] == last["BillingPeriodEnd"]


def test_costs_are_plain_numbers_equal_to_each_other_and_to_the_month(
    rows: list[dict[str, str]],
) -> None:
    for row in rows:
        for name in (*COSTS, "PricingQuantity", "ConsumedQuantity"):
            assert re.fullmatch(r"-?\d+(\.\d+)?", row[name])
        # No discount, no commitment, nothing upfront: all four are the same.
        assert len({row[name] for name in COSTS}) == 1
    assert sum(Decimal(row["BilledCost"]) for row in rows) == TOTAL_EUR
    assert sum(Decimal(row["PricingCurrencyEffectiveCost"]) for row in rows) == TOTAL_USD


def test_a_cost_that_is_not_known_is_counted_beside_the_zero(rows: list[dict[str, str]]) -> None:
    [row] = [row for row in rows if row["x_Model"] == "nobody-prices-this"]
    assert (row["BilledCost"], row["x_RequestsWithoutPrice"]) == ("0", "1")
    assert (row["SubAccountId"], row["ServiceProviderName"]) == ("R#D", "openai")
