"""Filling gaps: factors for names that the ladder can match by now, then their requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from footprint.database import ask, connect
from footprint.errors import ConfigurationError
from footprint.impact.engine import Factor
from footprint.impact.factors import price_factor
from footprint.impact.loading import add_factors
from footprint.impact.prices import PricedModel, read_price_map, text_models
from footprint.impact.resolution import may_be_text, resolved

if TYPE_CHECKING:
    import psycopg

# Requests filled in one transaction.
_BATCH = 20_000
Name = tuple[str, str]


@dataclass(frozen=True)
class Resolved:
    """What became of the names without a factor.

    Attributes:
        matched: Factors that were added to the set.
        rows_filled: Requests that have an impact now and had none.
        unknown: Names that wait for an admin, the most requests first: provider, model, requests.
    """

    matched: tuple[Factor, ...]
    rows_filled: int
    unknown: tuple[tuple[str, str, int], ...]


def resolve(
    database_url: str,
    factor_set: str | None = None,
    tell: Callable[[int, float], None] = lambda rows, share: None,
    *,
    weak: bool = False,
) -> Resolved:
    """Add factors for names that requests have and the ladder can match, and fill their gaps.

    Args:
        database_url: Direct address of the database.
        factor_set: The set to add to (None: the active one). Gaps are filled with the active one.
        tell: Gets the number of rows filled so far and the share of the names done (0-1).
        weak: Whether a size alone in an id that its owner chose counts.
    """
    with connect(database_url) as connection:
        active = str(ask(connection, "private.setting", "active_factor_set"))
    name = factor_set or active
    found = add_missing(database_url, name, weak=weak)
    rows = _fill(database_url, tell) if name == active else 0
    with connect(database_url) as connection:
        left = connection.execute(
            "select provider, model, sum(requests) from private.unfactored_names"
            " where kind = 'text' group by 1, 2 order by 3 desc, 1, 2"
        ).fetchall()
    return Resolved(tuple(found), rows, tuple((p, m, int(n)) for p, m, n in left))


def add_missing(
    database_url: str, factor_set: str | None = None, *, weak: bool = False
) -> list[Factor]:
    """Add factors for names that requests have, a set lacks and the ladder can match.

    A set knows the models of LiteLLM's list; names that were resolved for an earlier set are not
    among them, and a restatement would lose their impact.

    Args:
        database_url: Direct address of the database.
        factor_set: The set (None: the active one); one that is not there gets nothing.
        weak: Whether a size alone in an id that its owner chose counts.

    Returns:
        The factors added.
    """
    with connect(database_url) as connection:
        name = factor_set or str(ask(connection, "private.setting", "active_factor_set"))
        known = connection.execute(
            "select 1 from public.factor_sets where factor_set = %s", [name]
        ).fetchone()
        wanted = _names_without_factor(connection, name) if known else []
    found = match_names(name, wanted, weak=weak)
    if found:
        add_factors(database_url, found)
    return found


def match_names(
    factor_set: str, names: Iterable[Name], today: date | None = None, *, weak: bool = False
) -> list[Factor]:
    """Return a factor for each name that the ladder matches; a price stands in as on building.

    A name that the table of embedding models knows, or that says so of itself, gets a factor for
    embeddings or none; one that is not a text model's gets none. The sizes are those that the
    package ships, the prices those of the installed LiteLLM, which may be newer than the set.

    Args:
        factor_set: The set they are for.
        names: Provider and model, lower case.
        today: The day to say of them (None: today, UTC).
        weak: Whether a size alone in an id that its owner chose counts.
    """
    names = sorted(set(names))
    prices = _prices() if names else {}
    day = (today or datetime.now(UTC).date()).isoformat()
    built = (
        resolved(factor_set, *name, weak) or _by_price(factor_set, prices.get(name))
        for name in names
    )
    return [replace(f, sources={**f.sources, "resolved": day}) for f in built if f]


def _prices() -> dict[Name, PricedModel]:
    """Return the installed LiteLLM's text models; none without it."""
    try:
        return {(m.provider, m.model): m for m in text_models(read_price_map())}
    except ConfigurationError:
        return {}


def _by_price(factor_set: str, priced: PricedModel | None) -> Factor | None:
    known = priced and priced.usd_per_m_out and may_be_text(priced.provider, priced.model)
    return price_factor(factor_set, priced) if priced and known else None


def _names_without_factor(connection: psycopg.Connection, factor_set: str) -> list[Name]:
    rows = connection.execute(
        "select distinct lower(u.provider), lower(u.model) from public.usage_user_monthly u"
        " where u.measurable > 0 and u.model <> '' and not exists"
        " (select 1 from public.impact_factors f where f.factor_set = %s"
        "   and f.provider = lower(u.provider) and f.model = lower(u.model))",
        [factor_set],
    ).fetchall()
    return [(str(provider), str(model)) for provider, model in rows]


def _fill(database_url: str, tell: Callable[[int, float], None]) -> int:
    """Fill the requests of every name that has a factor by now, a batch a transaction."""
    total = 0
    with connect(database_url) as connection:
        names = connection.execute(
            "select distinct n.provider, n.model from private.unfactored_names n cross join lateral"
            " private.impact_context(n.provider, n.model,"
            "   case n.kind when 'text' then 'chat' else n.kind end, null,"
            "   private.setting('active_factor_set') #>> '{}') x where x.impact_reason is null"
            " order by 1, 2"
        ).fetchall()
        for done, (provider, model) in enumerate(names, start=1):
            filled = _BATCH
            while filled == _BATCH:
                filled = int(ask(connection, "private.fill_unknown", provider, model, _BATCH))
                total += filled
                tell(total, done / len(names))
    return total
