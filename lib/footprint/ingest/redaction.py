"""Rules that take out of a text what identifies people or opens doors. Pure; standard library only.

Imported only where prompts and answers are wanted at all. Every pattern takes time in proportion to
the text: no caller can make a hook slow with a text of their own. Where a rule is in doubt it takes
out too much.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator, Sequence
from ipaddress import ip_address
from typing import Final, TypeAlias

from footprint.errors import ConfigurationError

# A text → the same text with something taken out.
Rule: TypeAlias = Callable[[str], str]

# No secret that a rule knows by its form is longer, but for those it knows by their beginning.
LONGEST: Final = 512

_DATA: Final = re.compile(r"data:[\w.+-]+/[\w.+-]+(?:;[\w=.-]+)*,[^\s\"')>]*")
_BASE64: Final = re.compile(r"(?<![\w+/=-])[A-Za-z0-9+/_-]{40,}={0,2}")
_PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:(?!-----END )[\s\S])*(?:-----END [A-Z ]{0,40}-----)?"
)
_JWT: Final = re.compile(r"(?<![\w-])eyJ[\w-]{8,}(?:\.[\w-]*){1,4}")
_PREFIXED: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?:sk|pk|rk|fpk|whsec|sbp|hf|npm|shpat|gh[oprsu]|github_pat|sb_secret|sb_publishable)[_-]"
    r"|glpat-|xox[a-z]-|xapp-|pypi-|dop_v1_|ya29\.|SG\.|AIza|AKIA|ASIA|lsv2_|gsk_|xai-|pplx-)"
    r"[\w.-]{12,}"
)
_HEXADECIMAL: Final = re.compile(r"(?<![\w-])[0-9A-Fa-f]{32,}(?![\w-])")
_SENT: Final = re.compile(r"\b(bearer|basic)\s{1,4}[\w.~+/=-]{12,}", re.IGNORECASE)
_IN_ADDRESS: Final = re.compile(r"://[^\s/@:]{1,200}:[^\s/@]{1,200}@")
_NAMED: Final = re.compile(
    r"((?:pass(?:word|wd|phrase|wort)|kennwort|secret|api[ _-]?key|access[ _-]?key|private[ _-]?key"
    r"""|token|authorization)\\?["']?\s{0,4}[:=]\s{0,4}\\?["']?"""
    r"""|(?:pass(?:word|phrase|wort)|kennwort)\s{1,4}(?:is|ist|lautet)\s{1,4}["']?)"""
    r"""[^\s"',;\\]{4,}""",
    re.IGNORECASE,
)
_E_MAIL: Final = re.compile(r"(?<![\w.+%'-])[\w.+%'-]+?(?:@|%40)[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
# Only looks ahead: what begins like an IBAN may be a word before one.
_IBAN: Final = re.compile(
    r"(?<![A-Z0-9])(?=([A-Z]{2}\d{2}(?:[ \n\u00a0-]?[A-Z0-9]){11,30}))", re.IGNORECASE
)
_DIGITS: Final = re.compile(r"(?<![\d])\d+(?:[ .\n\u00a0-]\d+)*")
_IPV4: Final = re.compile(
    r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?!\d|\.\d)"
)
_IPV6: Final = re.compile(r"(?<![\w:])[0-9A-Fa-f:]{5,39}(?:\.\d{1,3}){0,3}(?![\w:])")
_PHONE: Final = re.compile(
    r"(?<![\w+])(?!\d{1,2}[./-]\d{1,2}[./-]\d{2,4}(?!\d))(?:"
    r"(?:\+|00)[1-9](?:[ ()./\u00a0-]{0,3}\d){6,14}"
    r"|\(?0\d{1,4}\)?[ /\u00a0-]{1,3}\d(?:[ /\u00a0-]?\d){4,9}"
    r"|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4})(?!\d)"
)


def data(text: str) -> str:
    """Take out files within a text: data addresses and long runs of base64."""
    return _BASE64.sub(_opaque, _DATA.sub("[file]", text))


def secrets(text: str) -> str:
    """Take out private keys, tokens, passwords and what is sent or named as one."""
    text = _PRIVATE_KEY.sub("[key]", text)
    text = _IN_ADDRESS.sub("://[key]@", text)
    text = _SENT.sub(r"\1 [key]", text)
    for pattern in (_JWT, _PREFIXED, _HEXADECIMAL):
        text = pattern.sub("[key]", text)
    return _NAMED.sub(r"\1[key]", text)


def e_mail_addresses(text: str) -> str:
    """Take out e-mail addresses."""
    return _E_MAIL.sub("[e-mail]", text)


