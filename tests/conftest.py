"""Real parts for every test: one PostgreSQL and Supabase Lite a session, one database a test."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo

from clusters import cluster
from footprint.database import migrate
from footprint.local.stack import Server, Stack, StackInfo
from house import Database, settle_people, unique_name

TEMPLATE = "footprint_template"


def pytest_configure() -> None:
    """Heed SIGINT where a shell in whose background the tests run had it ignored.

    Every program that they start would ignore it too, those that must end by it among them.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _with_database(url: str, name: str) -> str:
    return conninfo.make_conninfo(url, dbname=name)


def _clone(admin_url: str, prefix: str) -> Database:
    name = unique_name(prefix)
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(f"create database {name} template {TEMPLATE}")
    return Database(_with_database(admin_url, name))


def _drop(admin_url: str, database: Database) -> None:
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(f"drop database {database.name} with (force)")


@pytest.fixture(scope="session")
def stack_and_info() -> Iterator[tuple[Stack, StackInfo]]:
    """The embedded Supabase; its template database has the schema and four people."""
    with tempfile.TemporaryDirectory(prefix="footprint tests ") as folder:
        stack = Stack(Path(folder) / "stack")
        info = stack.up()
        try:
            with psycopg.connect(info.database_url, autocommit=True) as connection:
                connection.execute(f"create database {TEMPLATE}")
            template = Database(_with_database(info.database_url, TEMPLATE))
            stack.serve(TEMPLATE).stop()
            migrate(template.url)
            settle_people(template)
            yield stack, info
        finally:
            stack.down()


@pytest.fixture(scope="session")
def stack(stack_and_info: tuple[Stack, StackInfo]) -> Stack:
    return stack_and_info[0]


@pytest.fixture
def database(stack_and_info: tuple[Stack, StackInfo]) -> Iterator[Database]:
    """A database of one's own on PostgreSQL 18, with the schema and four people."""
    url = stack_and_info[1].database_url
    database = _clone(url, "t")
    yield database
    _drop(url, database)


@pytest.fixture(scope="module")
def module_database(stack_and_info: tuple[Stack, StackInfo]) -> Iterator[Database]:
    """A database for all tests of a module that leave it as it was."""
    url = stack_and_info[1].database_url
    database = _clone(url, "m")
    yield database
    _drop(url, database)


@pytest.fixture
def api(stack: Stack, database: Database) -> Iterator[Server]:
    """A Supabase Lite of one's own over ``database``."""
    with stack.serve(database.name) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_15() -> Iterator[str]:
    """The address of a PostgreSQL 15 with the schema in a template database."""
    with cluster("15") as server:
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            connection.execute(f"alter database {server.create('made')} rename to {TEMPLATE}")
        template = Database(server.url(TEMPLATE))
        migrate(template.url)
        settle_people(template)
        yield server.url("postgres")


@pytest.fixture(params=["18", "15"])
def any_database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database of one's own, once on PostgreSQL 18 (Supabase Lite's) and once on 15."""
    if request.param == "15":
        url = request.getfixturevalue("postgres_15")
    else:
        url = request.getfixturevalue("stack_and_info")[1].database_url
    database = _clone(url, "v")
    yield database
    _drop(url, database)
