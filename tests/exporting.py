"""How tests of finance's files ask for one and read it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from decimal import Decimal

import httpx
from starlette.applications import Starlette

from footprint.api.exports import ROUTES
from footprint.auth.sessions import AuthSession
from web import ask, cookies_of, session_for

APP = Starlette(routes=ROUTES)
OWN_PAGE = {"sec-fetch-site": "same-origin"}
# 1.0000000001 + 2 + 4 + 8 USD at 0.90 €.
TOTAL_USD, TOTAL_EUR = Decimal("15.0000000001"), Decimal("13.50000000009")


def get(
    person: str | AuthSession | None, path: str, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    cookies = cookies_of(session_for(person) if isinstance(person, str) else person)
    jar = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return ask(APP, "GET", path, headers={"cookie": jar, **(headers or OWN_PAGE)})


def file_of(path: str, person: str | AuthSession = "fin") -> str:
    answer = get(person, path)
    assert answer.status_code == 200, answer.text
    return answer.content.decode("utf-8")


def read(text: str, separator: str = ",") -> tuple[dict[str, str], list[dict[str, str]]]:
    """Return the remarks and the rows."""
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    about = {row[0][2:]: row[1] for row in rows if row[0].startswith("# ")}
    header, *lines = rows[len(about) :]
    return about, [dict(zip(header, row, strict=True)) for row in lines]
