"""Who becomes a member at their first sign-in, and what an invitation is good for."""

from __future__ import annotations

import json
import uuid
from typing import Any

import psycopg
import pytest

from house import Database

NEW = "new@example.org"
INVITE = "select public.invite_person(%s, %s, %s, %s)"
OPEN = "select count(*) from private.invitations"


def invite(
    database: Database, email: str = NEW, role: str = "member", team: str | None = None
) -> dict[str, Any]:
    answer = database.one(INVITE, [email, role, team, 14], actor="admin")
    assert isinstance(answer, dict)
    return answer


def sign_up(
    database: Database, email: str = NEW, *, verified: bool = True, **metadata: object
) -> uuid.UUID:
    """Make an account as Supabase Auth does, and verify its address where it is."""
    account = uuid.uuid4()
    database.execute(
        "insert into auth.users (id, email, raw_user_meta_data) values (%s, %s, %s)",
        [account, email, json.dumps(metadata)],
    )
    if verified:
        verify(database, account)
    return account


def verify(database: Database, account: uuid.UUID) -> None:
    database.execute("update auth.users set email_confirmed_at = now() where id = %s", [account])


def profile(database: Database, email: str = NEW) -> tuple[str, str | None] | None:
    query = (
        "select role, team from public.user_profiles where email = %s and auth_user_id is not null"
    )
    rows = database.rows(query, [email])
    return rows[0] if rows else None


def only_invited(database: Database) -> None:
    database.one("select public.set_setting('who_may_join', '\"invited\"')", actor="admin")


def refused(database: Database, state: str, call: str, values: Any, actor: str = "admin") -> str:
    with pytest.raises(psycopg.Error) as caught:
        database.one(call, values, actor=actor)
    assert caught.value.sqlstate == state, caught.value
    return str(caught.value)


def test_an_invited_person_gets_role_and_team_once_the_address_is_verified(
    any_database: Database,
) -> None:
    only_invited(any_database)
    assert invite(any_database, " New@Example.org ", "finance", " Books ")["joined"] is False
    account = sign_up(any_database, "NEW@example.org", verified=False, invited=True, role="admin")
    assert profile(any_database, "NEW@example.org") is None
    verify(any_database, account)
    assert profile(any_database, "NEW@example.org") == ("finance", "Books")
    assert any_database.one(OPEN) == 0


def test_where_only_invited_people_join_a_verified_stranger_gets_nothing(
    database: Database,
) -> None:
    only_invited(database)
    sign_up(database, "stranger@example.org", invited=True, full_name="Invited Indeed")
    assert profile(database, "stranger@example.org") is None
    # Whoever the organisation's front ends know already is no stranger.
    database.execute(
        "insert into public.user_profiles (user_id, email) values ('google_1', 'known@example.org')"
    )
    sign_up(database, "known@example.org")
    assert profile(database, "known@example.org") == ("member", None)


def test_who_waited_outside_joins_by_a_later_invitation_or_when_anyone_may(
    database: Database,
) -> None:
    only_invited(database)
    sign_up(database)
    sign_up(database, "other-stranger@example.org")
    sign_up(database, "unverified@example.org", verified=False)
    assert invite(database, role="admin")["joined"] is True
    assert profile(database) == ("admin", None)
    database.one("select public.set_setting('who_may_join', '\"anyone\"')", actor="admin")
    assert profile(database, "other-stranger@example.org") == ("member", None)
    assert profile(database, "unverified@example.org") is None


