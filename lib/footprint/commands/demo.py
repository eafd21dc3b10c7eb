"""``footprint demo``: an organisation to look at, on this machine, with nothing to set up."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import sleep
from types import FrameType
from typing import TYPE_CHECKING, Final

from footprint.config import get_settings
from footprint.errors import InputError
from footprint.ingest.checkpoint import FOLDER as IMPORTS

if TYPE_CHECKING:
    from footprint.commands import Commands
    from footprint.demo.accounts import Account
    from footprint.demo.running import Run
    from footprint.local.state import StackInfo

COOKIE_KEY: Final = "demo-cookie.key"
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def register(commands: Commands) -> None:
    """Add ``demo`` and ``demo reset``."""
    parser = commands.add_parser(
        "demo",
        help="start a demo organisation with its dashboard",
        description="Start the embedded Supabase, a demo organisation and the dashboard.",
    )
    parser.add_argument(
        "action", nargs="?", choices=("reset",), help="reset: delete the demo's data"
    )
    parser.add_argument(
        "--port",
        type=int,
        default=get_settings().demo_port,
        help="port of the dashboard on 127.0.0.1 (default: %(default)s, or DEMO_PORT)",
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=get_settings().data_dir,
        help="where the database, keys and logs are (default: %(default)s)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the demo until it is told to stop, or delete its data."""
    data_dir = options.data_dir.expanduser().absolute()
    from footprint.local.files import explain

    if options.action == "reset":
        reset(data_dir)
        return 0
    if not 1 <= options.port <= 65535:
        raise InputError("--port must be from 1 to 65535.")
    with _stoppable():
        try:
            start(data_dir, options.port)
        except KeyboardInterrupt:
            _tell("Stopped; the data stays, and the next start is quick.")
        except BrokenPipeError:
            raise
        except OSError as error:
            raise explain(error, data_dir) from error
    return 0


def start(data_dir: Path, port: int) -> None:
    """Bring everything up, say where it is, and wait; take down what was started in any case.

    Raises:
        KeyboardInterrupt: when a signal asks for the end.
        FootprintError: in one sentence; nothing that was started is left running.
    """
    from footprint.demo.dashboard import Dashboard, dashboard_environment, project_root
    from footprint.demo.running import holding
    from footprint.local.lite import port_is_free

    root = project_root()
    with holding(data_dir, port) as held, ExitStack() as started:
        if not port_is_free(port):
            raise InputError(
                f"Port {port} is taken by another program: choose another with --port, "
                "or with DEMO_PORT for make."
            )
        started.callback(_release, held)
        info = _bring_up(data_dir, port, held, started)
        accounts = _fill(info)
        _tell("Starting the dashboard …")
        environment = dashboard_environment(info, port, _cookie_key(data_dir), os.environ)
        dashboard = Dashboard(root, data_dir, port, environment)
        started.callback(dashboard.stop)
        held.dashboard_pid = dashboard.pid
        held.save()
        dashboard.await_page()
        print(welcome(dashboard.url, accounts), flush=True)
        while True:
            sleep(0.5)
            dashboard.check()


def welcome(url: str, accounts: list[Account]) -> str:
    """Say where the demo is and who can sign in."""
    lines = [f"\nThe demo is at {url} (Ctrl-C stops it). Sign in as:\n"]
    lines += [f"  {a.role:<8} {a.email:<18} {a.password:<18} {a.what}" for a in accounts]
    return "\n".join([*lines, "", "The sign-in screen offers the same accounts as buttons."])


def reset(data_dir: Path) -> None:
    """Delete the demo's data, so that the next start begins anew.

    Raises:
        InputError: where a demo runs, or the folder holds none.
    """
    from footprint.demo.accounts import FILE, read_accounts
    from footprint.demo.running import LOCK, holding
    from footprint.local.stack import Stack

    if not data_dir.exists():
        print("There is no demo yet: nothing to delete.")
        return
    with holding(data_dir, 0):
        if read_accounts(data_dir) is None:
            (data_dir / LOCK).unlink()
            raise InputError(
                f"{data_dir} holds no demo: nothing was deleted "
                "(`footprint reset` deletes an embedded Supabase)."
            )
        shutil.rmtree(data_dir / IMPORTS, ignore_errors=True)
        for name in (COOKIE_KEY, FILE, LOCK):
            (data_dir / name).unlink(missing_ok=True)
        Stack(data_dir, progress=_step).reset()
    print("The demo's data are deleted; the next start begins anew.")


def _bring_up(data_dir: Path, port: int, held: Run, started: ExitStack) -> StackInfo:
    """Start Supabase where it does not run yet; only what we started is ours to stop."""
    from footprint.database import migrate
    from footprint.local.stack import LiteOptions, Stack

    options = LiteOptions(app_url=f"http://127.0.0.1:{port}")
    stack = Stack(data_dir, options=options, progress=_step)
    held.owns_stack = held.owns_stack or not stack.status().running
    held.save()
    if held.owns_stack:
        started.callback(stack.down)
    return stack.up(prepare=migrate)


def _release(held: Run) -> None:
    held.owns_stack, held.dashboard_pid = False, 0
    held.save()


def _fill(info: StackInfo) -> list[Account]:
    """Load the organisation and make the accounts, as far as that is not done."""
    from footprint.demo.accounts import prepare_accounts
    from footprint.demo.loading import claim, load
    from footprint.ingest.pricing import price_map
    from footprint.ingest.progress import Progress

    claim(info.database_url, datetime.now(UTC).date())
    accounts = prepare_accounts(info)
    progress = Progress("Loading the demo organisation")
    try:
        loaded = load(info.database_url, price_map(), progress.show)
    finally:
        progress.finish()
    if loaded.added:
        _tell(f"{loaded.requests:,} requests of the demo organisation are loaded.")
    return accounts


def _cookie_key(data_dir: Path) -> str:
    """Return the key that seals sign-in cookies, so that sign-ins outlive a restart."""
    path = data_dir / COOKIE_KEY
    if not path.exists():
        from cryptography.fernet import Fernet

        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key())
    return path.read_text(encoding="ascii").strip()


@contextmanager
def _stoppable() -> Iterator[None]:
    """Turn the first signal into KeyboardInterrupt and ignore the others, so that we can tidy up.

    SIGINT is set too: a shell that starts us in the background has it ignored.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        for other in _SIGNALS:
            signal.signal(other, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _step(message: str) -> None:
    _tell(f"{message} …")


def _tell(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
