"""The demo's three accounts; their passwords are made per install, for the sign-in screen."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from footprint.database import connect
from footprint.demo.loading import NOTICE
from footprint.demo.people import ACCOUNTS
from footprint.local.accounts import create_account
from footprint.local.files import read_private, write_private
from footprint.local.state import StackInfo

FILE: Final = "demo.json"
_WHAT: Final = {
    "member": "sees their own footprint",
    "admin": "sees the whole organisation",
    "finance": "closes months, exports statements, reconciles donations",
}


@dataclass(frozen=True)
class Account:
    """Somebody's way in."""

    email: str
    password: str = field(repr=False)
    role: str
    name: str
    what: str


def read_accounts(data_dir: Path) -> list[Account] | None:
    """Return the accounts of this data folder; None where the demo was never set up in it."""
    content = read_private(data_dir / FILE)
    return [Account(**entry) for entry in content["accounts"]] if content else None


def prepare_accounts(info: StackInfo) -> list[Account]:
    """Return the accounts, all of which Auth knows with these passwords.

    The file comes first: a start that is interrupted makes the accounts it has not made the next
    time. Where the file was lost, nobody knows the passwords, so the accounts are made anew.
    """
    accounts = read_accounts(info.data_dir)
    with connect(info.database_url) as connection:
        emails = [person.email for person in ACCOUNTS]
        if accounts is None:
            connection.execute("delete from auth.users where email = any(%s)", [emails])
            accounts = _new_accounts()
            content: dict[str, Any] = {"accounts": [asdict(account) for account in accounts]}
            write_private(info.data_dir / FILE, {**content, "notice": NOTICE})
        query = "select email from auth.users where email = any(%s)"
        known = {row[0] for row in connection.execute(query, [emails]).fetchall()}
    for account in accounts:
        if account.email not in known:
            name = account.name.rpartition(", ")[0]
            create_account(info, account.email, account.password, {"full_name": name})
    return accounts


def _new_accounts() -> list[Account]:
    return [
        Account(
            email=person.email,
            password=secrets.token_urlsafe(12),
            role=person.role,
            name=f"{person.name}, {person.role}",
            what=f"{person.team}: {_WHAT[person.role]}",
        )
        for person in sorted(ACCOUNTS, key=lambda p: list(_WHAT).index(p.role))
    ]
