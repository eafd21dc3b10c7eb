"""Delivery over HTTP: packing, retries, refusals, and the real thing."""

from __future__ import annotations

import json
import random
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from footprint.errors import (
    AccessDenied,
    ConfigurationError,
    FootprintError,
    InputError,
    ServiceUnavailable,
)
from footprint.event import UsageEvent
from footprint.ingest.delivery import DeliveryReport, envelope, pack
from footprint.ingest.sender import ApiSender, Patience, deliver
from footprint.local.stack import Server as Lite
from house import Database
from ingest.conftest import Answer, Server

QUICK = Patience(tries=4, first_wait_s=0.01, longest_wait_s=0.02)
START = datetime(2026, 10, 15, 10, tzinfo=UTC)


def events(count: int, **fields: Any) -> list[UsageEvent]:
    return [
        UsageEvent(
            event_id=uuid.uuid4(), started_at=START + timedelta(seconds=n), model="gpt-4o", **fields
        )
        for n in range(count)
    ]


def send(server: Server, what: list[UsageEvent], patience: Patience = QUICK) -> DeliveryReport:
    return deliver(
        what, url=server.url, publishable_key="sb_p", ingest_key="fpk_test", patience=patience
    )


def test_1201_events_go_in_three_batches_with_both_keys(server: Server) -> None:
    report = send(server, events(1201))
    assert [len(body) for body in server.bodies] == [500, 500, 201]
    assert report == DeliveryReport(inserted=1201)
    for headers in server.headers:
        assert headers["apikey"] == "sb_p"
        assert headers["x-ingest-key"] == "fpk_test"


def test_no_batch_is_larger_than_a_mebibyte() -> None:
    wide = events(900, error_class="e" * 320, trace_id="t" * 320, tags=("x" * 4000,))
    batches = list(pack(wide))
    assert sum(map(len, batches)) == 900
    assert all(len(envelope(batch)) <= 1024 * 1024 for batch in batches)
    assert len(batches) > 2


def test_an_event_larger_than_the_limit_goes_alone() -> None:
    huge = events(3, tags=("x" * 2000,))
    assert [len(batch) for batch in pack(huge, max_bytes=1000)] == [1, 1, 1]


@pytest.mark.parametrize(
    "trouble",
    [
        Answer(500, b'{"message": "out of memory"}'),
        Answer(502, b"<html>bad gateway</html>"),
        Answer(503, b""),
        Answer(429, b""),
        Answer(408, b""),
        Answer(425, b""),
        Answer(cut=True),
    ],
)
def test_what_may_pass_is_tried_again_with_the_same_events(server: Server, trouble: Answer) -> None:
    server.script = [trouble, trouble]
    assert send(server, events(3)).inserted == 3
    assert len(server.bodies) == 3
    assert server.bodies[0] == server.bodies[1] == server.bodies[2]


def test_it_gives_up_after_the_last_try_and_says_that_nothing_is_lost(server: Server) -> None:
    server.script = [Answer(503, b"")] * 10
    with pytest.raises(ServiceUnavailable, match=r"4 tries \(HTTP 503\): nothing is lost"):
        send(server, events(1))
    assert len(server.bodies) == 4


def test_retry_after_is_the_least_that_is_waited(server: Server) -> None:
    server.script = [Answer(429, b"", {"retry-after": "1"})]
    began = time.monotonic()
    send(server, events(1))
    assert 1.0 <= time.monotonic() - began < 3


def test_retry_after_may_be_a_date(server: Server) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=2.5)
    server.script = [Answer(503, b"", {"retry-after": soon.strftime("%a, %d %b %Y %H:%M:%S GMT")})]
    began = time.monotonic()
    send(server, events(1))
    assert 1.0 <= time.monotonic() - began < 5


@pytest.mark.parametrize("value", ["soon", "-5", "", "9" * 400])
def test_a_retry_after_that_says_nothing_sensible_is_bounded(value: str) -> None:
    assert Patience().wait_s(0, 1e300) == 300


def test_waits_are_jittered_over_the_whole_range_and_grow_to_the_longest() -> None:
    random.seed(7)
    patience = Patience()
    for attempt, longest in ((0, 0.5), (1, 1), (3, 4), (7, 60), (500, 60)):
        waits = [patience.wait_s(attempt, 0) for _ in range(500)]
        assert 0 <= min(waits) < longest * 0.05
        assert longest * 0.95 < max(waits) <= longest


