"""``footprint spool …``: what waits for delivery, and what can never be delivered."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from footprint.config import Settings, get_settings
from footprint.errors import InputError
from footprint.ingest import dead, health
from footprint.ingest.recorder import open_recorder
from footprint.ingest.spools import spool_state, spools
from footprint.ingest.survey import Survey, survey

if TYPE_CHECKING:
    from footprint.commands import Commands

# Counters that are told in the words of `SpoolState`.
_TOLD = (health.RECORDED, health.DELIVERED, health.DUPLICATES, health.DEAD, health.REJECTED)
_LEFT = 3
_BAD = 1


def register(commands: Commands) -> None:
    """Add ``spool``."""
    parser = commands.add_parser(
        "spool",
        help="look at requests that wait for delivery, and deliver them",
        description="Requests of the LiteLLM callback that wait on this host's disk.",
    )
    parser.add_argument("--dir", type=Path, metavar="FOLDER", help="default: FOOTPRINT_SPOOL_DIR")
    actions = parser.add_subparsers(dest="action", metavar="action", required=True)
    status = actions.add_parser("status", help="counters and what waits; exit code 1 if unhealthy")
    status.add_argument("--json", action="store_true", help="for programs")
    status.set_defaults(run=_status)
    flush = actions.add_parser("flush", help="deliver now; exit code 3 if something is left")
    flush.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS")
    flush.set_defaults(run=_flush)
    verify = actions.add_parser("verify", help="read every waiting line; exit code 1 if damaged")
    verify.set_defaults(run=_verify)
    dead_parser = actions.add_parser("dead", help="requests that can never be delivered")
    letters = dead_parser.add_subparsers(dest="letters", metavar="action", required=True)
    letters.add_parser("list", help="show them with their reasons").set_defaults(run=_dead_list)
    retry = letters.add_parser("retry", help="put them back and deliver")
    retry.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS")
    retry.set_defaults(run=_dead_retry)


def _settings(options: argparse.Namespace) -> Settings:
    settings = get_settings()
    if options.dir is None:
        return settings
    return dataclasses.replace(settings, spool_dir=options.dir)


def _status(options: argparse.Namespace) -> int:
    code = 0
    for name, folder in spools(_settings(options)):
        if not _tell(name, folder, options.json):
            code = _BAD
    return code


def _tell(name: str, folder: Path, as_json: bool) -> bool:
    """Print the state of one spool; True where it is healthy."""
    state, found, counted = spool_state(name, folder), survey(folder), health.read(folder)
    if as_json:
        told = {**vars(state), "damaged": found.damaged, "too_new": found.too_new, **counted}
        print(json.dumps(told, default=str))
        return not state.problems
    print(f"Spool {folder} ({name}): {'; '.join(state.problems) or 'healthy'}.")
    for label in ("accepted", "delivered", "duplicates", "rejected", "dropped"):
        print(f"  {label:<13} {getattr(state, label):,}")
    print(f"  {'waiting':<13} {state.waiting:,} requests, {state.bytes:,} bytes on disk")
    print(f"  {'lag':<13} {state.lag_s:.0f} s")
    print(f"  {'in use':<13} {found.in_use} of {found.segments} files, by running programs")
    for label, value in counted["counts"].items():
        if label not in _TOLD:
            print(f"  {label:<13} {value:,}")
    if state.last_ok_at is not None:
        print(f"  {'last delivery':<13} {state.last_ok_at.isoformat(timespec='seconds')}")
    if counted["state"].get("last_error"):
        print(f"  {'last error':<13} {counted['state']['last_error']}")
    return not state.problems


def _flush(options: argparse.Namespace) -> int:
    return _deliver(_settings(options), options.timeout)


def _deliver(settings: Settings, timeout_s: float) -> int:
    recorder = open_recorder(settings)
    recorder.courier.stop(timeout_s)
    counts, state = recorder.spool.health.counts, recorder.spool.health.state
    left = survey(settings.spool_dir)
    print(
        f"{counts.get(health.DELIVERED, 0)} delivered, {counts.get(health.DUPLICATES, 0)} were "
        f"already there, {counts.get(health.DEAD, 0)} cannot be delivered, {left.waiting} left."
    )
    if left.in_use:
        print(f"{left.in_use} files belong to running programs, which deliver them themselves.")
    if left.waiting and state.get("last_error"):
        print(f"footprint: {str(state['last_error']).rstrip('.')}.", file=sys.stderr)
    return _LEFT if left.waiting else 0


def _verify(options: argparse.Namespace) -> int:
    found: Survey = survey(_settings(options).spool_dir, read_lines=True)
    print(
        f"{found.waiting} requests wait in {found.segments} files; {found.damaged} lines damaged."
    )
    return _BAD if found.damaged else 0


def _dead_list(options: argparse.Namespace) -> int:
    letters = list(dead.letters(_settings(options).spool_dir))
    for letter in letters:
        event = letter.event or {}
        when = datetime.fromtimestamp(letter.at, UTC).isoformat(timespec="seconds")
        name = event.get("event_id") or (letter.raw or "")[:60]
        print(f"{when}  {name}  {event.get('model', '')}  {letter.reason}")
    print(f"{len(letters)} requests cannot be delivered.")
    return 0


def _dead_retry(options: argparse.Namespace) -> int:
    settings = _settings(options)
    letters, taken = dead.take_all(settings.spool_dir)
    if not letters:
        print("There are none.")
        return 0
    recorder = open_recorder(settings)
    unusable = [letter for letter in letters if letter.event is None]
    for letter in letters:
        if letter.event is not None and not recorder.spool.append(
            json.dumps(letter.event, separators=(",", ":")).encode("ascii")
        ):
            raise InputError("The spool is full: deliver what waits first; the rest stays dead.")
    recorder.spool.bury([((letter.raw or "").encode(), letter.reason) for letter in unusable])
    for path in taken:
        path.unlink()
    recorder.courier.stop(0.0)
    return _deliver(settings, options.timeout)
