"""Usage that other programs report over HTTP: taken once, never lost, never for strangers."""

from __future__ import annotations

import json
import math
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.conftest import APP, point_app
from footprint.api import reports
from footprint.api.mailroom import mailroom
from footprint.config import get_settings
from footprint.local.stack import Server
from house import Database
from ingest_callback.receiver import Fault, Receiver, serving
from web import ask

PAYLOADS = Path(__file__).parents[1] / "fixtures/litellm_payloads"
EVENT: dict[str, Any] = {
    **{"userId": "eve", "ts": "2026-10-15T10:00:00Z", "model": "gpt-4o", "provider": "openai"},
    **{"tokens_in": 1000, "tokens_out": 200, "costEUR": 0.0039},
}


def post(path: str, body: Any, key: str | None = "fpk_test", **headers: str) -> httpx.Response:
    content = body if isinstance(body, (bytes, str)) else json.dumps(body)
    sent = {"content-type": "application/json", **headers}
    if key is not None:
        sent["x-ingest-key"] = key
    return ask(APP, "POST", path, content=content, headers=sent)


def payload(name: str) -> dict[str, Any]:
    found = json.loads(next(PAYLOADS.glob(f"{name}__*")).read_bytes())
    assert isinstance(found, dict)
    return found


def is_problem(response: httpx.Response, status: int) -> str:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    assert body["detail"].endswith(".")
    return str(body["detail"])


def test_a_reported_request_is_stored_and_answered_with_what_it_weighs(
    over_database: None, database: Database
) -> None:
    database.execute(
        "insert into public.fx_rates (day, eur_per_usd, source) values ('2026-10-15', 0.87, 'test')"
    )
    response = post("/api/request-event", EVENT, database.make_key())
    assert response.status_code == 201, response.text
    body = response.json()
    [event] = body.pop("events")
    assert body == {"accepted": 1, "duplicates": 0, "rejected": []}
    query = (
        "select event_id::text, user_profile_id, attribution, tokens_used, source, price_source,"
        " round(cost_eur, 9), energy_kwh, carbon_gco2e, water_l from public.request_logs"
    )
    [row] = database.rows(query)
    assert row[:6] == (event["event_id"], "eve", "declared", 1200, "api", "caller, in EUR")
    assert row[6] == Decimal("0.0039")
    impact = event["impact"]
    assert Decimal(str(impact["cost_eur"])).quantize(Decimal("1e-9")) == Decimal("0.0039")
    for name, stored in zip(("energy_kwh", "carbon_gco2e", "water_l"), row[7:], strict=True):
        assert float(impact[name]) == pytest.approx(float(stored))
        assert float(impact[f"{name}_low"]) < float(impact[name]) < float(impact[f"{name}_high"])


def test_a_list_is_taken_item_by_item_and_bad_ones_are_named(
    over_database: None, database: Database
) -> None:
    wrong: list[tuple[Any, str]] = [
        ({"userId": "eve"}, "model is missing"),
        (EVENT | {"tokensIn": 5}, "tokensIn is no field"),
        (EVENT | {"tokens_in": -5}, "tokens_input_uncached must be from 0"),
        (EVENT | {"tokens_in": 1.5}, "tokens_in is not a whole number"),
        (EVENT | {"tokens_in": math.nan}, "tokens_in is not a whole number: NaN"),
        (EVENT | {"costEUR": math.inf}, "costEUR is not a number: Infinity"),
        (EVENT | {"ts": "tomorrow"}, "ts is not an ISO 8601 time"),
        (EVENT | {"ts": "2099-01-01T00:00Z"}, "ts lies more than a day ahead"),
        (EVENT | {"costEUR": -1}, "costEUR must be from 0"),
        (EVENT | {"model": "a\0b"}, "cannot be stored"),
        (7, "the item is no JSON object"),
        (None, "the item is no JSON object"),
    ]
    body = [EVENT, *(item for item, _ in wrong), {"model": "gpt-4o"}]
    response = post("/api/request-event", body, database.make_key())
    assert response.status_code == 201, response.text
    answer = response.json()
    assert answer["accepted"] == 2
    assert [event["index"] for event in answer["events"]] == [0, len(wrong) + 1]
    for error, (_, reason) in zip(answer["rejected"], wrong, strict=True):
        assert reason in error["reason"]
    assert database.one("select count(*) from public.request_logs") == 2
    nothing_good = post("/api/request-event", [None, 7], database.make_key())
    assert is_problem(nothing_good, 422)
    assert len(nothing_good.json()["errors"]) == 2


