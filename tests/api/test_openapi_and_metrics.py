"""The interface's description against the real routes and answers, and the metrics."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]

from api.conftest import APP
from api.test_reports import EVENT, post
from footprint.api import routes
from footprint.api.bodies import FIELDS
from footprint.api.mailroom import mailroom
from footprint.api.routes import API_ROUTES
from footprint.config import get_settings
from footprint.ingest import health
from footprint.ingest.spools import spool_states
from ingest_callback.receiver import Fault, Receiver
from web import ask


def document() -> dict[str, Any]:
    response = ask(APP, "GET", "/api/openapi.json")
    assert response.status_code == 200
    found = response.json()
    assert isinstance(found, dict)
    return found


def check(instance: Any, name: str) -> None:
    found = document()
    schema = {"$ref": f"#/components/schemas/{name}", "components": found["components"]}
    jsonschema.Draft202012Validator(schema).validate(instance)


def test_every_route_is_described_and_nothing_else(receiver: Receiver) -> None:
    described = {
        (path, method.upper())
        for path, methods in document()["paths"].items()
        for method in methods
    }
    real = {
        (route.path, method)
        for route in API_ROUTES
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert described == real


def test_the_fields_of_a_request_are_those_that_are_read(receiver: Receiver) -> None:
    properties = document()["components"]["schemas"]["RequestEvent"]["properties"]
    assert list(properties) == list(FIELDS)
    check(EVENT, "RequestEvent")


def test_answers_are_as_they_are_described(receiver: Receiver) -> None:
    described = document()["paths"]["/api/request-event"]["post"]["responses"]
    answers = [
        post("/api/request-event", EVENT),
        post("/api/request-event", "no"),
        post("/api/request-event", [1]),
        post("/api/request-event", EVENT, None),
    ]
    receiver.rule = lambda events: Fault(500)
    answers.append(post("/api/request-event", [EVENT, 1]))
    assert [answer.status_code for answer in answers] == [201, 400, 422, 401, 202]
    for answer in answers:
        content = described[str(answer.status_code)]["content"]
        assert list(content) == [answer.headers["content-type"]]
        check(answer.json(), "Taken" if answer.status_code < 300 else "Problem")


def test_metrics_are_for_the_holder_of_the_token(receiver: Receiver, spool: Path) -> None:
    assert ask(APP, "GET", "/api/metrics").status_code == 401
    wrong = {"authorization": "Bearer something else"}
    assert ask(APP, "GET", "/api/metrics", headers=wrong).status_code == 401
    spool.mkdir()
    counters = health.Health()
    counters.count(health.RECORDED, 7)
    counters.count(health.DROPPED + 'the "spool" is full', 2)
    counters.write(spool)
    right = {"authorization": "Bearer let me look"}
    response = ask(APP, "GET", "/api/metrics", headers=right)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = response.text.splitlines()
    name = 'footprint_ingest_events_total{spool="callback",outcome='
    assert f'{name}"recorded",reason=""}} 7' in lines
    assert f'{name}"dropped",reason="the \\"spool\\" is full"}} 2' in lines
    assert 'footprint_spool_healthy{spool="callback"} 0' in lines
    samples = [line.split("{")[0] for line in lines if not line.startswith("#")]
    typed = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    assert set(samples) <= typed
    assert json.dumps(samples) == json.dumps(
        sorted(samples, key=list(dict.fromkeys(samples)).index)
    )


def test_a_spool_of_reported_requests_has_its_own_metrics(receiver: Receiver) -> None:
    post("/api/request-event", EVENT)
    receiver.rule = lambda events: Fault(500)
    post("/api/request-event", [EVENT] * 3)
    right = {"authorization": "Bearer let me look"}
    text = ask(APP, "GET", "/api/metrics", headers=right).text
    [line] = [
        line
        for line in text.splitlines()
        if line.startswith('footprint_spool_waiting_events{spool="api/')
    ]
    assert line.endswith(" 3")
    assert "fpk_test" not in text


def test_health_tells_what_became_of_requests_and_is_as_it_is_described(
    receiver: Receiver, spool: Path
) -> None:
    routes._LAST.until = 0.0
    receiver.reject = lambda event: "refused" if event["model"] == "bad" else None
    known = {**EVENT, "id": "one", "ts": "2026-10-15T10:00:00Z"}
    post("/api/request-event", known)
    post("/api/request-event", [known, {**EVENT, "model": "bad"}, {"model": ""}])
    receiver.rule = lambda events: Fault(500)
    post("/api/request-event", [EVENT] * 3)
    mailroom().close(0.0)  # writes the counters down
    body = ask(APP, "GET", "/api/health").json()
    check(body, "Health")
    lag_s = body["ingest"].pop("lag_s")
    assert 0 <= lag_s < 60
    assert body["ingest"] == {
        **{"healthy": True, "accepted": 5, "delivered": 1, "duplicates": 1},
        **{"rejected": 2, "dropped": 0, "waiting": 3},
    }
    [callback, box] = spool_states(get_settings())
    assert (callback.label, callback.accepted) == ("callback", 0)
    assert box.label.startswith("api/") and box.waiting == 3 and box.last_ok_at is not None
    routes._LAST.until = 0.0