def test_an_invitation_ends_by_time_by_withdrawal_and_with_its_admins_power(
    database: Database,
) -> None:
    only_invited(database)
    late, withdrawn, orphaned = (f"{name}@example.org" for name in ("late", "gone", "orphan"))
    for address in (late, withdrawn, orphaned):
        invite(database, address, "admin")
    database.execute(
        "update private.invitations set expires_at = now() - interval '1 s' where email = %s",
        [late],
    )
    listed = database.one("select public.list_invitations()", actor="admin")
    assert {entry["email"]: entry["is_good"] for entry in listed} == {
        late: False, withdrawn: True, orphaned: True,
    }  # fmt: skip
    ids = {entry["email"]: entry["invitation_id"] for entry in listed}
    call = "select public.withdraw_invitation(%s)"
    assert database.one(call, [ids[withdrawn]], actor="admin") == withdrawn
    refused(database, "PT404", call, [ids[withdrawn]])
    # Two admins, and then the one who invited is one no more.
    database.execute(
        "update public.user_profiles set role = 'admin' where user_id = 'user-of-other'"
    )
    database.one("select public.set_person_role('user-of-admin', 'member')", actor="other")
    for address in (late, withdrawn, orphaned):
        sign_up(database, address)
        assert profile(database, address) is None


def test_an_invitation_takes_no_role_away_that_an_operator_gave_before(database: Database) -> None:
    database.execute(
        "insert into public.user_profiles (user_id, email, role) values ('x', %s, 'finance')", [NEW]
    )
    invite(database, role="member", team="Books")
    sign_up(database)
    assert profile(database) == ("finance", "Books")


def test_a_member_who_changes_to_an_invited_address_gains_nothing(database: Database) -> None:
    invite(database, role="admin")
    database.execute(
        "update auth.users set email = %s, email_confirmed_at = now() where email = 'member@example.org'",
        [NEW],
    )
    assert profile(database) == ("member", "research")
    assert database.one(OPEN) == 1


@pytest.mark.parametrize(
    ("values", "state", "sentence"),
    [
        (["nonsense", "member", None, 14], "PT400", "Enter an e-mail address"),
        (["a b@example.org", "member", None, 14], "PT400", "Enter an e-mail address"),
        ([None, "member", None, 14], "PT400", "Enter an e-mail address"),
        ([NEW, "owner", None, 14], "PT400", "A role is"),
        ([NEW, None, None, 14], "PT400", "A role is"),
        ([NEW, "member", "x" * 101, 14], "PT400", "at most 100"),
        ([NEW, "member", None, 0], "PT400", "1 to 90 days"),
        (["Member@example.org", "admin", None, 14], "PT409", "has an account already"),
    ],
)
def test_what_cannot_be_an_invitation_is_refused_in_a_sentence(
    module_database: Database, values: list[Any], state: str, sentence: str
) -> None:
    assert sentence in refused(module_database, state, INVITE, values)
    assert module_database.one(OPEN) == 0


@pytest.mark.parametrize("actor", ["member", "finance"])
@pytest.mark.parametrize(
    ("call", "values"),
    [
        (INVITE, [NEW, "admin", None, 14]),
        ("select public.list_invitations()", []),
        ("select public.withdraw_invitation(%s)", [str(uuid.uuid4())]),
    ],
)
def test_only_admins_invite(
    module_database: Database, actor: str, call: str, values: list[Any]
) -> None:
    refused(module_database, "PT403", call, values, actor)


def test_the_audit_log_tells_who_invited_and_who_came_and_holds_no_address(
    database: Database,
) -> None:
    invitation = invite(database, role="finance")["invitation_id"]
    account = sign_up(database)
    entries = database.rows(
        "select actor_user_id, action, target, after from public.audit_log "
        "where action like 'invitation.%%' order by audit_id"
    )
    assert [entry[:3] for entry in entries] == [
        ("user-of-admin", "invitation.create", invitation),
        (str(account), "invitation.accept", str(account)),
    ]
    assert entries[1][3]["invited_by"] == "user-of-admin"
    assert "example.org" not in json.dumps([entry[3] for entry in entries])


def test_an_erased_person_leaves_no_invitation_behind(database: Database) -> None:
    database.execute(
        "insert into public.user_profiles (user_id, email) values ('google_2', %s)", [NEW]
    )
    invite(database)
    database.one("select public.erase_person('google_2', 'they asked us to')", actor="admin")
    assert database.one(OPEN) == 0
