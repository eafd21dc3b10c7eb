"""What an admin may do to somebody's account, what is logged of it, and what an erasure leaves."""

from __future__ import annotations

import json
import threading
from typing import Any

import psycopg
import pytest

from house import Database, event

REASON = "a question about an invoice"


def refused(
    database: Database, state: str, call: str, values: Any = (), actor: str = "admin"
) -> str:
    with pytest.raises(psycopg.Error) as caught:
        database.one(call, values, actor=actor)
    assert caught.value.sqlstate == state, caught.value
    return str(caught.value)


def log_of(database: Database, action: str) -> list[Any]:
    return database.rows(
        "select actor_user_id, target, before, after, reason from public.audit_log "
        "where action = %s order by audit_id",
        [action],
    )


ACTS = [
    "select public.find_people()",
    "select public.set_person_role('user-of-member', 'admin')",
    "select public.set_person_team('user-of-member', 'board')",
    "select public.delete_person('user-of-other')",
    "select public.restore_person('user-of-other')",
    "select public.erase_person('user-of-other', 'because I can')",
    "select public.map_person_session('s', 'user-of-member')",
    "select public.look_at_person('user-of-admin', 'curiosity')",
    "select public.export_person('user-of-admin')",
    "select public.export_person_requests('user-of-admin')",
    "select public.read_audit_log()",
]


@pytest.mark.parametrize("actor", ["member", "finance"])
@pytest.mark.parametrize("act", ACTS)
def test_only_admins_act_on_people(module_database: Database, actor: str, act: str) -> None:
    refused(module_database, "PT403", act, actor=actor)


def test_people_are_found_by_any_part_of_name_address_id_or_team(database: Database) -> None:
    def found(search: str, state: str = "active") -> list[str]:
        call = "select public.find_people(%s, %s)"
        return [p["user_id"] for p in database.one(call, [search, state], actor="admin")]

    assert found("MEMB") == ["user-of-member"]
    assert found("other@example.org") == ["user-of-other"]
    assert len(found("research")) == 4
    assert found("100%_'; drop table x --") == []
    database.one("select public.delete_person('user-of-other')", actor="admin")
    assert found("other") == []
    assert found("", "deleted") == ["user-of-other"]


def test_the_pages_of_a_search_follow_each_other_without_gap_or_overlap(database: Database) -> None:
    seen: list[str] = []
    after: list[Any] = [None, None]
    while page := database.one(
        "select public.find_people('', 'all', %s, %s, 3)", after, actor="admin"
    ):
        seen += [person["user_id"] for person in page]
        after = [page[-1]["sort_name"], page[-1]["user_id"]]
    assert seen == ["user-of-admin", "user-of-finance", "user-of-member", "user-of-other"]


def test_a_role_and_a_team_are_given_and_logged_before_and_after(database: Database) -> None:
    database.one("select public.set_person_role('user-of-member', 'finance')", actor="admin")
    database.one("select public.set_person_team('user-of-member', ' Board ')", actor="admin")
    assert database.one("select public.me()", actor="member") | {"role": "finance", "team": "Board"}
    assert log_of(database, "role.grant") == [
        ("user-of-admin", "user-of-member", {"role": "member"}, {"role": "finance"}, None)
    ]
    assert log_of(database, "team.set") == [
        ("user-of-admin", "user-of-member", {"team": "research"}, {"team": "Board"}, None)
    ]
    refused(database, "PT400", "select public.set_person_role('user-of-member', 'god')")
    refused(database, "PT404", "select public.set_person_role('nobody', 'admin')")


@pytest.mark.parametrize(
    "act",
    [
        "select public.set_person_role('user-of-admin', 'member')",
        "select public.delete_person('user-of-admin')",
        f"select public.erase_person('user-of-admin', '{REASON}')",
    ],
)
def test_the_last_admin_stays(database: Database, act: str) -> None:
    # An admin who cannot sign in does not count.
    database.execute("insert into public.user_profiles (user_id, role) values ('ghost', 'admin')")
    assert "last admin" in refused(database, "PT409", act)


