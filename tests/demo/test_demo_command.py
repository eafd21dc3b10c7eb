"""`footprint demo` as a person or a script runs it: started, signed into, stopped, killed, reset."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]
import psycopg
import pytest

from footprint.local.files import read_private

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Demo:
    """A demo of our own: its folder has a space in its name, its process group is its own."""

    data_dir: Path
    log: Path
    port: int = field(default_factory=free_port)

    def command(self, *arguments: str) -> list[str]:
        base = [sys.executable, "-m", "footprint.cli", "demo", *arguments]
        return [*base, "--data-dir", str(self.data_dir)]

    def start(self, *, in_background: bool = False) -> subprocess.Popen[bytes]:
        """Start it as `setsid footprint demo </dev/null &` does, SIGINT ignored as there."""
        ignore = (lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)) if in_background else None
        with self.log.open("wb") as log:
            return subprocess.Popen(
                self.command(),
                cwd=ROOT,
                env={
                    **os.environ,
                    "DEMO_PORT": str(self.port),
                    "SUPABASE_DB_URL": "postgresql://no",
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=ignore,
            )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=ROOT,
            env={**os.environ, "DEMO_PORT": str(self.port)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def await_page(self, process: subprocess.Popen[bytes], patience_s: float = 150) -> float:
        """Wait for the page; return the seconds it took."""
        began = time.monotonic()
        while time.monotonic() - began < patience_s:
            assert process.poll() is None, self.log.read_text()
            try:
                url = f"http://127.0.0.1:{self.port}/_stcore/health"
                if httpx.get(url, timeout=2).is_success:
                    return time.monotonic() - began
            except httpx.HTTPError:
                time.sleep(0.1)
        raise AssertionError(self.log.read_text())

    def await_words(self, process: subprocess.Popen[bytes], words: str) -> None:
        deadline = time.monotonic() + 150
        while words not in self.log.read_text():
            assert process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def processes(self) -> list[str]:
        """Return the command lines of what runs with our folder or port in its arguments."""
        found = []
        for process in psutil.process_iter(["cmdline", "pid"]):
            line = process.info["cmdline"] or []
            ours = str(self.data_dir) in " ".join(line) or str(self.port) in line
            if ours and process.info["pid"] != os.getpid():
                found.append(" ".join(line))
        return found

    def assert_gone(self) -> None:
        deadline = time.monotonic() + 10
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert self.processes() == []
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", self.port))


def stop(process: subprocess.Popen[bytes], number: signal.Signals, *, group: bool) -> float:
    """Send a signal; return the seconds until the process has ended."""
    began = time.monotonic()
    if group:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    process.wait(30)
    return time.monotonic() - began


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo whose first start was stopped in the middle of loading, and then went on."""
    folder = tmp_path_factory.mktemp("a demo")
    demo = Demo(folder / "data of it", folder / "demo.log")
    process = demo.start(in_background=True)
    try:
        demo.await_words(process, "Loading the demo organisation:")
        stop(process, signal.SIGINT, group=True)
        assert process.returncode == 0, demo.log.read_text()
        assert demo.log.read_text().rstrip().endswith("the next start is quick.")
        demo.assert_gone()
        yield demo
    finally:
        if process.poll() is None:
            process.kill()
        demo.run("reset")


def test_a_stopped_load_goes_on_and_the_demo_can_be_signed_into(demo: Demo) -> None:
    process = demo.start()
    demo.await_page(process)
    state = read_private(demo.data_dir / "stack.json")
    assert state
    with psycopg.connect(state["database_url"]) as connection:
        query = "select count(*), count(distinct event_id) from public.request_logs"
        stored = connection.execute(query).fetchone()
        notice = connection.execute("select private.setting('demo_notice')").fetchone()
    assert stored
    assert notice
    assert stored[0] == stored[1] == notice[0]["requests"] > 100_000

    content = json.loads((demo.data_dir / "demo.json").read_text())
    for account in content["accounts"]:
        answer = httpx.post(
            f"{state['api_url']}/auth/v1/token?grant_type=password",
            headers={"apikey": state["publishable_key"]},
            json={"email": account["email"], "password": account["password"]},
            timeout=10,
        )
        assert answer.is_success, answer.text
        headers = {
            "apikey": state["publishable_key"],
            "authorization": f"Bearer {answer.json()['access_token']}",
        }
        me = httpx.post(f"{state['api_url']}/rest/v1/rpc/me", headers=headers, json={}, timeout=10)
        assert me.json()["role"] == account["role"]
        assert me.json()["email"] == account["email"]
        assert int(me.json()["tokens_used"]) > 100_000

    second = demo.run()
    assert second.returncode == 2
    assert "The demo already runs in" in second.stderr
    assert second.stderr.count("\n") == 1
    refused = demo.run("reset")
    assert refused.returncode == 2
    assert process.poll() is None

    seconds = stop(process, signal.SIGINT, group=True)
    assert process.returncode == 0
    assert seconds < 20
    demo.assert_gone()
    said = demo.log.read_text()
    assert f"http://127.0.0.1:{demo.port}" in said
    assert "Traceback" not in said
    assert state["secret_key"] not in said


