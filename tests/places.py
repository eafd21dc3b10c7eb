"""A database that a test migrates, and who may do what there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clusters import OWNER, Cluster
from house import Database


@dataclass(frozen=True)
class Place:
    """A database without Footprint, or with what a test put there.

    Args:
        server: where it is.
        name: what it is called there.
    """

    server: Cluster
    name: str

    @property
    def url(self) -> str:
        """Address for the role that migrates: on hosted Supabase no superuser."""
        return self.server.url(self.name, OWNER)

    @property
    def database(self) -> Database:
        """The same, to ask and to act in."""
        return Database(self.url)

    @property
    def superuser_url(self) -> str:
        """Address for the superuser, who restores backups."""
        return self.server.url(self.name)

    def schema(self) -> str:
        """What pg_dump says of it."""
        return self.server.dump_schema(self.name)


MakePlace = Callable[..., Place]
