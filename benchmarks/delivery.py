"""How fast requests reach the database: in batches, one by one, and against COPY.

    python -m benchmarks.delivery [--rows 10000] [--rounds 3] [--round-trip-ms 30]

"One by one" is what LiteLLM's Supabase logger does: supabase-py stores one row after the other in
the plain table of its documentation. "Batches" is the courier with a full spool: 500 events a call of
the ingest function, which attributes, converts and weighs them, and two calls at once. Both as they are and through a proxy on
loopback that holds everything back for half the round trip each way. COPY puts the finished rows
into the same tables as the ingest function.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import supabase

from benchmarks.common import databases
from benchmarks.import_rate import KEY, copied, make_key, stored_rows
from footprint.config import Settings
from footprint.demo.organisation import requests_before
from footprint.event import UsageEvent
from footprint.ingest.delivery import encode
from footprint.ingest.pricing import price_map
from footprint.ingest.recorder import open_recorder
from footprint.local.lite import Server

# LiteLLM's documented table for its own Supabase logger.
TABLE = """
create table public.litellm_logs (
  id bigint generated always as identity primary key, created_at timestamptz not null default now(),
  model text, messages json, response json, end_user text, status text, error json,
  response_time real, total_cost real, additional_details json, litellm_call_id text unique);
grant insert, select, update on public.litellm_logs to anon;
"""
GOALS = {0: 40.0, 30: 250.0}


@contextmanager
def slowed(url: str, round_trip_ms: float) -> Iterator[str]:
    """Yield an address that leads to `url` with so much added to every round trip."""
    if not round_trip_ms:
        yield url
        return
    parts, ready, loop = urlsplit(url), threading.Event(), asyncio.new_event_loop()
    port = 0

    async def serve() -> None:
        nonlocal port
        server = await asyncio.start_server(
            lambda r, w: _forward(r, w, parts.hostname, parts.port, round_trip_ms / 2000),
            "127.0.0.1",
        )
        port = server.sockets[0].getsockname()[1]
        ready.set()

    def run() -> None:
        loop.run_until_complete(serve())
        loop.run_forever()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _forward(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    host: str | None,
    port: int | None,
    delay_s: float,
) -> None:
    to_reader, to_writer = await asyncio.open_connection(host, port)
    await asyncio.gather(_pipe(reader, to_writer, delay_s), _pipe(to_reader, writer, delay_s))


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_s: float) -> None:
    """Pass bytes on, each `delay_s` after it came; many may be under way at once."""
    loop = asyncio.get_running_loop()
    while data := await reader.read(65536):
        loop.call_later(delay_s, writer.write, data)
    loop.call_later(delay_s, writer.close)


def one_by_one(url: str, key: str, events: list[UsageEvent]) -> float:
    """Insert rows one after the other, as LiteLLM's Supabase logger does; return rows a second."""
    table = supabase.create_client(url, key).table("litellm_logs")
    begun = time.perf_counter()
    for event in events:
        row = {
            "litellm_call_id": str(event.event_id),
            "model": event.model,
            "end_user": event.user_id,
            "status": event.status,
            "response_time": event.latency_s,
            "total_cost": float(event.cost_usd or 0),
            "messages": [{"role": "user", "content": "hi"}],
            "response": "hello",
        }
        table.upsert(row, on_conflict="litellm_call_id").execute()
    return len(events) / (time.perf_counter() - begun)


def in_batches(url: str, key: str, events: list[UsageEvent]) -> float:
    """Have the courier deliver a spool that holds the events; return rows a second."""
    with tempfile.TemporaryDirectory() as folder:
        recorder = open_recorder(
            Settings(
                supabase_url=url,
                supabase_publishable_key=key,
                ingest_key=KEY,
                spool_dir=Path(folder) / "spool",
            )
        )
        for event in events:
            recorder.spool.append(encode(event))
        begun = time.perf_counter()
        recorder.courier.flush(600)
        took = time.perf_counter() - begun
        stored = recorder.spool.health.counts["delivered"]
        recorder.courier.stop(0)
    if stored != len(events):
        raise RuntimeError(f"{stored} of {len(events)} events were stored")
    return stored / took


def over_http(
    server: Server, events: list[UsageEvent], round_trip_ms: float
) -> tuple[float, float]:
    """Return rows a second one by one and in batches, each event once."""
    with slowed(server.api_url, round_trip_ms) as url:
        few = events[: 40 if round_trip_ms else 300]
        return (
            one_by_one(url, server.publishable_key, few),
            in_batches(url, server.publishable_key, events),
        )


def measure(rows: int, rounds: int, round_trip_ms: float) -> dict[str, list[float]]:
    """Return rows a second by way and round; the ways take turns, each on a fresh database."""
    events = list(itertools.islice(requests_before(date(2026, 11, 1), price_map()), rows))
    people = [(user,) for user in sorted({e.user_id for e in events if e.user_id})]
    found: dict[str, list[float]] = {}
    with databases() as place:
        stored = stored_rows(place, events)
        for _ in range(rounds):
            for delay in (0.0, round_trip_ms):
                with place.fresh() as (name, url):
                    make_key(url)
                    with psycopg.connect(url, autocommit=True) as connection:
                        connection.execute(TABLE)
                    with place.stack.serve(name) as server:
                        single, batched = over_http(server, events, delay)
                found.setdefault(f"one by one, {delay:.0f} ms", []).append(single)
                found.setdefault(f"batches of 500, {delay:.0f} ms", []).append(batched)
                found.setdefault(f"ratio, {delay:.0f} ms", []).append(batched / single)
            for size, label in ((rows, "COPY, one statement"), (500, "COPY, 500 rows a statement")):
                with place.fresh() as (_, url):
                    rate = rows / copied(url, people, stored, size)
                found.setdefault(label, []).append(rate)
                found.setdefault(f"batches of 500 against {label}", []).append(
                    found["batches of 500, 0 ms"][-1] / rate
                )
    return found


def main() -> int:
    """Measure and print; return 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--round-trip-ms", type=float, default=30.0)
    options = parser.parse_args()
    found = measure(options.rows, options.rounds, options.round_trip_ms)
    for name, values in found.items():
        print(f"{name:<52}{statistics.median(values):>12,.2f}")
    reached = True
    for delay, goal in GOALS.items():
        ratios = found.get(f"ratio, {delay} ms")
        if ratios is not None:
            reached &= statistics.median(ratios) >= goal
            print(f"goal at {delay} ms: at least {goal:.0f} times one by one")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
