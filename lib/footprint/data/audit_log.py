"""The audit log, newest first, a page at a time. Never cached."""

from __future__ import annotations

from typing import Any

from footprint.auth import Me
from footprint.data.client import rpc

PAGE_ROWS = 100


def last_purge(me: Me) -> dict[str, Any] | None:
    """Return when prompts and answers were last erased (``occurred_at``), and how many.

    None where none ever were; an erasure that found nothing due is not written down.
    """
    call = {"p_action": "content.purge", "p_who": "", "p_before_id": None, "p_limit": 1}
    entries = rpc(me.session, "read_audit_log", call)
    return dict(entries[0]) if entries else None


def read_audit_log(me: Me, action: str, who: str, pages: int = 1) -> list[dict[str, Any]]:
    """Return entries of the audit log.

    Args:
        me: an admin.
        action: how the action begins, as ``person.``; empty for all.
        who: part of the name, e-mail or id of the actor or the target; empty for all.
        pages: how many pages of ``PAGE_ROWS``.

    Returns:
        ``audit_id``, ``occurred_at``, ``actor``, ``actor_role``, ``action``, ``target_name``,
        ``reason``, ``before``, ``after``.
    """
    entries: list[dict[str, Any]] = []
    for _ in range(pages):
        last = entries[-1]["audit_id"] if entries else None
        call = {"p_action": action, "p_who": who, "p_before_id": last, "p_limit": PAGE_ROWS}
        page = rpc(me.session, "read_audit_log", call)
        entries += page
        if len(page) < PAGE_ROWS:
            break
    return entries
