"""A month as a file: what it states, that it adds up, who gets it, and that it runs nothing."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest

from exporting import APP, OWN_PAGE, TOTAL_EUR, TOTAL_USD, file_of, get, read
from footprint.data import exports
from footprint.data.client import rpc
from footprint.errors import ServiceUnavailable
from house import event
from web import ORIGIN, Web, ask, cookies_of, session_for


def test_a_statement_states_what_it_is_and_adds_up_to_the_last_digit(october: Web) -> None:
    about, lines = read(file_of("/export/statement.csv?month=2026-10"))

    assert about["month"] == "2026-10"
    assert about["timezone"] == "days in Europe/Berlin; times in UTC"
    assert about["filter"] == "all people, providers and models; people by name"
    assert about["currency"].startswith("EUR")
    assert about["factor_set"] and about["method_version"]
    assert about["rows"] == "4" == str(len(lines))
    assert about["requests"] == "6"
    assert Decimal(about["total_cost_eur"]) == TOTAL_EUR
    assert sum(Decimal(line["cost_eur"] or 0) for line in lines) == TOTAL_EUR
    assert sum(Decimal(line["cost_usd"] or 0) for line in lines) == TOTAL_USD
    of_the_page = october.database.one(
        "select public.finance_month('2026-10-01') -> 'totals' ->> 'cost_eur'", actor="finance"
    )
    raw = october.database.one(
        "select sum(cost_eur) from public.request_logs where not cache_hit and cost_usd < 10"
    )
    assert Decimal(of_the_page) == raw == TOTAL_EUR


def test_unknown_is_empty_and_nobody_known_has_a_line_without_a_name(october: Web) -> None:
    _, lines = read(file_of("/export/statement.csv?month=2026-10"))
    unpriced = next(line for line in lines if line["model"] == "nobody-prices-this")
    assert (unpriced["cost_eur"], unpriced["requests"], unpriced["team"]) == ("", "1", "R#D")
    nobody = next(line for line in lines if not line["user_id"])
    assert (nobody["full_name"], nobody["email"], nobody["cost_usd"]) == ("", "", "12")


def test_the_european_dialect_has_a_mark_semicolons_and_decimal_commas(october: Web) -> None:
    plain = file_of("/export/statement.csv?month=2026-10")
    european = file_of("/export/statement.csv?month=2026-10&dialect=excel")
    assert not plain.startswith("\ufeff") and european.startswith("\ufeff")

    about, lines = read(european.removeprefix("\ufeff"), ";")
    _, same = read(plain)
    assert about["total_cost_eur"] == "13,50000000009"
    assert [line["cost_eur"] for line in lines] == [
        line["cost_eur"].replace(".", ",") for line in same
    ]
    # Where a decimal point would make a number of a name or a time, it stays as it is.
    assert [line["email"] for line in lines] == [line["email"] for line in same]


@pytest.mark.parametrize("dialect", ["plain", "excel"])
@pytest.mark.parametrize("kind", ["statement", "requests", "focus"])
def test_no_cell_starts_a_formula(october: Web, kind: str, dialect: str) -> None:
    text = file_of(f"/export/{kind}.csv?month=2026-10&dialect={dialect}").removeprefix("\ufeff")
    separator = ";" if dialect == "excel" else ","
    cells = [cell for row in csv.reader(io.StringIO(text), delimiter=separator) for cell in row]
    assert "'@SUM(A1)" in cells
    assert not [cell for cell in cells if cell[:1] in set("=+-@\t\r")]


def test_every_request_of_the_month_is_listed_and_nobody_can_be_told_from_it(october: Web) -> None:
    about, lines = read(file_of("/export/requests.csv?month=2026-10"))

    assert about["rows"] == "6" == str(len(lines))
    assert lines[0]["started_at"] == "2026-09-30T22:00:00.000000Z"
    assert lines[-1]["started_at"] == "2026-10-31T22:59:59.999999Z"
    assert sum(Decimal(line["cost_eur"] or 0) for line in lines) == TOTAL_EUR
    assert [line["cost_usd"] for line in lines if line["cache_hit"] == "yes"] == ["0"]
    text = file_of("/export/requests.csv?month=2026-10")
    known = october.database.rows("select user_id, email from public.user_profiles")
    assert not [name for row in known for name in row if name in text]


def test_what_else_a_request_used_stands_in_the_list_of_requests(own_october: Web) -> None:
    used = event(
        started_at="2026-10-20T10:00:00Z",
        service_tier="batch",
        quantities={"web_searches": 2, "pages": 3.0, "audio_seconds": 12.25},
        cost_tools_usd="0.001",
        flags=["unread: a", "tokens_from_total"],
    )
    own_october.database.store(used, event(started_at="2026-10-20T10:00:00Z"))
    text = file_of("/export/requests.csv?month=2026-10")
    _, lines = read(text)
    line = next(line for line in lines if line["event_id"] == used["event_id"])
    assert line["service_tier"] == "batch"
    assert line["quantities"] == "audio_seconds=12.25; pages=3; web_searches=2"
    assert line["cost_tools_usd"] == "0.001"
    assert line["flags"] == "tokens_from_total; unread: a"
    others = [line for line in lines if line["event_id"] != used["event_id"]]
    assert {(line["quantities"], line["cost_tools_usd"], line["flags"]) for line in others} == {
        ("", "", "")
    }


@pytest.mark.parametrize("kind", ["statement", "requests", "focus"])
def test_pages_of_any_size_make_the_same_file(
    october: Web, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"/export/{kind}.csv?month=2026-10"
    whole = file_of(address)
    for rows in (1, 2, 3):
        monkeypatch.setattr(exports, "PAGE_ROWS", rows)
        assert file_of(address) == whole


@pytest.mark.parametrize("month", ["2020-02", "2026-12"])
@pytest.mark.parametrize("kind", ["statement", "requests"])
def test_a_month_without_a_request_is_a_file_with_a_header(
    october: Web, kind: str, month: str
) -> None:
    about, lines = read(file_of(f"/export/{kind}.csv?month={month}"))
    assert (about["rows"], about["total_cost_eur"], lines) == ("0", "0", [])


def test_a_file_whose_rows_are_not_those_promised_breaks_off(
    own_october: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = rpc

    def a_row_arrives_meanwhile(*call: object) -> object:
        if call[1] == "finance_export_page":
            own_october.database.execute(
                "update public.request_logs set cost_usd = 3, cost_eur = 3 where cost_usd = 8"
            )
        return original(*call)  # type: ignore[arg-type]

    monkeypatch.setattr(exports, "PAGE_ROWS", 1)
    monkeypatch.setattr(exports, "rpc", a_row_arrives_meanwhile)
    with pytest.raises(ServiceUnavailable, match="changed while the file was written"):
        get("fin", "/export/requests.csv?month=2026-10")


@pytest.mark.parametrize("kind", ["statement", "requests", "focus"])
@pytest.mark.parametrize(
    ("person", "status"), [("ada", 200), ("fin", 200), ("ann", 403), (None, 401)]
)
def test_files_are_for_admins_and_finance(
    october: Web, kind: str, person: str | None, status: int
) -> None:
    answer = get(person, f"/export/{kind}.csv?month=2026-10")
    assert answer.status_code == status
    if status != 200:
        assert "13.5" not in answer.text and "<h1>" in answer.text
    else:
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["content-disposition"].startswith("attachment;")


@pytest.mark.parametrize(
    "query",
    [
        "month=2026-13", "month=2026-10-15", "month=", "", "month=2026-10&dialect=xlsx",
        "month=2026-10'%3B--", "month=0001-01", "month=%EF%BC%92026-10",
    ],
)  # fmt: skip
def test_a_forged_month_or_dialect_is_no_file(october: Web, query: str) -> None:
    answer = get("fin", f"/export/statement.csv?{query}")
    assert answer.status_code == 404
    assert "Choose month and file on the Finance page" in answer.text


@pytest.mark.parametrize("kind", ["people", "..%2f..%2fetc%2fpasswd", "statement'"])
def test_a_forged_kind_is_no_file(october: Web, kind: str) -> None:
    assert get("fin", f"/export/{kind}.csv?month=2026-10").status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
def test_a_page_of_another_site_fetches_nothing(own_october: Web, headers: dict[str, str]) -> None:
    answer = get("fin", "/export/statement.csv?month=2026-10", headers)
    assert answer.status_code == 403
    assert "did not come from Footprint" in answer.text
    assert (
        own_october.database.one("select count(*) from public.audit_log where action ~ 'export'")
        == 0
    )


def test_our_own_page_and_a_bookmark_fetch_a_file(october: Web) -> None:
    for headers in ({"sec-fetch-site": "none"}, {"origin": ORIGIN}):
        assert get("fin", "/export/focus.csv?month=2026-10", headers).status_code == 200


def test_a_session_that_is_signed_out_or_forged_gets_nothing(october: Web) -> None:
    session = session_for("fin")
    cookies = cookies_of(session)
    session.end()
    path = "/export/statement.csv?month=2026-10"
    for value in (cookies["footprint"], "forged", ""):
        headers = {"cookie": f"footprint={value}", **OWN_PAGE}
        assert ask(APP, "GET", path, headers=headers).status_code == 401


def test_each_export_is_in_the_audit_log(own_october: Web) -> None:
    get("fin", "/export/requests.csv?month=2026-10&dialect=excel")
    who, target = own_october.database.rows(
        "select actor_role, target from public.audit_log where action = 'finance.export'"
    )[0]
    assert (who, target) == ("finance", "requests 2026-10")


@pytest.mark.parametrize("mode", ["pseudonymous", "off"])
def test_where_people_are_not_named_no_file_names_them(own_october: Web, mode: str) -> None:
    own_october.database.execute(
        "update public.settings set value = to_jsonb(%s::text) where key = 'privacy_people'", [mode]
    )
    for kind in ("statement", "focus"):
        text = file_of(f"/export/{kind}.csv?month=2026-10")
        _, lines = read(text)
        cost = "cost_eur" if kind == "statement" else "BilledCost"
        assert sum(Decimal(line[cost] or 0) for line in lines) == TOTAL_EUR
        assert "example.net" not in text and "R#D" not in text
    refused = get("fin", "/export/requests.csv?month=2026-10")
    assert refused.status_code == 403
    assert "not exported where people are not named" in refused.text


def test_pages_are_asked_for_with_a_key_that_a_page_gave(october: Web) -> None:
    call = "select public.finance_export_page('statement', '2026-10-01', now(), %s, %s)"
    for after, limit in ((None, 5), (["a"], 5), (["", "", ""], 0), (["", "", ""], 10_001)):
        with pytest.raises(Exception, match="page"):
            october.database.one(call, [after, limit], actor="finance")
    focus = "select public.finance_export_page('focus', '2026-10-01', now(), %s, 5)"
    with pytest.raises(Exception, match="page goes on after a key"):
        october.database.one(focus, [["'; drop table x", "", "", ""]], actor="finance")
    with pytest.raises(Exception, match="admins and finance"):
        october.database.one(call, [["", "", ""], 5], actor="member")
