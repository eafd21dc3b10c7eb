"""The sealed cookie: what opens it, what does not, and how a browser is told to keep it."""

from __future__ import annotations

import time

import pytest
from cryptography.fernet import Fernet

from footprint.auth import cookies
from footprint.auth.cookies import Sealed, cookie_names, seal, set_cookie, unseal
from footprint.config import Settings
from footprint.errors import ConfigurationError

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
SEALED = Sealed(sid="sid", auth_user_id="user", refresh_token="refresh")


def test_a_sealed_cookie_opens_with_its_key_and_shows_nothing_without_it() -> None:
    value = seal(SEALED, Settings(cookie_keys=(OLD,)))

    assert unseal(value, Settings(cookie_keys=(OLD,))) == SEALED
    assert unseal(value, Settings(cookie_keys=(NEW,))) is None
    assert "refresh" not in value and "user" not in value


def test_after_a_rotation_old_cookies_still_open_and_new_ones_use_the_new_key() -> None:
    value = seal(SEALED, Settings(cookie_keys=(OLD,)))
    rotated = Settings(cookie_keys=(NEW, OLD))

    assert unseal(value, rotated) == SEALED
    assert unseal(seal(SEALED, rotated), Settings(cookie_keys=(NEW,))) == SEALED


def test_a_key_that_is_taken_away_closes_its_cookies() -> None:
    value = seal(SEALED, Settings(cookie_keys=(OLD,)))

    assert unseal(value, Settings(cookie_keys=(NEW,))) is None


@pytest.mark.parametrize("value", [None, "", "x", "gAAAA", "é\u0000", "null"])
def test_what_was_never_sealed_opens_to_nothing(value: str | None) -> None:
    assert unseal(value, Settings(cookie_keys=(OLD,))) is None


def test_a_changed_byte_opens_to_nothing() -> None:
    value = seal(SEALED, Settings(cookie_keys=(OLD,)))
    middle = len(value) // 2
    changed = value[:middle] + ("A" if value[middle] != "A" else "B") + value[middle + 1 :]

    assert unseal(changed, Settings(cookie_keys=(OLD,))) is None


def test_something_else_sealed_with_our_key_opens_to_nothing() -> None:
    for body in (b"[]", b"null", b'{"s": "sid"}', b"not json"):
        assert unseal(Fernet(OLD).encrypt(body).decode(), Settings(cookie_keys=(OLD,))) is None


def test_a_cookie_older_than_thirty_days_opens_to_nothing() -> None:
    body = b'{"s": "sid", "u": "user", "r": "refresh"}'
    now = int(time.time())
    settings = Settings(cookie_keys=(OLD,))
    young = Fernet(OLD).encrypt_at_time(body, now - 29 * 24 * 3600).decode()
    old = Fernet(OLD).encrypt_at_time(body, now - 31 * 24 * 3600).decode()

    assert unseal(young, settings) == SEALED
    assert unseal(old, settings) is None


def test_on_https_the_cookies_are_bound_to_the_host_and_secure() -> None:
    names = cookie_names(Settings(app_url="https://footprint.example.org"))

    assert names.session == "__Host-footprint"
    assert names.browser == "__Host-footprint-browser"
    assert names.secure
    # The prefix demands all three of a browser: Secure, Path=/ and no Domain.
    kept = set_cookie(names.session, "v", secure=names.secure, max_age_s=60)
    assert kept == "__Host-footprint=v; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure"


def test_on_http_the_cookies_have_plain_names_and_no_script_reads_them() -> None:
    names = cookie_names(Settings(app_url="http://127.0.0.1:8501"))

    assert (names.session, names.secure) == ("footprint", False)
    assert (
        set_cookie("footprint", "v", secure=False) == "footprint=v; Path=/; HttpOnly; SameSite=Lax"
    )


def test_a_key_that_is_none_is_named_as_the_mistake_without_being_shown() -> None:
    with pytest.raises(ConfigurationError) as refused:
        cookies.check_keys(Settings(cookie_keys=("hunter2",)))

    assert "APP_COOKIE_KEYS" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_without_configured_keys_one_serves_until_the_process_ends() -> None:
    value = seal(SEALED, Settings())

    assert unseal(value, Settings()) == SEALED
    assert unseal(value, Settings(cookie_keys=(OLD,))) is None


def test_nothing_secret_is_in_a_representation() -> None:
    assert "refresh" not in repr(SEALED).replace("refresh_token", "")
