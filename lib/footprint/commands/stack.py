"""``footprint up | down | status | reset``: the embedded Supabase, by hand."""

from __future__ import annotations

import argparse
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from footprint.config import get_settings
from footprint.errors import InputError
from footprint.local.stack import Stack

if TYPE_CHECKING:
    from footprint.database import Outcome

GROWN_BYTES = 1_500_000_000


def register(commands: Any) -> None:
    """Add the four commands."""
    up = _add(commands, "up", start, "start the embedded Supabase in the background")
    up.add_argument(
        "--port",
        type=int,
        default=0,
        help="where to listen on 127.0.0.1 (default: a free port)",
    )
    up.add_argument(
        "--sign-up",
        action=argparse.BooleanOptionalAction,
        help="whether anyone may make an account (default: as before; at first, yes)",
    )
    up.add_argument(
        "--smtp",
        metavar="HOST:PORT",
        help="a mail catcher for e-mails (default: as before; at first, a file in the data folder)",
    )
    up.add_argument("--no-migrate", action="store_true", help="leave the schema as it is")
    _add(commands, "down", stop, "stop the embedded Supabase; its data stays")
    _add(commands, "status", show, "what runs, since when, and what it takes")
    reset = _add(commands, "reset", begin_anew, "stop the embedded Supabase and delete its data")
    reset.add_argument("--yes", action="store_true", help="do not ask")


def start(options: argparse.Namespace) -> None:
    """Bring the stack up, with its schema, and print what clients need."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    before = Stack(options.data_dir).options
    sign_up = before.allow_sign_up if options.sign_up is None else options.sign_up
    smtp = before.smtp if options.smtp is None else options.smtp
    lite = replace(before, allow_sign_up=sign_up, app_url=get_settings().app_url, smtp=smtp)
    stack = Stack(options.data_dir, options.port, options=lite, progress=_progress)
    info = stack.up(None if options.no_migrate else _migrate)
    print(f"The embedded Supabase is up at {info.api_url} (stop it with `footprint down`).")
    print("For a client's environment or .env:\n")
    print(f"SUPABASE_URL={info.api_url}")
    print(f"SUPABASE_PUBLISHABLE_KEY={info.publishable_key}")
    print(f"SUPABASE_DB_URL={info.database_url}")
    print(f"\nThe secret key is in {info.data_dir / 'stack.json'}, for your eyes only.")


def stop(options: argparse.Namespace) -> None:
    """Take the stack down."""
    stopped = Stack(options.data_dir, progress=_progress).down()
    print("Stopped; the data stays." if stopped else "Nothing was running.")


def show(options: argparse.Namespace) -> None:
    """Print what runs."""
    status = Stack(options.data_dir).status()
    state = "running" if status.running else "half running" if status.processes else "not running"
    print(f"The embedded Supabase is {state}{f' at {status.api_url}' if status.api_url else ''}.")
    for process in status.processes:
        memory, uptime = _megabytes(process.memory_bytes), _duration(process.uptime_s)
        print(f"  {process.name:<14} pid {process.pid:<8} {memory:>9} of memory   up {uptime}")
    print(f"  {'Data':<14} {_megabytes(status.data_bytes)} in {status.data_dir}")
    if any(process.memory_bytes > GROWN_BYTES for process in status.processes):
        print(
            "Supabase Lite grows under load: `footprint down` and `footprint up` give memory back."
        )


def begin_anew(options: argparse.Namespace) -> None:
    """Delete the local data, once the person has said so."""
    stack = Stack(options.data_dir, progress=_progress)
    if not options.yes:
        if not sys.stdin.isatty():
            raise InputError("A reset deletes all local data: say so with --yes.")
        answer = input(f"Delete all local data in {stack.data_dir}? Type yes: ")
        if answer.strip().lower() != "yes":
            print("Nothing was deleted.")
            return
    stack.reset()
    print("Deleted; `footprint up` begins anew.")


def _add(commands: Any, name: str, run: Any, help: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help)
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=get_settings().data_dir,
        help="where the database, keys and logs are (default: %(default)s)",
    )
    parser.set_defaults(run=run)
    return parser


def _migrate(database_url: str) -> Outcome:
    from footprint.database import migrate

    return migrate(database_url, lambda line: print(line, file=sys.stderr))


def _progress(message: str) -> None:
    print(f"{message} …", file=sys.stderr, flush=True)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
