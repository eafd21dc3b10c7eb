"""Which column of a file fills which field, and how a row becomes a `UsageEvent`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from footprint.errors import InputError
from footprint.event import MAX_AHEAD, TOKENS, Status, UsageEvent, event_id
from footprint.ingest import values
from footprint.ingest.pricing import PriceMap
from footprint.ingest.readers import Record
from footprint.ingest.row_identity import RowCounter
from footprint.ingest.usage import (
    CONTINUOUS,
    UNKNOWN,
    BadUsage,
    UsageReader,
    is_nested,
    read_nested,
    tier_of,
)
from footprint.ingest.usage_names import column_role, is_money, is_suspect
from footprint.ingest.values import BadValue, Parser

# Every field that a column can fill. Beside the fields of a UsageEvent: `tokens_input` and
# `tokens_output`, which include the other classes of their side, `ended_at`, for the latency,
# `tokens_cache_write_1h`, the part of the cache writes that is kept, and billed, for an hour, and
# `cost_eur`, a cost that was reported in EUR. All other columns of usage are read by what they are
# called (`footprint.ingest.usage_names`).
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
    **dict.fromkeys(("cost_usd", "cost_tools_usd", "cost_eur", "reported_cost"), values.amount),
    **dict.fromkeys(("reported_currency", "price_source", "service_tier"), values.text),
    "quantities": values.quantities,
    "status": values.status,
    "tags": values.tags,
    "flags": values.tags,
}
# Names that columns have elsewhere, compared in lower case; a field's own name comes first.
ALIASES: Final[dict[str, tuple[str, ...]]] = {
    "started_at": (
        *("starttime", "start_time", "timestamp", "ts", "time", "created_at", "created", "date"),
    ),
    "ended_at": ("endtime", "end_time"),
    "provider": ("custom_llm_provider",),
    "litellm_call_id": ("call_id", "request_id"),
    "user_id": ("userid", "user"),
    "user_email": ("email",),
    "cost_usd": ("costusd", "spend", "response_cost", "total_cost", "cost_in_usd"),
    "cost_eur": ("costeur", "cost_in_eur"),
    "reported_cost": ("cost", "amount"),
    "reported_currency": ("currency", "cost_currency", "billing_currency"),
    "latency_s": ("response_time",),
    "tags": ("request_tags",),
}
# Fields of tokens, and what a column that fills one is certain to be.
_ROLES: Final = {
    "tokens_input": "input_all",
    "tokens_input_uncached": "input_uncached",
    "tokens_cache_read": "cache_read",
    "tokens_cache_write": "cache_write",
    "tokens_cache_write_1h": "cache_write_1h_tokens",
    "tokens_output": "output_all",
    "tokens_output_text": "output_text",
    "tokens_reasoning": "reasoning",
}
# What is not read where a field says it already.
_INPUT: Final = frozenset({"input", "native_input", "input_uncached", "total"})
_OUTPUT: Final = frozenset({"output", "total"})
_READ: Final = frozenset({"cache_read", "native_cache_read", "detail_cache_read", "total"})
_WRITE: Final = frozenset({"cache_write", "native_cache_write", "detail_cache_write", "total"})
_SAID: Final = {
    "tokens_input": _INPUT,
    "tokens_input_uncached": _INPUT,
    "tokens_cache_read": _READ,
    "tokens_cache_write": _WRITE,
    "tokens_cache_write_1h": frozenset({"cache_write_1h_tokens"}),
    "tokens_output": _OUTPUT,
    "tokens_output_text": _OUTPUT,
    "tokens_reasoning": frozenset({"reasoning", "thoughts", "total"}),
}
_COSTS: Final = frozenset({"cost_usd", "cost_eur", "reported_cost"})
_MONEY: Final = frozenset({"cost", "cost_ticks"})
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
        if "reported_cost" in found and (
            "reported_currency" not in found or found["reported_cost"] == found.get("cost_usd")
        ):
            # A cost of no currency may be anything: it is named as not understood.
            del found["reported_cost"]
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
        found, said, usage = self._read(record.values)
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
            row = self._rows.identity(found | said)
        event = _event(found, usage, record.digest, row, self._prices)
        if event.cost_usd is None and event.reported_cost is None:
            event = self._prices.priced(event)
        problems = event.problems()
        if problems:
            raise BadRow("; ".join(problems))
        if cuts := event.cuts():
            flags = (*event.flags, *(f"cut: {name}" for name in cuts))
            return dataclasses.replace(event, flags=flags)
        return event

    def _read(self, row: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], UsageReader]:
        """Return a row's fields, its columns of usage by name, and what reads them."""
        found: dict[str, Any] = {}
        said: dict[str, Any] = {}
        usage = UsageReader()
        for step in self._steps(tuple(row)):
            value = row[step.column]
            if values.is_nothing(value):
                continue
            if step.money and _says_cost(found):
                continue
            try:
                if step.field:
                    found[step.name] = step.parser(value)
                else:
                    read = step.parser(value)
                    said[step.name] = read
                    _take(usage, step, read)
            except BadValue as error:
                raise BadRow(f"{step.name} {error}") from error
        if _ROLES.keys().isdisjoint(found):
            return found, said, usage
        for name, role in _ROLES.items():
            if name in found:
                if found[name] < 0:
                    raise BadRow(f"{name} is negative: {values.shown(found[name])}")
                usage.count(role, found[name])
        return found, said, usage

    def _steps(self, columns: tuple[str, ...]) -> tuple[_Step, ...]:
        steps = self._shapes.get(columns)
        if steps is None:
            if len(self._shapes) >= _MAX_SHAPES:
                self._shapes.clear()
            resolved = self.resolve(columns)
            fields = (_Step(name, column, TARGETS[name], True) for name, column in resolved.items())
            steps = (*fields, *_usage_steps(columns, resolved))
            self._shapes[columns] = steps
        return steps


