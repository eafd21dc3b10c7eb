"""How a reader's locale writes numbers, money and dates; words stay English. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

NARROW_SPACE: Final = "\u202f"
NO_BREAK_SPACE: Final = "\u00a0"


@dataclass(frozen=True)
class Locale:
    """The marks of one locale."""

    decimal: str = "."
    group: str = ","
    # Between figure and sign: "97 %" in German, "97%" in English.
    percent_gap: str = ""
    currency_first: bool = True
    currency_gap: str = ""
    day_first: bool = True


# The marks follow the Unicode CLDR, version 47 (number symbols and patterns, 2025-03).
_COMMA_DOT = Locale(",", ".", NO_BREAK_SPACE, False, NO_BREAK_SPACE)
_COMMA_SPACE = Locale(",", NO_BREAK_SPACE, NO_BREAK_SPACE, False, NO_BREAK_SPACE)

_BY_LANGUAGE: Final[dict[str, Locale]] = {
    "en": Locale(),
    "de": _COMMA_DOT,
    "es": _COMMA_DOT,
    "da": _COMMA_DOT,
    "ro": _COMMA_DOT,
    "sl": _COMMA_DOT,
    "hr": _COMMA_DOT,
    "it": Locale(",", ".", "", False, NO_BREAK_SPACE),
    "el": Locale(",", ".", "", False, NO_BREAK_SPACE),
    "pt": Locale(",", ".", "", True, NO_BREAK_SPACE),
    "nl": Locale(",", ".", "", True, NO_BREAK_SPACE),
    "tr": Locale(",", ".", "", True),
    "fr": Locale(",", NARROW_SPACE, NARROW_SPACE, False, NO_BREAK_SPACE),
    "pl": Locale(",", NO_BREAK_SPACE, "", False, NO_BREAK_SPACE),
    "uk": Locale(",", NO_BREAK_SPACE, "", False, NO_BREAK_SPACE),
    "hu": Locale(",", NO_BREAK_SPACE, "", False, NO_BREAK_SPACE),
    "bg": _COMMA_SPACE,
    "cs": _COMMA_SPACE,
    "et": _COMMA_SPACE,
    "fi": _COMMA_SPACE,
    "lt": _COMMA_SPACE,
    "lv": _COMMA_SPACE,
    "nb": _COMMA_SPACE,
    "no": _COMMA_SPACE,
    "ru": _COMMA_SPACE,
    "sk": _COMMA_SPACE,
    "sv": _COMMA_SPACE,
}

_BY_TAG: Final[dict[str, Locale]] = {
    "en-us": Locale(day_first=False),
    "en-za": Locale(",", NO_BREAK_SPACE),
    "de-at": Locale(",", NO_BREAK_SPACE, NO_BREAK_SPACE, True, NO_BREAK_SPACE),
    "de-ch": Locale(".", "’", "", True, NO_BREAK_SPACE),
    "de-li": Locale(".", "’", "", True, NO_BREAK_SPACE),
    "it-ch": Locale(".", "’", "", True, NO_BREAK_SPACE),
    "es-mx": Locale(),
    "pt-pt": Locale(",", NO_BREAK_SPACE, "", False, NO_BREAK_SPACE),
}


def locale_of(tag: str | None) -> Locale:
    """Return the marks for a browser's language tag; English ones where it is not known.

    Args:
        tag: BCP 47, as browsers send it: ``de``, ``de-DE``, ``fr_FR``.
    """
    name = (tag or "en").replace("_", "-").lower()
    return _BY_TAG.get(name) or _BY_LANGUAGE.get(name.split("-")[0]) or Locale()
