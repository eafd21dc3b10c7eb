"""``footprint …``: the command line. Each family of commands lives in ``footprint.commands``."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from footprint.errors import FootprintError

# Family → the commands it registers. A family is imported only when one of its commands (or the
# overall help) is asked for, so that `footprint import` does not wait for the dashboard's packages.
FAMILIES: dict[str, tuple[str, ...]] = {
    "stack": ("up", "down", "status", "reset"),
    "migrate": ("migrate",),
    "keys": ("keys",),
    "admin": ("admin",),
    "fx": ("fx",),
    "factors": ("factors",),
    "estimate": ("estimate",),
    "restate": ("restate", "resolve"),
    "imports": ("import",),
    "demo": ("demo",),
    "purge": ("purge",),
    "spool": ("spool",),
}


def build_parser(command: str | None = None) -> argparse.ArgumentParser:
    """Return the parser, with every family, or only the one that knows ``command``."""
    parser = argparse.ArgumentParser(
        prog="footprint",
        description="What an organisation's LLM requests cost and weigh.",
    )
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)
    for family, names in FAMILIES.items():
        if command is None or command in names:
            importlib.import_module(f"footprint.commands.{family}").register(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code. A known error ends in its one sentence."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    known = {name for names in FAMILIES.values() for name in names}
    first = next((a for a in arguments if a in known), None)
    options = build_parser(first).parse_args(arguments)
    try:
        return int(options.run(options) or 0)
    except FootprintError as error:
        print(f"footprint: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("footprint: stopped; what was finished is kept.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 0


if __name__ == "__main__":
    sys.exit(main())
