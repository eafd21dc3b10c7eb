"""The organisation's people, and what an admin may do to their accounts. Never cached."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from footprint.auth import Me
from footprint.data.client import rpc

PAGE_ROWS = 50


@dataclass(frozen=True)
class Person:
    """One person, as an admin sees them; figures are None where people are not named."""

    user_id: str
    email: str | None
    full_name: str | None
    role: str
    team: str | None
    has_account: bool
    created_at: datetime
    deleted_at: datetime | None
    requests: int | None
    tokens_used: int | None
    sort_name: str

    @property
    def name(self) -> str:
        """What to call them."""
        return self.full_name or self.email or self.user_id

    @property
    def label(self) -> str:
        """How a list to choose from calls them: name and e-mail."""
        return self.name if self.email in (None, self.name) else f"{self.name}, {self.email}"

    @property
    def state(self) -> str:
        """Whether they can sign in."""
        if self.deleted_at is not None:
            return "Deleted"
        return "Active" if self.has_account else "Never signed in"


def find_people(me: Me, search: str, state: str, pages: int = 1) -> list[Person]:
    """Return people by part of a name, e-mail, id or team, in the order of their names.

    Args:
        me: an admin.
        search: empty for everybody.
        state: ``active``, ``deleted`` or ``all``.
        pages: how many pages of ``PAGE_ROWS``.
    """
    found: list[Person] = []
    for _ in range(pages):
        after = found[-1] if found else None
        rows = rpc(
            me.session,
            "find_people",
            {
                "p_search": search,
                "p_state": state,
                "p_after_name": after and after.sort_name,
                "p_after_id": after and after.user_id,
                "p_limit": PAGE_ROWS,
            },
        )
        found += [_person(row) for row in rows]
        if len(rows) < PAGE_ROWS:
            break
    return found


def set_person_role(me: Me, user_id: str, role: str) -> None:
    """Give a person a role."""
    rpc(me.session, "set_person_role", {"p_user_id": user_id, "p_role": role})


def set_person_team(me: Me, user_id: str, team: str) -> None:
    """Put a person into a team from their next request on; empty for none."""
    rpc(me.session, "set_person_team", {"p_user_id": user_id, "p_team": team})


def delete_person(me: Me, person: Person) -> str:
    """Take a person's access and keys away, their history stays; return that it is so."""
    rpc(me.session, "delete_person", {"p_user_id": person.user_id})
    return f"{person.name} is deleted."


def restore_person(me: Me, person: Person) -> str:
    """Give a deleted person access again, as a member; return that it is so."""
    rpc(me.session, "restore_person", {"p_user_id": person.user_id})
    return f"{person.name} is restored."


def erase_person(me: Me, user_id: str, reason: str) -> int:
    """Erase a person for good; return how many requests are nobody's now."""
    answer = rpc(me.session, "erase_person", {"p_user_id": user_id, "p_reason": reason})
    return int(answer["requests"])


def map_person_session(me: Me, session_id: str, user_id: str) -> int:
    """Map a chat session to a person; return how many earlier requests became theirs."""
    call = {"p_session_id": session_id, "p_user_id": user_id}
    return int(rpc(me.session, "map_person_session", call))


def look_at_person(me: Me, user_id: str, reason: str) -> None:
    """Open a person's requests for an hour; they can read who looked, when and why."""
    rpc(me.session, "look_at_person", {"p_user_id": user_id, "p_reason": reason})


def person_requests(me: Me, user_id: str) -> list[dict[str, Any]]:
    """Return a person's newest 100 requests, once a reason was given."""
    call = {"p_user_id": user_id, "p_limit": 100}
    return list(rpc(me.session, "get_user_request_history", call))


def export_person(me: Me, user_id: str | None = None) -> bytes:
    """Return everything held about a person as JSON (UTF-8).

    Args:
        me: who asks: the person, or an admin who gave a reason within the hour.
        user_id: whom about; ``None`` for oneself.
    """
    held = rpc(me.session, "export_person", {"p_user_id": user_id})
    requests: list[dict[str, Any]] = []
    while True:
        after = requests[-1]["event_id"] if requests else None
        call = {"p_user_id": user_id, "p_after": after}
        page = rpc(me.session, "export_person_requests", call)
        requests += page
        if not page:
            break
    return json.dumps(held | {"requests": requests}, indent=2, ensure_ascii=False).encode()


def _person(row: dict[str, Any]) -> Person:
    values: dict[str, Any] = {field.name: row.get(field.name) for field in fields(Person)}
    values["created_at"] = datetime.fromisoformat(row["created_at"])
    values["deleted_at"] = row["deleted_at"] and datetime.fromisoformat(row["deleted_at"])
    return Person(**values)
