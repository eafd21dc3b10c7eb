"""What the settings page draws: one form a setting, and what a new value would change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import streamlit as st

from footprint.auth import Me
from footprint.data.audit_log import last_purge
from footprint.data.settings import Preview, factor_sets, preview_setting, set_setting
from footprint.errors import FootprintError
from footprint.shell.text import plain
from footprint.ui.acts import act
from footprint.ui.formats import Formats

MODES = {
    "named": "Named",
    "pseudonymous": "Pseudonymous",
    "off": "Off",
}


JOINING = {
    "anyone": "Anyone who can sign in with a verified e-mail",
    "invited": "Only whoever is invited, or known to a chat front end",
}


@dataclass(frozen=True)
class Field:
    """One setting: how it is called, what it decides, and how it is entered."""

    key: str
    title: str
    decides: str
    # The new value, as the widget under a title returns it.
    enter: Callable[[str, Any], object]
    changes_figures: bool = False


def draw_settings(me: Me, values: Mapping[str, Any], formats: Formats) -> None:
    """Draw every setting that an admin may change, by what it is about."""
    for title, fields in _groups(factor_sets(me)).items():
        with st.container(border=True):
            st.header(title, anchor=False)
            for field in fields:
                _draw(me, field, values.get(field.key), formats)
                if field.key == "payload_retention_days":
                    zone = ZoneInfo(str(values.get("reporting_timezone") or "UTC"))
                    st.caption(purge_text(last_purge(me), zone, formats))


def setting_titles() -> dict[str, str]:
    """Return what the page calls each setting, by its key."""
    return {field.key: field.title for fields in _groups([]).values() for field in fields}


def _draw(me: Me, field: Field, value: Any, formats: Formats) -> None:
    with st.grid(2, min_column_width=300):
        with st.container(gap="xxsmall"):
            st.markdown(f"**{plain(field.title)}**")
            st.caption(field.decides)
        new = field.enter(field.title, value)
    if new == value or new is None or new == "":
        return
    if field.changes_figures:
        try:
            preview = preview_setting(me, field.key, new)
        except FootprintError as error:
            st.error(plain(str(error)), icon=":material/error:")
            return
        st.info(preview_text(field.key, preview, formats), icon=":material/preview:")
    if st.button(f"Save {field.title.lower()}", key=f"save_{field.key}", type="primary"):
        act(lambda: _saved(me, field, new))


def preview_text(key: str, preview: Preview, formats: Formats) -> str:
    """Return in words what a new value would do to figures; markdown."""
    before, after = preview.before or {}, preview.after or {}
    if before == after and key != "reporting_timezone":
        return "No figure so far would change: this counts for what is to come."
    if key in ("pledge_share", "contract_price_eur_per_m2"):
        euros = [formats.money(side.get("pledged_eur")) for side in (before, after)]
        areas = [formats.number(side.get("pending_m2"), 2) for side in (before, after)]
        return plain(
            "In all months without a verified receipt: "
            f"pledged {euros[0]} → {euros[1]}, pending {areas[0]} → {areas[1]} m²."
        )
    if key == "fx_planning_rate_eur_per_usd":
        requests = formats.number(before.get("requests"))
        euros = [formats.money(side.get("cost_eur")) for side in (before, after)]
        return plain(
            f"{requests} requests before the first known rate cost {euros[0]} → {euros[1]}."
        )
    if key == "reporting_timezone":
        counts = [formats.number(after.get(name)) for name in ("other_day", "other_month")]
        return plain(
            f"Of {formats.number(before.get('requests'))} requests, {counts[0]} move to another "
            f"day and {counts[1]} to another month. All days are cut anew when you save."
        )
    return plain(
        f"Of {formats.number(before.get('stored'))} stored texts, "
        f"{formats.number(after.get('erased'))} are due at once."
    )


def purge_text(entry: Mapping[str, Any] | None, zone: ZoneInfo, formats: Formats) -> str:
    """Return in words when stored texts were last erased; markdown."""
    if entry is None:
        return "None have been erased so far: `footprint purge` does it, daily with `--every 1d`."
    at = datetime.fromisoformat(entry["occurred_at"]).astimezone(zone)
    count = (entry["after"] or {}).get("payloads")
    of = "1 request" if count == 1 else f"{formats.number(count)} requests"
    return plain(f"Last erased on {formats.day(at.date())} at {at:%H:%M}, of {of}.")


def _saved(me: Me, field: Field, new: object) -> str:
    set_setting(me, field.key, new)
    st.cache_data.clear()  # what everybody was told rests on the old value
    return f"{field.title} saved."


def _groups(sets: list[str]) -> dict[str, list[Field]]:
    return {
        "Organisation": [
            Field("organisation_name", "Name", "Shown on pages and statements.", _text),
            Field(
                "reporting_timezone",
                "Reporting time zone",
                "The one zone in which days and months are cut, for everybody.",
                _choice(sorted(available_timezones())),
                True,
            ),
            Field(
                "who_may_join",
                "Joining",
                "Who becomes a member at their first sign-in. Nobody else sees anything.",
                _choice(list(JOINING), JOINING.__getitem__),
            ),
        ],
        "Money and nature": [
            Field(
                "pledge_share",
                "Pledge",
                "Share of the cost set aside for restoration: 0 is nothing, 1 as much as the cost.",
                _number(0.0, 1.0, 0.01),
                True,
            ),
            Field(
                "contract_price_eur_per_m2",
                "Price per m²",
                "In euros: what restoring a square metre costs, until there are receipts to tell.",
                _number(0.01, 9999.0, 0.10),
                True,
            ),
            Field(
                "fx_planning_rate_eur_per_usd",
                "Planning rate",
                "Euros for one dollar, on days before the first known rate.",
                _number(0.01, 9999.0, 0.01),
                True,
            ),
            Field(
                "prepaid_mode",
                "Prepaid",
                "Whether people spend from a balance that finance tops up.",
                _switch,
            ),
            Field(
                "ledger_four_eyes",
                "Two people for credit",
                "Whether a second person of finance approves every entry of the ledger.",
                _switch,
            ),
        ],
        "Method": [
            Field(
                "active_factor_set",
                "Factor set",
                "The figures of models and grids, for requests from now on. `footprint restate` "
                "brings it to earlier ones.",
                _choice(sets),
            )
        ],
        "Privacy": [
            Field(
                "privacy_people",
                "People",
                "How figures show people. Named: admins and finance see each by name. "
                "Pseudonymous: finance sees pseudonyms, and no team below five people. Off: no "
                "person, no team below five. Looking at one person's requests always needs a "
                "reason that they can read.",
                _choice(list(MODES), MODES.__getitem__),
            ),
            Field(
                "store_payloads",
                "Store prompts and answers",
                "Off unless you need them; only their author can read them.",
                _switch,
            ),
            Field(
                "payload_retention_days",
                "Retention",
                "Days after which stored prompts and answers are erased.",
                _days,
                True,
            ),
        ],
    }


def _text(title: str, value: Any) -> object:
    return (
        st.text_input(title, value or "", max_chars=200, label_visibility="collapsed") or ""
    ).strip()


def _switch(title: str, value: Any) -> object:
    return st.toggle(title, bool(value), label_visibility="collapsed")


def _days(title: str, value: Any) -> object:
    return int(st.number_input(title, 0, 9999, int(value or 0), label_visibility="collapsed"))


def _number(lowest: float, highest: float, step: float) -> Callable[[str, Any], object]:
    def enter(title: str, value: Any) -> object:
        return st.number_input(
            title,
            *(lowest, highest, float(value)),
            step=step,
            format="%.4g",
            label_visibility="collapsed",
        )

    return enter


def _choice(options: list[str], words: Callable[[str], str] = str) -> Callable[[str, Any], object]:
    def enter(title: str, value: Any) -> object:
        offered = options if value in options else [value, *options]
        return st.selectbox(
            title,
            offered,
            index=offered.index(value),
            format_func=words,
            label_visibility="collapsed",
        )

    return enter
