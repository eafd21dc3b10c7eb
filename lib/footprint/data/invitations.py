"""Invitations to the organisation, as an admin handles them. Never cached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from footprint.auth import Me
from footprint.auth.flows import invite
from footprint.data.client import rpc
from footprint.errors import FootprintError


@dataclass(frozen=True)
class Invitation:
    """An invitation that nobody has accepted yet."""

    invitation_id: str
    email: str
    role: str
    team: str | None
    invited_by: str
    expires_at: datetime
    # Whether it still opens something: it ends by time, and with its admin's power.
    is_good: bool


def invitations(me: Me) -> list[Invitation]:
    """Return the open invitations, newest first."""
    return [
        Invitation(
            row["invitation_id"],
            row["email"],
            row["role"],
            row["team"],
            row["invited_by"],
            datetime.fromisoformat(row["expires_at"]),
            row["is_good"],
        )
        for row in rpc(me.session, "list_invitations")
    ]


def invite_person(me: Me, email: str, role: str, team: str, days: int) -> str:
    """Keep role and team for an address, have a link sent to it, and return what was done."""
    call = {"p_email": email, "p_role": role, "p_team": team, "p_days": days}
    kept = rpc(me.session, "invite_person", call)
    if kept["joined"]:
        return f"{kept['email']} had an account waiting and has joined."
    return _sent(me, kept["email"])


def send_again(me: Me, invitation: Invitation) -> str:
    """Have another link sent, and return that it is so."""
    return _sent(me, invitation.email)


def withdraw_invitation(me: Me, invitation: Invitation) -> str:
    """End an invitation, and return that it is so."""
    email = rpc(me.session, "withdraw_invitation", {"p_invitation_id": invitation.invitation_id})
    return f"The invitation of {email} is withdrawn."


def _sent(me: Me, email: str) -> str:
    """Have a link sent; where none can be, the invitation stands and the sentence says why."""
    try:
        invite(me.session, email)
    except FootprintError as error:
        return f"The invitation of {email} is kept, but no e-mail was sent. {error}"
    return f"{email} is invited: an e-mail with a link is on its way."
