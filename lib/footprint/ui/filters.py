"""The filters that pages share; they live in the address, so that a link shows the same figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitAPIException

from footprint.data.filters import Choices, Filters, usage_choices
from footprint.data.period import (
    CUSTOM,
    DEFAULT,
    PRESETS,
    Period,
    named_months,
    preset_period,
    whole_month,
)
from footprint.shell.text import plain
from footprint.ui.formats import month_name
from footprint.ui.page import View

PERIOD_KEY = "period"
DAYS_KEY = "days"
MONTH_KEY = "month"
NAME_KEYS = ("models", "providers", "teams")
NO_TEAM = "No team"
# What was chosen on the pages before, by key.
_CHOSEN = "chosen_filters"


@dataclass(frozen=True)
class Chosen:
    """What a page is about: the days, the names, and the names there are."""

    period: Period
    filters: Filters
    choices: Choices


def page_filter(view: View, today: date, of_organisation: bool = False) -> Chosen:
    """Draw the filters of a page beside its title and return what they leave.

    Names that the address asks for and that are not there are left out, and said.

    Args:
        view: the page.
        today: the current day in the reporting time zone.
        of_organisation: whether names are chosen from everybody's requests or the reader's own.
    """
    choices = usage_choices(view.me, of_organisation)
    period = period_filter(view, today)
    named = {
        "models": list(choices.models),
        "providers": [name for name in choices.providers if name],
        "teams": [name or NO_TEAM for name in choices.teams],
    }
    missing = [name for key in NAME_KEYS for name in _unknown(key, named[key])]
    with view.controls, st.popover("Filter", icon=":material/filter_alt:", key="filter"):
        models = _names(view, "models", named["models"])
        providers = _names(view, "providers", named["providers"])
        teams = _names(view, "teams", named["teams"]) if choices.teams else []
    if missing:
        st.info(
            f"Nothing here is called {plain(', '.join(missing))}: that part of the filter is left "
            "out.",
            icon=":material/filter_alt_off:",
        )
    by_team = tuple("" if name == NO_TEAM else name for name in teams)
    filters = Filters(tuple(models), tuple(providers), by_team)
    if filters.is_active:
        _draw_active([*models, *providers, *teams])
    return Chosen(period, filters, choices)


def clear_filters() -> None:
    """Take all names out of the filters; for a button's ``on_click``."""
    for key in NAME_KEYS:
        st.session_state[key] = []
        st.session_state.get(_CHOSEN, {}).pop(key, None)


def period_filter(view: View, today: date) -> Period:
    """Draw the period's filter beside the title and return the days it names.

    Args:
        view: the page.
        today: the current day in the reporting time zone.
    """
    months = {month_name(month): month for month in named_months(today)}
    _carry_over(view, PERIOD_KEY, DEFAULT)
    with view.controls:
        preset = st.selectbox(
            "Period",
            [*PRESETS, *months],
            key=PERIOD_KEY,
            bind="query-params",
            width=180,
        )
        _remember(view, PERIOD_KEY, preset)
        if preset in months:
            return whole_month(months[preset], today)
        if preset != CUSTOM:
            return preset_period(preset, today)
        _carry_over(view, DAYS_KEY, None)
        usual = preset_period(DEFAULT, today)
        chosen = st.date_input(
            "Days",
            (usual.first, usual.last),
            min_value=today - timedelta(days=3650),
            max_value=today,
            key=DAYS_KEY,
            bind="query-params",
            format="YYYY-MM-DD",
            width=240,
        )
    _remember(view, DAYS_KEY, chosen)
    return chosen_period(chosen, today)


def _carry_over(
    view: View, key: str, usual: Any, fitting: Callable[[Any], Any] = lambda value: value
) -> None:
    """Give a widget that is new on this page what was chosen for it on another one.

    Streamlit drops a widget's value, and its part of the address, when the reader changes pages.
    What the address itself says goes first.

    Args:
        view: the page.
        key: the widget's.
        usual: its value where nothing is chosen, which the address leaves out.
        fitting: what is kept of a value that was chosen on another page.
    """
    page, value = st.session_state.get(_CHOSEN, {}).get(key, (view.title, None))
    if page != view.title and key not in st.query_params:
        st.session_state[key] = kept = fitting(value)
        if kept != usual:
            # Bound still to the widget of the page before: Streamlit adds it with the next run.
            with suppress(StreamlitAPIException):
                st.query_params[key] = _as_query(kept)


def _as_query(value: Any) -> str | list[str]:
    return value if isinstance(value, str) else [str(part) for part in value]


def _remember(view: View, key: str, value: Any) -> None:
    st.session_state[_CHOSEN] = {
        **st.session_state.get(_CHOSEN, {}),
        key: (view.title, value),
    }


def _names(view: View, key: str, offered: Sequence[str]) -> list[str]:
    _, kept = st.session_state.get(_CHOSEN, {}).get(key, (view.title, []))
    elsewhere = [name for name in (*kept, *_unknown(key, offered)) if name not in offered]
    _carry_over(view, key, [], lambda names: [name for name in names if name in offered])
    names = st.multiselect(
        key.capitalize(), offered, key=key, bind="query-params", placeholder="All"
    )
    # Names that this page does not have may be known on the next one.
    _remember(view, key, [*names, *dict.fromkeys(elsewhere)])
    return names


def _unknown(key: str, offered: Sequence[str]) -> list[str]:
    """Return what the address asks for under ``key`` that is not on offer."""
    return [name for name in st.query_params.get_all(key) if name and name not in offered]


def _draw_active(names: Sequence[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            "Only " + " ".join(f":green-badge[{plain(name)}]" for name in names), width="content"
        )
        st.button("Clear filter", type="tertiary", icon=":material/close:", on_click=clear_filters)


def chosen_period(chosen: object, today: date) -> Period:
    """Return the days of a calendar: while only the first is chosen, the period runs to today."""
    days = chosen if isinstance(chosen, tuple) else (chosen,)
    if not days or not all(isinstance(day, date) for day in days):
        return preset_period(DEFAULT, today)
    return Period(days[0], days[1] if len(days) > 1 else max(days[0], today))


def month_filter(view: View, months: list[date], today: date) -> date:
    """Draw the month picker beside the title and return the first day of the month chosen.

    Args:
        view: the page.
        months: first days of the months on offer, newest first.
        today: the current day in the reporting time zone.
    """
    names = {month_name(month): month for month in months}
    with view.controls:
        name = st.selectbox(
            "Month",
            list(names),
            index=months.index(usual_month(months, today)),
            key=MONTH_KEY,
            bind="query-params",
            width=180,
        )
    return names[name]


def months_between(first: date, last: date) -> list[date]:
    """Return the first days of all months from ``first`` to ``last``, newest first."""
    months = [last.replace(day=1)]
    while months[-1] > first:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    return months


def usual_month(months: list[date], today: date) -> date:
    """Return the month that finance is most likely after: the last one that is over."""
    over = [month for month in months if month < today.replace(day=1)]
    return (over or months)[0]
