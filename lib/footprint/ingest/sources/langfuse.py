"""Langfuse's observations, as its screens, its API or its blob export write them (CSV or JSON)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from footprint.ingest import loose, values
from footprint.ingest.sources.rows import (
    BadSourceRow,
    NoRequest,
    Row,
    Source,
    an_object,
    by_plain_name,
    known_cost,
    made_id,
    person,
    plain_name,
    present,
    usage_fields,
    whole,
)
from footprint.ingest.usage import read_usage
from footprint.ingest.usage_names import role_of

_KINDS: Final = {"generation": "chat", "embedding": "embedding"}


def _row(row: Row) -> Iterator[dict[str, Any]]:
    """Translate an observation."""
    said = by_plain_name(row)
    kind = str(said.get("type", "generation")).lower()
    if kind not in _KINDS:
        raise NoRequest
    observation = loose.text(said.get("id"), 500)
    if observation is None:
        raise BadSourceRow("id is missing")
    model = next((said[n] for n in ("model", "providedmodelname", "modelname") if n in said), None)
    usage = _usage(said)
    if model is None and not usage:
        raise NoRequest
    failed = str(said.get("level", "")).upper() == "ERROR"
    yield present(
        event_id=made_id("langfuse", observation),
        started_at=said.get("starttime"),
        ended_at=said.get("endtime"),
        time_to_first_token_s=_first_token_s(said),
        model=model,
        call_type=_KINDS[kind],
        status="failure" if failed else "success",
        error_class="unknown" if failed else None,
        trace_id=said.get("traceid"),
        session_id=said.get("sessionid"),
        user_id=person(said.get("userid")),
        cost_usd=_cost(said),
        tags=said.get("tracetags") or said.get("tags"),
        **_token_fields(usage, loose.text(model)),
    )


def _usage(said: Row) -> Mapping[str, Any]:
    """Return the usage by plain names: details where there are some, else the older totals."""
    details = _present(an_object(said.get("usagedetails")))
    if details:
        return details
    older = _present(an_object(said.get("usage")))
    unit = str(older.get("unit", "TOKENS")).upper()
    if older:
        return older if unit == "TOKENS" else {}
    names = {"input": "input", "output": "output", "total": "total"}
    found: dict[str, Any] = {}
    for name in names:
        for column in (f"{name}usage", f"usage{name}", f"{name}tokens"):
            if column in said:
                found[name] = said[column]
    for column, name in (("prompttokens", "input"), ("completiontokens", "output")):
        if column in said:
            found.setdefault(name, said[column])
    return found


def _token_fields(usage: Mapping[str, Any], model: str | None) -> dict[str, Any]:
    """Return the usage.

    Langfuse keeps whatever was sent to it: its own SDKs send `input` without cached tokens,
    LiteLLM sends it with them. The stated total decides; without one the counts are disjoint.
    Names that nobody knows begin with the side they are parts of.
    """
    counts = {name: whole(usage, name) for name in usage if name != "unit"}
    strange = [name for name in counts if role_of(name) is None]
    for name in strange:
        side = next((side for side in ("input", "output") if name.startswith(side)), None)
        if side and counts[name]:
            counts[side] = (counts.get(side) or 0) + (counts[name] or 0)
    return usage_fields(read_usage(counts, model=model, disjoint=True))


def _present(usage: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in usage.items() if not values.is_nothing(value)}


def _cost(said: Row) -> Any:
    details = by_plain_name(an_object(said.get("costdetails")))
    for value in (details.get("total"), said.get("totalcost"), said.get("calculatedtotalcost")):
        if (found := known_cost(value)) is not None:
            return found
    return None


def _first_token_s(said: Row) -> Any:
    """Return the seconds to the first token; exports give them or the moment."""
    if "timetofirsttoken" in said:
        return said["timetofirsttoken"]
    try:
        first = values.moment(said["completionstarttime"])
        found = (first - values.moment(said["starttime"])).total_seconds()
    except (KeyError, values.BadValue):
        return None
    return found if found >= 0 else None


OBSERVATIONS: Final = Source(
    "langfuse",
    "Langfuse observations",
    lambda names: (
        {"id", "traceid", "starttime"} <= names
        and bool(names & {plain_name("usageDetails"), "usage", "inputusage", "modelparameters"})
    ),
    _row,
)