def test_two_admins_cannot_demote_each_other_at_once(database: Database) -> None:
    database.one("select public.set_person_role('user-of-other', 'admin')", actor="admin")
    outcomes: list[str] = []

    def demote(actor: str, target: str) -> None:
        try:
            database.one("select public.set_person_role(%s, 'member')", [target], actor=actor)
            outcomes.append("done")
        except psycopg.Error as error:
            outcomes.append(str(error.sqlstate))

    threads = [
        threading.Thread(target=demote, args=("admin", "user-of-other")),
        threading.Thread(target=demote, args=("other", "user-of-admin")),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The second finds itself no admin any more, or the last one.
    assert sorted(outcomes)[1] == "done"
    assert sorted(outcomes)[0] in {"PT403", "PT409"}
    assert database.one("select count(*) from public.user_profiles where role = 'admin'") == 1


def test_whoever_is_deleted_loses_access_and_keys_and_comes_back_as_a_member(
    database: Database,
) -> None:
    key = database.make_key("theirs", user_id="user-of-finance")
    database.one("select public.delete_person('user-of-finance')", actor="admin")
    assert database.one("select public.me()", actor="finance") is None
    refused(database, "PT403", "select public.finance_month('2026-10-01')", actor="finance")
    with (
        pytest.raises(psycopg.Error) as caught,
        database.acting("anonymous", {"x-ingest-key": key}) as connection,
    ):
        connection.execute("select public.ingest_request_logs('[]')")
    assert caught.value.sqlstate == "PT401"
    database.one("select public.restore_person('user-of-finance')", actor="admin")
    assert database.one("select public.me() ->> 'role'", actor="finance") == "member"


def filled(database: Database) -> None:
    """Two requests of the person (one with content), one of somebody else, a ledger, a session."""
    database.store(
        event(session_id="s1", tags=["t"], end_user="member@example.org", trace_id="trace-1"),
        event(model="gpt-4o-mini", user_name="Member", user_email="member@example.org"),
        event(user_id="user-of-other"),
        event(user_id=None, user_email="Member@Example.org", user_name="Member"),
    )
    database.one("select private.map_session('s1', 'user-of-member')")
    database.execute(
        "insert into public.request_payloads (event_id, user_profile_id, messages, expires_at) "
        "select event_id, user_profile_id, '[\"secret\"]', now() + interval '1 day' from public.request_logs "
        "where session_id = 's1'"
    )
    database.make_key("theirs", user_id="user-of-member")
    database.one(
        "select public.record_transaction('user-of-member', 'topup', 10, 'k1', 'for Member')",
        actor="finance",
    )


def test_an_erasure_takes_every_trace_of_the_person_and_no_figure_of_the_organisation(
    any_database: Database,
) -> None:
    database = any_database
    filled(database)
    organisation = (
        "select to_jsonb(u) - array['attributed', 'tokens_attributed', 'cost_eur_attributed'] "
        "from public.usage_org_daily u order by day, team, model"
    )
    before = database.rows(organisation)
    month = "select sum(cost_usd), sum(tokens_used), sum(requests) from public.usage_user_monthly"
    total = database.rows(month)

    call = "select public.erase_person('user-of-member', %s)"
    assert database.one(call, [REASON], actor="admin") == {"requests": 3, "payloads": 1}

    assert database.rows(organisation) == before
    assert database.rows(month) == total
    assert database.rollup_differences() == 0
    # Everything there is, searched for the person's id, address and name.
    tables = database.rows(
        "select format('%I.%I', schemaname, tablename) from pg_tables "
        "where schemaname in ('public', 'private', 'auth') and tablename <> 'audit_log'"
    )
    for (table,) in tables:
        left = database.one(
            f"select count(*) from {table} t where t::text ~ "
            "'user-of-member|[Mm]ember@|\\yMember\\y|trace-1|secret'"
        )
        assert left == 0, table
    [(actor, target, _, after, reason)] = log_of(database, "person.erase")
    assert (actor, target, reason) == ("user-of-admin", "user-of-member", REASON)
    assert after["ledger"].startswith("erased-")
    assert database.one("select sum(amount_eur) from public.transactions") == 10
    assert database.one("select public.me()", actor="member") is None
    log = json.dumps(database.rows("select a::text from public.audit_log a"))
    assert "example.org" not in log
    assert "Member" not in log


def test_an_erasure_needs_a_reason_and_the_ledger_changes_by_nothing_else(
    database: Database,
) -> None:
    filled(database)
    refused(database, "PT400", "select public.erase_person('user-of-member', ' ')")
    for change in ("amount_eur = 99", "note = 'x'", "user_id = 'user-of-other'", "kind = 'refund'"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
            database.execute(f"update public.transactions set {change}")


def test_an_admin_looks_at_somebodys_requests_only_for_a_reason_which_that_person_reads(
    database: Database,
) -> None:
    filled(database)
    look = "select public.get_user_request_history('user-of-member')"
    refused(database, "PT403", look)
    refused(database, "PT400", "select public.look_at_person('user-of-member', 'why')")
    database.one("select public.look_at_person('user-of-member', %s)", [REASON], actor="admin")
    assert len(database.one(look, actor="admin")) == 2
    # One person's reason opens nobody else's requests, and not for ever.
    refused(database, "PT403", "select public.get_user_analytics('user-of-other')")
    [seen] = database.one("select public.looks_at_me()", actor="member")
    assert (seen["who"], seen["role"], seen["action"], seen["reason"]) == (
        "Admin", "admin", "person.look", REASON,
    )  # fmt: skip
    assert database.one("select public.looks_at_me()", actor="other") == []
    database.execute("alter table public.audit_log disable trigger audit_log_is_append_only")
    database.execute("update public.audit_log set occurred_at = now() - interval '61 minutes'")
    refused(database, "PT403", look)


def test_everything_held_about_a_person_is_theirs_to_take_away(database: Database) -> None:
    filled(database)
    mine = database.one("select public.export_person()", actor="member")
    assert mine["profile"]["email"] == "member@example.org"
    assert [s["session_id"] for s in mine["sessions"]] == ["s1"]
    assert mine["totals"]["requests"] == 2
    assert mine["ledger"][0]["note"] == "for Member"
    assert mine["ingest_keys"][0]["label"] == "theirs"
    assert "key_hash" not in mine["ingest_keys"][0]
    requests = database.one("select public.export_person_requests()", actor="member")
    assert len(requests) == 2
    assert ["secret"] in [r["messages"] for r in requests]
    last = requests[-1]["event_id"]
    after = "select public.export_person_requests(null, %s)"
    assert database.one(after, [last], actor="member") == []

    database.one("select public.look_at_person('user-of-member', %s)", [REASON], actor="admin")
    theirs = database.one("select public.export_person('user-of-member')", actor="admin")
    assert theirs["totals"] == mine["totals"]
    # An admin exports the requests, never what was said in them.
    content = database.one("select public.export_person_requests('user-of-member')", actor="admin")
    assert [r["messages"] for r in content] == [None, None]
    assert len(database.one("select public.looks_at_me()", actor="member")) == 2


def test_a_session_is_mapped_by_an_admin_to_known_people_only(database: Database) -> None:
    database.store(event(user_id=None, session_id="chat-9"))
    call = "select public.map_person_session('chat-9', %s)"
    refused(database, "PT404", call, ["nobody-yet"])
    assert database.one(call, ["user-of-other"], actor="admin") == 1
    assert database.rollup_differences() == 0
    assert log_of(database, "session.map")[0][1] == "user-of-other"


def test_the_audit_log_is_read_a_page_at_a_time_and_filtered(database: Database) -> None:
    for number in range(5):
        database.one(f"select public.set_person_team('user-of-member', 't{number}')", actor="admin")
    database.one("select public.set_person_role('user-of-other', 'finance')", actor="admin")
    read = "select public.read_audit_log(%s, %s, %s, %s)"
    first = database.one(read, ["", "", None, 4], actor="admin")
    rest = database.one(read, ["", "", first[-1]["audit_id"], 4], actor="admin")
    ids = [entry["audit_id"] for entry in first + rest]
    assert len(ids) == 6
    assert ids == sorted(set(ids), reverse=True)
    roles = database.one(read, ["role.", "", None, 50], actor="admin")
    assert [(e["actor"], e["target_name"]) for e in roles] == [("Admin", "Other")]
    assert len(database.one(read, ["", "MEMBER@", None, 50], actor="admin")) == 5
