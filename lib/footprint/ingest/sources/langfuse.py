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
    whole,
)

_KINDS: Final = {"generation": "chat", "embedding": "embedding"}
_READ: Final = ("inputcachedtokens", "cachereadinputtokens", "inputcacheread", "cachedtokens")
_WRITE: Final = ("cachecreationinputtokens", "inputcachecreation", "cachewriteinputtokens")
_REASONING: Final = ("outputreasoningtokens", "outputreasoning", "reasoningtokens")
_TOTALS: Final = ("total", "totaltokens")


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
        **_token_fields(usage),
    )


def _usage(said: Row) -> Mapping[str, Any]:
    """Return the usage by plain names: details where there are some, else the older totals."""
    details = by_plain_name(an_object(said.get("usagedetails")))
    if details:
        return details
    older = by_plain_name(an_object(said.get("usage")))
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


def _token_fields(usage: Mapping[str, Any]) -> dict[str, int]:
    """Return the token classes.

    Langfuse keeps whatever was sent to it: its own SDKs send `input` without cached tokens,
    LiteLLM sends it with them. The stated total decides; without one the classes are disjoint.
    """
    counts = {name: whole(usage, name) or 0 for name in usage if name != "unit"}
    given, made = counts.get("input"), counts.get("output")
    if not given and not made:
        return {}
    read = max((counts.get(name, 0) for name in _READ), default=0)
    write = sum(n for name, n in counts.items() if name.startswith(_WRITE))
    thought = max((counts.get(name, 0) for name in _REASONING), default=0)
    classes = {*_READ, *_REASONING, *_TOTALS, "input", "output"}
    other = {n: c for n, c in counts.items() if n not in classes and not n.startswith(_WRITE)}
    total = next((counts[name] for name in _TOTALS if name in counts), None)
    given, made = given or 0, made or 0
    if total == given + made and read + write + thought:
        if read + write > given or thought > made:
            raise BadSourceRow("usage: the parts are more than the input or output they belong to")
        return _fields(given - read - write, read, write, made - thought, thought)
    given += sum(count for name, count in other.items() if name.startswith("input"))
    made += sum(count for name, count in other.items() if name.startswith("output"))
    return _fields(given, read, write, made, thought)


def _fields(uncached: int, read: int, write: int, text: int, thought: int) -> dict[str, int]:
    return {
        "tokens_input_uncached": uncached,
        "tokens_cache_read": read,
        "tokens_cache_write": write,
        "tokens_output_text": text,
        "tokens_reasoning": thought,
    }


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
