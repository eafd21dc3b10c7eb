"""LiteLLM's own tables: the proxy's spend logs, and the built-in Supabase logger's request_logs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from footprint.ingest import loose, values
from footprint.ingest.attribution import Call, whole_person
from footprint.ingest.kinds import call_type_of
from footprint.ingest.region import find_region
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
    present,
    usage_fields,
    whole,
)
from footprint.ingest.usage import read_usage

_CANCELLED: Final = frozenset({"ClientDisconnected", "CancelledError"})


def _spend_row(row: Row) -> Iterator[dict[str, Any]]:
    """Translate a row of LiteLLM_SpendLogs (litellm/proxy/schema.prisma, 1.80 to 1.109)."""
    said = by_plain_name(row)
    request_id = loose.text(said.get("requestid"), 500)
    if request_id is None:
        raise BadSourceRow("request_id is missing")
    meta = an_object(said.get("metadata"))
    parts = _parts(said, meta)
    who = whole_person(parts)
    status, error_class, error_code = _outcome(said, meta)
    cache_hit = str(said.get("cachehit", "")).lower() == "true"
    yield present(
        event_id=made_id("litellm-spend", request_id),
        started_at=said.get("starttime"),
        ended_at=said.get("endtime"),
        time_to_first_token_s=_first_token_s(said),
        model=said.get("model") or said.get("modelgroup") or "unknown",
        provider=said.get("customllmprovider"),
        model_group=said.get("modelgroup"),
        call_type=call_type_of(parts),
        status=status,
        error_class=error_class,
        error_code=error_code,
        litellm_call_id=said.get("litellmcallid") or meta.get("litellm_call_id"),
        session_id=who.session_id,
        user_id=who.user_id,
        end_user=who.end_user,
        team=who.team or said.get("teamid"),
        cache_hit=cache_hit or None,
        cost_usd=None if cache_hit else known_cost(said.get("spend")),
        region=find_region(parts),
        tags=_tags(said.get("requesttags")),
        **_token_fields(said, meta),
    )


def _parts(said: Row, meta: Row) -> Call:
    payload = {
        "call_type": said.get("calltype"),
        "api_base": said.get("apibase"),
        "end_user": said.get("enduser"),
        "session_id": said.get("sessionid"),
    }
    owner = said.get("user") or meta.get("user_api_key_user_id")
    return Call({}, payload, {**meta, "user_api_key_user_id": owner}, {}, {})


def _token_fields(said: Row, meta: Row) -> dict[str, Any]:
    """Return the usage: the stated totals, divided by what the metadata knows of them."""
    totals = present(
        prompt_tokens=whole(said, "prompttokens"),
        completion_tokens=whole(said, "completiontokens"),
        total_tokens=whole(said, "totaltokens"),
    )
    more = an_object(meta.get("additional_usage_values"))
    model = loose.text(said.get("model"))
    return usage_fields(
        read_usage({**more, **an_object(meta.get("usage_object")), **totals}, model=model)
    )


def _outcome(said: Row, meta: Row) -> tuple[str, str | None, str | None]:
    error = an_object(meta.get("error_information"))
    error_class = loose.text(error.get("error_class"), 100)
    code = loose.text(error.get("error_code"), 100)
    if error_class in _CANCELLED or code == "499":
        return "cancelled", error_class, code
    status = str(said.get("status") or meta.get("status") or "").lower()
    failed = status == "failure" or (status != "success" and error_class is not None)
    return ("failure" if failed else "success"), error_class, code


def _first_token_s(said: Row) -> float | None:
    """Return the seconds to the first token; LiteLLM writes the end where nothing was streamed."""
    try:
        start, first, end = (
            values.moment(said[name]) for name in ("starttime", "completionstarttime", "endtime")
        )
    except (KeyError, values.BadValue):
        return None
    return (first - start).total_seconds() if start <= first < end else None


def _tags(value: Any) -> list[str] | None:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    if not isinstance(value, list):
        return None
    found = (loose.text(tag) for tag in value[:200])
    return [tag for tag in found if tag and not tag.startswith("User-Agent:")] or None


def _logged_row(row: Row) -> Iterator[dict[str, Any]]:
    """Translate a row of the table of ``litellm.success_callback = ["supabase"]``.

    The logger keeps no start and no tokens. Where somebody added token columns, or an answer with
    its usage, these are read.
    """
    said = by_plain_name(row)
    call_id = loose.text(said.get("litellmcallid"), 320)
    key = call_id or said.get("id")
    if key is None:
        raise BadSourceRow("litellm_call_id is missing")
    error = said.get("error")
    status = {"initiated": "abandoned"}.get(str(said.get("status")), said.get("status"))
    end_user = person(said.get("enduser"))
    yield present(
        event_id=made_id("litellm-supabase", key),
        started_at=said.get("createdat"),
        latency_s=said.get("responsetime"),
        model=said.get("model"),
        status=status,
        error_class="unknown" if error and status == "failure" else None,
        litellm_call_id=call_id,
        user_id=end_user,
        end_user=end_user,
        cost_usd=known_cost(said.get("totalcost")),
        **_logged_tokens(said),
    )


def _logged_tokens(said: Row) -> dict[str, Any]:
    usage: Mapping[str, Any] = an_object(an_object(said.get("response")).get("usage"))
    if not usage:
        usage = {
            "prompt_tokens": whole(said, "prompttokens"),
            "completion_tokens": whole(said, "completiontokens"),
        }
    return usage_fields(read_usage(usage, model=loose.text(said.get("model"))))


def _nothing(row: Row) -> Iterator[dict[str, Any]]:
    raise NoRequest


SPEND_SUMMARY: Final = Source(
    "litellm-spend-summary",
    "a summary of LiteLLM's spend",
    lambda names: {"starttime", "spend", "models", "users"} <= names and "requestid" not in names,
    _nothing,
    refusal="it holds sums by day, not requests: ask /spend/logs with summarize=false, or dump "
    "the table: \\copy \"LiteLLM_SpendLogs\" to 'spend.csv' csv header",
)
SPEND_LOGS: Final = Source(
    "litellm-spend",
    "LiteLLM's spend logs",
    lambda names: {"requestid", "spend", "starttime", "endtime", "model"} <= names,
    _spend_row,
)
REQUEST_LOGS: Final = Source(
    "litellm-supabase",
    "request_logs of LiteLLM's Supabase logger",
    lambda names: (
        {"litellmcallid", "totalcost", "responsetime", "enduser", "createdat"} <= names
        and not names & {"eventid", "startedat"}
    ),
    _logged_row,
)