def test_an_id_or_an_idempotency_key_counts_once_and_each_caller_has_its_own(
    over_database: None, database: Database
) -> None:
    key, other = database.make_key(), database.make_key()
    for _ in range(3):
        assert post("/api/request-event", EVENT | {"id": "1"}, key).status_code == 201
        post("/api/request-event", [EVENT, EVENT], key, **{"idempotency-key": "batch-1"})
    assert database.one("select count(*) from public.request_logs") == 3
    again = post("/api/request-event", EVENT | {"id": "1"}, key).json()
    assert again["duplicates"] == 1
    assert float(again["events"][0]["impact"]["energy_kwh"]) > 0
    post("/api/request-event", EVENT | {"id": "1"}, other)
    assert database.one("select count(*) from public.request_logs") == 4
    without_time = {"id": "2", "model": "gpt-4o"}
    for _ in range(2):
        post("/api/request-event", without_time, key)
        time.sleep(0.01)
    assert database.one("select count(*) from public.request_logs") == 5


def test_a_key_of_one_person_reports_for_nobody_else(
    over_database: None, database: Database
) -> None:
    key = database.make_key(user_id="ann")
    assert post("/api/request-event", EVENT, key).status_code == 201
    query = "select user_profile_id, attribution from public.request_logs"
    assert database.rows(query) == [("ann", "verified")]


def test_without_a_valid_key_nothing_is_taken_and_a_bearer_token_is_one(
    over_database: None, database: Database
) -> None:
    is_problem(post("/api/request-event", EVENT, None), 401)
    is_problem(post("/api/request-event", EVENT, "fpk_unknown"), 401)
    is_problem(post("/api/litellm", [payload("proxy_plain")], "x" * 5000), 401)
    key = database.make_key()
    bearer = post("/api/request-event", EVENT, None, authorization=f"Bearer {key}")
    assert bearer.status_code == 201
    database.execute("update private.ingest_keys set revoked_at = now()")
    refused = post("/api/request-event", EVENT, key)
    assert "revoked" in is_problem(refused, 401)
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert database.one("select count(*) from public.request_logs") == 1


def test_a_cookie_opens_nothing_and_no_other_page_may_read_an_answer(
    over_database: None, database: Database
) -> None:
    foreign = {"origin": "https://evil.example", "cookie": "footprint=anything"}
    is_problem(post("/api/request-event", EVENT, None, **foreign), 401)
    asked = ask(APP, "OPTIONS", "/api/request-event", headers=foreign)
    assert "access-control-allow-origin" not in asked.headers
    assert asked.status_code == 405


@pytest.mark.parametrize("form", ["array", "ndjson", "single"])
def test_litellms_batches_are_taken_in_every_format_and_copies_count_once(
    over_database: None, database: Database, form: str
) -> None:
    first, second = payload("proxy_plain"), payload("proxy_e429")
    bodies = {
        "array": [json.dumps([first, None, second, first])],
        "ndjson": ["\n".join(json.dumps(item) for item in (first, second, first))],
        "single": [json.dumps(first), json.dumps(second)],
    }
    key = database.make_key()
    answers = [post("/api/litellm", body, key) for _ in range(4) for body in bodies[form]]
    assert {answer.status_code for answer in answers} == {201}
    query = "select status, attribution <> 'verified' from public.request_logs order by status"
    assert database.rows(query) == [("failure", True), ("success", True)]
    tokens = first["prompt_tokens"] + first["completion_tokens"]
    assert database.one("select sum(tokens_used) from public.request_logs") == tokens


