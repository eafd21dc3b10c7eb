"""What follows the transaction of a migration: bounded, resumable, one statement a file.

A step is either run once (an index built concurrently) or again and again until it changes nothing
(a rewrite of millions of rows), each time in a transaction of its own that also notes the progress.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from footprint.database.connection import first_line
from footprint.database.files import SqlFile, SqlFiles
from footprint.database.state import MigrationError
from footprint.release import VERSION

if TYPE_CHECKING:
    import psycopg

_CONCURRENT_INDEX: Final = re.compile(
    r"create\s+(?:unique\s+)?index\s+concurrently\s+(?:if\s+not\s+exists\s+)?\"?([a-z0-9_]+)\"?\s+on"
    r"\s+([a-z0-9_]+)\.",
    re.I,
)
_MOST_STEPS: Final = 10_000_000


def finish_steps(
    connection: psycopg.Connection, files: SqlFiles, tell: Callable[[str], None]
) -> list[str]:
    """Do every step that waits, in order; return their names.

    Raises:
        MigrationError: where one is refused. The schema is in its new state, and the next run goes
            on where this one stopped.
    """
    import psycopg

    waiting = {
        str(row[0])
        for row in connection.execute(
            "select file from private.schema_migrations where is_step and finished_at is null"
        )
    }
    done: list[str] = []
    for file in files.migrations:
        if file.name not in waiting:
            continue
        tell(f"step {file.name} …")
        try:
            rows = _repeat(connection, file, tell) if file.repeats else _once(connection, file)
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            raise MigrationError(
                f"The schema is migrated, but the step {file.name} was refused: "
                f"{first_line(error)}. What it has done stays; correct the cause and run "
                "`footprint migrate` again: it goes on from there."
            ) from error
        tell(f"finished {file.name}" + (f" ({rows:,} rows)" if rows else ""))
        done.append(file.name)
    return done


def _once(connection: psycopg.Connection, file: SqlFile) -> int:
    """Run a statement outside a transaction; what is left of a broken-off index goes first."""
    for name, schema in _CONCURRENT_INDEX.findall(file.text):
        left = connection.execute(
            "select format('%%I.%%I', n.nspname, c.relname) from pg_catalog.pg_index i"
            " join pg_catalog.pg_class c on c.oid = i.indexrelid"
            " join pg_catalog.pg_namespace n on n.oid = c.relnamespace"
            " where n.nspname = %s and c.relname = %s and not i.indisvalid",
            [schema, name],
        ).fetchone()
        if left:
            connection.execute(f"drop index concurrently {left[0]}".encode())
    connection.execute(file.text.encode())
    with connection.transaction():
        _note(connection, file, 0, finished=True)
    return 0


def _repeat(connection: psycopg.Connection, file: SqlFile, tell: Callable[[str], None]) -> int:
    total = 0
    for _ in range(_MOST_STEPS):
        with connection.transaction():
            cursor = connection.execute(file.text.encode())
            # A function that is asked says how many rows it changed; a statement shows it itself.
            row = cursor.fetchone() if cursor.description else None
            changed = int(row[0] or 0) if row else max(cursor.rowcount, 0)
            _note(connection, file, changed, finished=changed == 0)
        if changed == 0:
            return total
        total += changed
        tell(f"step {file.name}: {total:,} rows")
    raise MigrationError(f"The step {file.name} does not come to an end: it is to be mended.")


def _note(connection: psycopg.Connection, file: SqlFile, changed: int, *, finished: bool) -> None:
    connection.execute("select set_config('footprint.migrating', %s, true)", [VERSION])
    connection.execute(
        "update private.schema_migrations set rows_done = rows_done + %s,"
        " finished_at = case when %s then now() end where file = %s",
        [changed, finished, file.name],
    )
