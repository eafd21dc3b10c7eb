"""Usage exports of providers: sums by period, never requests.

A row of our data model is one request. OpenAI says how many requests a sum is made of, so the sum
can be divided into them again: every total comes out exactly, only how the tokens of the sum lay on
its requests is unknown, and each row says so (`tokens_estimated`, tag ``aggregated``). Anthropic
does not say how many there were, only how much each can have read at most: its sums are divided
into the fewest requests they can be of. Tokens, cost and impact are theirs; the number is a bound.
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
    an_object,
    by_plain_name,
    made_id,
    person,
    present,
    whole,
)

AGGREGATED: Final = "aggregated"
MAX_REQUESTS: Final = 1_000_000
# What one request of Anthropic's can read, by its context window: "0-200k", "200k-1M".
_WINDOW, _LONG_WINDOW = 200_000, 1_000_000
_FEWEST: Final = (
    "Anthropic's report does not say of how many requests its sums are: the tokens are exact, the "
    "number of requests is the smallest it can have been."
)
_PARTS: Final = {
    "inputaudiotokens": "audio_input_tokens",
    "outputaudiotokens": "audio_output_tokens",
    "inputimagetokens": "image_input_tokens",
    "outputimagetokens": "image_output_tokens",
}
_USUAL_TIERS: Final = frozenset({"", "default", "standard", "auto", "none"})
_KINDS: Final = {
    "organization.usage.completions.result": "chat",
    "organization.usage.embeddings.result": "embedding",
}


_NO_MODEL: Final = "names no model: export the usage grouped by model"


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
    start, end = _period(said, "starttime", "endtime")
    if "model" not in said:
        raise BadSourceRow(_NO_MODEL)
    if not 0 < requests <= MAX_REQUESTS:
        raise BadSourceRow(
            f"has {requests:,} requests where 1 to {MAX_REQUESTS:,} are wanted: export narrower "
            "buckets, or group by more"
        )
    cached = whole(said, "inputcachedtokens") or 0
    written = whole(said, "inputcachewritetokens") or 0
    if cached + written > given:
        raise BadSourceRow(
            f"input_cached_tokens is {cached + written}, more than the input of {given}"
        )
    batch = str(said.get("batch", "")).lower() in ("true", "1")
    tier = str(said.get("servicetier", "")).lower()
    common = present(
        started_at=start.isoformat(),
        model=said["model"],
        provider="openai",
        call_type="batch" if batch else kind,
        service_tier="batch" if batch else None if tier in _USUAL_TIERS else tier,
        user_id=person(said.get("userid")),
        user_email=said.get("useremail"),
        team=said.get("projectname") or said.get("projectid"),
        tokens_estimated=True if requests > 1 else None,
        tags=[AGGREGATED],
    )
    group = [said.get(n) for n in ("projectid", "userid", "apikeyid", "model", "batch")]
    key = [kind, int(start.timestamp()), int(end.timestamp()), *group, said.get("servicetier")]
    parts = {unit: whole(said, name) or 0 for name, unit in _PARTS.items()}
    for n in range(requests):
        read, write = _share(cached, requests, n), _share(written, requests, n)
        yield common | {
            "event_id": made_id("openai-usage", f"{'|'.join(map(str, key))}|{n}"),
            "tokens_input_uncached": _share(given, requests, n) - read - write,
            "tokens_cache_read": read,
            "tokens_cache_write": write,
            "tokens_output_text": _share(made, requests, n),
            "quantities": {unit: _share(sum_, requests, n) for unit, sum_ in parts.items() if sum_},
        }


def _share(total: int, parts: int, n: int) -> int:
    """Return the n-th of `parts` whole shares of a total; they add up to it exactly.

    A share of a larger total is never below the same share of a smaller one.
    """
    share, rest = divmod(total, parts)
    return share + (n < rest)


def _period(said: Row, first: str, last: str) -> tuple[datetime, datetime]:
    try:
        start = values.moment(said.get(first, ""))
        end = values.moment(said[last]) if last in said else start + timedelta(days=1)
    except values.BadValue as error:
        raise BadSourceRow(f"its start or end {error}") from error
    if end > datetime.now(UTC):
        raise BadSourceRow(f"is a period that is not over before {end:%Y-%m-%d %H:%M} UTC")
    return start, end


def _result(row: Row) -> Iterator[dict[str, Any]]:
    """Divide one result of a bucket, or one line of the Console's CSV, into the fewest requests."""
    said = by_plain_name(row)
    said |= by_plain_name(an_object(said.get("cachecreation")))
    said |= by_plain_name(an_object(said.get("servertooluse")))
    uncached = _sum(said, "uncachedinputtokens", "usageinputtokensnocache")
    read = _sum(said, "cachereadinputtokens", "usageinputtokenscacheread")
    hour = _sum(
        said,
        *("ephemeral1hinputtokens", "cachecreation1hinputtokens", "usageinputtokenscachewrite1h"),
    )
    written = hour + _sum(
        said,
        *("ephemeral5minputtokens", "cachecreation5minputtokens", "usageinputtokenscachewrite5m"),
        "usageinputtokenscachewrite",
    )
    made = _sum(said, "outputtokens", "usageoutputtokens")
    searches = _sum(said, "websearchrequests", "websearchcount")
    given = uncached + read + written
    if not given and not made and not searches:
        raise NoRequest
    first = "startingat" if "startingat" in said else "usagedateutc"
    start, end = _period(said, first, "endingat")
    model = said.get("model") or said.get("modelversion")
    if model is None:
        raise BadSourceRow(_NO_MODEL)
    context = str(said.get("contextwindow", ""))
    window = _LONG_WINDOW if context.startswith(("200k", ">")) else _WINDOW
    requests = max(1, -(-given // window))
    if requests > MAX_REQUESTS:
        raise BadSourceRow(f"is of {requests:,} requests or more: export narrower buckets")
    tier = str(said.get("servicetier") or said.get("usagetype") or "")
    speed, geo = str(said.get("speed") or ""), str(said.get("inferencegeo") or "")
    account = said.get("accountid") or said.get("serviceaccountid")
    common = present(
        started_at=start.isoformat(),
        model=model,
        provider="anthropic",
        call_type="batch" if tier == "batch" else "chat",
        service_tier="fast" if speed == "fast" else None if tier in _USUAL_TIERS else tier,
        region=geo if geo not in ("", "global", "not_available") else None,
        user_id=person(account),
        team=said.get("workspace") or said.get("workspaceid"),
        tokens_estimated=True,
        tags=[AGGREGATED],
    )
    group = [said.get(n) for n in ("apikeyid", "apikey", "inferencegeo", "speed")]
    key = [int(start.timestamp()), int(end.timestamp()), model, account, common.get("team"), *group]
    key += [tier, context]
    for n in range(requests):
        yield common | {
            "event_id": made_id("anthropic-usage", f"{'|'.join(map(str, key))}|{n}"),
            "tokens_input_uncached": _share(uncached, requests, n),
            "tokens_cache_read": _share(read, requests, n),
            "tokens_cache_write": _share(written, requests, n),
            "tokens_cache_write_1h": _share(hour, requests, n),
            "tokens_output_text": _share(made, requests, n),
            "quantities": {"web_searches": _share(searches, requests, n)} if searches else None,
        }


def _sum(said: Row, *names: str) -> int:
    return sum(whole(said, name) or 0 for name in names)


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
    _result,
    splits=True,
    note=_FEWEST,
)
