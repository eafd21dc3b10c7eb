"""Why a month's file is refused or broken off, in sentences that name what differs. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from footprint.data.exports import Check, Export, Faults, ModelAtFault, ModelSum, RowAtFault
from footprint.errors import FootprintError, ServiceUnavailable, WrongFigures
from footprint.ui.formats import month_name

_MEND: Final = "An admin finds and rebuilds them on Data quality with *Check the sums*."
_REPORT: Final = "Please report this as a fault of Footprint, with this sentence."
_SUMS: Final = {"month": "sums by month", "day": "sums by day"}


def broken_off(
    export: Export, got: dict[tuple[str, str], ModelSum], check: Check
) -> FootprintError:
    """Return why a file that is written is not what its head promised.

    Args:
        export: with what was promised.
        got: what the rows hold, by provider and model.
        check: what arrived meanwhile, and what is wrong.
    """
    if check.faults is not None:
        return WrongFigures(f"{_sums(export, got)} {fault_text(export, check.faults)}")
    if check.arrived and export.kind != "requests":
        return ServiceUnavailable(
            f"{_count(check.arrived, 'request')} of {month_name(export.month)} with "
            f"{_eur(check.arrived_eur)} arrived while the file was written, so it was broken off. "
            f"{_sums(export, got)} Download it again."
        )
    return ServiceUnavailable(
        f"{month_name(export.month)} changed while the file was written (a price, an exchange "
        f"rate, a person, a late request), so it was broken off. {_sums(export, got)} "
        f"{_first_difference(export, got)} Download it again."
    )


def fault_text(export: Export, faults: Faults) -> str:
    """Return which rows of a month contradict its requests, and what to do."""
    if faults.rows:
        told = "; ".join(_row(row) for row in faults.rows)
        return f"Sums of {month_name(export.month)} are not what its requests say: {told}. {_MEND}"
    told = "; ".join(_model(model) for model in faults.models)
    return f"The sums of {month_name(export.month)} contradict each other: {told}. {_REPORT}"


def model_label(provider: str, model: str) -> str:
    """Return a model as people name it: openai/gpt-4o."""
    return f"{provider}/{model}" if provider else model


def _row(row: RowAtFault) -> str:
    place = model_label(row.provider, row.model)
    if row.who:
        place += f" of {row.who}"
    if row.day:
        place += f" on {row.day}"
    said, held = _eur(row.said_eur), _eur(row.held_eur)
    if row.said_requests != row.held_requests:
        said += f" in {_count(row.said_requests, 'request')}"
        held += f" in {_count(row.held_requests, 'request')}"
    return f"{place} has {said} by its requests and {held} in the {_SUMS[row.sums]}"


def _model(model: ModelAtFault) -> str:
    place = model_label(model.provider, model.model)
    shown, month = _eur(model.file_eur), _eur(model.month_eur)
    return f"{place} would have {shown} in the file and has {month} in the month"


def _sums(export: Export, got: dict[tuple[str, str], ModelSum]) -> str:
    rows = sum(each.rows for each in got.values())
    cost = sum((each.cost_eur for each in got.values()), Decimal(0))
    as_of = datetime.fromisoformat(export.as_of).astimezone(UTC)
    return (
        f"Its rows add up to {_eur(cost)} in {_count(rows, 'row')}; its head, of "
        f"{as_of:%Y-%m-%d %H:%M:%S} UTC, promised {_eur(export.cost_eur)} in "
        f"{_count(export.rows, 'row')}."
    )


def _first_difference(export: Export, got: dict[tuple[str, str], ModelSum]) -> str:
    """Return of which model the most differs, in a sentence."""
    promised = export.models
    nothing = ModelSum(0, Decimal(0))
    both = {
        key: (got.get(key, nothing), promised.get(key, nothing))
        for key in sorted(got.keys() | promised.keys())
    }
    differing = {key: pair for key, pair in both.items() if pair[0] != pair[1]}
    if not differing:
        return ""
    key = max(differing, key=lambda one: abs(both[one][0].cost_eur - both[one][1].cost_eur))
    more = len(differing) - 1
    others = f" ({more:,} more models differ)" if more else ""
    here, there = both[key]
    return (
        f"{model_label(*key)} has {_eur(here.cost_eur)} in {_count(here.rows, 'row')} and had "
        f"{_eur(there.cost_eur)} in {_count(there.rows, 'row')}{others}."
    )


def _eur(amount: Decimal) -> str:
    return f"{amount.normalize():f} EUR"


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
