"""The operator's direct line to PostgreSQL: connecting, and bringing the schema to this release.

Nothing here runs in the web app: pages go through PostgREST with the user's own token.
"""

from footprint.database.connection import ask, call, connect
from footprint.database.files import SqlFiles, sql_directory
from footprint.database.state import MigrationError
from footprint.database.upgrade import Outcome, migrate, script, status

__all__ = [
    "MigrationError",
    "Outcome",
    "SqlFiles",
    "ask",
    "call",
    "connect",
    "migrate",
    "script",
    "sql_directory",
    "status",
]
