"""`UsageEvent`: one LLM request, as every way into Footprint records it. Standard library only.

Its JSON form is the ingest contract (``ingest_request_logs``): the same names, `None` left out.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal, Self, TypeAlias
from uuid import UUID

Status: TypeAlias = Literal["success", "failure", "cancelled", "abandoned"]
Attribution: TypeAlias = Literal["verified", "signed", "declared", "none"]

STATUSES: Final = ("success", "failure", "cancelled", "abandoned")
ATTRIBUTIONS: Final = ("verified", "signed", "declared", "none")

# What can be used or billed beside the five classes of tokens, as OpenTelemetry and FOCUS would say
# it: the unit in the plural. Those that end in `_tokens` are parts of the classes.
UNITS: Final = frozenset(
    {
        *("audio_input_tokens", "audio_output_tokens", "audio_cached_tokens"),
        *("image_input_tokens", "image_output_tokens", "image_cached_tokens"),
        *("video_input_tokens", "video_output_tokens", "document_input_tokens"),
        *("cache_write_1h_tokens", "accepted_prediction_tokens", "rejected_prediction_tokens"),
        *("tool_input_tokens", "citation_tokens", "trained_tokens"),
        *("web_searches", "web_fetches", "file_searches", "code_sessions", "tool_calls"),
        *("pages", "images", "characters", "audio_seconds", "video_seconds", "search_units"),
        *("requests", "failed_requests", "gpu_seconds"),
    }
)
# The database refuses what lies beyond these; see private.event_problem in sql/070_ingest.sql.
MAX_TOKENS: Final = 10**12
MAX_COST_USD: Final = Decimal(10**7)
MAX_SECONDS: Final = 1e7
MAX_TEXT: Final = 320
MAX_MODEL: Final = 300
# What is longer is cut, and the event's flags say so; see private.parse_events.
MAX_TAGS: Final = 20
MAX_TAG: Final = 100
KEPT: Final = {"session_id": 300, "user_id": 200, "user_name": 200, "team": 100}
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
# A clock may be ahead, and a time zone be missing; a request further ahead is a mistake.
MAX_AHEAD: Final = timedelta(days=1)

# Never change it: every stored id was made with it.
_NAMESPACE: Final = UUID("c6c0daaa-cb14-53d4-beb3-e0f84e95c06d").bytes
# Copied for each id: OpenSSL looks up its own SHA-1 whenever one is begun.
_BEGUN: Final = hashlib.sha1(_NAMESPACE, usedforsecurity=False)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_VARIANT: Final = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))


def event_id(call_id: str, status: str, started_at: datetime) -> UUID:
    """Return the idempotency key of one billed attempt.

    ``uuid5(namespace, "call_id|status|start in µs since 1970")``. The call id alone would not do: a
    proxy's fallback logs failure and success under one id, and a client can choose the id.

    Args:
        call_id: whatever names the call where it was recorded (LiteLLM's ``litellm_call_id``).
        status: success, failure, cancelled or abandoned.
        started_at: when it started, with a time zone.

    Raises:
        ValueError: where `started_at` has no time zone.
    """
    return UUID(event_key(call_id, status, started_at))


def event_key(call_id: str, status: str, started_at: datetime) -> str:
    """Return `event_id` as text, in a third of the time that ``str(uuid5(…))`` takes in a hook."""
    if started_at.tzinfo is None:
        raise ValueError("started_at has no time zone")
    hashed = _BEGUN.copy()
    hashed.update(f"{call_id}|{status}|{(started_at - _EPOCH) // _MICROSECOND}".encode())
    made = hashed.hexdigest()
    # RFC 9562: version 5, and the two bits of the variant.
    return f"{made[:8]}-{made[8:12]}-5{made[13:16]}-{_VARIANT[made[16]]}{made[17:20]}-{made[20:32]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageEvent:
    """One billed attempt of an LLM request: facts only, impact is derived in the database.

    The five token classes are disjoint: cached tokens are not inside `tokens_input_uncached`,
    reasoning is not inside `tokens_output_text`. `None` is unknown, never zero.

    Args:
        event_id: idempotency key, see `event_id`.
        started_at: when the request started, with a time zone.
        model: model as billed, without provider prefix.
        provider: LiteLLM's ``custom_llm_provider``; None when unknown.
        attribution: how far `user_id` can be trusted.
        cache_hit: answered by the gateway's own cache, so not billed.
        service_tier: as the provider names it (flex, priority, batch ...); None for the usual one.
        quantities: what else was used or is billed, by unit, see `UNITS`; parts of the tokens too.
        cost_usd: cost in USD; None when no price is known.
        cost_tools_usd: the part of `cost_usd` that is for tools; None where the source says none.
        reported_cost: the cost in `reported_currency`, where that is not USD; the others follow.
        price_source: where the cost comes from, or why there is none.
        latency_s: seconds from start to the end of the answer.
        time_to_first_token_s: seconds to the first streamed token.
        grid_zone: electricity zone, ISO 3166 alpha-3.
        job_id: names the provider's job (a batch, a background response, a video), whose events
            are one request: the one that says most stands for all. With ``job_open`` among the
            flags it has not ended. See `footprint.ingest.jobs` for answers that can be read again.
        flags: what was cut, not understood or put right on the way.
        former_id: under which an earlier release may have stored it; it is a duplicate then.
    """

    event_id: UUID
    started_at: datetime
    model: str
    provider: str | None = None
    model_group: str | None = None
    call_type: str = "chat"
    stream: bool | None = None
    status: Status = "success"
    error_class: str | None = None
    error_code: str | None = None
    litellm_call_id: str | None = None
    trace_id: str | None = None
    session_id: str | None = None
    source: str = "api"
    user_id: str | None = None
    attribution: Attribution = "none"
    end_user: str | None = None
    user_email: str | None = None
    user_name: str | None = None
    team: str | None = None
    tokens_input_uncached: int | None = None
    tokens_cache_read: int | None = None
    tokens_cache_write: int | None = None
    tokens_output_text: int | None = None
    tokens_reasoning: int | None = None
    tokens_estimated: bool = False
    service_tier: str | None = None
    quantities: Mapping[str, int | Decimal] = field(default_factory=dict)
    cache_hit: bool = False
    cost_usd: Decimal | None = None
    cost_tools_usd: Decimal | None = None
    reported_cost: Decimal | None = None
    reported_currency: str | None = None
    price_source: str | None = None
    latency_s: float | None = None
    time_to_first_token_s: float | None = None
    region: str | None = None
    grid_zone: str | None = None
    tags: tuple[str, ...] = ()
    job_id: str | None = None
    flags: tuple[str, ...] = ()
    former_id: UUID | None = None

    @property
    def tokens_input(self) -> int:
        """Input tokens of all classes; unknown ones count nothing."""
        return (
            (self.tokens_input_uncached or 0)
            + (self.tokens_cache_read or 0)
            + (self.tokens_cache_write or 0)
        )

    @property
    def tokens_output(self) -> int:
        """Output tokens of both classes; unknown ones count nothing."""
        return (self.tokens_output_text or 0) + (self.tokens_reasoning or 0)

    def cuts(self) -> tuple[str, ...]:
        """Name the fields of which the database will not keep all, see `KEPT`."""
        names = [name for name, most in KEPT.items() if len(getattr(self, name) or "") > most]
        if len(self.tags) > MAX_TAGS or any(len(tag) > MAX_TAG for tag in self.tags):
            names.append("tags")
        return tuple(names)

    def problems(self) -> tuple[str, ...]:
        """Say why the event could not be stored, each time naming the field; empty when it can."""
        return tuple(
            f"{name} {problem}"
            for check in (_text_problems, _number_problems, _choice_problems)
            for name, problem in check(self)
        )

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        """Return the event that `to_json` would give as `body`.

        Raises:
            KeyError, TypeError, ValueError: where it is no such body.
        """
        fields = dict(body)
        fields["event_id"] = UUID(fields["event_id"])
        fields["started_at"] = datetime.fromisoformat(fields["started_at"])
        if fields.get("former_id") is not None:
            fields["former_id"] = UUID(fields["former_id"])
        for name in _AMOUNTS:
            if fields.get(name) is not None:
                fields[name] = Decimal(fields[name])
        for name in ("tags", "flags"):
            fields[name] = tuple(fields.get(name, ()))
        fields["quantities"] = {
            unit: value if type(value) is int else Decimal(str(value))
            for unit, value in fields.get("quantities", {}).items()
        }
        fields.pop("cost_eur", None)
        return cls(**fields)

    def to_json(self) -> dict[str, Any]:
        """Return the event as the ingest contract wants it, unknown fields left out."""
        body: dict[str, Any] = {}
        for name in FIELDS:
            value = getattr(self, name)
            if value is not None:
                body[name] = value
        body["event_id"] = str(self.event_id)
        if self.former_id is not None:
            body["former_id"] = str(self.former_id)
        body["started_at"] = self.started_at.isoformat()
        for name in _AMOUNTS:
            if name in body:
                body[name] = f"{body[name]:f}"
        if self.reported_currency == "EUR":
            # What a database of 0.1.0 reads.
            body["cost_eur"] = body.get("reported_cost")
        for name in ("tags", "flags", "quantities"):
            if not body[name]:
                del body[name]
        if self.quantities:
            body["quantities"] = plain_quantities(self.quantities)
        return body


FIELDS: Final = tuple(each.name for each in dataclasses.fields(UsageEvent))
TOKENS: Final = tuple(
    name for name in FIELDS if name.startswith("tokens_") and name != "tokens_estimated"
)
TEXTS: Final = (
    *("provider", "model_group", "call_type", "error_class", "error_code"),
    *("litellm_call_id", "trace_id", "session_id", "source", "user_id", "end_user"),
    *("user_email", "user_name", "team", "price_source", "region", "grid_zone"),
    *("service_tier", "reported_currency", "job_id"),
)
_AMOUNTS: Final = ("cost_usd", "cost_tools_usd", "reported_cost")

_Problems: TypeAlias = list[tuple[str, str]]


def _text_problems(event: UsageEvent) -> _Problems:
    found: _Problems = []
    if not event.model or (isinstance(event.model, str) and len(event.model) > MAX_MODEL):
        found.append(("model", f"must have 1 to {MAX_MODEL} characters"))
    for name in ("model", *TEXTS):
        value = getattr(event, name)
        if value is None:
            continue
        if not isinstance(value, str):
            found.append((name, f"must be a text, not {_short(value)}"))
            continue
        if name != "model" and len(value) > MAX_TEXT:
            found.append((name, f"is longer than {MAX_TEXT} characters"))
        if not storable(value):
            found.append((name, "holds a character that cannot be stored"))
    for name in ("tags", "flags"):
        value = getattr(event, name)
        if not all(isinstance(text, str) for text in value):
            found.append((name, "must be texts"))
        elif not all(map(storable, value)):
            found.append((name, "hold a character that cannot be stored"))
    return found


def _number_problems(event: UsageEvent) -> _Problems:
    found: _Problems = []
    for name in TOKENS:
        value = getattr(event, name)
        if value is None:
            continue
        if type(value) is not int:
            found.append((name, f"must be a whole number, not {_short(value)}"))
        elif not 0 <= value <= MAX_TOKENS:
            found.append((name, f"must be from 0 to 10^12, not {_short(value)}"))
    for name in _AMOUNTS:
        cost = getattr(event, name)
        if cost is not None and not _is_amount(cost, MAX_COST_USD):
            found.append((name, f"must be a number from 0 to 10^7, not {_short(cost)}"))
    for unit, value in event.quantities.items():
        if unit not in UNITS:
            found.append(("quantities", f"has a unit that is not known: {_short(unit)}"))
        elif type(value) is not int and not isinstance(value, Decimal):
            found.append((f"quantities.{unit}", f"must be a number, not {_short(value)}"))
        elif not _is_amount(Decimal(value), Decimal(MAX_TOKENS)):
            found.append((f"quantities.{unit}", f"must be from 0 to 10^12, not {_short(value)}"))
    for name in ("latency_s", "time_to_first_token_s"):
        seconds = getattr(event, name)
        if seconds is not None and not (
            type(seconds) in (int, float) and 0 <= seconds <= MAX_SECONDS
        ):
            found.append((name, f"must be from 0 to 10^7 seconds, not {_short(seconds)}"))
    return found


def _choice_problems(event: UsageEvent) -> _Problems:
    found: _Problems = []
    if event.started_at.tzinfo is None:
        found.append(("started_at", "has no time zone"))
    elif event.started_at < EARLIEST:
        found.append(("started_at", "is before the year 2000"))
    if event.status not in STATUSES:
        found.append(("status", f"must be one of {', '.join(STATUSES)}"))
    if event.attribution not in ATTRIBUTIONS:
        found.append(("attribution", f"must be one of {', '.join(ATTRIBUTIONS)}"))
    if (event.reported_cost is None) != (event.reported_currency is None):
        found.append(("reported_cost", "and reported_currency go together"))
    elif event.reported_currency is not None and event.cost_usd is not None:
        found.append(("cost_usd", "is worked out where the cost is reported in another currency"))
    return found


def _is_amount(value: Any, most: Decimal) -> bool:
    return isinstance(value, Decimal) and value.is_finite() and 0 <= value <= most


def plain_quantities(quantities: Mapping[str, int | Decimal]) -> dict[str, int | float]:
    """Return quantities as JSON writes them, to nine decimals: a duration may have any number."""
    return {unit: n if type(n) is int else round(float(n), 9) for unit, n in quantities.items()}


def storable(text: str) -> bool:
    """Tell whether PostgreSQL can hold a text: no NUL, no half of a surrogate pair."""
    if text.isprintable():
        return True
    return "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:40]}…"
