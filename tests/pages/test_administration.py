"""The pages by which an admin runs the organisation, and the account page of everybody."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from footprint.auth import Me, flows
from footprint.auth.guard import identify
from footprint.auth.limits import INVITATIONS_PER_ADMIN
from footprint.data.people import export_person
from footprint.local.stack import LiteOptions, Stack
from house import event
from web import ROOT, Web, cookies_of, email, session_for, sit_at_browser, tell_settings

ACCOUNT, PEOPLE, KEYS, SETTINGS, LOG = (
    f"pages/{name}.py" for name in ("account", "people", "ingest_keys", "settings", "audit_log")
)
ADMINISTRATION = (PEOPLE, KEYS, SETTINGS, LOG)


def open_page(
    monkeypatch: pytest.MonkeyPatch, person: str, page: str, query: dict[str, str] | None = None
) -> AppTest:
    sit_at_browser(monkeypatch, cookies_of(session_for(person)))
    at = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=30)
    for name, value in (query or {}).items():
        at.query_params[name] = value
    at.run()
    at.switch_page(page).run()
    assert not at.exception, at.exception[0].message
    return at


def words(at: AppTest) -> str:
    kinds = ("title", "header", "markdown", "caption", "text")
    return "\n".join(str(element.value) for kind in kinds for element in getattr(at, kind))


def id_of(web: Web, person: str) -> str:
    query = "select user_id from public.user_profiles where email = %s"
    return str(web.database.one(query, [email(person)]))


def choose(at: AppTest, web: Web, person: str) -> None:
    next(box for box in at.selectbox if box.label == "Manage").set_value(id_of(web, person)).run()


def press(at: AppTest, label: str) -> None:
    next(button for button in at.button if button.label == label).click().run()
    assert not at.exception, at.exception[0].message


def enter(at: AppTest, label: str, value: str) -> None:
    next(field for field in at.text_input if field.label == label).set_value(value)


def said(at: AppTest) -> list[str]:
    return [box.value.replace("\\", "") for kind in (at.success, at.error) for box in kind]


@pytest.mark.parametrize("page", ADMINISTRATION)
@pytest.mark.parametrize("person", ["ann", "fin"])
def test_administration_is_for_admins(
    full: Web, monkeypatch: pytest.MonkeyPatch, person: str, page: str
) -> None:
    at = open_page(monkeypatch, person, page)
    assert "not for your account" in words(at)
    assert not at.dataframe
    assert not at.text_input


def test_a_search_finds_and_an_admin_gives_role_and_team(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(monkeypatch, "ada", PEOPLE, {"search": "BOB@"})
    assert list(at.dataframe[0].value["Name"]) == ["Bob"]
    choose(at, empty, "bob")
    next(box for box in at.selectbox if box.label == "Role").set_value("finance")
    enter(at, "Team", "Board *of* directors")
    press(at, "Save")
    assert said(at) == ["Bob is finance, team Board *of* directors."]
    row = "select role, team from public.user_profiles where email = %s"
    assert empty.database.rows(row, [email("bob")]) == [("finance", "Board *of* directors")]


@pytest.fixture
def confirming(stack: Stack, empty: Web, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """A Supabase Auth that takes no address for proven before a link was followed."""
    with stack.serve(empty.database.name, options=LiteOptions(confirm_email=True)) as server:
        tell_settings(monkeypatch, empty.environment | {"SUPABASE_URL": server.api_url})
        yield empty


def test_an_admin_invites_sends_again_and_withdraws(
    confirming: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(monkeypatch, "ada", PEOPLE)
    enter(at, "Their e-mail", "nonsense")
    press(at, "Send the invitation")
    assert said(at) == ["Enter an e-mail address."]
    enter(at, "Their e-mail", " Zoe@Example.net ")
    next(box for box in at.selectbox if box.label == "Their role").set_value("finance")
    enter(at, "Their team", "Books")
    press(at, "Send the invitation")
    assert said(at) == ["zoe@example.net is invited: an e-mail with a link is on its way."]
    [table] = [frame.value for frame in at.dataframe if "Invited by" in frame.value]
    [row] = table.to_dict("records")
    assert [row[name] for name in ("E-mail", "Role", "Team", "Invited by")] == [
        "zoe@example.net", "Finance", "Books", "Ada",
    ]  # fmt: skip
    box = next(box for box in at.selectbox if box.label == "Invitation")
    box.set_value(str(confirming.database.one("select invitation_id from private.invitations")))
    box.run()
    press(at, "Withdraw")
    assert said(at) == ["The invitation of zoe@example.net is withdrawn."]
    assert confirming.database.one("select count(*) from private.invitations") == 0


def test_an_invitation_stands_where_no_mail_can_be_sent(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(monkeypatch, "ada", PEOPLE)
    ada = session_for("ada").auth_user_id
    for _ in range(INVITATIONS_PER_ADMIN):
        assert flows.INVITATIONS.take(ada) == 0
    enter(at, "Their e-mail", "zoe@example.net")
    press(at, "Send the invitation")
    assert said(at) == [
        "The invitation of zoe@example.net is kept, but no e-mail was sent. "
        "Many invitations just now: send it in 15 minutes."
    ]
    assert empty.database.one("select count(*) from private.invitations") == 1


def test_the_last_admin_is_told_that_they_are(empty: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    empty.database.execute(
        "update public.user_profiles set role = 'member' where user_id = 'user-of-admin'"
    )
    at = open_page(monkeypatch, "ada", PEOPLE, {"search": "ada@"})
    choose(at, empty, "ada")
    press(at, "Delete")
    assert said(at) == ["This is the last admin: make somebody else admin first."]


def test_a_look_needs_a_reason_which_that_person_reads(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty.database.store(event(user_id=id_of(empty, "ann")))
    at = open_page(monkeypatch, "ada", PEOPLE, {"search": "ann@"})
    choose(at, empty, "ann")
    press(at, "Look at their requests")
    assert "A reason of 5 to 500 characters" in said(at)[0]
    assert len(at.dataframe) == 1
    enter(at, "Reason", "a bill of <b>October</b>")
    press(at, "Look at their requests")
    [looked] = at.dataframe[1].value.to_dict("records")
    assert (looked["Model"], looked["Status"]) == ("gpt-4o", "Succeeded")

    at = open_page(monkeypatch, "ann", ACCOUNT)
    [look] = at.dataframe[0].value.to_dict("records")
    assert (look["Who"], look["What"]) == ("Ada", "Looked at your requests")
    assert look["Reason"] == "a bill of <b>October</b>"
    at = open_page(monkeypatch, "bob", ACCOUNT)
    assert "Nobody has looked" in words(at)


def test_somebody_is_deleted_restored_and_erased_only_when_their_id_is_typed(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(monkeypatch, "ada", PEOPLE, {"search": "bob@", "state": "Everybody"})
    choose(at, empty, "bob")
    press(at, "Delete")
    assert said(at) == ["Bob is deleted."]
    press(at, "Restore")
    assert said(at) == ["Bob is restored."]
    fields = [field for field in at.text_input if field.label == "Reason"]
    fields[-1].set_value("they asked for it")
    press(at, "Erase")
    assert said(at) == ["That is not their id: nothing was erased."]
    enter(at, "Type their id to confirm", id_of(empty, "bob"))
    [field for field in at.text_input if field.label == "Reason"][-1].set_value("they asked")
    press(at, "Erase")
    assert said(at) == ["Bob is erased for good. Nobody's from now on: 0 requests."]
    count = "select count(*) from auth.users where email = %s"
    assert empty.database.one(count, [email("bob")]) == 0


def test_a_key_is_shown_once_works_and_is_revoked(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(monkeypatch, "ada", KEYS)
    assert "nothing can send requests" in at.info[0].value
    enter(at, "Label", "LiteLLM proxy")
    press(at, "Make the key")
    [snippet] = [code.value for code in at.code]
    key = snippet.split("FOOTPRINT_INGEST_KEY=")[1].strip()
    digest = "select encode(key_hash, 'hex') from private.ingest_keys"
    assert empty.database.one(digest) == hashlib.sha256(key.encode()).hexdigest()
    at.run()
    assert not at.code
    assert list(at.dataframe[0].value["State"]) == ["Active"]
    box = next(box for box in at.selectbox if box.label == "Revoke a key")
    box.set_value(str(empty.database.one("select ingest_key_id from private.ingest_keys")))
    press(at, "Revoke it now")
    assert list(at.dataframe[0].value["State"]) == ["Revoked"]


def test_a_setting_is_previewed_before_it_is_saved(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty.database.store(event(cost_usd="100"))
    at = open_page(monkeypatch, "ada", SETTINGS)
    assert not [button for button in at.button if button.label.startswith("Save")]
    next(field for field in at.number_input if field.label == "Pledge").set_value(0.1).run()
    assert "pledged €4.50 → €9.00, pending 3.75 → 7.50 m²" in at.info[0].value.replace("\\", "")
    assert empty.database.one("select private.setting('pledge_share')::text") == "0.05"
    press(at, "Save pledge")
    assert said(at) == ["Pledge saved."]
    assert empty.database.one("select private.setting('pledge_share')::text") == "0.1"
    next(box for box in at.selectbox if box.label == "People").set_value("pseudonymous").run()
    press(at, "Save people")
    assert empty.database.one("select private.setting('privacy_people') #>> '{}'") == "pseudonymous"
    empty.database.one("select private.audit('setting.set', 'pledge_share', '0.05', '0.1')")
    at = open_page(monkeypatch, "ada", LOG)
    entry = at.dataframe[0].value.to_dict("records")[0]
    assert [entry[name] for name in ("Who", "What", "On", "Before", "After")] == [
        "Operator", "Changed a setting", "Pledge", "0.05", "0.1",
    ]  # fmt: skip


def test_everybody_renames_themself_and_takes_their_data_away(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty.database.store(event(user_id=id_of(empty, "ann")), event(user_id=id_of(empty, "bob")))
    at = open_page(monkeypatch, "ann", ACCOUNT)
    enter(at, "Name", "Ann O'Neill <script>")
    press(at, "Save the name")
    assert said(at) == ["Your name is saved."]
    name = "select full_name from public.user_profiles where email = %s"
    assert empty.database.one(name, [email("ann")]) == "Ann O'Neill <script>"
    [button] = at.get("download_button")
    assert getattr(button, "label", None) == "Download my data"

    me = identify()
    assert isinstance(me, Me)
    held = json.loads(export_person(me))
    assert [request["user_profile_id"] for request in held["requests"]] == [id_of(empty, "ann")]
