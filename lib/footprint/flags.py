"""What the flags of a request mean, in words: what was cut, not understood or put right in it.

Pure. The flags themselves come with the events (`footprint.event`) and from the database.
"""

from __future__ import annotations

from typing import Final

CUT: Final = "cut: "
UNREAD: Final = "unread: "

_WORDS: Final = {
    "more": "They say more than a hundred different things, which are not told apart here.",
    "clock_ahead": "Its time lay ahead of the database's clock: it counts at its arrival.",
    "unknown_zone": "Its electricity zone is not known: another one was used.",
    "tokens_from_total": "Only a total of tokens was reported: their kinds are worked out from it.",
    "tokens_unread": "Its tokens were reported in a way that is not understood: they are unknown.",
}
_CUT: Final = {
    "tags": "It had more or longer tags than are kept: 20 of 100 characters.",
    "user_id": "The id of its person was longer than the 200 characters that are kept.",
    "session_id": "Its session id was longer than the 300 characters that are kept.",
    "user_name": "The name of its person was longer than the 200 characters that are kept.",
    "team": "Its team was longer than the 100 characters that are kept.",
    "end_user": "Its end user was longer than the 200 characters that are kept.",
}


def flag_text(flag: str) -> str:
    """Return what a flag says, as a sentence about one request."""
    if flag.startswith(CUT):
        name = flag.removeprefix(CUT)
        return _CUT.get(name, f"{name} was longer than what is kept of it.")
    if flag.startswith(UNREAD):
        return f"{flag.removeprefix(UNREAD)} was reported, but is not understood."
    return _WORDS.get(flag, flag)
