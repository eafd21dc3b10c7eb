"""Holds every place that tells sums of requests against what the rows of request_logs add up to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import streamlit as st

from added_up import Row, added, every_request, month_of
from seeing import Seeing
from told_in_files import hold_focus, hold_requests, hold_statement
from told_in_tables import hold_all_time, hold_rollups, hold_views
from told_on_pages import hold_finance, hold_organisation, hold_own


@dataclass(frozen=True)
class Everywhere(Seeing):
    """All places of a Supabase, as its people see them."""

    def hold(self, months: Iterable[date]) -> list[Row]:
        """Hold every place against the rows, all of them and those of each month; return the rows."""
        st.cache_data.clear()
        setting = "select private.reporting_timezone()"
        rows = every_request(self.web.database, self.web.database.one(setting))
        _all_is_known_or_unknown(rows)
        hold_rollups(self, rows)
        hold_all_time(self, rows)
        for first in months:
            month = month_of(rows, first)
            people = self.web.database.one("select private.people_shown_by(%s)", [first])
            named = self.web.database.one("select private.people_are_named()")
            hold_organisation(self, month, named=named)
            hold_finance(self, month, people)
            hold_statement(self, month, people)
            hold_focus(self, month, named=people == "name")
            hold_requests(self, month, named=named)
            for name in ("ann", "bob"):
                hold_own(self, month, name)
            hold_views(self, month, named=named)
        return rows


def _all_is_known_or_unknown(rows: list[Row]) -> None:
    sums = added(rows)
    for known, unknown, all_of_it in (
        ("priced", "unpriced", "billable"),
        ("measured", "unmeasured", "measurable"),
        ("attributed", "unattributed", "requests"),
        ("billed", "cache_hits", "requests"),
    ):
        assert sums[known] + sums[unknown] == sums[all_of_it], all_of_it
