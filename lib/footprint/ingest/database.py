"""Delivery over a direct line to PostgreSQL, into the same SQL function as over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from footprint.database import connect
from footprint.errors import ConfigurationError
from footprint.ingest.delivery import DeliveryReport, read_report

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True)
class DatabaseSender:
    """A destination that is a database; made by `database_sender`."""

    connection: psycopg.Connection

    @property
    def name(self) -> str:
        """Host and name of the database, without its password."""
        info = self.connection.info
        return f"postgresql://{info.host}:{info.port}/{info.dbname}"

    def store(self, events: Sequence[bytes]) -> DeliveryReport:
        """Store one batch in one transaction.

        Raises:
            ConfigurationError: where the schema is missing or may not be written.
        """
        from psycopg import errors

        try:
            row = self.connection.execute(
                "select private.store_events(%s::jsonb)",
                [(b"[%b]" % b",".join(events)).decode("ascii")],
            ).fetchone()
        except (errors.UndefinedFunction, errors.InvalidSchemaName) as error:
            raise ConfigurationError(
                "The database has no Footprint schema: run `footprint migrate` first."
            ) from error
        except errors.InsufficientPrivilege as error:
            raise ConfigurationError(
                "The role in SUPABASE_DB_URL may not store requests: use the database's owner, "
                "or deliver with an ingest key."
            ) from error
        assert row is not None
        return read_report(row[0])

    def abandon(self) -> None:
        """Cancel the batch that is being stored."""
        self.connection.cancel()


@contextmanager
def database_sender(database_url: str) -> Iterator[DatabaseSender]:
    """Connect and yield a destination.

    Raises:
        ConfigurationError, ServiceUnavailable: where there is no connection, or it breaks.
    """
    with connect(database_url) as connection:
        yield DatabaseSender(connection)
