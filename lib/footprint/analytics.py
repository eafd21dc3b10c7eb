"""A person's own figures for programs: calls of the database's functions with that person's token.

Row-level security decides: one's own rows, or as an admin somebody's, which is logged. Every key
with a unit suffix carries that unit (`_usd`, `_eur`, `_kwh`, `_gco2e`, `_l`, `_s`; `_share` is from
0 to 1); `None` is unknown, never zero; `_low` and `_high` bound an estimate.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from footprint.data.client import rpc
from footprint.errors import AccessDenied


@dataclass(frozen=True)
class _Token:
    """A token that cannot be renewed."""

    access_token: str = field(repr=False)

    def renewed(self, refused: str | None) -> str:
        """Say that there is no other token."""
        raise AccessDenied("The access token is not accepted: sign in again.")


def get_user_analytics(access_token: str, user_id: str | None = None) -> dict[str, Any] | None:
    """Return a person's totals over all time; None where the person has no requests.

    Args:
        access_token: of a signed-in person (Supabase Auth).
        user_id: None for oneself.

    Returns:
        ``user_id``, ``requests``, ``failures``, ``success_share``, ``failure_share``,
        ``models_used``, ``providers_used``, ``tokens_used``, ``cost_usd``, ``cost_eur``,
        ``latency_s_mean``, ``energy_kwh``, ``carbon_gco2e`` and ``water_l`` (each with ``_low`` and
        ``_high``), ``billable``, ``measurable``, ``priced``, ``measured``, ``latency_count``,
        ``first_month``, ``last_month``. An amount of which nothing is known is None. ``priced`` are
        of the ``billable``, ``measured`` of the ``measurable``; the mean latency is of
        ``latency_count`` requests: successful ones that the gateway's cache did not answer.

    Raises:
        AccessDenied: where the token's owner may not ask that.
        ServiceUnavailable: where the database does not answer.
    """
    found = rpc(_Token(access_token), "get_user_analytics", {"p_user_id": user_id})
    return found if isinstance(found, dict) else None


def get_user_request_history(
    access_token: str,
    user_id: str | None = None,
    *,
    limit: int = 50,
    before: datetime | None = None,
    before_id: str | None = None,
) -> list[dict[str, Any]]:
    """Return a person's requests, newest first, a page at a time.

    Args:
        access_token: of a signed-in person.
        user_id: None for oneself.
        limit: 1 to 1000.
        before: ``started_at`` of the last row of the page before.
        before_id: its ``event_id``.

    Returns:
        Rows of ``user_id``, ``event_id``, ``started_at``, ``provider``, ``model``, ``status``,
        ``error_class``, ``tokens_used``, ``cost_eur``, ``latency_s``, ``energy_kwh``,
        ``carbon_gco2e``, ``water_l``, ``impact_reason``, ``service_tier`` (None: the usual one),
        ``quantities`` (what else was used or billed, by unit, such as ``pages``; None: nothing).

    Raises:
        AccessDenied: where the token's owner may not ask that.
        InputError: where `limit` is out of range.
        ServiceUnavailable: where the database does not answer.
    """
    arguments = {
        "p_user_id": user_id,
        "p_limit": limit,
        "p_before": before.isoformat() if before else None,
        "p_before_id": before_id,
    }
    return list(rpc(_Token(access_token), "get_user_request_history", arguments))


def get_user_token_breakdown(
    access_token: str,
    user_id: str | None = None,
    *,
    start: date | None = None,
    end: date | None = None,
) -> list[dict[str, Any]]:
    """Return a person's tokens by provider and model, most first.

    Args:
        access_token: of a signed-in person.
        user_id: None for oneself.
        start: first day, in the reporting time zone; None for no bound.
        end: last day, included; None for no bound.

    Returns:
        Rows of ``provider``, ``model``, ``requests``, the five disjoint classes
        ``tokens_input_uncached``, ``tokens_cache_read``, ``tokens_cache_write``,
        ``tokens_output_text`` and ``tokens_reasoning``, their sum ``tokens_used``,
        ``billable``, ``priced``, and ``cost_eur``: None where nothing of it is known.

    Raises:
        AccessDenied: where the token's owner may not ask that.
        ServiceUnavailable: where the database does not answer.
    """
    arguments = {
        "p_user_id": user_id,
        "p_from": start.isoformat() if start else None,
        "p_to": end.isoformat() if end else None,
    }
    return list(rpc(_Token(access_token), "get_user_token_breakdown", arguments))


def get_user_monthly_usage(
    access_token: str, user_id: str | None = None, *, months: int = 12
) -> list[dict[str, Any]]:
    """Return a person's last months, newest first.

    Args:
        access_token: of a signed-in person.
        user_id: None for oneself.
        months: 1 to 600, this one included.

    Returns:
        Rows of ``user_id``, ``month``, ``requests``, ``failures``, the token classes and
        ``tokens_used``, ``cost_usd``, ``cost_eur``, ``energy_kwh``, ``carbon_gco2e``, ``water_l``
        (each with ``_low`` and ``_high``), ``billable``, ``measurable``, ``priced``, ``measured``,
        and the breakdowns ``providers`` and ``models``. An amount of which nothing is known is
        None.

    Raises:
        AccessDenied: where the token's owner may not ask that.
        InputError: where `months` is out of range.
        ServiceUnavailable: where the database does not answer.
    """
    arguments = {"p_user_id": user_id, "p_months": months}
    return list(rpc(_Token(access_token), "get_user_monthly_usage", arguments))
