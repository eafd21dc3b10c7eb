"""Where a database stands: what was applied to it, and whether this program may go on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from footprint.database.files import SqlFile, SqlFiles
from footprint.errors import ConfigurationError, FootprintError
from footprint.release import VERSION

if TYPE_CHECKING:
    import psycopg

OLDEST_POSTGRES: Final = 150000
BASELINE_RELEASE: Final = "0.1.0"
_SHOWN: Final = 3


class MigrationError(FootprintError):
    """The database refused a change, or is in a state from which no change can be made."""


@dataclass(frozen=True)
class Applied:
    """One line of the ledger.

    Args:
        sha256: of the file that was applied.
        at: when.
        release: of the program that applied it.
        is_step: whether it follows the transaction of its run.
        finished_at: when a step was done; None while it waits.
        rows_done: rows that a step has worked through.
    """

    sha256: str
    at: datetime
    release: str
    is_step: bool = False
    finished_at: datetime | None = None
    rows_done: int = 0


@dataclass(frozen=True)
class State:
    """What a database says of itself.

    Args:
        ledger: file → what is known of it; of a database of 0.1.0 that version's own files.
        release: that migrated it last; None where none did, or 0.1.0.
        files_sha256: of the replaceable files it has.
        is_baseline: whether 0.1.0 made it and nothing later has touched it.
        missing_indexes: statements for those that 0.1.0 did not come to make.
    """

    ledger: dict[str, Applied] = field(default_factory=dict)
    release: str | None = None
    files_sha256: str | None = None
    migrated_at: datetime | None = None
    is_baseline: bool = False
    missing_indexes: tuple[str, ...] = ()

    def pending(self, files: SqlFiles) -> list[SqlFile]:
        """Return the migrations and steps that were never applied."""
        known = _baseline_names(files) if self.is_baseline else self.ledger
        return [file for file in files.migrations if file.name not in known]

    def waiting_steps(self, files: SqlFiles) -> list[SqlFile]:
        """Return the steps whose run is over, and which are not done themselves."""
        ledger = {} if self.is_baseline else self.ledger
        return [
            file
            for file in files.migrations
            if file.is_step and file.name in ledger and ledger[file.name].finished_at is None
        ]

    def is_current(self, files: SqlFiles) -> bool:
        """Whether nothing is left to be done but steps that wait."""
        return (
            not self.is_baseline
            and not self.pending(files)
            and self.files_sha256 == files.replaceable_sha256
            and self.release == VERSION
        )


def read_state(connection: psycopg.Connection, files: SqlFiles) -> State:
    """Return where the database stands.

    Raises:
        ConfigurationError: where it is no Supabase database, or of a PostgreSQL that is too old.
        MigrationError: where it is older than 0.1.0, newer than this program, or was migrated
            with a file that has been edited since.
    """
    if connection.info.server_version < OLDEST_POSTGRES:
        raise ConfigurationError(
            f"This is PostgreSQL {connection.info.server_version // 10000}: "
            "Footprint needs version 15 or later."
        )
    if not _one(connection, "select to_regnamespace('auth') is not null"):
        raise MigrationError(
            'schema "auth" does not exist: this is no Supabase database, '
            "or not the one that SUPABASE_DB_URL should name."
        )
    if not _one(connection, "select to_regclass('private.schema_release') is not null"):
        state = _without_release(connection, files)
    else:
        state = _with_release(connection)
    if not state.is_baseline:
        _refuse_newer(state, files)
        _refuse_edited(state, files)
    return state


def _with_release(connection: psycopg.Connection) -> State:
    rows = connection.execute(
        "select file, sha256, applied_at, release, is_step, finished_at, rows_done"
        " from private.schema_migrations order by file"
    ).fetchall()
    [last] = connection.execute(
        "select release, files_sha256, migrated_at from private.schema_release"
    ).fetchall() or [(None, None, None)]
    return State({file: Applied(*rest) for file, *rest in rows}, *last)


def _without_release(connection: psycopg.Connection, files: SqlFiles) -> State:
    """Tell an empty database from one of 0.1.0, and both from what came before 0.1.0."""
    ours = _tables(files.baseline.shape)
    shape = {str(row[0]) for row in connection.execute(files.shape_query.encode())}
    ledger = _old_ledger(connection)
    there = _tables(shape) & ours
    if not there and not ledger:
        return State()
    if not ledger and "private.ingest_keys" not in there:
        raise MigrationError(
            "Tables of another program have names that Footprint needs: "
            f"{', '.join(sorted(there))}. Nothing was changed: use a Supabase project of its own, "
            "or rename them."
        )
    missing = sorted(files.baseline.shape - shape)
    others = _other_files(ledger, files)
    # 0.1.0 stopped at 175 where Supabase Storage took no policies; after it came two indexes.
    indexes = [line.removeprefix("index ") for line in missing if line.startswith("index ")]
    if others or len(indexes) < len(missing):
        raise MigrationError(_too_old([*missing, *(f"sql/{name}" for name in others)]))
    return State(ledger, is_baseline=True, missing_indexes=tuple(indexes))


def _other_files(ledger: dict[str, Applied], files: SqlFiles) -> list[str]:
    """Return the files in which a ledger differs from that of 0.1.0, but for a missing end."""
    known = files.baseline.files
    last = max(ledger, default="")
    return sorted(
        name
        for name in known.keys() | ledger.keys()
        if name <= last and (name not in ledger or known.get(name) != ledger[name].sha256)
    )


def _tables(shape: Iterable[str]) -> set[str]:
    columns = (line.split(" ", 2)[1] for line in shape if line.startswith("column "))
    return {column.rsplit(".", 1)[0] for column in columns}


def _old_ledger(connection: psycopg.Connection) -> dict[str, Applied]:
    if not _one(connection, "select to_regclass('private.schema_migrations') is not null"):
        return {}
    rows = connection.execute(
        "select file, sha256, applied_at from private.schema_migrations order by file"
    ).fetchall()
    return {file: Applied(sha256, at, BASELINE_RELEASE) for file, sha256, at in rows}


def _too_old(differences: list[str]) -> str:
    more = len(differences) - _SHOWN
    return (
        f"This schema is older than Footprint {BASELINE_RELEASE}, the first release, or was left "
        f"half migrated by it; it cannot be upgraded. Not as in {BASELINE_RELEASE}: "
        + "; ".join(differences[:_SHOWN])
        + (f" and {more} more" if more > 0 else "")
        + ". Nothing was changed. Where it was meant to be that version, run that version's "
        "`footprint migrate` to its end first; else export what you need and begin with a new "
        "database."
    )


def _refuse_newer(state: State, files: SqlFiles) -> None:
    from packaging.version import InvalidVersion, Version

    names = {file.name for file in files.migrations}
    unknown = sorted(set(state.ledger) - names)
    try:
        is_newer = state.release is not None and Version(state.release) > Version(VERSION)
    except InvalidVersion:
        is_newer = True
    if unknown or is_newer:
        raise MigrationError(
            f"This database was migrated by Footprint {state.release}, which is newer than this "
            f"program ({VERSION})"
            + (f": it has {unknown[-1]}, which is not known here" if unknown else "")
            + ". Nothing was changed: install that version or a later one, "
            "`pip install --upgrade 'llm-footprint[operator]'`."
        )
    newest = max(state.ledger, default="")
    skipped = sorted(name for name in names - set(state.ledger) if name < newest)
    if skipped:
        raise MigrationError(
            f"sql/migrations/{skipped[0]}.sql comes before {newest}, which this database has "
            "already: a migration is only ever added at the end. Give it the next number."
        )


def _refuse_edited(state: State, files: SqlFiles) -> None:
    for file in files.migrations:
        known = state.ledger.get(file.name)
        if known and known.sha256 != file.sha256:
            raise MigrationError(
                f"sql/migrations/{file.name}.sql is not the file that was applied to this database "
                f"on {known.at:%Y-%m-%d} by Footprint {known.release}. Nothing was changed: "
                "reinstall this release, and put what is to be different into a new file."
            )


def _baseline_names(files: SqlFiles) -> set[str]:
    from footprint.release import SCHEMA_OF_0_1_0

    return {file.name for file in files.migrations if file.number <= SCHEMA_OF_0_1_0}


def _one(connection: psycopg.Connection, query: str) -> object:
    row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None
