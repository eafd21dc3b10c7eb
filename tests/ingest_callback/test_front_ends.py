"""Headers of chat front ends: signed ones are believed, configured ones read, encoded ones decoded."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest

from footprint.config import read_settings
from footprint.errors import ConfigurationError
from footprint.ingest.attribution import Call, Person, find_person
from footprint.ingest.front_ends import FrontEnds, decoded, front_ends_of
from ingest_callback.conftest import run
from ingest_callback.receiver import Receiver

SECRET = "a secret of thirty-two characters"
NOW = 1_795_219_950.0
EVE = {"sub": "7a1c", "email": "eve@example.org", "name": "Eve Ünal", "iss": "open-webui"}
RULES = FrontEnds(secrets=(SECRET.encode(),))


def token(secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    """Return a token as Open WebUI makes it (backend/open_webui/utils/headers.py), by PyJWT."""
    made = {**EVE, "iat": int(NOW), "exp": int(NOW) + 300, **claims}
    return jwt.encode({k: v for k, v in made.items() if v is not None}, secret, algorithm)


def person(
    headers: dict[str, Any],
    rules: FrontEnds = RULES,
    started: float = NOW,
    metadata: dict[str, str] | None = None,
) -> Person:
    sent = {"proxy_server_request": {"headers": headers}}
    return find_person(Call({}, {"startTime": started}, metadata or {}, sent, {}), rules)


def signed(**claims: Any) -> dict[str, str]:
    return {"x-openwebui-user-jwt": token(**claims), "x-openwebui-chat-id": "chat-7"}


def test_a_signed_header_names_the_person() -> None:
    assert person(signed()) == Person(
        "7a1c", "signed", None, "eve@example.org", "Eve Ünal", None, "chat-7"
    )
    assert person(signed(sub=None)).user_id == "eve@example.org"


def test_a_call_may_end_after_its_token_but_not_begin_then() -> None:
    assert person(signed(), started=NOW + 359).attribution == "signed"
    assert person(signed(), started=NOW + 361).attribution == "none"


@pytest.mark.parametrize(
    "forged",
    [
        token("a secret of somebody else, longer"),
        token(SECRET * 2, "HS512"),
        token(exp=None),
        token(nbf=int(NOW) + 600),
        token(sub=None, email=None),
        token()[:-2],
        token().rpartition(".")[0] + ".",
        "eyJhbGciOiJub25lIn0." + token().split(".")[1] + ".",
        *("", ".", "..", "a.b.c", "é" * 10, "x" * 100_000, "[]." * 3, token() + "=" * 5),
    ],
)
def test_whoever_lacks_the_secret_is_only_a_claim(forged: str) -> None:
    headers = {"x-openwebui-user-jwt": forged, "x-openwebui-user-id": "boss"}
    assert person(headers)[:2] == ("boss", "declared")


def test_without_a_secret_no_token_is_believed() -> None:
    assert person(signed(), FrontEnds()).attribution == "none"


def test_either_of_two_secrets_will_do_while_one_is_changed() -> None:
    rules = FrontEnds(secrets=(b"the new one, that nobody has yet", SECRET.encode()))
    assert person(signed(), rules).attribution == "signed"


def test_a_virtual_key_outranks_a_signature_and_a_signature_every_other_header() -> None:
    owner = {"user_api_key_user_id": "key-owner", "user_api_key_hash": "abc"}
    assert person(signed(), metadata=owner)[:2] == ("key-owner", "verified")
    assert person({**signed(), "x-openwebui-user-id": "boss"})[:2] == ("7a1c", "signed")


def test_headers_of_ones_own_come_first() -> None:
    environment = {
        "FOOTPRINT_USER_HEADERS": "X-Employee-Id, x-staff",
        "FOOTPRINT_EMAIL_HEADERS": "x-mail",
        "FOOTPRINT_NAME_HEADERS": "x-called",
        "FOOTPRINT_SESSION_HEADERS": "x-talk",
        "FOOTPRINT_USER_JWT_HEADER": "X-Who",
        "FOOTPRINT_USER_JWT_SECRET": f"{SECRET},another secret that is long enough",
    }
    rules = front_ends_of(read_settings(environment))
    headers = {"x-staff": "s-1", "x-mail": "a@b.c", "x-called": "Ann", "x-talk": "t-1"}
    found = Person("s-1", "declared", None, "a@b.c", "Ann", None, "t-1")
    assert person({**headers, "x-user-id": "other"}, rules) == found
    assert person({"x-who": token()}, rules)[:2] == ("7a1c", "signed")
    assert person({"x-openwebui-user-id": "owui"}, rules).user_id == "owui"


@pytest.mark.parametrize(
    "wrong",
    [{"FOOTPRINT_USER_HEADERS": "x user"}, {"FOOTPRINT_USER_JWT_SECRET": "short"}],
)
def test_wrong_settings_are_said_without_the_secret(wrong: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        read_settings(wrong)
    assert next(iter(wrong)) in str(refusal.value) and "short" not in str(refusal.value)
    assert SECRET not in repr(read_settings({"FOOTPRINT_USER_JWT_SECRET": SECRET}))


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("Eve %C3%9Cnal", "Eve Ünal"),
        ("%E6%9D%8E", "李"),
        ("100% Eve", "100% Eve"),
        ("%FF", "%FF"),
        ("Eve", "Eve"),
        (None, None),
    ],
)
def test_names_are_decoded(sent: str | None, read: str | None) -> None:
    assert decoded(sent) == read
    assert person({"x-openwebui-user-id": "7a1c", "x-openwebui-user-name": sent}).name == read


def test_the_callback_believes_what_the_environment_lets_it(
    receiver: Receiver, folder: Any
) -> None:
    program = """
import sys, time, footprint
headers = {"x-openwebui-user-jwt": sys.argv[1]}
kwargs = {"litellm_call_id": "c", "model": "gpt-4o",
          "litellm_params": {"proxy_server_request": {"headers": headers}}}
footprint.callback.log_success_event(kwargs, None, time.time(), time.time())
print(footprint.callback.flush(10))
"""
    fresh = token(exp=int(time.time()) + 300)
    said = run(program, folder, receiver.url, fresh, FOOTPRINT_USER_JWT_SECRET=SECRET)
    assert said == "True\n"
    [event] = receiver.stored.values()
    assert (event["user_id"], event["attribution"]) == ("7a1c", "signed")
    assert fresh not in str(event)
