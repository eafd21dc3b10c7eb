"""What pages must show, worked out from request_logs alone: no rollup, no function of ours.

Amounts come from one plain query over the rows of a period; only how a figure is written is the
app's own (``Formats``, which has tests of its own).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from psycopg.rows import dict_row

from footprint.ui.formats import AREA, CARBON, ENERGY, TOKENS, WATER, Formats
from house import Database

FORMATS = Formats.of("en-GB")
PLEDGE = Decimal("0.05")
# Dollars that a million tokens cost less from the cache than anew, by LiteLLM's list of 1.106.2.
_SAVED = {
    "gpt-4o": Decimal("2.50") - Decimal("1.25"),
    "gpt-4o-mini": Decimal("0.15") - Decimal("0.075"),
    "gpt-5-mini": Decimal("0.25") - Decimal("0.025"),
    "claude-sonnet-4-5": Decimal("3") - Decimal("0.3"),
    "claude-haiku-4-5": Decimal("1") - Decimal("0.1"),
    "gemini-2.5-pro": Decimal("1.25") - Decimal("0.125"),
    "gemini-2.5-flash": Decimal("0.3") - Decimal("0.03"),
    "mistral-large-latest": Decimal("0.5") - Decimal("0.05"),
}

_AMOUNTS = """
  count(*) as requests, count(*) filter (where status = 'failure') as failures,
  count(distinct user_profile_id) as people,
  sum(cost_eur) filter (where not cache_hit) as cost_eur,
  sum(cost_usd) filter (where not cache_hit) as cost_usd,
  sum(cost_eur) filter (where not cache_hit and user_profile_id is not null) as cost_of_people,
  sum(coalesce(tokens_input_uncached, 0) + coalesce(tokens_cache_read, 0)
    + coalesce(tokens_cache_write, 0) + coalesce(tokens_output_text, 0)
    + coalesce(tokens_reasoning, 0)) filter (where not cache_hit) as tokens,
  sum(tokens_cache_read) filter (where not cache_hit) as cached,
  sum(energy_kwh) as energy, sum(carbon_gco2e) as carbon, sum(water_l) as water,
  count(*) filter (where sent) as sent, count(*) filter (where billable) as billable,
  count(*) filter (where billable and cost_usd is not null) as priced,
  count(*) filter (where energy_kwh is not null) as measured, count(user_profile_id) as attributed,
  percentile_cont(0.5) within group (order by case when status = 'success' and not cache_hit
    then latency_s::float8 end) as latency
"""
_ROWS = """
  (select *, not cache_hit and (sent or cost_usd > 0 or status <> 'failure') as billable from
  (select *, (started_at at time zone %(zone)s)::date as day, not cache_hit and
     coalesce(tokens_input_uncached, 0) + coalesce(tokens_cache_read, 0)
     + coalesce(tokens_cache_write, 0) + coalesce(tokens_output_text, 0)
     + coalesce(tokens_reasoning, 0) > 0 as sent
   from public.request_logs) l) r
"""


@dataclass(frozen=True)
class Asked:
    """Which rows: days in a time zone, of one person or (None) of everybody."""

    database: Database
    zone: str
    first: str
    last: str
    person: str | None = None
    # A condition that the rows fulfil besides, in SQL.
    only: str = "true"

    def rows(self, *keys: str) -> list[dict[str, Any]]:
        """Return the amounts by ``keys``: columns of request_logs, or ``day``."""
        group = f"group by {', '.join(keys)}" if keys else ""
        query = (
            f"select {''.join(key + ', ' for key in keys)} {_AMOUNTS} from {_ROWS}"
            " where day between %(first)s and %(last)s"
            " and (%(person)s::text is null or user_profile_id = %(person)s)"
            f" and ({self.only}) {group}"
        )
        with self.database.connect() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            found = cursor.execute(query, vars(self) | {"database": None}).fetchall()
        # Refused requests cost 0 for sure; where nothing that was sent has a price, that is no sum.
        unknown = {"cost_eur": None, "cost_usd": None, "cost_of_people": None}
        return [row if row["priced"] else row | unknown for row in found]

    def requests(self) -> list[dict[str, Any]]:
        """Return single requests, newest first, with their time in the zone; a cache hit is free."""
        query = f"""
          select started_at at time zone %(zone)s as local, model,
            case when cache_hit then 0 else cost_eur end as cost_eur,
            energy_kwh as energy, carbon_gco2e as carbon, water_l as water,
            (select sum(known) from unnest(array[tokens_input_uncached, tokens_cache_read,
               tokens_cache_write, tokens_output_text, tokens_reasoning]) as known) as tokens
          from {_ROWS} where day between %(first)s and %(last)s
            and (%(person)s::text is null or user_profile_id = %(person)s)
          order by started_at desc, event_id desc
        """
        with self.database.connect() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            return cursor.execute(query, vars(self) | {"database": None}).fetchall()

    def cards(self) -> dict[str, str]:
        """Return every card of a footprint as it must read."""
        [of] = self.rows()
        shared = self.restored_m2()
        return {
            "Cost": FORMATS.money(of["cost_eur"]),
            "Tokens": FORMATS.quantity(of["tokens"], TOKENS),
            "Energy": FORMATS.quantity(of["energy"], ENERGY),
            "CO₂e": FORMATS.quantity(of["carbon"], CARBON),
            "Water": FORMATS.quantity(of["water"], WATER),
            "Nature restored": FORMATS.quantity(shared, AREA) if shared else "None yet",
            "Requests": FORMATS.number(of["requests"]),
            "People active": FORMATS.number(of["people"]),
            "Failed": FORMATS.number(of["failures"]),
            "Error rate": FORMATS.share(of["failures"], of["requests"]),
            "Latency, median": FORMATS.seconds(of["latency"]),
            "Cost per active person": FORMATS.money(
                (of["cost_of_people"] or 0) / (of["people"] or 1)
            ),
            "Saved by caching": self._saved(of),
            "Pledged to nature": FORMATS.money((of["cost_eur"] or 0) * PLEDGE),
            "Priced": FORMATS.share(of["priced"], of["billable"]),
            "Measured": FORMATS.share(of["measured"], of["sent"]),
            "Attributed": FORMATS.share(of["attributed"], of["requests"]),
        }

    def restored_m2(self) -> Decimal:
        """Return the person's share, by cost, of the m² of months with verified receipts."""
        query = f"""
          with months as (
            select date_trunc('month', day) as month, sum(cost_eur) filter (where not cache_hit) as whole,
              sum(cost_eur) filter (where not cache_hit and day between %(first)s and %(last)s
                and (%(person)s::text is null or user_profile_id = %(person)s)) as part
            from {_ROWS} group by 1)
          select coalesce(sum(d.area_m2 * m.part / m.whole), 0) from months m
          join public.donations d on d.month = m.month and d.verified_at is not null
          where m.month < date_trunc('month', now() at time zone %(zone)s)
        """
        with self.database.connect() as connection:
            row = connection.execute(query, vars(self) | {"database": None}).fetchone()
        assert row is not None
        return Decimal(row[0])

    def _saved(self, of: dict[str, Any]) -> str:
        if not of["cached"]:
            return "None"
        saved = sum(
            Decimal(row["cached"]) * _SAVED[row["model"].lower()]
            for row in self.rows("model")
            if row["cached"]
        )
        return FORMATS.money(saved / 1_000_000 * of["cost_eur"] / of["cost_usd"])
