"""``footprint migrate``: one transaction to this release's schema, then what cannot be in one."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from footprint.database.connection import connect, first_line
from footprint.database.files import SqlFile, SqlFiles, sql_directory
from footprint.database.script import LOCK, Piece, render, transaction
from footprint.database.state import MigrationError, State, read_state
from footprint.database.steps import finish_steps
from footprint.errors import ConfigurationError, ServiceUnavailable

if TYPE_CHECKING:
    import psycopg

Tell = Callable[[str], None]

# How long another run, or a gap between requests, is waited for.
WAIT_S: Final = 300.0
_LOOK_AGAIN_S: Final = 0.5
_POOLER_PORT: Final = "6543"


@dataclass(frozen=True)
class Outcome:
    """What a run did, or with ``dry_run`` would do.

    Args:
        migrations: names of the migrations applied.
        replaced: how many files of functions, views, policies and the like were applied as a set.
        steps: names of the steps that were finished after the transaction.
    """

    migrations: tuple[str, ...] = ()
    replaced: int = 0
    steps: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything was changed."""
        return bool(self.migrations or self.replaced or self.steps)


@dataclass(frozen=True)
class _Run:
    """One attempt at a time, on one connection."""

    connection: psycopg.Connection
    files: SqlFiles
    tell: Tell
    deadline: float

    def change(self, state: State, *, keep: bool) -> Outcome:
        """Bring the schema to this release in one transaction; roll it back unless it is kept."""
        from psycopg import errors

        told_to_wait = False
        while True:
            try:
                return self._attempt(state, keep=keep)
            except (
                errors.LockNotAvailable,
                errors.DeadlockDetected,
                errors.SerializationFailure,
            ) as error:
                if time.monotonic() > self.deadline:
                    raise ServiceUnavailable(
                        "The tables of Footprint are in use without a gap: nothing was changed. "
                        "Run `footprint migrate` again when fewer requests come in, or with a "
                        "longer --wait."
                    ) from error
            if not told_to_wait:
                self.tell("requests are being read or written: waiting for a gap between them …")
                told_to_wait = True
            time.sleep(random.uniform(0.05, _LOOK_AGAIN_S))

    def _attempt(self, state: State, *, keep: bool) -> Outcome:
        lines: list[str] = []
        applied: list[str] = []
        needs: list[str] = []
        with self.connection.transaction(force_rollback=not keep), self._warnings(lines):
            for piece in transaction(state, self.files):
                rows = self._execute(piece, needs)
                if piece.applies:
                    applied.append(piece.applies.name)
                    lines.append(_applied(piece, rows))
                if piece.text == self.files.engine["clear"].text:
                    needs = self._needs()
        if state.is_baseline:
            self.tell("found 0.1.0: its settings, factors and other rows stay as they are")
        for line in lines:
            self.tell(line)
        self.tell(
            f"applied sql/ as one set: {len(self.files.replaceable)} files of functions, views, "
            "policies, grants and triggers"
        )
        return Outcome(tuple(applied), len(self.files.replaceable))

    def _needs(self) -> list[str]:
        """Return what others made that needs a part of Footprint, which so stays in place."""
        rows = self.connection.execute(
            "select distinct needed_by from footprint_kept where needed_by is not null order by 1"
        )
        return [str(row[0]) for row in rows]

    def _execute(self, piece: Piece, needs: list[str]) -> int:
        """Execute a piece; return how many rows its inserts added."""
        import psycopg

        try:
            cursor = self.connection.execute(piece.text.encode())
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            others = (
                f" What was made here besides Footprint may stand in the way ({'; '.join(needs)}): "
                "drop it, migrate, and make it again."
                if needs and isinstance(error, _in_the_way())
                else ""
            )
            raise MigrationError(
                f"{piece.title} was refused: {_said(error)}. Everything was rolled back: the "
                "database is as it was. Correct the cause and run `footprint migrate` again."
                + others
            ) from error
        rows = 0
        while True:
            if (cursor.statusmessage or "").startswith("INSERT"):
                rows += cursor.rowcount
            if not cursor.nextset():
                return rows

    @contextmanager
    def _warnings(self, lines: list[str]) -> Iterator[None]:
        def take(diagnostic: psycopg.errors.Diagnostic) -> None:
            lines.append(f"warning: {diagnostic.message_primary}")

        self.connection.add_notice_handler(take)
        try:
            yield
        finally:
            self.connection.remove_notice_handler(take)


