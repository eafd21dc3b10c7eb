"""Usage exports of providers: sums by period, never requests.

A row of our data model is one request. OpenAI says how many requests a sum is made of, so the sum
can be divided into them again: every total comes out exactly, only how the tokens of the sum lay on
its requests is unknown, and each row says so (`tokens_estimated`, tag ``aggregated``). Anthropic
does not say how many there were: any number of rows would be invented, so its report is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from footprint.ingest import values
from footprint.ingest.sources.rows import (
    BadSourceRow,
    NoRequest,
    Row,
    Source,
    by_plain_name,
    made_id,
    person,
    present,
    whole,
)

AGGREGATED: Final = "aggregated"
MAX_REQUESTS: Final = 1_000_000
_KINDS: Final = {
    "organization.usage.completions.result": "chat",
    "organization.usage.embeddings.result": "embedding",
}


def _bucket(row: Row) -> Iterator[dict[str, Any]]:
    """Divide one result of a bucket into its requests."""
    said = by_plain_name(row)
    kind = _KINDS.get(str(said.get("object", "organization.usage.completions.result")))
    if kind is None:
        raise BadSourceRow("is no usage of completions or embeddings, which alone have tokens")
    requests = whole(said, "nummodelrequests") or 0
    given, made = whole(said, "inputtokens") or 0, whole(said, "outputtokens") or 0
    if not requests and not given and not made:
        raise NoRequest
    start, end = _period(said)
    if "model" not in said:
        raise BadSourceRow("names no model: export the usage grouped by model")
    if not 0 < requests <= MAX_REQUESTS:
        raise BadSourceRow(
            f"has {requests:,} requests where 1 to {MAX_REQUESTS:,} are wanted: export narrower "
            "buckets, or group by more"
        )
    cached = whole(said, "inputcachedtokens") or 0
    if cached > given:
        raise BadSourceRow(f"input_cached_tokens is {cached}, more than the input of {given}")
    batch = str(said.get("batch", "")).lower() in ("true", "1")
    common = present(
        started_at=start.isoformat(),
        model=said["model"],
        provider="openai",
        call_type="batch" if batch else kind,
        user_id=person(said.get("userid")),
        user_email=said.get("useremail"),
        team=said.get("projectname") or said.get("projectid"),
        tokens_estimated=True if requests > 1 else None,
        tags=[AGGREGATED],
    )
    group = [said.get(n) for n in ("projectid", "userid", "apikeyid", "model", "batch")]
    key = [kind, int(start.timestamp()), int(end.timestamp()), *group, said.get("servicetier")]
    for n in range(requests):
        read = _share(cached, requests, n)
        yield common | {
            "event_id": made_id("openai-usage", f"{'|'.join(map(str, key))}|{n}"),
            "tokens_input_uncached": _share(given, requests, n) - read,
            "tokens_cache_read": read,
            "tokens_output_text": _share(made, requests, n),
        }


def _share(total: int, parts: int, n: int) -> int:
    """Return the n-th of `parts` whole shares of a total; they add up to it exactly.

    A share of a larger total is never below the same share of a smaller one.
    """
    share, rest = divmod(total, parts)
    return share + (n < rest)


def _period(said: Row) -> tuple[datetime, datetime]:
    try:
        start = values.moment(said.get("starttime", ""))
        end = values.moment(said["endtime"]) if "endtime" in said else start + timedelta(days=1)
    except values.BadValue as error:
        raise BadSourceRow(f"start_time or end_time {error}") from error
    if end > datetime.now(UTC):
        raise BadSourceRow(f"is a period that is not over before {end:%Y-%m-%d %H:%M} UTC")
    return start, end


def _refused(row: Row) -> Iterator[dict[str, Any]]:
    raise NoRequest


OPENAI_USAGE: Final = Source(
    "openai-usage",
    "OpenAI's usage",
    lambda names: {"nummodelrequests", "inputtokens", "starttime"} <= names,
    _bucket,
    splits=True,
)
ANTHROPIC_USAGE: Final = Source(
    "anthropic-usage",
    "Anthropic's usage report",
    lambda names: (
        ({"startingat", "uncachedinputtokens"} <= names)
        or {"usagedateutc", "usageinputtokensnocache"} <= names
    ),
    _refused,
    refusal="it holds sums of tokens without the number of requests, and every row here is a "
    "request: import what recorded the requests themselves (LiteLLM's spend logs, a Langfuse "
    "export, or a CSV of your gateway)",
)
