"""What the known sources share: rows, their columns by plain name, and readings of their values."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeAlias
from uuid import UUID, uuid5

from footprint.ingest import loose, values
from footprint.ingest.attribution import FILLERS
from footprint.ingest.usage import NOTHING, Usage

Row: TypeAlias = Mapping[str, Any]
# Never change it: every imported id was made with it.
_NAMESPACE: Final = UUID("0d0d3a53-5f0f-5d0c-9d6e-7c0a7c1b2f64")


class NoRequest(Exception):
    """A row is no request to a model (a span, a tool, a summary): it is left out, and counted."""


class BadSourceRow(Exception):
    """A row cannot be used; the text says why."""


@dataclass(frozen=True)
class Source:
    """An export whose shape is known.

    Args:
        name: what ``--format`` calls it.
        title: what people call it.
        recognises: whether plain column names are its.
        translate: one row of it → rows under our field names; several where a row stands for
            several requests. Raises NoRequest or BadSourceRow.
        splits: whether one row may become several.
        note: what everybody who imports it should know; None for nothing.
        refusal: why it cannot be imported, and what can instead; None where it can.
    """

    name: str
    title: str
    recognises: Callable[[frozenset[str]], bool]
    translate: Callable[[Row], Iterable[dict[str, Any]]]
    splits: bool = False
    note: str | None = None
    refusal: str | None = None


def plain_name(column: str) -> str:
    """Return a column's name in lower case without separators: ``startTime`` is ``start_time``."""
    return "".join(char for char in column.lower() if char.isalnum())


def plain_names(columns: Iterable[str]) -> frozenset[str]:
    """Return the plain names of columns."""
    return frozenset(map(plain_name, columns))


def by_plain_name(row: Row) -> dict[str, Any]:
    """Return a row by its plain names, without what a table writes for nothing."""
    return {plain_name(k): v for k, v in row.items() if not values.is_nothing(v)}


def made_id(source: str, key: Any) -> str:
    """Return the event id of a row that its source names by `key`."""
    return str(uuid5(_NAMESPACE, f"{source}|{key}"))


def an_object(value: Any) -> Mapping[str, Any]:
    """Return an object, also where a table holds it as JSON text; empty where it is none."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value, parse_float=Decimal)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def whole(row: Row, name: str) -> int | None:
    """Return a count of a row; None where it has none.

    Raises:
        BadSourceRow: where it is no whole number from 0 on.
    """
    if name not in row:
        return None
    try:
        found = values.count(row[name])
    except values.BadValue as error:
        raise BadSourceRow(f"{name} {error}") from error
    if found < 0:
        raise BadSourceRow(f"{name} is negative: {found}")
    return found


def known_cost(value: Any) -> Any:
    """Return a cost as it is written; None for 0, which these systems write for unknown too."""
    if value is None:
        return None
    try:
        return value if values.amount(value) != 0 else None
    except values.BadValue:
        return value


def person(value: Any) -> str | None:
    """Return a person's id; None for what systems write where they know nobody."""
    found = loose.text(value, 200)
    return None if found is None or found.lower() in FILLERS else found


def present(**fields: Any) -> dict[str, Any]:
    """Return the fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}


def usage_fields(usage: Usage) -> dict[str, Any]:
    """Return a row's usage under our field names; nothing of what it does not say."""
    if usage is NOTHING:
        return {}
    tokens = usage.tokens
    return present(
        tokens_input_uncached=tokens.input_uncached,
        tokens_cache_read=tokens.cache_read,
        tokens_cache_write=tokens.cache_write,
        tokens_output_text=tokens.output_text,
        tokens_reasoning=tokens.reasoning,
        quantities=usage.quantities or None,
        service_tier=usage.service_tier,
        flags=usage.flags or None,
    )


def one(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield one row."""
    yield row
