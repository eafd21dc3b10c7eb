"""Which column of a file fills which field, and how a row becomes a `UsageEvent`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from footprint.errors import InputError
from footprint.event import MAX_AHEAD, Status, UsageEvent, event_id
from footprint.ingest import values
from footprint.ingest.pricing import PriceMap
from footprint.ingest.readers import Record
from footprint.ingest.row_identity import RowCounter
from footprint.ingest.values import BadValue, Parser

# Every field that a column can fill. Beside the fields of a UsageEvent: `tokens_input` and
# `tokens_output`, which include the other classes of their side, `ended_at`, for the latency, and
# `tokens_cache_write_1h`, the part of the cache writes that is kept, and billed, for an hour.
TARGETS: Final[dict[str, Parser]] = {
    "event_id": values.identifier,
    "started_at": values.moment,
    "ended_at": values.moment,
    **dict.fromkeys(("model", "provider", "model_group", "call_type"), values.text),
    **dict.fromkeys(("error_class", "error_code", "litellm_call_id"), values.text),
    **dict.fromkeys(("trace_id", "session_id", "user_id", "end_user"), values.text),
    **dict.fromkeys(("user_email", "user_name", "team", "region", "grid_zone"), values.text),
    **dict.fromkeys(("tokens_input", "tokens_input_uncached", "tokens_cache_read"), values.count),
    **dict.fromkeys(("tokens_cache_write", "tokens_cache_write_1h"), values.count),
    "tokens_output": values.count,
    **dict.fromkeys(("tokens_output_text", "tokens_reasoning"), values.count),
    **dict.fromkeys(("stream", "tokens_estimated", "cache_hit"), values.flag),
    **dict.fromkeys(("latency_s", "time_to_first_token_s"), values.seconds),
    "cost_usd": values.amount,
    "price_source": values.text,
    "status": values.status,
    "tags": values.tags,
}
# Names that columns have elsewhere, compared in lower case; a field's own name comes first.
ALIASES: Final[dict[str, tuple[str, ...]]] = {
    "started_at": ("starttime", "start_time", "timestamp", "ts", "time", "created_at", "date"),
    "ended_at": ("endtime", "end_time"),
    "provider": ("custom_llm_provider",),
    "litellm_call_id": ("call_id", "request_id"),
    "user_id": ("userid", "user"),
    "user_email": ("email",),
    "tokens_input": (
        *("prompt_tokens", "input_tokens", "tokens_in", "contexttokens"),
        *("usage.prompt_tokens", "usage.input_tokens"),
    ),
    "tokens_output": (
        *("completion_tokens", "output_tokens", "tokens_out", "generatedtokens"),
        *("usage.completion_tokens", "usage.output_tokens"),
    ),
    "tokens_cache_read": (
        *("cached_tokens", "usage.prompt_tokens_details.cached_tokens"),
        *("cache_read_input_tokens", "usage.cache_read_input_tokens"),
    ),
    "tokens_cache_write": ("cache_creation_input_tokens", "usage.cache_creation_input_tokens"),
    "tokens_cache_write_1h": (
        "cache_creation.ephemeral_1h_input_tokens",
        "usage.cache_creation.ephemeral_1h_input_tokens",
    ),
    "tokens_reasoning": ("reasoning_tokens", "usage.completion_tokens_details.reasoning_tokens"),
    "cost_usd": ("costusd", "spend", "response_cost", "total_cost"),
    "latency_s": ("response_time",),
    "tags": ("request_tags",),
}
# Anthropic counts cached tokens beside its input_tokens, all others count them inside.
_ANTHROPIC: Final = ("cache_read_input_tokens", "cache_creation_input_tokens")
_MAX_SHAPES: Final = 1000
IMPORTED_PRICE: Final = "imported"


class BadRow(Exception):
    """A row cannot become an event; the text says why, naming the field."""


class NotWanted(Exception):
    """A row is no request, or lies outside the period that was asked for."""


@dataclass(frozen=True)
class Instructions:
    """What the person who imports said.

    Args:
        columns: field → the column that fills it, instead of the one that would be found.
        constants: field → value, for rows that do not say.
        since: leave out requests that started before.
        until: leave out requests that started then or later.

    Raises:
        InputError: where a field does not exist.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        for name in self.columns:
            if name not in TARGETS:
                raise InputError(
                    f"There is no field {name!r} to map to; the fields are: {', '.join(TARGETS)}."
                )


