"""From what a file says to typed values; whatever cannot be one becomes a `BadValue`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeAlias
from uuid import UUID

_WHOLE: Final = re.compile(r"[+-]?\d{1,30}(\.0*)?")
# A whole number as spreadsheets and JavaScript write large ones: 1e6, 2.5E+3.
_EXPONENT: Final = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?[eE]\+?\d{1,2}")
# What may be meant in two ways: a comma or a space is never read as part of a number.
_GROUPED: Final = re.compile(r"[+-]?\d[\d.,'\u2019\s]*")
_PLAIN: Final = re.compile(r"[+-]?\d+\.\d+")
_ONE_WAY: Final = "write it with a decimal point and without thousands separators, as 1234.56"
_COMPACT: Final = re.compile(r"20\d{12}")
_EPOCH: Final = re.compile(r"\d{9,19}(\.\d+)?")
# A Unix time is in seconds below the first bound, then in ms, µs, ns: from 2001 to 5138 in each.
_UNITS: Final = ((10**11, 1), (10**14, 10**3), (10**17, 10**6), (10**20, 10**9))
_YES: Final = frozenset({"true", "t", "yes", "y", "1"})
_NO: Final = frozenset({"false", "f", "no", "n", "0"})
# What a table writes where it has nothing to say.
_NOTHING: Final = frozenset({"", "null", "none", "\\n", "n/a"})
_STATUSES: Final = {
    "success": "success",
    "succeeded": "success",
    "ok": "success",
    "completed": "success",
    "200": "success",
    "failure": "failure",
    "failed": "failure",
    "error": "failure",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "abandoned": "abandoned",
}

Parser: TypeAlias = Callable[[Any], Any]


class BadValue(Exception):
    """A value is not what its field takes; the text ends a sentence that begins with the field."""


def is_nothing(value: Any) -> bool:
    """Tell whether a file says nothing in this place."""
    if value is None or value == "":
        return True
    return isinstance(value, str) and len(value) < 20 and value.strip().lower() in _NOTHING


def text(value: Any) -> str:
    """Return a text without spaces at its ends."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, (list, dict)):
        raise BadValue("is a list or an object, not a text")
    return str(value).lower() if isinstance(value, bool) else str(value)


def count(value: Any) -> int:
    """Return a whole number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    written = text(value)
    if _EXPONENT.fullmatch(written):
        large = Decimal(written)
        if large == int(large):
            return int(large)
    if not _WHOLE.fullmatch(written):
        raise BadValue(f"is not a whole number: {shown(written)}{_hint(written)}")
    return int(written.partition(".")[0])


def amount(value: Any) -> Decimal:
    """Return a decimal number, with a decimal point and no thousands separator."""
    written = text(value)
    try:
        number = Decimal(written)
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        raise BadValue(f"is not a number: {shown(written)}{_hint(written)}")
    return number


def seconds(value: Any) -> float:
    """Return a duration in seconds."""
    return float(amount(value))


def flag(value: Any) -> bool:
    """Return a yes or no."""
    written = text(value).lower()
    if written in _YES or written in _NO:
        return written in _YES
    raise BadValue(f"is neither true nor false: {shown(written)}")


def status(value: Any) -> str:
    """Return one of the four statuses."""
    found = _STATUSES.get(text(value).lower())
    if found is None:
        raise BadValue(f"is no status that is known: {shown(value)}")
    return found


def moment(value: Any) -> datetime:
    """Return a time: ISO 8601 (UTC where it names no offset), or a Unix time in s, ms, µs or ns.

    Fourteen digits that begin as a year of this century are a time without signs between its
    parts, and no Unix time, which as milliseconds would lie six hundred years ahead.
    """
    written = text(value).removesuffix(" UTC")
    try:
        if _COMPACT.fullmatch(written):
            written = f"{written[:8]}T{written[8:]}"
        if _EPOCH.fullmatch(written):
            number = Decimal(written)
            unit = next(per_second for bound, per_second in _UNITS if number < bound)
            return datetime.fromtimestamp(float(number / unit), UTC)
        found = datetime.fromisoformat(written)
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError, StopIteration) as error:
        raise BadValue(f"is not an ISO 8601 time: {shown(written)}") from error


def nested_or_number(value: Any) -> Mapping[str, Any] | list[Any] | Decimal:
    """Return an object or a list, also one that a table holds as JSON text, or a number.

    It is 0 for anything else, of which nobody knows that it ought to be one.
    """
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            value = json.loads(value, parse_float=Decimal)
        except (ValueError, RecursionError):
            return Decimal(0)
    if isinstance(value, (Mapping, list)):
        return value
    try:
        return amount(value)
    except BadValue:
        return Decimal(0)


def quantities(value: Any) -> dict[str, int | Decimal]:
    """Return amounts by unit, from an object or from ``pages=3; web_searches=2``."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value, parse_float=Decimal)
        except ValueError as error:
            raise BadValue(f"is no JSON object: {shown(value)}") from error
    if isinstance(value, str):
        parts = [part.partition("=") for part in value.split(";") if part.strip()]
        if not all(sign for _, sign, _ in parts):
            raise BadValue(f"is no list such as pages=3; web_searches=2: {shown(value)}")
        value = {unit.strip(): number.strip() for unit, _, number in parts}
    if not isinstance(value, Mapping):
        raise BadValue(f"is no object of units: {shown(value)}")
    found = {str(unit): amount(number) for unit, number in value.items()}
    return {unit: int(n) if n == int(n) else n for unit, n in found.items()}


def an_object(value: Any) -> Mapping[str, Any]:
    """Return a JSON object."""
    if not isinstance(value, Mapping):
        raise BadValue(f"is no JSON object: {shown(value)}")
    return value


def identifier(value: Any) -> UUID:
    """Return a UUID."""
    try:
        return UUID(text(value))
    except ValueError as error:
        raise BadValue(f"is not a UUID: {shown(value)}") from error


def tags(value: Any) -> tuple[str, ...]:
    """Return tags from a list, a JSON list, or a text with commas or semicolons between them."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise BadValue(f"are no JSON list: {shown(value)}") from error
    parts = value if isinstance(value, (list, tuple)) else re.split(r"[,;]", text(value))
    return tuple(dict.fromkeys(tag for part in parts if (tag := text(part))))


def _hint(written: str) -> str:
    """Say how a number is written, where one was meant that can be read in two ways."""
    is_grouped = len(written) < 60 and _GROUPED.fullmatch(written)
    return f" ({_ONE_WAY})" if is_grouped and not _PLAIN.fullmatch(written) else ""


def shown(value: Any) -> str:
    """Return a value as an error message shows it: short, on one line."""
    written = " ".join(str(value).split())
    return f"{written[:40]}…" if len(written) > 40 else written
