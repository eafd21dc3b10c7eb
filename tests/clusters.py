"""PostgreSQL servers of a test session's own: any version that is installed, plain or shaped as hosted Supabase."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo

from footprint.local import privileges
from footprint.local.postgres import programs
from house import unique_name

OLD_POSTGRES = Path("/usr/lib/postgresql/15/bin")
SQL = Path(__file__).parent / "sql"
# What Supabase adds to PostgreSQL, by shape: the least of it, or all of a hosted project.
SHAPES = {"plain": "supabase_stand_in.sql", "hosted": "hosted_supabase.sql"}
# Who is superuser, and who migrates. On hosted Supabase nobody but its operators is a superuser.
SUPERUSERS = {"plain": "postgres", "hosted": "supabase_admin"}
OWNER = "postgres"
# How a project of 2026 is: what is granted on new tables, and whether Storage takes policies.
DEFAULTS = {"old_defaults": "rest", "storage_policies": "allowed"}


@dataclass(frozen=True)
class Cluster:
    """A running server.

    Args:
        folder: where its socket is.
        version: of PostgreSQL.
        shape: plain or hosted.
        bin: where its programs are.
    """

    folder: Path
    version: str
    shape: str
    bin: Path

    def url(self, database: str, user: str | None = None) -> str:
        """Return the address of a database, for its superuser where nobody else is named."""
        user = user or SUPERUSERS[self.shape]
        return conninfo.make_conninfo("", host=str(self.folder), dbname=database, user=user)

    def create(self, prefix: str, settings: Mapping[str, str] = {}) -> str:
        """Create a database of this shape, without Footprint; return its name.

        Args:
            prefix: of its name.
            settings: what hosted_supabase.sql may be told.
        """
        name = unique_name(prefix)
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"create database {name}")
        told = dict(DEFAULTS, **settings) if self.shape == "hosted" else {}
        options = " ".join(f"-c footprint_test.{key}={value}" for key, value in told.items())
        with psycopg.connect(self.url(name), autocommit=True, options=options) as connection:
            connection.execute((SQL / SHAPES[self.shape]).read_bytes())
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whoever is connected to it."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"drop database {name} with (force)")

    def dump_schema(self, name: str) -> str:
        """Return what pg_dump says of our two schemas, without what differs from run to run."""
        command = [str(self.bin / "pg_dump"), "-s", "-n", "public", "-n", "private", self.url(name)]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return "\n".join(line for line in text.splitlines() if not line.startswith("\\"))


def programs_of(version: str) -> Path:
    """Return the folder of a version's programs; skip where it is not installed."""
    if version == "18":
        return programs()
    if not (OLD_POSTGRES / "postgres").exists():
        pytest.skip("PostgreSQL 15 is not installed here: only version 18 is tested.")
    return OLD_POSTGRES


@contextmanager
def cluster(version: str, shape: str = "plain") -> Iterator[Cluster]:
    """Start a server of a version over an empty folder; stop it and remove both in the end."""
    programs_folder = programs_of(version)
    with tempfile.TemporaryDirectory(prefix=f"footprint-pg{version}-") as folder:
        home = Path(folder)
        account = privileges.account()
        if account:
            os.chown(home, account.uid, account.gid)

        def run(program: str, *arguments: str) -> None:
            command = [str(programs_folder / program), *arguments]
            if account:
                command = account.command(command, [home, programs_folder])
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=home)

        data = str(home / "data")
        run("initdb", "-D", data, "-U", SUPERUSERS[shape], "-A", "trust", "-E", "UTF8")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off -c jit=off"
        run("pg_ctl", "-D", data, "-w", "-l", f"{folder}/log", "-o", options, "start")
        try:
            yield Cluster(home, version, shape, programs_folder)
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "stop")
