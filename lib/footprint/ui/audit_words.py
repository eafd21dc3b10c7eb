"""The audit log in words: what an act is called, and what was different before and after it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from footprint.shell.screens import ROLE_TITLES
from footprint.ui.settings import setting_titles

# The kinds of acts → how their codes begin.
KINDS = {
    "Everything": "",
    "People: looks, exports, erasures": "person.",
    "Invitations": "invitation.",
    "Roles": "role.",
    "Teams": "team.",
    "Chat sessions": "session.",
    "Settings": "setting.",
    "Ingest keys": "ingest_key.",
    "Models": "model.",
    "Grid zones": "zone.",
    "Prices": "prices.",
    "Factor sets": "factor_set.",
    "Restatements": "restatement.",
    "Exchange rates": "fx_rates.",
    "Sums": "rollups.",
    "Budgets": "budget.",
    "Ledger": "transaction.",
    "Donations": "donation.",
    "Finance exports": "finance.",
    "Prompts and answers": "content.",
}
DEEDS = {
    "person.look": "Looked at requests",
    "person.export": "Exported data",
    "person.delete": "Took access away",
    "person.restore": "Gave access back",
    "person.erase": "Erased a person",
    "invitation.create": "Invited somebody",
    "invitation.accept": "Accepted an invitation",
    "invitation.withdraw": "Withdrew an invitation",
    "role.grant": "Changed a role",
    "team.set": "Changed a team",
    "session.map": "Mapped a chat session",
    "setting.set": "Changed a setting",
    "ingest_key.create": "Made an ingest key",
    "ingest_key.revoke": "Revoked an ingest key",
    "model.map": "Said what a model is",
    "zone.set": "Set a grid zone",
    "zone.remove": "Took a grid zone back",
    "prices.backfill": "Priced requests",
    "prices.decide_zero": "Said whether a cost of 0 is known",
    "factor_set.activate": "Chose a factor set",
    "restatement.begin": "Began a restatement",
    "restatement.finish": "Finished a restatement",
    "fx_rates.set": "Stored exchange rates",
    "rollups.rebuild": "Worked out sums anew",
    "budget.set": "Set a budget",
    "transaction.propose": "Proposed a ledger entry",
    "transaction.record": "Recorded a ledger entry",
    "transaction.approve": "Approved a ledger entry",
    "transaction.refuse": "Refused a ledger entry",
    "donation.record": "Recorded a donation",
    "donation.verify": "Decided on a donation",
    "finance.export": "Exported finance data",
    "content.purge": "Erased prompts and answers",
}
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# What says nothing to a reader beside the rest: who and when, said already.
_SILENT = ("created_at", "created_by", "updated_at", "updated_by", "actor_user_id")


def deed(action: str) -> str:
    """Return what an act is called; its code where it has no name."""
    return DEEDS.get(action, action)


def target(action: str, name: str | None) -> str | None:
    """Return on whom or what an act was, as a reader calls it.

    Args:
        action: its code.
        name: a person, or what the log keeps of another thing; a number of ours is cut short.
    """
    if name is None:
        return None
    if action.startswith("setting."):
        return setting_titles().get(name, name)
    if action.startswith("zone."):
        provider, _, deployment = name.partition("/")
        return f"{provider}: {deployment or 'all'}"
    return name[:8] if _UUID.fullmatch(name) else name


def values(value: Any) -> str | None:
    """Return what is stored of a side of an act, as ``Role: Member, Team: Sales``; None: nothing.

    Args:
        value: JSON of the log: an object by name, or one bare value.
    """
    if value is None:
        return None
    if not isinstance(value, Mapping):
        return _value("", value)
    parts = [
        f"{name.replace('_', ' ').capitalize()}: {_value(name, one)}"
        for name, one in value.items()
        if one is not None and name not in _SILENT and not _UUID.fullmatch(str(one))
    ]
    return ", ".join(parts) or None


def _value(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "role":
        return ROLE_TITLES.get(str(value), str(value))
    if isinstance(value, Mapping):
        return "; ".join(f"{key} {_value(key, one)}" for key, one in value.items())
    if isinstance(value, list):
        return ", ".join(_value(name, one) for one in value)
    return str(value)
