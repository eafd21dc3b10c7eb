"""Loading the demo organisation: people, requests, donations, and the notice on every screen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from footprint.database import connect
from footprint.demo.calendar import period_before
from footprint.demo.donations import donations_for
from footprint.demo.organisation import requests_before
from footprint.demo.people import ORGANISATION, PEOPLE
from footprint.errors import FootprintError, InputError
from footprint.event import UsageEvent
from footprint.ingest.database import DatabaseSender
from footprint.ingest.delivery import DeliveryReport, encode
from footprint.ingest.pricing import PriceMap

if TYPE_CHECKING:
    import psycopg

# Nobody waits for an answer on a local socket, so the ingest function's largest batch.
BATCH_ROWS: Final = 1000
# For the share of the whole in the progress; the exact number follows from the rule.
ABOUT_REQUESTS: Final = 119_100
NOTICE: Final = {
    "title": "Demo: real token counts, invented organisation",
    "real": (
        "the token counts of every request and the minute of its hour, from a production trace of "
        "LLM services in Azure (19,366 requests, laid end to end six times); list prices; impact "
        "factors"
    ),
    "synthetic": (
        "people, teams, models, dates and hours, failures, the split into cached and reasoning "
        "tokens, latencies, tags, donations and receipts"
    ),
    "source": (
        "Azure LLM inference trace 2023 (conversation): Patel et al., Splitwise: Efficient "
        "Generative LLM Inference Using Phase Splitting, ISCA 2024"
    ),
    "licence": "CC-BY 4.0",
}


class DemoDataError(FootprintError):
    """The demo's own data were refused: begin anew with `footprint demo reset`."""


@dataclass(frozen=True)
class Loaded:
    """What a load did: how many requests it added, and how many there are."""

    added: int
    requests: int


def claim(database_url: str, today: date) -> None:
    """Make an empty database the demo's: settle its people, and keep the day for later loads.

    A database that is the demo's already stays as it is.

    Raises:
        InputError: where it has requests that are not the demo's.
    """
    with connect(database_url) as connection:
        if _value(connection, "select private.setting('demo_notice')"):
            return
        if _value(connection, "select exists (select from public.request_logs)"):
            raise InputError(
                "This data folder holds requests that are not the demo's: "
                "give the demo a folder of its own with --data-dir."
            )
        period = period_before(today)
        notice = {**NOTICE, "first_day": str(period.first), "last_day": str(period.last)}
        with connection.transaction(), connection.cursor() as cursor:
            _set(connection, "demo_notice", notice)
            _set(connection, "organisation_name", ORGANISATION)
            _set(connection, "pledge_share", 1)
            cursor.executemany(
                "insert into public.user_profiles (user_id, email, full_name, team, role)"
                " values (%s, %s, %s, %s, %s) on conflict (user_id) do nothing",
                [(p.user_id, p.email, p.name, p.team, p.role) for p in PEOPLE],
            )


def load(
    database_url: str,
    prices: PriceMap,
    progress: Callable[[int, float], None] = lambda done, fraction: None,
) -> Loaded:
    """Load the organisation into a claimed database, or what is missing after an interruption.

    Requests go through ``private.store_events`` like any other, in a fixed order, so that their
    number says where to go on.

    Raises:
        FootprintError: where the database does not answer; a later load goes on from there.
    """
    with connect(database_url) as connection:
        notice = _value(connection, "select private.setting('demo_notice')")
        if "requests" in notice:
            return Loaded(0, int(notice["requests"]))
        first_day_after = date.fromisoformat(notice["last_day"]) + timedelta(days=1)
        count = "select count(*) from public.request_logs where source = 'demo'"
        done = int(_value(connection, count))
        requests = requests_before(first_day_after, prices)
        total = done + _store(connection, islice(requests, done, None), done, progress)
        _donate(connection, first_day_after)
        _set(connection, "demo_notice", {**notice, "requests": total})
        connection.execute("analyze")
        return Loaded(total - done, total)


def _store(
    connection: psycopg.Connection,
    requests: Iterator[UsageEvent],
    done: int,
    progress: Callable[[int, float], None],
) -> int:
    """Store what is left of the requests, making the next batch while one is stored."""
    sender, stored = DatabaseSender(connection), 0
    progress(done, done / ABOUT_REQUESTS)
    with ThreadPoolExecutor(1) as courier:
        waiting: Future[DeliveryReport] | None = None
        try:
            while True:
                batch = [encode(event) for event in islice(requests, BATCH_ROWS)]
                if waiting:
                    stored += _accepted(waiting.result())
                    progress(done + stored, min(1.0, (done + stored) / ABOUT_REQUESTS))
                if not batch:
                    return stored
                waiting = courier.submit(sender.store, batch)
        except BaseException:
            sender.abandon()
            raise


def _accepted(report: DeliveryReport) -> int:
    if report.rejected:
        raise DemoDataError(
            f"The database refused a request of the demo ({report.rejected[0].reason}): "
            "begin anew with `footprint demo reset`."
        )
    return report.inserted + report.duplicates


def _donate(connection: psycopg.Connection, first_day_after: date) -> None:
    closed = period_before(first_day_after).closed_months()
    found = connection.execute(
        "select date_trunc('month', day)::date, coalesce(sum(cost_eur), 0)"
        " from public.usage_org_daily group by 1"
    ).fetchall()
    costs = {month: cost for month, cost in found if month in closed}
    rows = [
        (
            *(d.donation_id, d.month, d.donated_on, d.organisation, d.project, d.ecosystem),
            *(d.claim_type, d.country, d.amount_eur, d.amount_eur, d.area_m2),
            *(d.receipt_number, d.receipt_sha256 if d.verified else None),
            *(d.donated_on if d.verified else None, "demo" if d.verified else None),
        )
        for d in donations_for(costs)
    ]
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into public.donations (donation_id, month, donated_on, organisation, project,"
            " ecosystem, claim_type, country, amount, amount_eur, area_m2, receipt_number,"
            " receipt_sha256, verified_at, verified_by)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " on conflict (donation_id) do nothing",
            rows,
        )


def _set(connection: psycopg.Connection, key: str, value: Any) -> None:
    connection.execute(
        "update public.settings set value = %s::jsonb where key = %s", [json.dumps(value), key]
    )


def _value(connection: psycopg.Connection, query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None
