"""``footprint migrate`` under pressure: killed, doubled, refused, kept waiting, and behind a pooler."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo

from footprint.database import MigrationError, SqlFiles, migrate, sql_directory, status
from footprint.errors import ConfigurationError, ServiceUnavailable
from footprint.release import VERSION
from house import event
from next_release import make_next_release
from places import MakePlace, Place
from releases import contents, footprint_of, put_rows

GATE = 7_000_000
PROGRAM = (
    "import sys; from pathlib import Path; from footprint.database import migrate;"
    "migrate(sys.argv[1], directory=Path(sys.argv[2]))"
)


def with_gates(folder: Path, after: int) -> list[int]:
    """End every file in a wait for a lock of its own; return the numbers of those that will run."""
    numbers = []
    files = [*sorted(folder.glob("engine/[0-9]*.sql")), *sorted(folder.glob("migrations/*.sql"))]
    # From nothing all of the engine and the migrations, and every fourth of what is replaced.
    replaced = sorted(folder.glob("[0-9]*.sql"))[:: 1 if after else 4]
    for number, path in enumerate([*files, *replaced]):
        if path.name.startswith("0_") or path.name.endswith(".step.sql"):
            continue
        text = path.read_text()
        path.write_text(f"{text}\nselect pg_catalog.pg_advisory_xact_lock({GATE + number});\n")
        if path.parent.name != "migrations" or int(path.name[:4]) > after:
            numbers.append(number)
    return numbers


@contextmanager
def closed(place: Place, number: int) -> Iterator[None]:
    """Hold a gate."""
    with psycopg.connect(place.url, autocommit=True) as connection:
        connection.execute(f"select pg_advisory_lock({GATE + number})")
        yield


def start(place: Place, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, place.url, str(folder)], stderr=subprocess.DEVNULL
    )


def wait_until(place: Place, query: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while not place.database.one(query):
        assert process.poll() is None, "it ended before it came there"
        assert time.monotonic() < deadline
        time.sleep(0.02)


def wait_for_backends(place: Place) -> None:
    wait_for_others(place, 0)


def wait_for_others(place: Place, left: int) -> None:
    others = (
        "select count(*) from pg_stat_activity where datname = current_database()"
        " and pid <> pg_backend_pid() and backend_type = 'client backend'"
    )
    deadline = time.monotonic() + 30
    while place.database.one(others) > left:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def old_place(place: Place, first_release: Path) -> Place:
    """A database of 0.1.0 with rows of every kind."""
    assert footprint_of(first_release, "migrate", database_url=place.url).returncode == 0
    put_rows("0.1.0", place.superuser_url)
    return place


@pytest.mark.parametrize("installed", ["nothing", "0.1.0"])
def test_killed_at_any_file_it_leaves_the_old_schema_and_the_next_run_the_new_one(
    installed: str, request: pytest.FixtureRequest, make_place: MakePlace, sql_copy: Path
) -> None:
    place: Place = request.getfixturevalue("place" if installed == "nothing" else "old_place")
    folder = make_next_release(sql_copy)
    gates = with_gates(folder, after=0 if installed == "nothing" else 6)
    assert len(gates) > 15
    old = place.schema(), contents(place.url)
    waits = (
        "select count(*) from pg_locks where locktype = 'advisory' and not granted and objid = {}"
    )
    for number in gates:
        with closed(place, number):
            process = start(place, folder)
            wait_until(place, waits.format(GATE + number), process)
            process.send_signal(signal.SIGKILL)
            process.wait()
        wait_for_backends(place)
        assert (place.schema(), contents(place.url)) == old, number
    migrate(place.url, directory=folder)
    fresh = make_place()
    migrate(fresh.url, directory=folder)
    assert place.schema() == fresh.schema()
    assert place.database.rollup_differences() == 0


def test_killed_at_any_moment_it_leaves_the_old_schema_or_the_new_one(
    old_place: Place, make_place: MakePlace
) -> None:
    fresh = make_place()
    migrate(fresh.url)
    old, new = old_place.schema(), fresh.schema()
    for _ in range(8):
        process = start(old_place, sql_directory())
        time.sleep(random.uniform(0.2, 1.0))
        process.kill()
        process.wait()
        wait_for_backends(old_place)
        if old_place.schema() == new:
            break
        assert old_place.schema() == old
    migrate(old_place.url)
    assert old_place.schema() == new


def test_killed_in_a_step_it_goes_on_from_there(old_place: Place, sql_copy: Path) -> None:
    folder = make_next_release(sql_copy)
    fill = folder / "migrations" / "0111_fill_carrier.step.sql"
    # It gets no further than the seventh request, by name, while the gate is closed.
    gate = (
        "r.event_id <= (select event_id from public.request_logs order by 1 offset 5 limit 1)"
        f" or pg_advisory_xact_lock({GATE}) is not null"
    )
    fill.write_text(fill.read_text().replace("'unknown'", f"case when {gate} then 'unknown' end"))
    waits = f"select count(*) from pg_locks where locktype = 'advisory' and not granted and objid = {GATE}"
    with closed(old_place, 0):
        process = start(old_place, folder)
        wait_until(old_place, waits, process)
        process.kill()
        process.wait()
        old_place.database.execute(
            "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and not granted"
        )
        wait_for_others(old_place, 1)
    done = "select count(*) from public.request_logs where carrier = 'unknown'"
    state, files = status(old_place.url, folder)
    assert [step.name for step in state.waiting_steps(files)] == ["0111_fill_carrier.step"]
    assert state.ledger["0111_fill_carrier.step"].rows_done == old_place.database.one(done) == 6
    outcome = migrate(old_place.url, directory=folder)
    assert outcome.migrations == () and outcome.steps == ("0111_fill_carrier.step",)
    rows = old_place.database.one("select count(*) from public.request_logs")
    state, files = status(old_place.url, folder)
    assert state.ledger["0111_fill_carrier.step"].rows_done == old_place.database.one(done) == rows


def test_a_broken_off_index_is_built_again(old_place: Place, sql_copy: Path) -> None:
    folder = make_next_release(sql_copy)
    with psycopg.connect(old_place.url) as reader:
        # An index that is built concurrently waits for whoever reads with an old snapshot.
        reader.execute("set transaction isolation level repeatable read")
        reader.execute("select 1 from auth.users").fetchall()
        process = start(old_place, folder)
        invalid = "select exists (select 1 from pg_index where not indisvalid)"
        wait_until(old_place, invalid, process)
        process.kill()
        process.wait()
    old_place.database.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where query like 'create index concurrently%' and pid <> pg_backend_pid()"
    )
    wait_for_backends(old_place)
    outcome = migrate(old_place.url, directory=folder)
    assert "0110_region_index.step" in outcome.steps or not old_place.database.one(invalid)
    assert not old_place.database.one(invalid)
    assert old_place.database.one(
        "select to_regclass('public.request_logs_region_idx') is not null"
    )


def test_two_runs_at_once_take_turns_and_one_has_nothing_to_do(old_place: Place) -> None:
    outcomes: list[bool] = []
    said: list[str] = []
    threads = [
        threading.Thread(target=lambda: outcomes.append(bool(migrate(old_place.url, said.append))))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False, False, True]
    assert "another `footprint migrate` is running on this database: waiting for it …" in said


def test_another_run_is_waited_for_no_longer_than_asked(place: Place) -> None:
    with psycopg.connect(place.url) as connection:
        connection.execute("select pg_advisory_lock(4027011095)")
        began = time.monotonic()
        with pytest.raises(
            ServiceUnavailable, match="Another `footprint migrate` is still running"
        ):
            migrate(place.url, wait_s=1)
        assert time.monotonic() - began < 10
    assert migrate(place.url)


def test_busy_tables_are_waited_for_without_keeping_requests_waiting(old_place: Place) -> None:
    before = old_place.schema()
    said: list[str] = []
    with psycopg.connect(old_place.url) as reader:
        reader.execute("select count(*) from public.request_logs")
        with pytest.raises(ServiceUnavailable, match="in use without a gap"):
            migrate(old_place.url, said.append, wait_s=1.5)
        old_place.database.store(event())
    assert said == ["requests are being read or written: waiting for a gap between them …"]
    assert old_place.schema() == before
    assert migrate(old_place.url)


def test_requests_that_come_in_meanwhile_are_all_stored_once(
    old_place: Place, sql_copy: Path
) -> None:
    folder = make_next_release(sql_copy)
    fill = folder / "migrations" / "0111_fill_carrier.step.sql"
    fill.write_text(fill.read_text().replace("limit 3", "limit 500"))  # more than come in meanwhile
    stop = threading.Event()
    sent: list[str] = []

    def send() -> None:
        while not stop.is_set():
            batch = [event() for _ in range(20)]
            while True:  # as the callback does
                try:
                    old_place.database.store(*batch)
                except psycopg.Error:
                    time.sleep(0.05)
                    continue
                break
            sent.extend(str(one["event_id"]) for one in batch)

    senders = [threading.Thread(target=send) for _ in range(3)]
    for sender in senders:
        sender.start()
    try:
        time.sleep(0.5)
        migrate(old_place.url, directory=folder)
        time.sleep(0.3)
    finally:
        stop.set()
        for sender in senders:
            sender.join()
    stored = "select count(*) from public.request_logs where event_id = any (%s::uuid[])"
    assert old_place.database.one(stored, [sent]) == len(sent) > 100
    assert old_place.database.rollup_differences() == 0


def test_a_refused_file_is_named_and_nothing_of_the_run_stays(
    old_place: Place, sql_copy: Path
) -> None:
    make_next_release(sql_copy)
    bad = sql_copy / "migrations" / "0112_bad.sql"
    bad.write_text("create table public.half (id int primary key);\nselect 1 / 0;\n")
    before = old_place.schema(), contents(old_place.url)
    with pytest.raises(
        MigrationError,
        match=r"0112_bad\.sql was refused: division by zero\. Everything was rolled back",
    ):
        migrate(old_place.url, directory=sql_copy)
    assert (old_place.schema(), contents(old_place.url)) == before
    bad.unlink()
    assert migrate(old_place.url, directory=sql_copy)


def test_an_edited_migration_is_refused(place: Place, sql_copy: Path) -> None:
    migrate(place.url, directory=sql_copy)
    before = place.schema()
    file = sql_copy / "migrations" / "0002_settings.sql"
    file.write_text(file.read_text().replace("0.05", "0.06"))
    with pytest.raises(
        MigrationError, match=r"0002_settings\.sql is not the file that was applied"
    ):
        migrate(place.url, directory=sql_copy)
    assert place.schema() == before


def test_a_migration_that_comes_too_late_is_refused(place: Place, sql_copy: Path) -> None:
    migrate(place.url, directory=make_next_release(sql_copy))
    (sql_copy / "migrations" / "0006_zz.sql").write_text("select 1;\n")
    with pytest.raises(ConfigurationError, match="have the number 0006"):
        migrate(place.url, directory=sql_copy)
    shutil.move(sql_copy / "migrations" / "0006_zz.sql", sql_copy / "migrations" / "0000_zz.sql")
    with pytest.raises(MigrationError, match=r"0000_zz\.sql comes before 0111_fill_carrier\.step"):
        migrate(place.url, directory=sql_copy)


def test_a_misnamed_file_is_refused(place: Place, sql_copy: Path) -> None:
    (sql_copy / "migrations" / "add a column.sql").write_text("select 1;\n")
    with pytest.raises(ConfigurationError, match="is misnamed"):
        migrate(place.url, directory=sql_copy)


def test_a_database_of_a_later_release_is_refused_by_migration_and_by_version(
    place: Place, sql_copy: Path
) -> None:
    migrate(place.url, directory=make_next_release(sql_copy))
    before = place.schema()
    with pytest.raises(MigrationError, match=r"newer than this program .*0111_fill_carrier"):
        migrate(place.url)
    other_release = "update private.schema_release set release = '99.1'"
    place.database.execute(other_release)
    with pytest.raises(MigrationError, match=r"migrated by Footprint 99\.1, which is newer"):
        migrate(place.url, directory=sql_copy)
    assert place.schema() == before


def test_0_1_0_is_turned_away_in_a_sentence_and_changes_nothing(
    any_place: Place, first_release: Path
) -> None:
    migrate(any_place.url)
    before = any_place.schema()
    done = footprint_of(first_release, "migrate", database_url=any_place.url)
    assert done.returncode != 0
    assert f"this database belongs to Footprint {VERSION}, which is newer" in done.stderr
    assert "Traceback" not in done.stderr
    assert any_place.schema() == before


def test_a_half_migrated_0_1_0_is_refused_with_what_it_lacks(
    old_place: Place,
) -> None:
    old_place.database.execute("alter table public.donations drop column fx_day")
    with pytest.raises(
        MigrationError, match=r"older than Footprint 0\.1\.0.*column public\.donations\.fx_day"
    ):
        migrate(old_place.url)


def test_a_schema_from_before_0_1_0_is_refused_by_its_files(old_place: Place) -> None:
    old_place.database.execute(
        "update private.schema_migrations set sha256 = 'other' where file = '070_ingest.sql'"
    )
    with pytest.raises(MigrationError, match=r"older than Footprint 0\.1\.0.*sql/070_ingest\.sql"):
        migrate(old_place.url)


def test_what_an_operator_added_to_0_1_0_does_not_stand_in_the_way(old_place: Place) -> None:
    old_place.database.execute("create index my_own on public.request_logs (region)")
    old_place.database.execute("alter table public.user_profiles add column cost_centre text")
    assert migrate(old_place.url)
    assert old_place.database.one("select to_regclass('public.my_own')") == "my_own"


def test_0_1_0_applied_by_psql_without_a_ledger_is_known_too(old_place: Place) -> None:
    old_place.database.execute("drop table private.schema_migrations")
    assert migrate(old_place.url)
    assert not migrate(old_place.url)


def test_another_programs_tables_are_not_taken_for_ours(place: Place) -> None:
    place.database.execute("create table public.settings (id int primary key)")
    with pytest.raises(MigrationError, match=r"Tables of another program .*public\.settings"):
        migrate(place.url)


def test_a_database_without_supabase_is_refused_in_a_sentence(place: Place) -> None:
    place.database.execute("drop schema auth cascade")
    with pytest.raises(MigrationError, match='schema "auth" does not exist'):
        migrate(place.url)


@pytest.mark.parametrize(
    ("url", "error", "words"),
    [
        ("not a url at all", ConfigurationError, "not a PostgreSQL address"),
        ("postgresql://u:secret@127.0.0.1:1/postgres", ServiceUnavailable, "does not accept"),
        (
            "postgresql://postgres.abc:secret@aws-0-eu-central-1.pooler.supabase.com:6543/postgres",
            ConfigurationError,
            "port 6543, Supabase's transaction pooler",
        ),
        ("host=a,b port=5432,6543 password=secret", ConfigurationError, "port 6543"),
    ],
)
def test_an_address_that_does_not_work_is_a_sentence_without_the_password(
    url: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        migrate(url)
    assert "secret" not in str(caught.value)


@pytest.fixture
def pooled(place: Place, tmp_path: Path) -> Iterator[str]:
    """The place behind Debian's pgbouncer, in transaction mode."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("pgbouncer is not installed here: migrating behind a pooler is not tested.")
    folder = place.server.folder
    port = random.randint(20_000, 60_000)
    account = folder.stat().st_uid
    configuration = folder / f"pgbouncer-{port}.ini"
    configuration.write_text(
        f"[databases]\n{place.name} = host={folder} dbname={place.name} user=postgres\n"
        f"[pgbouncer]\nlisten_addr =\nlisten_port = {port}\nunix_socket_dir = {folder}\n"
        "auth_type = any\npool_mode = transaction\ndefault_pool_size = 4\n"
        f"logfile = {folder}/pgbouncer-{port}.log\n"
        "ignore_startup_parameters = extra_float_digits,options\n"
    )
    configuration.chmod(0o644)
    demote = (lambda: os.setuid(account)) if os.geteuid() == 0 else None
    process = subprocess.Popen(
        [program, str(configuration)], preexec_fn=demote, stderr=subprocess.DEVNULL
    )
    url = conninfo.make_conninfo(
        "", host=str(folder), port=port, dbname=place.name, user="postgres"
    )
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                psycopg.connect(url, connect_timeout=2).close()
                break
            except psycopg.OperationalError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait()


def test_behind_a_pooler_that_shares_connections_no_lock_stays(
    pooled: str, place: Place, sql_copy: Path, make_place: MakePlace
) -> None:
    migrate(pooled)
    migrate(pooled, directory=make_next_release(sql_copy))
    assert place.database.one("select count(*) from pg_locks where locktype = 'advisory'") == 0
    assert place.database.one("select current_setting('search_path')") != "pg_catalog"
    fresh = make_place()
    migrate(fresh.url, directory=sql_copy)
    assert place.schema() == fresh.schema()


def test_a_missing_part_of_the_package_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="its package is incomplete"):
        _ = SqlFiles(tmp_path).migrations
