"""What the flags of a request mean, in words: what was cut, not understood or put right in it.

Pure. The flags themselves come with the events (`footprint.event`) and from the database.
"""

from __future__ import annotations

from typing import Final

from footprint.event import KEPT, MAX_TAG, MAX_TAGS

CUT: Final = "cut: "
UNREAD: Final = "unread: "

_WORDS: Final = {
    "more": "They say more than a hundred different things, which are not told apart here.",
    "clock_ahead": "Its time lay ahead of the database's clock: it counts at its arrival.",
    "unknown_zone": "Its electricity zone is not known: another one was used.",
    "unknown_region": "Its region is not one that is known: the usual electricity of its provider "
    "counts, and the range of CO₂e and water is wider.",
    "several_countries": "Its region is no one country: a mean of electricity counts, and the "
    "range of CO₂e and water is wider.",
    "tokens_from_total": "Only a total of tokens was reported: their kinds are worked out from it.",
    "job_open": "It is a job of its provider that had not ended when it was last heard of.",
    "job_read": "Its job was made elsewhere: its person and source are those who asked after it.",
    "several_models": "It is a batch of several models: the first is named here.",
    "tokens_unread": "Its tokens were reported in a way that is not understood: they are unknown.",
}
_CUT: Final = {
    "tags": f"It had more than {MAX_TAGS} tags, or longer ones than {MAX_TAG} characters: "
    "the rest is cut.",
    "user_id": f"The id of its person was cut to {KEPT['user_id']} characters.",
    "user_name": f"The name of its person was cut to {KEPT['user_name']} characters.",
    "end_user": f"Its end user was cut to {KEPT['user_id']} characters.",
    "session_id": f"Its session id was cut to {KEPT['session_id']} characters.",
    "team": f"Its team was cut to {KEPT['team']} characters.",
}


def flag_text(flag: str) -> str:
    """Return what a flag says, as a sentence about one request."""
    if flag.startswith(CUT):
        name = flag.removeprefix(CUT)
        return _CUT.get(name, f"{name} was longer than what is kept: the rest is cut.")
    if flag.startswith(UNREAD):
        return f"{flag.removeprefix(UNREAD)} was reported, but is not understood."
    return _WORDS.get(flag, flag)