class Mapper:
    """Turns the rows of one file into events.

    Args:
        instructions: what the person said.
        prices: what requests without a cost of their own are priced with.
        rows: counts equal rows, for those that have no id of their own.
    """

    def __init__(
        self, instructions: Instructions, prices: PriceMap, rows: RowCounter | None = None
    ) -> None:
        self._rows = rows or RowCounter()
        self._instructions = instructions
        self._prices = prices
        self._shapes: dict[tuple[str, ...], tuple[_Step, ...]] = {}
        self._latest = datetime.now(UTC) + MAX_AHEAD

    def check(self, columns: Sequence[str]) -> None:
        """Check that a header has what is needed.

        Raises:
            InputError: where a named column is not there, or a needed field has none.
        """
        for name, column in self._instructions.columns.items():
            if column not in columns:
                raise InputError(
                    f"--map {name}={column}: there is no such column; "
                    f"the columns are: {_listed(columns)}."
                )
        found = self.resolve(columns)
        if "started_at" not in found:
            raise InputError(
                "No column says when a request started: name it with --map started_at=COLUMN; "
                f"the columns are: {_listed(columns)}."
            )
        if "model" not in found and "model" not in self._instructions.constants:
            raise InputError(
                "No column names the model: name it with --map model=COLUMN, or give one model for "
                "all requests with --model."
            )

    def resolve(self, columns: Sequence[str]) -> dict[str, str]:
        """Return field → column, for the fields that find one."""
        known = {_plain(column): column for column in reversed(columns)}
        found: dict[str, str] = {}
        for name in TARGETS:
            column = self._instructions.columns.get(name)
            if column is None:
                names = (name, *ALIASES.get(name, ()))
                column = next((known[alias] for alias in names if alias in known), None)
            if column is not None and column in columns:
                found[name] = column
        counted = found.get("tokens_input")
        if counted and _is_anthropic(counted, known) and "tokens_input_uncached" not in found:
            found["tokens_input_uncached"] = found.pop("tokens_input")
        return found

    def event(self, record: Record) -> UsageEvent:
        """Return a row's event.

        Raises:
            BadRow: where it cannot be one.
            NotWanted: where it is no request, or outside the period.
        """
        if record.problem:
            raise BadRow(record.problem)
        if record.values is None:
            raise NotWanted
        found = self._read(record.values)
        for name, value in self._instructions.constants.items():
            found.setdefault(name, value)
        for name in ("started_at", "model"):
            if not found.get(name):
                raise BadRow(f"{name} is missing")
        since, until = self._instructions.since, self._instructions.until
        started_at = found["started_at"]
        if started_at > self._latest:
            raise BadRow(f"started_at lies in the future: {started_at:%Y-%m-%d %H:%M} UTC")
        if (since and started_at < since) or (until and started_at >= until):
            raise NotWanted
        row = None
        if "event_id" not in found and "litellm_call_id" not in found:
            row = self._rows.identity(found)
        for_an_hour = found.pop("tokens_cache_write_1h", 0)
        event = self._priced(_event(found, record.digest, row, self._prices), for_an_hour)
        problems = event.problems()
        if problems:
            raise BadRow("; ".join(problems))
        if cuts := event.cuts():
            flags = (*event.flags, *(f"cut: {name}" for name in cuts))
            return dataclasses.replace(event, flags=flags)
        return event

    def _read(self, row: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for step in self._steps(tuple(row)):
            value = row[step.column]
            if not values.is_nothing(value):
                try:
                    found[step.name] = step.parser(value)
                except BadValue as error:
                    raise BadRow(f"{step.name} {error}") from error
        return found

    def _steps(self, columns: tuple[str, ...]) -> tuple[_Step, ...]:
        steps = self._shapes.get(columns)
        if steps is None:
            if len(self._shapes) >= _MAX_SHAPES:
                self._shapes.clear()
            resolved = self.resolve(columns).items()
            steps = tuple(_Step(name, column, TARGETS[name]) for name, column in resolved)
            self._shapes[columns] = steps
        return steps

    def _priced(self, event: UsageEvent, for_an_hour: int) -> UsageEvent:
        if not 0 <= for_an_hour <= (event.tokens_cache_write or 0):
            raise BadRow(
                f"tokens_cache_write_1h is {values.shown(for_an_hour)}, but not from 0 to all that "
                f"was written to the cache, {event.tokens_cache_write or 0}"
            )
        # The map's prices are not those of batches, which cost less.
        if event.cost_usd is not None or event.call_type == "batch":
            return event
        cost_usd, price_source = self._prices.cost(event, for_an_hour)
        return dataclasses.replace(event, cost_usd=cost_usd, price_source=price_source)


@dataclass(frozen=True, slots=True)
class _Step:
    name: str
    column: str
    parser: Parser


def _event(found: dict[str, Any], digest: bytes, row: str | None, prices: PriceMap) -> UsageEvent:
    """Build an event out of what a row says.

    The id is the row's own where it has one, else made of its call id, else of what it says:
    importing again adds nothing in any case. 0.1.0 named rows of the last kind by the content of
    the file up to them; stored under such a name, one is known as well.
    """
    _split_totals(found)
    started_at = found["started_at"]
    ended_at = found.pop("ended_at", None)
    if ended_at is not None and ended_at >= started_at:
        found.setdefault("latency_s", (ended_at - started_at).total_seconds())
    provider = found.pop("provider", None)
    provider, model = prices.identify(provider and provider.lower(), found.pop("model"))
    status: Status = found.pop("status", "failure" if "error_class" in found else "success")
    call = found.get("litellm_call_id") or row or ""
    identity = found.pop("event_id", None) or event_id(call, status, started_at)
    former = event_id(f"import|{digest.hex()}", status, started_at) if row else None
    # Gateways write 0 both for free and for unknown.
    if found.get("cost_usd") == 0:
        del found["cost_usd"]
    if "cost_usd" in found:
        found.setdefault("price_source", IMPORTED_PRICE)
    else:
        found.pop("price_source", None)
    return UsageEvent(
        event_id=identity,
        former_id=former,
        model=model,
        provider=provider,
        status=status,
        source="import",
        attribution="declared" if "user_id" in found else "none",
        **found,
    )


def _split_totals(found: dict[str, Any]) -> None:
    """Take the other classes of its side out of `tokens_input` and `tokens_output`."""
    for total_name, rest_name, others in (
        ("tokens_input", "tokens_input_uncached", ("tokens_cache_read", "tokens_cache_write")),
        ("tokens_output", "tokens_output_text", ("tokens_reasoning",)),
    ):
        total = found.pop(total_name, None)
        if total is None or rest_name in found:
            continue
        if total < 0:
            raise BadRow(f"{total_name} is negative: {values.shown(total)}")
        part = sum(found.get(name, 0) for name in others)
        if part > total:
            raise BadRow(f"{total_name} is {total}, less than the {part} tokens it includes")
        found[rest_name] = total - part


def _is_anthropic(column: str, known: Mapping[str, str]) -> bool:
    prefix, _, name = _plain(column).rpartition(".")
    dot = f"{prefix}." if prefix else ""
    return name == "input_tokens" and any(f"{dot}{other}" in known for other in _ANTHROPIC)


def _plain(column: str) -> str:
    return column.strip().lower().replace(" ", "_").replace("-", "_")


def _listed(columns: Sequence[str]) -> str:
    shown = ", ".join(columns[:30])
    return f"{shown}, and {len(columns) - 30} more" if len(columns) > 30 else shown