def test_nothing_secret_lies_open(demo: Demo) -> None:
    for name in ("demo.json", "stack.json", "demo-cookie.key", "demo.lock"):
        mode = stat.S_IMODE((demo.data_dir / name).stat().st_mode)
        assert mode == 0o600, name
    log = (demo.data_dir / "logs" / "dashboard.log").read_text()
    for secret in (read_private(demo.data_dir / "stack.json") or {})["secret_key"].split():
        assert secret not in log


def test_a_later_start_takes_seconds_keeps_everything_and_sigterm_ends_it(demo: Demo) -> None:
    accounts = (demo.data_dir / "demo.json").read_text()
    process = demo.start()
    assert demo.await_page(process) < 20
    assert "Loading" not in demo.log.read_text()
    stop(process, signal.SIGTERM, group=False)
    assert process.returncode == 0
    assert (demo.data_dir / "demo.json").read_text() == accounts
    demo.assert_gone()


def test_a_killed_demo_leaves_nothing_that_stops_the_next_one(demo: Demo) -> None:
    process = demo.start()
    demo.await_page(process)
    demo.await_words(process, "Sign in as")
    process.kill()
    process.wait()
    assert demo.processes() != []
    again = demo.start()
    demo.await_words(again, "Sign in as")
    stop(again, signal.SIGHUP, group=False)
    assert again.returncode == 0
    demo.assert_gone()


def test_a_dashboard_that_dies_ends_the_demo_in_a_sentence(demo: Demo) -> None:
    process = demo.start()
    demo.await_words(process, "Sign in as")
    run = json.loads((demo.data_dir / "demo.lock").read_text())
    os.kill(run["dashboard_pid"], signal.SIGKILL)
    process.wait(30)
    assert process.returncode == 3
    last = demo.log.read_text().splitlines()[-1]
    assert last.startswith("footprint: The dashboard ended by itself")
    demo.assert_gone()


def test_lost_passwords_are_made_anew(demo: Demo) -> None:
    before = json.loads((demo.data_dir / "demo.json").read_text())["accounts"]
    (demo.data_dir / "demo.json").unlink()
    process = demo.start()
    demo.await_words(process, "Sign in as")
    state = read_private(demo.data_dir / "stack.json")
    assert state
    after = json.loads((demo.data_dir / "demo.json").read_text())["accounts"]
    assert [a["email"] for a in before] == [a["email"] for a in after]
    answer = httpx.post(
        f"{state['api_url']}/auth/v1/token?grant_type=password",
        headers={"apikey": state["publishable_key"]},
        json={"email": after[0]["email"], "password": after[0]["password"]},
        timeout=10,
    )
    stop(process, signal.SIGINT, group=True)
    assert answer.is_success


def test_a_taken_port_is_a_sentence_before_anything_is_started(tmp_path: Path) -> None:
    demo = Demo(tmp_path / "data", tmp_path / "log")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", demo.port))
        taken.listen()
        done = demo.run()
    assert done.returncode == 2
    assert f"Port {demo.port} is taken by another program" in done.stderr
    assert not (demo.data_dir / "postgres").exists()


@pytest.mark.parametrize("port", ["0", "70000", "-1"])
def test_a_port_that_is_none_is_a_sentence(tmp_path: Path, port: str) -> None:
    done = Demo(tmp_path / "data", tmp_path / "log").run("--port", port)
    assert done.returncode == 2
    assert "from 1 to 65535" in done.stderr


def test_a_folder_that_is_no_demo_is_never_deleted(tmp_path: Path) -> None:
    demo = Demo(tmp_path / "data", tmp_path / "log")
    assert "nothing to delete" in demo.run("reset").stdout
    demo.data_dir.mkdir()
    (demo.data_dir / "thesis.txt").write_text("mine")
    refused = demo.run("reset")
    assert refused.returncode == 2
    assert "holds no demo" in refused.stderr
    assert [path.name for path in demo.data_dir.iterdir()] == ["thesis.txt"]


def test_a_reset_deletes_the_demo_and_only_that(demo: Demo) -> None:
    (demo.data_dir / "thesis.txt").write_text("mine")
    done = demo.run("reset")
    assert done.returncode == 0, done.stderr
    assert [path.name for path in demo.data_dir.iterdir()] == ["thesis.txt"]
