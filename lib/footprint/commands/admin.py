"""``footprint admin grant EMAIL``: who is admin or finance. The first admin is made here."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from footprint.config import get_settings
from footprint.database import call

if TYPE_CHECKING:
    from footprint.commands import Commands


def register(commands: Commands) -> None:
    """Add ``admin grant``."""
    parser = commands.add_parser("admin", help="give people their role")
    actions = parser.add_subparsers(dest="action", metavar="action", required=True)
    grant = actions.add_parser("grant", help="make somebody admin, finance or member")
    grant.add_argument("email", help="the address they sign in with")
    grant.add_argument("--role", choices=["admin", "finance", "member"], default="admin")
    grant.set_defaults(run=run_grant)


def run_grant(options: argparse.Namespace) -> int:
    """Give one person a role; it works from their next request on."""
    call(get_settings().require_database(), "private.grant_role", options.email, options.role)
    print(f"{options.email} is {options.role} now.")
    return 0