def ibans(text: str) -> str:
    """Take out IBANs whose check digits are right (ISO 7064, mod 97-10)."""
    kept: list[str] = []
    at = 0
    for match in _IBAN.finditer(text):
        length = _iban_length(match[1]) if match.start() >= at else 0
        if length:
            kept += (text[at : match.start()], "[IBAN]")
            at = match.start() + length
    return "".join(kept) + text[at:]


def payment_cards(text: str) -> str:
    """Take out card numbers of 13 to 19 digits whose last digit is right (Luhn)."""
    return _DIGITS.sub(_cards, text)


def ip_addresses(text: str) -> str:
    """Take out addresses of machines, IPv4 and IPv6."""
    return _IPV6.sub(_ipv6, _IPV4.sub("[IP address]", text))


def phone_numbers(text: str) -> str:
    """Take out phone numbers, international or with an area code."""
    return _PHONE.sub("[phone]", text)


BUILT_IN: Final[tuple[Rule, ...]] = (
    *(secrets, data, e_mail_addresses, ibans, payment_cards, ip_addresses, phone_numbers),
)


def load_rules(names: Sequence[str]) -> tuple[Rule, ...]:
    """Return the built-in rules and, after them, an organisation's own.

    Args:
        names: ``module:function``, in the order in which they run.

    Raises:
        ConfigurationError: where one cannot be imported, or is no function.
    """
    return BUILT_IN + tuple(map(_load, names))


def _load(name: str) -> Rule:
    module, _, function = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), function)
    except Exception as error:  # A module of others may fail with anything when it is imported.
        raise ConfigurationError(
            f"the redaction rule {name} cannot be imported ({type(error).__name__})"
        ) from error
    if not callable(found):
        raise ConfigurationError(f"the redaction rule {name} is no function")

    def rule(text: str) -> str:
        changed = found(text)
        if not isinstance(changed, str):
            raise TypeError(f"the redaction rule {name} returned no text")
        return changed

    return rule


def _opaque(match: re.Match[str]) -> str:
    """Keep long words and paths: a key or a file has capitals, small letters and digits."""
    run = match[0]
    mixed = any(map(str.islower, run)) and any(map(str.isupper, run)) and any(map(str.isdigit, run))
    return "[key]" if mixed and len(run) < 200 else "[file]" if len(run) >= 200 else run


def _iban_length(found: str) -> int:
    """Return the length of the longest beginning that is an IBAN, 0 for none: words may follow."""
    first, rest, longest, size = "", 0, 0, 0
    for at, character in enumerate(found, 1):
        if not (character.isalnum() and character.isascii()):
            continue
        size += 1
        if size <= 4:
            first += str(int(character, 36))
            continue
        value = int(character, 36)
        rest = (rest * (10 if value < 10 else 100) + value) % 97
        # Country and check digits go to the end: two letters of two digits each, and two more.
        if size >= 15 and (rest * 10**6 + int(first)) % 97 == 1:
            longest = at
    return longest


def _cards(match: re.Match[str]) -> str:
    """Replace card numbers in a run of groups of digits: one group, or some of 3 to 6 digits."""
    groups = re.split(r"([ .\n\u00a0-])", match[0])
    kept: list[str] = []
    at = 0
    while at < len(groups):
        end = next((end for end in _ends(groups, at) if _is_card("".join(groups[at:end:2]))), 0)
        kept.append("[card]" if end else groups[at])
        at = end or at + 1
    return "".join(kept)


def _ends(groups: list[str], at: int) -> Iterator[int]:
    """Yield where a card number that begins with the group `at` might end, farthest first."""
    if not groups[at].isdigit():
        return
    for count in range(6, 1, -1):
        group = groups[at : at + 2 * count - 1 : 2]
        if len(group) == count and all(3 <= len(digits) <= 6 for digits in group):
            yield at + 2 * count - 1
    yield at + 1


def _is_card(digits: str) -> bool:
    if not 13 <= len(digits) <= 19 or digits[0] not in "23456" or not digits.isascii():
        return False
    doubled = [int(digit) * 2 for digit in digits[-2::-2]]
    total = sum(map(int, digits[-1::-2])) + sum(n - 9 if n > 9 else n for n in doubled)
    return total % 10 == 0


def _ipv6(match: re.Match[str]) -> str:
    found = match[0]
    try:
        ip_address(found)
    except ValueError:
        return found
    # `1::2` is a slice of a list, too.
    return "[IP address]" if sum(map(str.isalnum, found)) >= 5 else found
