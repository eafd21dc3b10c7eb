"""`UsageEvent`: one LLM request, as every way into Footprint records it. Standard library only.

Its JSON form is the ingest contract (``ingest_request_logs``): the same names, `None` left out.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal, Self, TypeAlias
from uuid import UUID

Status: TypeAlias = Literal["success", "failure", "cancelled", "abandoned"]
Attribution: TypeAlias = Literal["verified", "signed", "declared", "none"]

STATUSES: Final = ("success", "failure", "cancelled", "abandoned")
ATTRIBUTIONS: Final = ("verified", "signed", "declared", "none")

# The database refuses what lies beyond these; see private.event_problem in sql/070_ingest.sql.
MAX_TOKENS: Final = 10**12
MAX_COST_USD: Final = Decimal(10**7)
MAX_SECONDS: Final = 1e7
MAX_TEXT: Final = 320
MAX_MODEL: Final = 300
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
        cost_usd: cost in USD; None when no price is known.
        price_source: where the cost comes from; None with it.
        latency_s: seconds from start to the end of the answer.
        time_to_first_token_s: seconds to the first streamed token.
        grid_zone: electricity zone, ISO 3166 alpha-3.
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
    cache_hit: bool = False
    cost_usd: Decimal | None = None
    price_source: str | None = None
    latency_s: float | None = None
    time_to_first_token_s: float | None = None
    region: str | None = None
    grid_zone: str | None = None
    tags: tuple[str, ...] = ()
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
        if fields.get("cost_usd") is not None:
            fields["cost_usd"] = Decimal(fields["cost_usd"])
        fields["tags"] = tuple(fields.get("tags", ()))
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
        if self.cost_usd is not None:
            body["cost_usd"] = str(self.cost_usd)
        if not self.tags:
            del body["tags"]
        return body


FIELDS: Final = tuple(field.name for field in dataclasses.fields(UsageEvent))
TOKENS: Final = tuple(
    name for name in FIELDS if name.startswith("tokens_") and name != "tokens_estimated"
)
TEXTS: Final = (
    *("provider", "model_group", "call_type", "error_class", "error_code"),
    *("litellm_call_id", "trace_id", "session_id", "source", "user_id", "end_user"),
    *("user_email", "user_name", "team", "price_source", "region", "grid_zone"),
)

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
    if not all(isinstance(tag, str) for tag in event.tags):
        found.append(("tags", "must be texts"))
    elif not all(map(storable, event.tags)):
        found.append(("tags", "hold a character that cannot be stored"))
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
    cost = event.cost_usd
    if cost is not None and not (
        isinstance(cost, Decimal) and cost.is_finite() and 0 <= cost <= MAX_COST_USD
    ):
        found.append(("cost_usd", f"must be a number from 0 to 10^7, not {_short(cost)}"))
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
    return found


def storable(text: str) -> bool:
    """Tell whether PostgreSQL can hold a text: no NUL, no half of a surrogate pair."""
    if text.isprintable():
        return True
    return "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:40]}…"
