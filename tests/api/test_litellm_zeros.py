"""LiteLLM's payloads over HTTP: its process cannot be asked, so a 0 is known where they prove it."""

from __future__ import annotations

import json

import pytest

from api.conftest import APP
from house import Database
from ingest_callback.conftest import HERE, run
from ingest_callback.provider import providing
from ingest_callback.receiver import Receiver, serving
from ingest_callback.test_zero_prices import EVERY, PRICED, PROGRAM
from web import ask

# The deployment's own price, or a free model of the price map that comes with LiteLLM.
PROVED = {
    *("free params", "free info", "free info stream", "async free params", "async free info"),
    *("async free params stream 2", "embedding free"),
    *("sdk free of the map", "free of the map", "base free", "moderation"),
}
KNOWN = {*PRICED, "priced", "async priced"}


@pytest.fixture(scope="module")
def payloads(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("payloads")
    with serving(Receiver()) as receiver, providing() as address:
        run(
            PROGRAM, folder / "spool", receiver.url, address, str(folder / "sent"), python=HERE
        )  # fmt: skip
    return (folder / "sent").read_text().splitlines()


def test_a_zero_over_http_is_known_only_where_the_payload_proves_it(
    over_database: None, database: Database, payloads: list[str]
) -> None:
    sent = "[" + ",".join(payloads) + "]"
    headers = {"content-type": "application/json", "x-ingest-key": database.make_key()}
    answer = ask(APP, "POST", "/api/litellm", content=sent, headers=headers)
    assert answer.status_code in (200, 201, 202), answer.text
    rows = database.rows("select tags[1], cost_usd, price_source from public.request_logs")
    assert {case for case, _, _ in rows} == EVERY
    assert {case for case, cost, _ in rows if cost == 0} == PROVED
    assert {case for case, cost, _ in rows if cost} == KNOWN
    assert all(cost is not None or source.startswith("unknown: ") for _, cost, source in rows), rows
    listed = database.one("select public.unpriced_models()", actor="admin")
    assert "gpt-9-unheard" in json.dumps(listed)