def test_too_large_a_batch_is_halved_until_it_fits(server: Server) -> None:
    def answer(body: bytes, headers: dict[str, str]) -> Answer:
        count = len(json.loads(body)["p_events"])
        if count > 100:
            return Answer(413, b"")
        inserted = {"inserted": count, "duplicates": 0, "rejected": [], "unknown_models": []}
        return Answer(200, json.dumps(inserted).encode())

    server.answer = answer  # type: ignore[method-assign]
    assert send(server, events(500)).inserted == 500


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (Answer(401, b'{"code": "PT401", "message": "The ingest key is revoked."}'), AccessDenied, "footprint keys create"),
        (Answer(401, b'{"message": "No API key"}'), AccessDenied, "SUPABASE_PUBLISHABLE_KEY"),
        (Answer(403, b""), AccessDenied, "HTTP 403"),
        (Answer(404, b'{"code": "PGRST202"}'), ConfigurationError, "footprint migrate"),
        (Answer(301, b"", {"location": "https://example.org"}), ConfigurationError, "SUPABASE_URL"),
        (Answer(200, b"<html>welcome to the hotel</html>"), ConfigurationError, "SUPABASE_URL"),
        (Answer(200, b"[]"), ConfigurationError, "SUPABASE_URL"),
        (Answer(400, b'{"message": "p_events must be an array."}'), InputError, "must be an array"),
    ],
)  # fmt: skip
def test_a_refusal_is_one_sentence_and_is_not_tried_again(
    server: Server, answer: Answer, error: type[FootprintError], says: str
) -> None:
    server.script = [answer]
    with pytest.raises(error, match=says) as raised:
        send(server, events(2))
    assert len(server.bodies) == 1
    assert str(raised.value).endswith(".")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("url", ["127.0.0.1:1", "ftp://127.0.0.1", "http://"])
def test_an_address_that_is_none_is_a_sentence(url: str) -> None:
    with pytest.raises(ConfigurationError, match="SUPABASE_URL"):
        deliver(events(1), url=url, publishable_key="p", ingest_key="k", patience=QUICK)


def test_nobody_listening_is_a_sentence() -> None:
    with pytest.raises(ServiceUnavailable, match=r"4 tries \(.*refused"):
        deliver(
            events(1), url="http://127.0.0.1:9", publishable_key="p", ingest_key="k", patience=QUICK
        )


@pytest.mark.parametrize("key", ["fpk_\n", "clé", "a\rb"])
def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        ApiSender("http://127.0.0.1:9", "p", key)
    assert key not in str(raised.value)


def test_the_keys_are_not_in_what_a_log_would_show() -> None:
    sender = ApiSender("http://127.0.0.1:9", "sb_publishable", "fpk_secret")
    assert "sb_publishable" not in repr(sender)
    assert "fpk_secret" not in repr(sender)
    sender.close()


def test_waiting_ends_at_once_when_the_delivery_is_abandoned(server: Server) -> None:
    server.script = [Answer(503, b"", {"retry-after": "200"})] * 5
    sender = ApiSender(server.url, "p", "k")
    sender.abandon()
    began = time.monotonic()
    with pytest.raises(ServiceUnavailable, match="1 tries"):
        sender.store([b'{"event_id": "x"}'])
    assert time.monotonic() - began < 5
    sender.close()


def test_a_proxy_in_the_environment_is_not_used_for_loopback(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert send(server, events(1)).inserted == 1


def test_delivery_to_supabase_stores_each_event_once(api: Lite, database: Database) -> None:
    def again() -> DeliveryReport:
        return deliver(
            what,
            url=api.api_url,
            publishable_key=api.publishable_key,
            ingest_key=key,
            patience=QUICK,
        )

    key = database.make_key()
    what = events(700, provider="openai", tokens_input_uncached=10, tokens_output_text=1)
    bad = events(1, tokens_reasoning=-1)[0]
    what.insert(300, bad)
    first = again()
    assert (first.inserted, first.duplicates) == (700, 0)
    assert [r.event_id for r in first.rejected] == [str(bad.event_id)]
    assert "negative" in first.rejected[0].reason
    second = again()
    assert (second.inserted, second.duplicates) == (0, 700)
    assert database.one("select sum(tokens_used) from public.request_logs") == 7700


def test_an_unknown_key_is_refused_by_supabase_in_a_sentence(api: Lite) -> None:
    with pytest.raises(AccessDenied, match="footprint keys create"):
        deliver(
            events(1), url=api.api_url, publishable_key=api.publishable_key, ingest_key="fpk_no"
        )


def test_a_wrong_publishable_key_is_refused_in_a_sentence(api: Lite, database: Database) -> None:
    with pytest.raises(FootprintError) as raised:
        deliver(
            events(1),
            url=api.api_url,
            publishable_key="sb_publishable_nobody",
            ingest_key=database.make_key(),
            patience=QUICK,
        )
    assert str(raised.value).endswith(".")
