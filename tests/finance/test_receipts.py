"""Receipt files: in Supabase Storage where there is one; else their SHA-256 alone is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest
import streamlit as st

from exporting import get
from footprint.auth import Me
from footprint.auth.guard import identify
from footprint.data.client import storage
from footprint.data.receipts import store_receipt, stored_receipts
from footprint.data.restoration import contribution
from footprint.errors import InputError, ServiceUnavailable
from footprint.local.stack import LiteOptions, Stack
from footprint.ui.formats import Formats
from footprint.ui.restoration import donations_table
from house import Database
from web import (
    ROOT,
    Web,
    cookies_of,
    forget_everything,
    knowing,
    session_for,
    sit_at_browser,
    tell_settings,
    web_over,
)

PDF = b"%PDF-1.7 Receipt 7: 40 m2 restored for 50 euros"
ENGLISH = Formats.of("en-GB")
NAME = hashlib.sha256(PDF).hexdigest()


@pytest.fixture(scope="module")
def with_storage(stack: Stack, module_database: Database) -> Iterator[Web]:
    """A Supabase that got Storage after it was migrated, and then the file that needs it, twice."""
    with web_over(stack, module_database, LiteOptions(storage=True)) as web:
        for _ in range(2):
            module_database.execute((ROOT / "sql" / "175_receipts.sql").read_text("utf-8"))
        yield web


@pytest.fixture
def app(with_storage: Web, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    yield from knowing(with_storage, monkeypatch)


def signed_in(monkeypatch: pytest.MonkeyPatch, person: str) -> Me:
    sit_at_browser(monkeypatch, cookies_of(session_for(person)))
    me = identify()
    assert me is not None
    return me


def test_a_receipt_is_stored_once_under_its_sha256_and_everybody_signed_in_reads_it(
    app: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    fin = signed_in(monkeypatch, "fin")
    before = stored_receipts(fin)
    assert before is not None and NAME not in before
    assert store_receipt(fin, PDF, "application/pdf") == NAME
    assert store_receipt(fin, PDF, "application/pdf") == NAME  # the same again is the same
    assert stored_receipts(fin) == before | {NAME}
    for person in ("ann", "ada", "fin"):
        answer = get(person, f"/export/receipt/{NAME}")
        assert answer.status_code == 200 and answer.content == PDF
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_list_of_donations_links_to_each_stored_receipt_and_only_to_those(
    app: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    fin = signed_in(monkeypatch, "fin")
    store_receipt(fin, PDF, "application/pdf")
    for digest in (NAME, "a" * 64, None):
        app.database.execute(
            "insert into public.donations (month, donated_on, organisation, claim_type, amount,"
            " amount_eur, area_m2, receipt_sha256) values"
            " ('2020-01-01', '2020-02-01', 'Heath', 'restored', 5, 5, 4, %s)",
            [digest],
        )
    try:
        given, stored = contribution(fin), stored_receipts(fin)
        assert stored is not None
        table = donations_table(given.donations, stored, ENGLISH)
        linked = table[table["Stored file"].notna()]
        assert len(table) == 3
        assert list(linked["SHA-256 of the receipt"]) == [NAME]
        assert list(linked["Stored file"]) == [f"/export/receipt/{NAME}"]
        assert "Stored file" not in donations_table(given.donations, frozenset(), ENGLISH)
    finally:
        app.database.execute("delete from public.donations")


@pytest.mark.parametrize(
    ("person", "path", "headers", "status"),
    [
        (None, NAME, None, 401),
        ("fin", NAME, {"sec-fetch-site": "cross-site"}, 403),
        ("fin", "0" * 64, None, 403),
        ("fin", "..%2F" + NAME, None, 404),
        ("fin", NAME.upper(), None, 404),
    ],
)
def test_a_receipt_is_refused(
    app: Web,
    monkeypatch: pytest.MonkeyPatch,
    person: str | None,
    path: str,
    headers: dict[str, str] | None,
    status: int,
) -> None:
    store_receipt(signed_in(monkeypatch, "fin"), PDF, "application/pdf")
    answer = get(person, f"/export/receipt/{path}", headers)
    assert answer.status_code == status and PDF not in answer.content


def test_a_member_cannot_add_a_receipt_and_nobody_can_replace_or_delete_one(
    app: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    fin = signed_in(monkeypatch, "fin")
    store_receipt(fin, PDF, "application/pdf")
    ann = signed_in(monkeypatch, "ann")
    with pytest.raises(ServiceUnavailable, match="could not be stored, so nothing was entered"):
        store_receipt(ann, b"%PDF of a member", "application/pdf")
    forged = {"file": (NAME, b"%PDF forged", "application/pdf")}
    for me in (ann, fin):
        replaced = storage(me.session, "PUT", f"object/receipts/{NAME}", files=forged)
        assert not replaced.is_success
        storage(me.session, "DELETE", "object/receipts", json={"prefixes": [NAME]})
    elsewhere = storage(fin.session, "POST", "object/receipts/another-name", files=forged)
    assert not elsewhere.is_success
    assert get("fin", f"/export/receipt/{NAME}").content == PDF
    rows = app.database.rows("select name from storage.objects where bucket_id = 'receipts'")
    assert rows == [(NAME,)]


def test_what_is_no_receipt_is_refused_in_a_sentence(
    app: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    fin = signed_in(monkeypatch, "fin")
    with pytest.raises(InputError, match="a PDF, a JPEG or a PNG"):
        store_receipt(fin, b"<html>", "text/html")
    for content in (b"", b"x" * (10 * 1024 * 1024 + 1)):
        with pytest.raises(InputError, match="empty or larger than 10 MB"):
            store_receipt(fin, content, "application/pdf")


def test_a_stored_file_that_is_not_what_its_name_says_is_not_handed_out(
    app: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    fin = signed_in(monkeypatch, "fin")
    other = "f" * 64
    forged = {"file": (other, b"%PDF forged", "application/pdf")}
    assert storage(fin.session, "POST", f"object/receipts/{other}", files=forged).is_success
    answer = get("fin", f"/export/receipt/{other}")
    assert answer.status_code == 503 and b"forged" not in answer.content
    app.database.execute("delete from storage.objects where name = %s", [other])


def test_without_storage_there_is_nothing_to_store_in_and_nothing_to_read(
    stack: Stack, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with web_over(stack, database) as web:
        tell_settings(monkeypatch, web.environment)
        forget_everything(monkeypatch)
        st.cache_data.clear()
        assert stored_receipts(signed_in(monkeypatch, "fin")) is None
        assert get("fin", f"/export/receipt/{NAME}").status_code == 403
