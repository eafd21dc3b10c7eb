"""The operator's direct line to PostgreSQL: connecting, and applying ``sql/``.

Nothing here runs in the web app: pages go through PostgREST with the user's own token.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from footprint.errors import ConfigurationError, FootprintError, InputError, ServiceUnavailable

if TYPE_CHECKING:
    import psycopg

# Any two processes that migrate the same database take turns on this advisory lock.
_MIGRATION_LOCK = 0x_F007_5017

_LEDGER = """
create schema if not exists private;
create table if not exists private.schema_migrations (
  file text primary key,
  sha256 text not null,
  applied_at timestamptz not null default now()
);
comment on table private.schema_migrations is 'Files of sql/ that were applied, and which version.';
alter table private.schema_migrations enable row level security;
revoke all on private.schema_migrations from public;
"""


class MigrationError(FootprintError):
    """A file of ``sql/`` was refused by the database; it was rolled back whole."""


@dataclass(frozen=True)
class Migration:
    """One file of ``sql/``: its name, text and SHA-256 (hexadecimal)."""

    name: str
    text: str
    sha256: str


def sql_directory() -> Path:
    """Return the folder of SQL files: inside the installed package, else in the source tree."""
    packaged = Path(__file__).parent / "sql"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "sql"


def migrations(directory: Path | None = None) -> list[Migration]:
    """Return the numbered files of ``sql/`` (or of another folder) in the order they apply in."""
    directory = directory or sql_directory()
    files = sorted(directory.glob("[0-9]*.sql"))
    if not files:
        raise ConfigurationError(
            f"No SQL files in {directory}: reinstall llm-footprint, its package is incomplete."
        )
    texts = [(path.name, path.read_text(encoding="utf-8")) for path in files]
    return [Migration(n, t, hashlib.sha256(t.encode()).hexdigest()) for n, t in texts]


@contextmanager
def connect(database_url: str, *, autocommit: bool = True) -> Iterator[psycopg.Connection]:
    """Open a direct connection.

    Raises:
        ConfigurationError: where psycopg is not installed, or the address cannot be parsed.
        ServiceUnavailable: where the database does not answer or refuses the sign-in.
    """
    try:
        import psycopg
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "This command needs psycopg: install it with `pip install 'llm-footprint[operator]'`."
        ) from error
    try:
        connection = psycopg.connect(database_url, autocommit=autocommit, connect_timeout=10)
    except psycopg.ProgrammingError as error:
        raise ConfigurationError(
            "SUPABASE_DB_URL is not a PostgreSQL address: it looks like "
            "postgresql://user:password@host:5432/postgres."
        ) from error
    except psycopg.OperationalError as error:
        raise ServiceUnavailable(
            f"The database does not accept the connection ({_first_line(error)}): "
            "check SUPABASE_DB_URL and that the server is running."
        ) from error
    try:
        with connection:
            yield connection
    except psycopg.OperationalError as error:
        raise ServiceUnavailable(
            f"The connection to the database broke ({_first_line(error)}): run the command again."
        ) from error


def call(database_url: str, function: str, *values: object) -> Any:
    """Call one of our SQL functions and return its value.

    Args:
        database_url: Direct address of the database.
        function: Schema-qualified name, always a constant of the caller.
        values: Its arguments.

    Raises:
        InputError: where the function refuses the values, in its own words.
        ConfigurationError: where the database lacks the function.
        ServiceUnavailable: where the database does not answer.
    """
    with connect(database_url) as connection:
        return ask(connection, function, *values)


def ask(connection: psycopg.Connection, function: str, *values: object) -> Any:
    """Call one of our SQL functions over an open connection; as ``call``."""
    import psycopg
    from psycopg import sql

    query = sql.SQL("select {}({})").format(
        sql.Identifier(*function.split(".")), sql.SQL(", ").join([sql.Placeholder()] * len(values))
    )
    try:
        row = connection.execute(query, values).fetchone()
    except (psycopg.errors.UndefinedFunction, psycopg.errors.InvalidSchemaName) as error:
        raise ConfigurationError(
            "The database is not at this version: run `footprint migrate` first."
        ) from error
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        raise InputError(_first_line(error)) from error
    return row[0] if row else None


def migrate(
    database_url: str,
    tell: Callable[[str], None] = lambda line: None,
    directory: Path | None = None,
) -> list[str]:
    """Apply every file of ``sql/`` that is new or has changed, one transaction a file.

    Safe to run twice, and by several processes at once: they take turns. The files are idempotent,
    so a database to which they were applied with ``psql -f`` is brought to the same state.

    Args:
        database_url: Direct address of the database, with a role that may create schemas.
        tell: Gets one line for each file applied.
        directory: Folder of the files; by default the product's own.

    Returns:
        Names of the files applied, in order.

    Raises:
        MigrationError: where a file is refused; that file is rolled back, those before it stay.
    """
    import psycopg

    applied: list[str] = []
    with connect(database_url) as connection:
        connection.execute("set client_min_messages = warning")
        connection.execute("select pg_advisory_lock(%s)", [_MIGRATION_LOCK])
        connection.execute(_LEDGER)
        rows = connection.execute("select file, sha256 from private.schema_migrations").fetchall()
        known = dict(rows)
        for migration in migrations(directory):
            if known.get(migration.name) == migration.sha256:
                continue
            try:
                _apply(connection, migration)
            except psycopg.Error as error:
                raise MigrationError(
                    f"sql/{migration.name} was refused and rolled back: {_first_line(error)}. "
                    "The files before it are applied; correct the cause and run "
                    "`footprint migrate` again."
                ) from error
            applied.append(migration.name)
            tell(f"applied sql/{migration.name}")
    return applied


def _apply(connection: psycopg.Connection, migration: Migration) -> None:
    with connection.transaction():
        connection.execute(migration.text.encode())
        connection.execute(
            "insert into private.schema_migrations (file, sha256) values (%s, %s) "
            "on conflict (file) do update set sha256 = excluded.sha256, applied_at = now()",
            [migration.name, migration.sha256],
        )


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].removeprefix("ERROR:").strip() if lines else type(error).__name__
