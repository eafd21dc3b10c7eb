"""Up, down, up again; crashes, second copies and foreign processes in between."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]
import psycopg
import pytest

from footprint.errors import InputError, ServiceUnavailable
from footprint.local.stack import LiteOptions, Stack
from local.watching import Run, gone, healthy, processes_of, soon

UP = """
import sys
from pathlib import Path
from footprint.local.stack import LiteOptions, Stack
info = Stack(Path(sys.argv[1])).up()
print(info.api_url, info.lite_pid, flush=True)
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One running stack for the tests that leave it running."""
    stack = Stack(tmp_path_factory.mktemp("running stack") / "data")
    with stack:
        yield stack


def test_a_second_start_keeps_the_keys_the_port_and_the_data(data_dir: Path) -> None:
    stack = Stack(data_dir)
    first = stack.up()
    with psycopg.connect(first.database_url) as connection:
        connection.execute("create table kept as select 42 as answer")
    assert stack.down()
    assert gone(data_dir)

    second = stack.up()

    assert (second.publishable_key, second.secret_key) == (first.publishable_key, first.secret_key)
    assert (second.jwt_secret, second.port) == (first.jwt_secret, first.port)
    with psycopg.connect(second.database_url) as connection:
        assert connection.execute("select answer from kept").fetchone() == (42,)


def test_up_twice_is_the_same_running_stack(running: Stack) -> None:
    first = running.info()
    prepared: list[str] = []

    assert running.up(prepared.append) == first
    assert prepared == [first.database_url]


def test_a_running_stack_serves_at_once_what_prepare_changed(running: Stack) -> None:
    first = running.info()

    def prepare(url: str) -> list[str]:
        with psycopg.connect(url) as connection:
            connection.execute("create function public.late() returns int return 7")
        return ["130_late.sql"]

    info = running.up(prepare)

    assert (info.port, info.postgres_pid) == (first.port, first.postgres_pid)
    said = httpx.post(
        f"{info.api_url}/rest/v1/rpc/late",
        headers={"apikey": info.publishable_key},
        trust_env=False,
    )
    assert said.json() == 7


def test_a_context_manager_takes_down_what_it_brought_up(data_dir: Path) -> None:
    with Stack(data_dir) as info:
        assert healthy(info.api_url)
    assert gone(data_dir)
    assert Stack(data_dir).status().running is False


def test_prepare_runs_with_auth_and_roles_in_place_and_is_served(data_dir: Path) -> None:
    def prepare(url: str) -> None:
        with psycopg.connect(url) as connection:
            roles = connection.execute(
                "select rolname, rolbypassrls from pg_roles where rolname = any(%s) order by 1",
                (["anon", "authenticated", "service_role"],),
            ).fetchall()
            assert roles == [("anon", False), ("authenticated", False), ("service_role", True)]
            assert connection.execute("select count(*) from auth.users").fetchone() == (0,)
            connection.execute("create function public.answer() returns int return 42")

    info = Stack(data_dir).up(prepare)

    said = httpx.post(
        f"{info.api_url}/rest/v1/rpc/answer",
        headers={"apikey": info.publishable_key},
        trust_env=False,
    )
    assert said.json() == 42


def test_options_are_kept_until_others_are_given(running: Stack) -> None:
    closed = LiteOptions(allow_sign_up=False)
    first = running.info()

    info = Stack(running.data_dir, options=closed).up()
    assert info.port == first.port
    refused = httpx.post(
        f"{info.api_url}/auth/v1/signup",
        headers={"apikey": info.publishable_key},
        json={"email": "ada@person.test", "password": "correct horse"},
        trust_env=False,
    )
    assert refused.json()["error_code"] == "signup_disabled"

    assert running.reload().port == first.port
    assert running.options == closed
    Stack(running.data_dir, options=LiteOptions()).up()


def test_what_was_made_since_the_start_is_served_after_a_reload(running: Stack) -> None:
    info = running.info()
    with psycopg.connect(info.database_url) as connection:
        connection.execute("create function public.later() returns int return 7")

    info = running.reload()

    said = httpx.post(
        f"{info.api_url}/rest/v1/rpc/later",
        headers={"apikey": info.publishable_key},
        trust_env=False,
    )
    assert said.json() == 7


def test_killed_processes_are_started_again_with_the_data(data_dir: Path) -> None:
    stack = Stack(data_dir)
    info = stack.up()
    with psycopg.connect(info.database_url) as connection:
        connection.execute("create table kept as select 42 as answer")

    for victims in (["lite_pid"], ["postgres_pid"], ["lite_pid", "postgres_pid"]):
        for victim in victims:
            os.kill(getattr(info, victim), signal.SIGKILL)
        again = Stack(data_dir).up()

        assert healthy(again.api_url), victims
        assert again.port == info.port
        with psycopg.connect(again.database_url) as connection:
            assert connection.execute("select answer from kept").fetchone() == (42,)
        info = again


def test_a_caller_killed_in_the_middle_of_a_start_leaves_nothing_in_the_way(
    data_dir: Path, run: Run
) -> None:
    child = run(
        """
