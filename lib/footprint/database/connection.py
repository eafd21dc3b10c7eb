"""Connecting to PostgreSQL as its operator, and calling one of our functions there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from footprint.errors import ConfigurationError, InputError, ServiceUnavailable

if TYPE_CHECKING:
    import psycopg


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
            f"The database does not accept the connection ({first_line(error)}): "
            "check SUPABASE_DB_URL and that the server is running."
        ) from error
    try:
        with connection:
            yield connection
    except psycopg.OperationalError as error:
        raise ServiceUnavailable(
            f"The connection to the database broke ({first_line(error)}): run the command again."
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
        raise InputError(first_line(error)) from error
    return row[0] if row else None


def first_line(error: Exception) -> str:
    """Return the first line of what PostgreSQL says of an error."""
    lines = str(error).strip().splitlines()
    return lines[0].removeprefix("ERROR:").strip() if lines else type(error).__name__
