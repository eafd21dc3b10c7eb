"""What one run of ``footprint migrate`` executes, as named pieces of SQL in one order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from footprint.database.files import SqlFile, SqlFiles
from footprint.database.state import BASELINE_RELEASE, State
from footprint.release import SCHEMA_OF_0_1_0, VERSION

# Any two runs on one database take turns on this advisory lock; 0.1.0 used it too.
LOCK: Final = 0x_F007_5017


@dataclass(frozen=True)
class Piece:
    """SQL that is executed as a whole.

    Args:
        title: what it is, for messages; the path of a file where it is one.
        text: one or more statements.
        applies: the migration that it is; None for the rest.
    """

    title: str
    text: str
    applies: SqlFile | None = None


def transaction(state: State, files: SqlFiles) -> Iterator[Piece]:
    """Yield what brings the database from a state to this release, for one transaction."""
    pending = state.pending(files)
    yield Piece("the beginning", _beginning())
    yield Piece("sql/engine/1_ledger.sql", files.engine["ledger"].text)
    if state.is_baseline:
        yield Piece("taking over 0.1.0", _adoption(state, files))
    yield Piece("sql/engine/2_lock.sql", files.engine["lock"].text)
    yield Piece("the limit of waits", "set local lock_timeout = '30s';\n")
    yield Piece("sql/engine/3_clear.sql", files.engine["clear"].text)
    for file in pending:
        if not file.is_step:
            yield Piece(f"sql/migrations/{file.name}.sql", file.text, applies=file)
        yield Piece(f"the ledger's line of {file.name}", _ledger_line(file))
    for file in files.replaceable:
        yield Piece(f"sql/{file.name}.sql", file.text)
    yield Piece("sql/engine/4_register.sql", files.engine["register"].text)
    yield Piece("the release", _release(files))


def render(state: State, files: SqlFiles) -> str:
    """Return the same as text: one transaction that psql or the Supabase CLI can run.

    Steps follow it by name only: each runs by itself, outside a transaction.
    """
    parts = [
        f"-- Made by `footprint migrate --sql`, Footprint {VERSION}: run it whole, once, as the\n"
        "-- database's owner, for example with psql -v ON_ERROR_STOP=1 -f.\n",
        "begin;",
        f"select pg_advisory_xact_lock({LOCK});",
        f"set local footprint.made_for = {_text(','.join(sorted(state.ledger)))};\n",
        files.engine["guard"].text,
    ]
    parts += [
        f"-- {'-' * 10} {piece.title} {'-' * 10}\n\n{piece.text.rstrip()}\n"
        for piece in transaction(state, files)
    ]
    parts.append("commit;")
    steps = [f for f in (*state.waiting_steps(files), *state.pending(files)) if f.is_step]
    if steps:
        names = ", ".join(step.name for step in steps)
        parts.append(f"-- Then run `footprint migrate`: it does what follows by itself ({names}).")
    return "\n".join(parts) + "\n"


def _beginning() -> str:
    return (
        "set local statement_timeout = 0;\n"
        "set local idle_in_transaction_session_timeout = 0;\n"
        "set local client_min_messages = warning;\n"
        "set local search_path = pg_catalog;\n"
        "set local lock_timeout = '200ms';\n"
        f"set local footprint.migrating = {_text(VERSION)};\n"
    )


def _adoption(state: State, files: SqlFiles) -> str:
    at = max((line.at for line in state.ledger.values()), default=None)
    when = "now()" if at is None else f"{_text(at.isoformat())}::timestamptz"
    lines = [
        "delete from private.schema_migrations where true;\n",
        "insert into private.schema_objects (kind, name, relation) values\n",
        ",\n".join(f"({', '.join(map(_text, row))})" for row in files.baseline.objects),
        ";\n",
        *(f"{statement};\n" for statement in state.missing_indexes),
    ]
    lines += [
        _ledger_line(file, release=BASELINE_RELEASE, at=when)
        for file in files.migrations
        if file.number <= SCHEMA_OF_0_1_0
    ]
    return "".join(lines)


def _ledger_line(file: SqlFile, release: str = VERSION, at: str = "now()") -> str:
    values = (_text(file.name), _text(file.sha256), at, _text(release), str(file.is_step).lower())
    return (
        "insert into private.schema_migrations (file, sha256, applied_at, release, is_step)\n"
        f"values ({', '.join(values)});\n"
    )


def _release(files: SqlFiles) -> str:
    return (
        "insert into private.schema_release (release, files_sha256, migrated_at)\n"
        f"values ({_text(VERSION)}, {_text(files.replaceable_sha256)}, now())\n"
        "on conflict (schema_release_id) do update set release = excluded.release,"
        " files_sha256 = excluded.files_sha256, migrated_at = excluded.migrated_at;\n"
    )


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