import sys, time
from pathlib import Path
from footprint.local.stack import LiteOptions, Stack
def prepare(url):
    print("preparing", flush=True)
    time.sleep(60)
Stack(Path(sys.argv[1])).up(prepare)
""",
        data_dir,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "preparing\n"
    child.kill()
    child.wait()
    assert soon(lambda: not any("server-" in line for line in processes_of(data_dir)))

    assert healthy(Stack(data_dir).up().api_url)


def test_a_failing_prepare_leaves_nothing_running(data_dir: Path) -> None:
    def prepare(url: str) -> None:
        raise FileNotFoundError("no such migration")

    with pytest.raises(FileNotFoundError, match="no such migration"):
        Stack(data_dir).up(prepare)
    assert gone(data_dir)


def test_two_copies_started_at_once_share_one_stack(data_dir: Path, run: Run) -> None:
    children = [run(UP, data_dir) for _ in range(2)]
    said = [child.communicate(timeout=60) for child in children]

    assert [child.returncode for child in children] == [0, 0], said
    assert said[0][0] == said[1][0]


def test_the_stack_outlives_its_caller_and_a_server_over_another_database_does_not(
    data_dir: Path, run: Run
) -> None:
    child = run(
        UP
        + """
server = Stack(Path(sys.argv[1])).serve("postgres")
print(server.api_url, flush=True)
import time; time.sleep(60)
""",
        data_dir,
    )
    assert child.stdout is not None
    main, other = child.stdout.readline().split()[0], child.stdout.readline().strip()
    assert healthy(main)
    assert healthy(other)

    child.kill()
    child.wait()

    assert soon(lambda: not healthy(other))
    assert healthy(main)


def test_a_database_made_from_a_template_is_served_within_two_seconds(
    running: Stack,
) -> None:
    info = running.info()
    with psycopg.connect(info.database_url, autocommit=True) as connection:
        connection.execute("create database model")
        running.serve("model").stop()
        connection.execute("create database copy template model")

    begun = time.monotonic()
    with running.serve("copy") as server:
        took_s = time.monotonic() - begun
        assert server.publishable_key == info.publishable_key
        with psycopg.connect(server.database_url) as connection:
            assert connection.execute("select current_database()").fetchone() == ("copy",)
            assert connection.execute("select count(*) from auth.users").fetchone() == (0,)
    assert took_s < 2
    assert healthy(info.api_url)


def test_a_port_taken_by_another_program_is_a_sentence_where_it_was_asked_for(
    data_dir: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(InputError, match=f"^Port {port} is taken by another program: choose"):
            Stack(data_dir, port).up()
    assert gone(data_dir)


def test_a_number_that_is_no_port_is_a_sentence(data_dir: Path) -> None:
    with pytest.raises(InputError, match="70000 is no port"):
        Stack(data_dir, 70000)


def test_a_link_to_the_folder_is_the_same_stack(running: Stack, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(running.data_dir)
    assert Stack(tmp_path / "link").up() == running.info()


def test_a_remembered_port_taken_meanwhile_is_left_for_another(data_dir: Path) -> None:
    stack = Stack(data_dir)
    port = stack.up().port
    stack.down()
    with socket.create_server(("127.0.0.1", port)):
        info = stack.up()
        assert info.port != port
        assert healthy(info.api_url)


def test_a_running_stack_is_not_moved_to_another_port_in_silence(
    running: Stack,
) -> None:
    info = running.info()
    with pytest.raises(InputError, match=f"already runs on port {info.port}"):
        Stack(running.data_dir, port=1).up()
    assert healthy(info.api_url)


def test_a_process_that_got_our_old_id_is_never_touched(data_dir: Path) -> None:
    stack = Stack(data_dir)
    stack.up()
    stack.down()
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        state = json.loads((data_dir / "stack.json").read_text())
        state |= {"lite_pid": stranger.pid, "postgres_pid": stranger.pid}
        (data_dir / "stack.json").write_text(json.dumps(state))
        socket_dir = "/nowhere/footprint-x"
        lines = [stranger.pid, data_dir / "postgres", 1, 5432, socket_dir, "", "1 1", "ready"]
        (data_dir / "postgres" / "postmaster.pid").write_text("\n".join(map(str, lines)))

        assert stack.status().processes == ()
        assert stack.down() is False
        assert healthy(stack.up().api_url)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_nothing_listens_on_anything_but_the_loopback_address(
    running: Stack,
) -> None:
    info = running.info()
    listening = [
        connection.laddr
        for pid in (info.lite_pid, info.postgres_pid)
        for connection in psutil.Process(pid).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening == [("127.0.0.1", info.port)]


def test_other_accounts_can_neither_connect_nor_read(running: Stack) -> None:
    info = running.info()
    socket_dir = Path(info.database_url.split("host=")[1].split("&")[0])
    assert stat.S_IMODE(socket_dir.stat().st_mode) == 0o700
    for private in ("stack.json", "stack.lock", "logs/postgres.log", "logs/supabase-lite.log"):
        assert stat.S_IMODE((running.data_dir / private).stat().st_mode) == 0o600, private
    assert stat.S_IMODE((running.data_dir / "postgres").stat().st_mode) == 0o700


def test_no_secret_is_on_a_command_line_in_an_environment_in_a_log_or_in_a_repr(
    running: Stack,
) -> None:
    info = running.info()
    httpx.post(
        f"{info.api_url}/rest/v1/rpc/missing",
        headers={"apikey": info.secret_key, "authorization": "Bearer eyJhbGciOiJIUzI1NiJ9.e30.x"},
        trust_env=False,
    )
    shown = repr(info) + (running.data_dir / "logs" / "supabase-lite.log").read_text()
    for pid in (info.lite_pid, info.postgres_pid):
        process = psutil.Process(pid)
        shown += " ".join(process.cmdline()) + str(process.environ())
    for secret in (info.secret_key, info.jwt_secret):
        assert secret not in shown


def test_status_tells_what_runs_and_what_it_takes(running: Stack) -> None:
    info = running.info()

    status = running.status()

    assert status.running
    assert (status.port, status.api_url) == (info.port, info.api_url)
    assert [process.name for process in status.processes] == ["PostgreSQL", "Supabase Lite"]
    assert all(1e6 < process.memory_bytes < 1e9 for process in status.processes)
    assert all(0 <= process.uptime_s < 60 for process in status.processes)
    assert status.data_bytes > 10e6


def test_a_server_that_is_asked_for_too_early_is_a_sentence(data_dir: Path) -> None:
    for ask in (Stack(data_dir).info, lambda: Stack(data_dir).serve("postgres")):
        with pytest.raises(ServiceUnavailable, match="is not running: start it with"):
            ask()


def test_a_deleted_data_folder_takes_its_server_with_it(data_dir: Path) -> None:
    info = Stack(data_dir).up()
    socket_dir = Path(info.database_url.split("host=")[1].split("&")[0])
    shutil.rmtree(data_dir)
    again = Stack(data_dir).up()

    assert soon(lambda: not healthy(info.api_url), patience_s=15)
    assert not socket_dir.exists()
    assert not any(line.startswith(f"{info.postgres_pid} ") for line in processes_of(data_dir))
    assert healthy(again.api_url)


def test_a_path_too_long_for_a_socket_is_no_hindrance(data_dir: Path) -> None:
    long = data_dir / ("long " * 30).strip()
    with Stack(long) as info, psycopg.connect(info.database_url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_a_reset_deletes_what_is_ours_and_nothing_else(data_dir: Path) -> None:
    stack = Stack(data_dir)
    stack.up()
    (data_dir / "notes.txt").write_text("mine")

    stack.reset()

    assert [path.name for path in data_dir.iterdir()] == ["notes.txt"]
    assert gone(data_dir)
