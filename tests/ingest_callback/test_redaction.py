"""What the rules take out of a text, what they leave, and that no text makes them slow."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footprint.errors import ConfigurationError
from footprint.ingest.redaction import BUILT_IN, load_rules

# In two parts: the repository is looked through for the whole.
BEGIN = "-----BEGIN RSA PRIVATE" + " KEY-----"


def redacted(text: str) -> str:
    for rule in BUILT_IN:
        text = rule(text)
    return text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Write to anna.b+x@example.co.uk, please", "Write to [e-mail], please"),
        ("?to=anna%40example.org", "?to=[e-mail]"),
        # Card numbers from the networks' own pages for testers.
        ("4111 1111 1111 1111", "[card]"),
        ("visa 4111111111111111.", "visa [card]."),
        ("5555-5555-5555-4444 or 378282246310005", "[card] or [card]"),
        ("1 4111 1111 1111 1111 2", "1 [card] 2"),
        # The registry's examples.
        ("DE89 3704 0044 0532 0130 00 und mehr", "[IBAN] und mehr"),
        ("from GB82WEST12345698765432.", "from [IBAN]."),
        ("abcd DE89370400440532013000", "abcd [IBAN]"),
        ("call +49 30 1234567!", "call [phone]!"),
        ("0171/1234567 or (030) 123456", "[phone] or [phone]"),
        ("555-867-5309", "[phone]"),
        ("from 192.168.178.31.", "from [IP address]."),
        ("2001:db8::8a2e:370:7334 answered", "[IP address] answered"),
        ("sk-proj-abcdefghijklmnopqrstuv", "[key]"),
        (f"ghp_1234567890abcdef1234 and AKIA{'IOSFODNN7EXAMPLE'}", "[key] and [key]"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_d", "[key]"),
        ("Bearer abcdefghijklmnop", "Bearer [key]"),
        ("password: hunter22!", "password: [key]"),
        ("my password is hunter2", "my password is [key]"),
        ('{"api_key": "abcd1234"}', '{"api_key": "[key]"}'),
        ("postgres://me:pw@host/db", "postgres://[key]@host/db"),
        (f"{BEGIN}\nMIIE\n-----END RSA PRIVATE KEY----- x", "[key] x"),
        (f"{BEGIN}\nMIIEow, cut off", "[key]"),
        ("data:image/png;base64,iVBORw0KGgo= here", "[file] here"),
        ("Zm9v" * 100, "[file]"),
    ],
)
def test_what_names_somebody_or_opens_a_door_is_taken_out(text: str, expected: str) -> None:
    assert redacted(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112",  # the last digit is wrong
        "DE88 ABCD EFGH IJKL",  # the check digits are wrong
        "On 01/02/2026, 01.02.2026 and 2026-11-21 at 08:50:48",
        "std::vector<int> v; a[1::2]; version 1.2.3",
        "pi is 3.14159265358979, 1234567 tokens",
        "a_very_long_identifier_of_a_function_that_is_no_key",
        "c6c0daaa-cb14-53d4-beb3-e0f84e95c06d",
        "The secret is simple: tokens cost money.",
    ],
)
def test_what_is_neither_stays(text: str) -> None:
    assert redacted(text) == text


@given(st.text(alphabet="a1 -.:@+\n", max_size=40), st.text(alphabet="a1 -.:\n", max_size=40))
def test_no_surroundings_hide_an_address_or_a_card(before: str, after: str) -> None:
    assert "anna@example.org" not in redacted(f"{before} anna@example.org {after}")
    assert "4111-1111-1111-1111" not in redacted(f"{before} a 4111-1111-1111-1111 b {after}")


@pytest.mark.parametrize(
    "piece",
    [
        *("a", "a@", "1 ", "1234 ", "1.", "a:", "+1 ", "DE12 ", "eyJaaaaaaaa.", "token: ", "aA1/"),
        *("://a", "(0(", "%40", "data:a/b;", BEGIN, "Bearer "),
    ],
)
def test_no_text_makes_a_rule_slow(piece: str) -> None:
    text = (piece * 30_000)[:30_000]
    for rule in BUILT_IN:
        start = time.thread_time()
        rule(text)
        # What is quadratic takes seconds or minutes for this.
        assert time.thread_time() - start < 1.0, rule.__name__


@pytest.mark.parametrize("name", ["nowhere:rule", "json:nothing", "json:__doc__"])
def test_an_own_rule_that_is_none_is_told_by_its_name(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"the redaction rule {name} "):
        load_rules([name])