def migrate(
    database_url: str,
    tell: Tell = lambda line: None,
    directory: Path | None = None,
    *,
    wait_s: float = WAIT_S,
    dry_run: bool = False,
    repair: bool = False,
) -> Outcome:
    """Bring a database to this release's schema, whole or not at all, then finish what follows.

    Safe to run twice, to kill, and to run by several processes at once: they take turns.

    Args:
        database_url: Direct address of the database, with a role that owns the schema.
        tell: Gets a line for each thing done or left, and for each wait.
        directory: Folder of the files; by default the product's own.
        wait_s: How long another run and a gap between requests are waited for, in seconds.
        dry_run: Do it all in the transaction, then roll back; steps are left out.
        repair: Make functions, views, policies and rights anew also where they should be right.

    Raises:
        ConfigurationError: where the address leads to a transaction pooler or to no database.
        MigrationError: where the database cannot be migrated by this program, or a file is
            refused: it is as it was before.
        ServiceUnavailable: where another run or busy tables keep it waiting too long.
    """
    files = SqlFiles(directory or sql_directory())
    deadline = time.monotonic() + wait_s
    with _turn(database_url, tell, deadline), connect(database_url) as connection:
        state = read_state(connection, files)
        run = _Run(connection, files, tell, deadline)
        is_done = state.is_current(files) and not repair
        outcome = Outcome() if is_done else run.change(state, keep=not dry_run)
        if dry_run:
            for step in (f for f in _steps_after(state, files) if f.is_step):
                tell(f"would follow the transaction: {step.name}")
            return outcome
        done = finish_steps(connection, files, tell)
    return Outcome(outcome.migrations, outcome.replaced, tuple(done))


def script(database_url: str | None, directory: Path | None = None) -> str:
    """Return what ``migrate`` would run as text: on a database, or on an empty one for None."""
    files = SqlFiles(directory or sql_directory())
    if database_url is None:
        return render(State(), files)
    with connect(database_url) as connection:
        state = read_state(connection, files)
    return "-- The database is up to date.\n" if state.is_current(files) else render(state, files)


def status(database_url: str, directory: Path | None = None) -> tuple[State, SqlFiles]:
    """Return where a database stands, and the files to hold it against; raises as `migrate`."""
    files = SqlFiles(directory or sql_directory())
    with connect(database_url) as connection:
        return read_state(connection, files), files


@contextmanager
def _turn(database_url: str, tell: Tell, deadline: float) -> Iterator[None]:
    """Wait for other runs to end, and keep them waiting until this one has.

    The lock lives in an open transaction, so that it is gone with it, whatever happens to us, and
    behind a pooler too. The transaction has read nothing: it holds nobody up.
    """
    _refuse_pooler(database_url)
    told = False
    with connect(database_url, autocommit=False) as connection:
        connection.execute("set local idle_in_transaction_session_timeout = 0")
        while not _try_lock(connection):
            if time.monotonic() > deadline:
                raise ServiceUnavailable(
                    "Another `footprint migrate` is still running on this database: nothing was "
                    "changed by this one. Wait for it to end, or look for it in pg_stat_activity."
                )
            if not told:
                tell("another `footprint migrate` is running on this database: waiting for it …")
                told = True
            time.sleep(_LOOK_AGAIN_S)
        yield


def _in_the_way() -> tuple[type[Exception], ...]:
    """Return the errors that come of replacing what another object holds in place."""
    from psycopg import errors

    return (
        errors.InvalidFunctionDefinition,
        errors.InvalidTableDefinition,
        errors.DependentObjectsStillExist,
        errors.FeatureNotSupported,
    )


def _try_lock(connection: psycopg.Connection) -> bool:
    # Without a parameter: the portal that one needs would hold a snapshot, and an index that is
    # built concurrently would wait for this very transaction.
    row = connection.execute(f"select pg_try_advisory_xact_lock({LOCK})".encode()).fetchone()
    return bool(row and row[0])


def _refuse_pooler(database_url: str) -> None:
    """Refuse Supabase's transaction pooler, by its port, before anything hangs there."""
    try:
        from psycopg import ProgrammingError, conninfo

        port = conninfo.conninfo_to_dict(database_url).get("port")
    except (ModuleNotFoundError, ProgrammingError):
        return  # `connect` has the sentence for it.
    if port is not None and _POOLER_PORT in str(port).split(","):
        raise ConfigurationError(
            f"SUPABASE_DB_URL leads to port {_POOLER_PORT}, Supabase's transaction pooler, on "
            "which a migration cannot run: take the direct connection or the session pooler, both "
            "on port 5432 (in Supabase: Connect)."
        )


def _steps_after(state: State, files: SqlFiles) -> list[SqlFile]:
    return [*state.waiting_steps(files), *state.pending(files)]


def _applied(piece: Piece, rows: int) -> str:
    return f"applied {piece.title}" + (f" ({rows:,} rows)" if rows else "")


def _said(error: psycopg.Error) -> str:
    detail = error.diag.message_detail
    hint = error.diag.message_hint
    more = " ".join(" ".join(part.split()) for part in (detail, hint) if part)
    return first_line(error).rstrip(".") + (f" ({more.rstrip('.')})" if more else "")