def test_a_verified_owner_in_a_body_is_a_claim(over_database: None, database: Database) -> None:
    body = payload("proxy_plain")
    body["metadata"] |= {"user_api_key_user_id": "the-boss", "user_api_key_hash": "abc"}
    post("/api/litellm", [body], database.make_key())
    query = "select user_profile_id, attribution from public.request_logs"
    assert database.rows(query) == [("the-boss", "declared")]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/request-event", b"not json", 400),
        ("/api/request-event", b"\xff\xfe", 400),
        ("/api/request-event", b'{"a":' * 100_000, 400),
        ("/api/request-event", b"x" * (5 * 1024 * 1024 + 1), 413),
        ("/api/request-event", json.dumps([EVENT] * 1001), 413),
        ("/api/litellm", b"x" * (32 * 1024 * 1024 + 1), 413),
        ("/api/litellm", json.dumps([None] * 5001), 413),
        ("/api/litellm", json.dumps([{"model": "x"}]), 422),
        ("/api/litellm", json.dumps(["text"]), 422),
    ],
)
def test_a_body_that_cannot_be_taken_is_a_problem_in_one_sentence(
    receiver: Receiver, path: str, body: Any, status: int
) -> None:
    is_problem(post(path, body), status)
    assert receiver.requests == []
    is_problem(post(path, b"", **{"content-encoding": "gzip"}), 415)


def test_too_many_requests_are_told_when_to_come_again(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports.BY_KEY, "_allowed", 3)
    answers = [post("/api/request-event", EVENT) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert post("/api/request-event", EVENT, "fpk_other").status_code == 201


def test_whoever_tries_keys_is_stopped_and_callers_with_a_key_are_not(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert post("/api/request-event", EVENT).status_code == 201
    refusal = json.dumps({"code": "PT401", "message": "The ingest key is unknown."}).encode()
    receiver.rule = lambda events: Fault(401, refusal)
    tried = [post("/api/request-event", EVENT, f"fpk_{n}").status_code for n in range(32)]
    assert tried == [401] * 30 + [429] * 2
    receiver.rule = lambda events: None
    assert post("/api/request-event", EVENT).status_code == 201


def test_an_outage_does_not_reach_callers_and_what_was_taken_arrives_once(
    receiver: Receiver, spool: Path
) -> None:
    assert post("/api/request-event", EVENT | {"id": "0"}).status_code == 201
    receiver.rule = lambda events: Fault(503)
    taken = [post("/api/request-event", EVENT | {"id": f"{n}"}) for n in range(1, 30)]
    assert {answer.status_code for answer in taken} == {202}
    assert taken[0].json()["events"][0]["impact"] is None
    assert len(receiver.stored) == 1
    receiver.rule = lambda events: None
    receiver.wait_for(30)
    ids = {event["event_id"] for answer in taken for event in answer.json()["events"]}
    assert ids < set(receiver.stored)
    assert all(
        "fpk_test" not in path.read_text("latin-1") for path in spool.rglob("*") if path.is_file()
    )


def test_what_waits_is_delivered_by_the_next_process_too(
    receiver: Receiver, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    post("/api/request-event", EVENT)
    receiver.rule = lambda events: Fault(0)
    assert post("/api/request-event", [EVENT] * 5).status_code == 202
    mailroom().close()
    assert len(receiver.stored) == 1
    receiver.rule = lambda events: None
    assert mailroom().resume(get_settings()) == 1
    receiver.wait_for(6)


def test_during_an_outage_nothing_is_promised_to_a_key_that_nobody_can_check(
    receiver: Receiver, spool: Path
) -> None:
    receiver.rule = lambda events: Fault(503)
    answer = post("/api/request-event", EVENT, "fpk_never_seen")
    is_problem(answer, 503)
    assert int(answer.headers["retry-after"]) > 0
    assert not list(spool.rglob("*.jsonl"))


def test_with_a_full_disk_nothing_is_promised(monkeypatch: pytest.MonkeyPatch, spool: Path) -> None:
    with serving(Receiver()) as receiver:
        point_app(monkeypatch, receiver.url, "sb_publishable_test", spool)
        monkeypatch.setenv("FOOTPRINT_SPOOL_MAX_BYTES", "1")
        get_settings.cache_clear()
        assert post("/api/request-event", EVENT).status_code == 201
        receiver.rule = lambda events: Fault(503)
        is_problem(post("/api/request-event", [EVENT] * 50), 503)


def test_an_app_without_a_database_says_so(monkeypatch: pytest.MonkeyPatch, spool: Path) -> None:
    point_app(monkeypatch, "", "", spool)
    is_problem(post("/api/request-event", EVENT), 503)


def test_a_database_that_is_down_for_real_is_bridged(
    over_database: None, api: Server, database: Database
) -> None:
    key = database.make_key()
    assert post("/api/litellm", [payload("proxy_plain")], key).status_code == 201
    api.stop()
    answer = post("/api/litellm", [payload("proxy_e429")], key)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