@dataclass(frozen=True, slots=True)
class _Step:
    """What is done with a column.

    Args:
        name: the field, else what the column is called in usage.
        field: whether it fills a field; else it is read as `role`.
        money: whether it says nothing more where a field has a row's cost; fields come first.
    """

    name: str
    column: str
    parser: Parser
    field: bool
    role: str = ""
    money: bool = False


def _usage_steps(columns: Sequence[str], fields: Mapping[str, str]) -> Iterator[_Step]:
    """Yield how the columns of usage are read that fill no field."""
    taken = set(fields.values())
    answered = frozenset().union(*(_SAID[name] for name in fields if name in _SAID))
    for column in columns:
        if column in taken:
            continue
        if is_nested(column):
            yield _Step(column, column, values.nested_or_number, False, "nested")
            continue
        role = column_role(column)
        if role is None:
            if is_suspect(column):
                number = values.nested_or_number
                yield _Step(column, column, number, False, "unread", is_money(column))
        elif role in _WORDS:
            yield _Step(column, column, values.text, False, role)
        elif role != "known" and role not in answered:
            is_cost = role in _MONEY
            parser = values.amount if role in CONTINUOUS or is_cost else values.count
            yield _Step(column.rpartition(".")[2], column, parser, False, role, is_cost)


def _says_cost(found: Mapping[str, Any]) -> bool:
    """Tell whether a row has a cost of its own; 0 is none, gateways write it for unknown too."""
    return any(found.get(name) for name in _COSTS)


_WORDS: Final = frozenset({"tier", "geo", "speed"})
_LOOSE: Final = frozenset({"unread", "nested"})


def _take(usage: UsageReader, step: _Step, value: Any) -> None:
    if step.role in _WORDS:
        usage.text(step.role, value)
    elif step.role in _LOOSE:
        if isinstance(value, (Mapping, list)):
            read_nested(usage, step.column, value)
        elif value and is_suspect(step.column):
            usage.count("unread", 1, step.column)
    elif value < 0:
        raise BadRow(f"{step.column} is negative: {values.shown(value)}")
    else:
        usage.count(step.role, value)


def _event(
    found: dict[str, Any], reader: UsageReader, digest: bytes, row: str | None, prices: PriceMap
) -> UsageEvent:
    """Build an event out of what a row says.

    The id is the row's own where it has one, else made of its call id, else of what it says:
    importing again adds nothing in any case. 0.1.0 named rows of the last kind by the content of
    the file up to them; stored under such a name, one is known as well.
    """
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
    _add_usage(found, reader, model)
    _settle_cost(found)
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


def _add_usage(found: dict[str, Any], reader: UsageReader, model: str) -> None:
    """Put in place what the columns of usage say; a tier of the row itself counts."""
    hour, write = reader.amount("cache_write_1h_tokens"), reader.amount("cache_write")
    # LangChain says 0 beside the parts, so that nobody adds them up.
    is_said = write or (write is not None and "tokens_cache_write" in found)
    if hour and is_said and hour > (write or 0):
        raise BadRow(
            f"tokens_cache_write_1h is {values.shown(hour)}, but not from 0 to all that was "
            f"written to the cache, {write}"
        )
    try:
        usage = reader.result(model)
    except BadUsage as error:
        raise BadRow(str(error)) from error
    for name in found.keys() & _ROLES.keys():
        del found[name]
    tokens = usage.tokens if usage.tokens is not UNKNOWN else reader.zeros()
    found |= {name: n for name, n in zip(TOKENS, tokens, strict=True) if n is not None}
    if usage.quantities:
        found["quantities"] = {**usage.quantities, **found.get("quantities", {})}
    if usage.flags:
        found["flags"] = tuple(dict.fromkeys((*found.get("flags", ()), *usage.flags)))
    if usage.service_tier:
        found.setdefault("service_tier", usage.service_tier)
    elif "service_tier" in found:
        found["service_tier"] = tier_of(found["service_tier"])
    if usage.geo:
        found.setdefault("region", usage.geo)
    if usage.cost_usd is not None and not _says_cost(found):
        found["cost_usd"] = usage.cost_usd


def _settle_cost(found: dict[str, Any]) -> None:
    """Keep the one cost that was reported, in its currency, and say that it was imported."""
    in_eur = found.pop("cost_eur", None)
    # Gateways write 0 both for free and for unknown.
    for name in ("cost_usd", "reported_cost"):
        if found.get(name) == 0:
            del found[name]
    if found.get("cost_usd") is None and found.get("reported_cost") is None and in_eur:
        found |= {"reported_cost": in_eur, "reported_currency": "EUR"}
    currency = found.pop("reported_currency", None)
    if "cost_usd" in found:
        found.pop("reported_cost", None)
    elif "reported_cost" in found and currency is not None:
        if currency.upper() == "USD":
            found["cost_usd"] = found.pop("reported_cost")
        else:
            found["reported_currency"] = currency.upper()
    if "cost_usd" in found or "reported_cost" in found:
        found.setdefault("price_source", IMPORTED_PRICE)
    else:
        found.pop("price_source", None)
        found.pop("cost_tools_usd", None)


def _plain(column: str) -> str:
    return column.strip().lower().replace(" ", "_").replace("-", "_")


def _listed(columns: Sequence[str]) -> str:
    shown = ", ".join(columns[:30])
    return f"{shown}, and {len(columns) - 30} more" if len(columns) > 30 else shown
