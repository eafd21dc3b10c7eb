"""A month whose sums are damaged, or that changes meanwhile: the file says which row, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from exporting import file_of, get, read
from footprint.data import exports
from footprint.data.client import rpc
from footprint.errors import ServiceUnavailable, WrongFigures
from house import event
from web import Web, email

KINDS = ("statement", "requests", "focus")
SPEECH = "whisper-1"
Meanwhile = Callable[[], object]


def address(kind: str) -> str:
    return f"/export/{kind}.csv?month=2026-10"


def refused(kind: str) -> str:
    answer = get("fin", address(kind))
    assert answer.status_code == 409
    assert "The month does not add up" in answer.text and "no file" in answer.text
    return answer.text


def id_of(web: Web, person: str) -> str:
    query = "select user_id from public.user_profiles where email = %s"
    return str(web.database.one(query, [email(person)]))


@pytest.fixture
def spoken(own_october: Web) -> Web:
    """October with speech of Ann's for 0.006 $, which are 0.0054 EUR."""
    own_october.database.store(
        event(
            user_id=id_of(own_october, "ann"),
            model=SPEECH,
            call_type="transcription",
            tokens_input_uncached=None,
            tokens_output_text=None,
            cost_usd="0.006",
            started_at="2026-10-12T10:00:00Z",
        )
    )
    return own_october


def rebuild(web: Web, day: str) -> None:
    """Rebuild a day as an admin does on Data quality."""
    with web.database.connect() as connection:
        connection.execute(
            "select set_config('request.jwt.claim.sub', auth_user_id::text, false)"
            " from public.user_profiles where email = %s",
            [email("ada")],
        )
        connection.execute("set role authenticated")
        connection.execute("select public.rebuild_rollup_day(%s)", [day])


def test_an_undamaged_month_is_had_in_every_kind(spoken: Web) -> None:
    for kind in KINDS:
        assert "broken off" not in file_of(address(kind))


def test_a_person_whose_known_cost_is_counted_as_unknown_is_named_with_both_amounts(
    spoken: Web,
) -> None:
    """The case of the field report: the rows added up to less than the head promised, for ever."""
    damage = "update public.usage_user_monthly set priced = 0 where model = %s"
    spoken.database.execute(damage, [SPEECH])
    ann = id_of(spoken, "ann")
    said = f"openai/{SPEECH} of {ann} has 0.0054 EUR by its requests and 0 EUR in the sums by month"
    for kind in ("statement", "focus"):
        text = refused(kind)
        assert said in text
        assert "An admin finds and rebuilds them on Data quality" in text
        assert "try again" not in text.lower()
    # Every request is listed from the requests themselves, and from the sums by day.
    _, lines = read(file_of(address("requests")))
    assert sum(Decimal(line["cost_eur"] or 0) for line in lines) == Decimal("13.50540000009")

    rebuild(spoken, "2026-10-12")
    for kind in KINDS:
        assert SPEECH in file_of(address(kind))
    assert spoken.database.rollup_differences() == 0


def test_a_day_of_the_organisation_that_is_wrong_is_named_in_every_kind(spoken: Web) -> None:
    damage = "update public.usage_org_daily set cost_eur = cost_eur + 1 where model = %s"
    spoken.database.execute(damage, [SPEECH])
    for kind in KINDS:
        assert (
            f"openai/{SPEECH} on 2026-10-12 has 0.0054 EUR by its requests and 1.0054 EUR "
            "in the sums by day"
        ) in refused(kind)
    rebuild(spoken, "2026-10-12")
    for kind in KINDS:
        assert file_of(address(kind))


def test_a_day_that_is_missing_from_the_sums_is_no_shorter_list_of_requests(spoken: Web) -> None:
    spoken.database.execute("delete from public.usage_org_daily where model = %s", [SPEECH])
    for kind in KINDS:
        assert (
            f"openai/{SPEECH} on 2026-10-12 has 0.0054 EUR in 1 request by its requests and "
            "0 EUR in 0 requests in the sums by day"
        ) in refused(kind)


