"""What is promised between releases: an older callback and its spool against the new database, and the reverse."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo

import footprint
from footprint.data.release import check_release, problem
from footprint.database import migrate
from footprint.local.accounts import create_account
from footprint.local.stack import Server, Stack, StackInfo
from footprint.release import SCHEMA, SCHEMA_OF_0_1_0, VERSION
from house import Database, settle_people, unique_name
from releases import RELEASES, footprint_of, run_of
from screens import HOME, open_page, words
from web import PASSWORD, Web, email, knowing, no_v1_pages

HERE = Path(footprint.__file__).parents[1]
PROGRAM = Path(__file__).parent / "sender.py"
NOWHERE = "http://127.0.0.1:9"
THROUGH_LITELLM = 3


@dataclass
class Deployment:
    """A database of a release, and the Supabase over it."""

    stack: Stack
    database: Database
    server: Server
    key: str

    def serve_again(self) -> None:
        """Let Supabase Lite read the schema again, which it does when it starts."""
        self.server.stop()
        self.server = self.stack.serve(self.database.name)

    def stored(self, label: str) -> int:
        """How many requests of a label there are."""
        query = "select count(*) from public.request_logs where session_id = %s"
        return int(self.database.one(query, [label]))


Deploy = Callable[[Path | None], Deployment]


@pytest.fixture
def deploy(stack_and_info: tuple[Stack, StackInfo]) -> Iterator[Deploy]:
    """A function that deploys a release, or this checkout for None."""
    stack, info = stack_and_info
    made: list[Deployment] = []

    def make(package: Path | None) -> Deployment:
        name = unique_name("c")
        with psycopg.connect(info.database_url, autocommit=True) as connection:
            connection.execute(f"create database {name}")
        database = Database(conninfo.make_conninfo(info.database_url, dbname=name))
        stack.serve(name).stop()  # makes Supabase's roles and schemas
        if package is None:
            migrate(database.url)
        else:
            done = footprint_of(package, "migrate", database_url=database.url)
            assert done.returncode == 0, done.stderr
        settle_people(database)
        made.append(Deployment(stack, database, stack.serve(name), database.make_key()))
        return made[-1]

    yield make
    for one in made:
        one.server.stop()
        with psycopg.connect(info.database_url, autocommit=True) as connection:
            connection.execute(f"drop database {one.database.name} with (force)")


def send(
    package: Path,
    to: Deployment,
    label: str,
    spool: Path,
    *,
    url: str = "",
    wait_s: float = 20,
    count: int = 0,
) -> subprocess.CompletedProcess[str]:
    environment = {
        "SUPABASE_URL": url or to.server.api_url,
        "SUPABASE_PUBLISHABLE_KEY": to.server.publishable_key,
        "FOOTPRINT_INGEST_KEY": to.key,
        "FOOTPRINT_SPOOL_DIR": str(spool),
        "FOOTPRINT_EXIT_TIMEOUT": "1",
    }
    done = run_of(package, str(PROGRAM), label, str(count), str(wait_s), environment=environment)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize("version", RELEASES)
def test_a_released_callback_delivers_to_this_release_and_so_does_its_spool(
    version: str, deploy: Deploy, packages: dict[str, Path], tmp_path: Path
) -> None:
    here = deploy(None)
    done = send(packages[version], here, "live", tmp_path / "a", count=THROUGH_LITELLM)
    assert done.stdout.strip() == "delivered"
    assert here.stored("live") == THROUGH_LITELLM + 1
    # What it could not deliver is delivered by itself later, or by this release's callback.
    spool = tmp_path / "b"
    for label, count in (("first", THROUGH_LITELLM), ("second", 0)):
        done = send(packages[version], here, label, spool, url=NOWHERE, wait_s=1, count=count)
        assert done.stdout.strip() == "waits"
    assert here.stored("first") == 0
    send(packages[version], here, "third", spool)
    assert here.stored("first") == THROUGH_LITELLM + 1
    assert here.stored("second") == 1
    spool = tmp_path / "c"
    send(packages[version], here, "old spool", spool, url=NOWHERE, wait_s=1)
    send(HERE, here, "new callback", spool)
    assert here.stored("old spool") == here.stored("new callback") == 1
    assert here.database.rollup_differences() == 0


@pytest.mark.parametrize("version", RELEASES)
def test_this_callback_delivers_to_a_database_of_the_release_before_and_so_does_its_spool(
    version: str, deploy: Deploy, packages: dict[str, Path], tmp_path: Path
) -> None:
    there = deploy(packages[version])
    done = send(HERE, there, "live", tmp_path / "a", count=THROUGH_LITELLM)
    assert done.stdout.strip() == "delivered"
    assert there.stored("live") == THROUGH_LITELLM + 1
    # Going back: what this callback left on disk is delivered by the older one.
    spool = tmp_path / "b"
    send(HERE, there, "new spool", spool, url=NOWHERE, wait_s=1)
    send(packages[version], there, "old callback", spool)
    assert there.stored("new spool") == there.stored("old callback") == 1


def test_requests_that_wait_during_an_upgrade_arrive_after_it(
    deploy: Deploy, first_release: Path, tmp_path: Path
) -> None:
    there = deploy(first_release)
    spool = tmp_path / "spool"
    send(first_release, there, "before", spool)
    send(first_release, there, "meanwhile", spool, url=NOWHERE, wait_s=1)
    migrate(there.database.url)
    there.serve_again()
    send(first_release, there, "after", spool)
    assert [there.stored(label) for label in ("before", "meanwhile", "after")] == [1] * 3
    assert there.database.rollup_differences() == 0


def test_a_sender_that_is_too_old_is_told_so_and_keeps_its_requests(
    deploy: Deploy, first_release: Path, tmp_path: Path
) -> None:
    here = deploy(None)
    serve = "create or replace function private.oldest_schema_of_sender() returns integer language sql immutable set search_path = '' as 'select {}'"
    here.database.execute(serve.format(SCHEMA + 1))
    done = send(HERE, here, "new", tmp_path / "new", wait_s=3)
    assert done.stdout.strip() == "waits"
    assert "takes no requests from a sender as old as this one" in done.stderr
    assert "upgrade llm-footprint" in done.stderr
    send(first_release, here, "old", tmp_path / "old", wait_s=3)
    assert here.stored("new") == here.stored("old") == 0
    here.database.execute(serve.format(SCHEMA_OF_0_1_0))
    send(HERE, here, "later", tmp_path / "new")
    send(first_release, here, "later", tmp_path / "old")
    assert here.stored("new") == here.stored("old") == 1


def test_a_database_that_is_too_old_for_the_callback_is_said(
    deploy: Deploy, tmp_path: Path
) -> None:
    here = deploy(None)
    here.database.execute(
        "create or replace function private.schema_number() returns integer language sql stable set search_path = '' as 'select 5'"
    )
    done = send(HERE, here, "new", tmp_path / "new", wait_s=2)
    assert "older than this callback" in done.stderr
    assert "run `footprint migrate` of this version" in done.stderr


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"release": VERSION, "schema": SCHEMA, "oldest_app": SCHEMA}, None),
        ({"release": "99.0", "schema": 999, "oldest_app": SCHEMA}, None),
        ({"release": "99.0", "schema": 999, "oldest_app": 999}, "too old for it"),
        ({"release": "0.1.0", "schema": SCHEMA, "oldest_app": SCHEMA}, "older than this app"),
    ],
)
def test_the_app_says_when_it_and_the_database_do_not_fit(
    said: dict[str, object], words: str | None
) -> None:
    found = problem(said)
    assert found is None if words is None else found is not None and words in found


def test_a_page_over_a_database_of_0_1_0_says_what_to_do_and_opens_after_the_upgrade(
    deploy: Deploy, first_release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = deploy(first_release)
    create_account(there.server, email("ann"), PASSWORD, {"full_name": "Ann"})
    no_v1_pages(monkeypatch)
    monkeypatch.setattr(check_release, "_until", 0.0)
    for _ in knowing(Web(there.database, there.server), monkeypatch):
        shown = words(open_page(monkeypatch, "ann", HOME))
        assert "App and database do not fit together" in shown
        assert "The database is at Footprint 0.1.0, older than this app" in shown
    migrate(there.database.url)
    there.serve_again()
    monkeypatch.setattr(check_release, "_until", 0.0)
    for _ in knowing(Web(there.database, there.server), monkeypatch):
        assert "do not fit together" not in words(open_page(monkeypatch, "ann", HOME))


def test_files_that_0_1_0_took_in_are_known_after_the_upgrade(
    deploy: Deploy, first_release: Path, tmp_path: Path
) -> None:
    there = deploy(first_release)
    rows = [f"2026-10-{n % 28 + 1:02}T10:00:00Z,gpt-4o,{n // 2},7" for n in range(60)]
    file = tmp_path / "usage.csv"
    file.write_text("\n".join(["timestamp,model,prompt_tokens,completion_tokens", *rows, ""]))
    call = (
        "import",
        str(file),
        "--via",
        "database",
        "--provider",
        "openai",
        "--user",
        "user-of-member",
        "--rejects",
        str(tmp_path / "r.csv"),
    )
    kept = {"FOOTPRINT_DATA_DIR": str(tmp_path / "data")}
    for package in (first_release, HERE):
        if package == HERE:
            migrate(there.database.url)
        done = footprint_of(package, *call, database_url=there.database.url, environment=kept)
        assert done.returncode == 0, done.stderr
        assert there.database.one("select count(*) from public.request_logs") == len(rows)