@pytest.mark.parametrize("mode", ["pseudonymous", "off"])
def test_where_people_are_not_named_a_fault_names_nobody(spoken: Web, mode: str) -> None:
    spoken.database.execute(
        "update public.settings set value = to_jsonb(%s::text) where key = 'privacy_people'", [mode]
    )
    damage = "update public.usage_user_monthly set cost_eur = 7 where model = %s"
    spoken.database.execute(damage, [SPEECH])
    text = refused("statement")
    assert "0.0054 EUR by its requests and 7 EUR in the sums by month" in text
    assert id_of(spoken, "ann") not in text


def happening(monkeypatch: pytest.MonkeyPatch, what: Meanwhile) -> None:
    """Let something happen once, between the head of a file and its second page."""
    original = rpc
    done: list[object] = []

    def meanwhile(*call: object) -> object:
        if call[1] == "finance_export_page" and not done:
            done.append(what())
        return original(*call)  # type: ignore[arg-type]

    monkeypatch.setattr(exports, "PAGE_ROWS", 1)
    monkeypatch.setattr(exports, "rpc", meanwhile)


@pytest.mark.parametrize("kind", ["statement", "focus"])
def test_a_request_that_arrives_while_the_file_is_written_is_said_to_have_arrived(
    spoken: Web, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    late = event(model="zeta", provider="zeta", cost_usd="10", started_at="2026-10-31T12:00:00Z")
    happening(monkeypatch, lambda: spoken.database.store(late))
    with pytest.raises(ServiceUnavailable) as error:
        get("fin", address(kind))
    said = str(error.value)
    assert "1 request of October 2026 with 9 EUR arrived while the file was written" in said
    assert "Its rows add up to 22.50540000009 EUR" in said
    assert "promised 13.50540000009 EUR" in said
    assert said.endswith("Download it again.")
    assert "22.50540000009" not in said.split("promised")[1]
    assert file_of(address(kind))


def test_the_list_of_requests_is_of_its_moment_whatever_arrives(
    spoken: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = event(model="zeta", provider="zeta", started_at="2026-10-31T12:00:00Z")
    happening(monkeypatch, lambda: spoken.database.store(late))
    about, lines = read(file_of(address("requests")))
    assert about["rows"] == "7" == str(len(lines))


@pytest.mark.parametrize("kind", KINDS)
def test_a_cost_that_changes_meanwhile_is_named_by_its_model(
    spoken: Web, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    change = "update public.request_logs set cost_usd = 3, cost_eur = 2.7 where model = %s"
    happening(monkeypatch, lambda: spoken.database.execute(change, [SPEECH]))
    with pytest.raises(ServiceUnavailable) as error:
        get("fin", address(kind))
    said = str(error.value)
    assert f"openai/{SPEECH} has 2.7 EUR in 1 row and had 0.0054 EUR in 1 row." in said
    assert "changed while the file was written" in said and said.endswith("Download it again.")


@pytest.mark.parametrize(
    ("kind", "damage"),
    [
        ("statement", "update public.usage_user_monthly set priced = 0 where model = %s"),
        ("focus", "update public.usage_org_daily set cost_eur = 7 where model = %s"),
        ("requests", "delete from public.usage_org_daily where model = %s"),
    ],
)
def test_sums_that_are_damaged_while_the_file_is_written_are_a_fault_that_names_the_row(
    spoken: Web, monkeypatch: pytest.MonkeyPatch, kind: str, damage: str
) -> None:
    happening(monkeypatch, lambda: spoken.database.execute(damage, [SPEECH]))
    with pytest.raises(WrongFigures) as error:
        get("fin", address(kind))
    said = str(error.value)
    assert "promised 13.50540000009 EUR" in said
    assert f"openai/{SPEECH}" in said and "0.0054 EUR" in said
    assert "again" not in said


def test_only_finance_and_admins_ask_why_a_file_differs(october: Web) -> None:
    call = "select public.finance_export_check('statement', '2026-10-01', now())"
    with pytest.raises(Exception, match="admins and finance"):
        october.database.one(call, actor="member")
    with pytest.raises(Exception, match="moment is needed"):
        october.database.one(call.replace("now()", "null"), actor="finance")
    found = october.database.one(call, actor="finance")
    assert found == {"arrived": 0, "arrived_eur": "0", "faults": None}
