"""What goes wrong ends in one sentence, and leaves nothing half-started behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from footprint.cli import main
from footprint.errors import ConfigurationError, InputError, ServiceUnavailable
from footprint.local.accounts import create_account
from footprint.local.files import silent
from footprint.local.npm import ensure_server
from footprint.local.postgres import programs
from footprint.local.privileges import account
from footprint.local.stack import Stack
from local.watching import Run, gone, healthy

# Runs in a child, so that it can be another account or have less room than we have.
ATTEMPT = """
import sys, resource
from pathlib import Path
from footprint.errors import FootprintError
from footprint.local.stack import Stack
if len(sys.argv) > 2:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    Stack(Path(sys.argv[1])).up()
except FootprintError as error:
    print(error)
"""
ORDINARY = """
import sys
from pathlib import Path
import psycopg
from footprint.local.accounts import create_account
from footprint.local.stack import Stack
stack = Stack(Path(sys.argv[1]))
with stack as info:
    create_account(info, "ada@person.test", "correct horse", {"full_name": "Ada"})
    with psycopg.connect(info.database_url) as connection:
        print(connection.execute("select email from auth.users").fetchone()[0])
    print(stack.status().running)
print(stack.status().running)
"""

as_root = os.geteuid() == 0
ordinary = "nobody" if as_root else None


def reachable() -> bool:
    """Tell whether the account that stands for an ordinary user may run this Python."""
    holder = account()
    python = Path(sys.executable)
    return holder is None or holder.reaches([python.parent, python.resolve().parent])


for_an_ordinary_user = pytest.mark.skipif(
    not reachable(), reason="This project or its Python lies in a folder that only root may enter."
)


@for_an_ordinary_user
def test_an_ordinary_user_needs_no_privilege(open_folder: Path, run: Run) -> None:
    ensure_server(open_folder, silent)  # Where the environment is ours, not theirs.
    child = run(ORDINARY, open_folder / "some data", account=ordinary)
    said, wrong = child.communicate(timeout=60)
    assert (said.split(), wrong) == (["ada@person.test", "True", "False"], "")
    assert gone(open_folder)


@pytest.mark.skipif(
    not as_root, reason="Only root has a folder that PostgreSQL's account may not enter."
)
def test_root_needs_no_open_folders(open_folder: Path, run: Run) -> None:
    os.chown(open_folder, 0, 0)
    open_folder.chmod(0o700)
    wheel = programs().parents[1]
    for part in (wheel, wheel.with_name(f"{wheel.name}.libs")):
        shutil.copytree(part, open_folder / part.name)

    child = run(
        """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from footprint.local.postgres import programs
from footprint.local.privileges import account
from footprint.local.stack import Stack
with Stack(Path(sys.argv[1]) / "data") as info:
    status = Path(f"/proc/{info.postgres_pid}/status").read_text()
print(programs())
print(status)
""",
        open_folder,
    )
    said, wrong = child.communicate(timeout=60)

    assert wrong == ""
    assert said.startswith(str(open_folder))
    status = dict(line.split(":\t", 1) for line in said.splitlines() if ":\t" in line)
    assert "0" not in status["Uid"].split()
    assert int(status["CapEff"], 16) == 1 << 1, "It may pass closed folders, and nothing else."
    assert gone(open_folder)


@for_an_ordinary_user
def test_a_folder_that_cannot_be_written_is_a_sentence(open_folder: Path, run: Run) -> None:
    open_folder.chmod(0o555)
    child = run(ATTEMPT, open_folder / "data", account=ordinary)
    said, wrong = child.communicate(timeout=60)
    assert said.startswith(f"{open_folder / 'data'} cannot be written: give a folder of your own")
    assert wrong == ""


@pytest.mark.parametrize("room_bytes", [0, 2_000_000])
def test_a_full_disk_is_a_sentence_and_leaves_nothing(
    data_dir: Path, run: Run, room_bytes: int
) -> None:
    child = run(ATTEMPT, data_dir, room_bytes)
    said, wrong = child.communicate(timeout=60)
    assert (said, wrong) == (
        f"The disk that holds {data_dir} is full: free some space and try again.\n",
        "",
    )
    assert gone(data_dir)
    assert not list(data_dir.glob("postgres*"))
    assert healthy(Stack(data_dir).up().api_url)


def test_a_full_disk_does_not_keep_a_stack_up(data_dir: Path, run: Run) -> None:
    Stack(data_dir).up()
    child = run(ATTEMPT.replace(".up()", ".down()"), data_dir, 0)
    assert child.communicate(timeout=60) == ("", "")
    assert gone(data_dir)


def test_a_file_in_place_of_the_folder_is_a_sentence(data_dir: Path) -> None:
    data_dir.write_text("not a folder")
    with pytest.raises(ConfigurationError, match="cannot be used as a data folder"):
        Stack(data_dir).up()
    data_dir.unlink()


def test_a_damaged_state_is_a_sentence_and_a_reset_mends_it(data_dir: Path) -> None:
    stack = Stack(data_dir)
    stack.up()
    stack.down()
    (data_dir / "stack.json").write_text('{"publishable_key": "sb_pub')

    with pytest.raises(ConfigurationError, match=r"stack\.json is damaged: begin anew with"):
        stack.up()

    stack.reset()
    assert healthy(stack.up().api_url)


def test_data_of_another_postgresql_is_a_sentence_and_stays(data_dir: Path) -> None:
    stack = Stack(data_dir)
    stack.up()
    stack.down()
    for version in ("16", "19"):
        (data_dir / "postgres" / "PG_VERSION").write_text(f"{version}\n")
        said = f"was made by PostgreSQL {version} and this is 18: choose"
        with pytest.raises(InputError, match=said):
            stack.up()

    assert gone(data_dir)
    assert (data_dir / "postgres" / "base").exists()


def test_a_folder_of_somebody_else_is_neither_used_nor_deleted(data_dir: Path) -> None:
    (data_dir / "postgres").mkdir(parents=True)
    (data_dir / "postgres" / "precious").write_text("data")

    with pytest.raises(InputError, match="already holds a 'postgres' that Footprint did not make"):
        Stack(data_dir).up()
    with pytest.raises(InputError, match="was not made by Footprint: nothing was deleted"):
        Stack(data_dir).reset()

    assert (data_dir / "postgres" / "precious").read_text() == "data"


def test_no_node_packages_and_no_network_is_a_sentence_and_leaves_nothing(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(data_dir / "environment"))
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    monkeypatch.setenv("npm_config_cache", str(data_dir / "cache"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")

    with pytest.raises(ServiceUnavailable, match="not installed yet and npm's registry cannot be"):
        ensure_server(data_dir, silent)

    assert [path.suffix for path in (data_dir / "environment/share/footprint").iterdir()] == [
        ".lock"
    ]
    assert not (data_dir / "node").exists()


def test_a_proxy_in_the_environment_does_not_come_between_us(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGDATA", "/nowhere")
    stack = Stack(data_dir)
    info = stack.up()
    assert create_account(info, "ada@person.test", "correct horse")
    assert stack.up() == info


def test_the_command_line_says_it_in_one_line(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data_dir.write_text("not a folder")
    assert main(["up", "--data-dir", str(data_dir), "--no-migrate"]) == 2
    data_dir.unlink()
    assert capsys.readouterr().err.count("\n") == 1


def test_the_command_line_brings_up_shows_and_deletes(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ["--data-dir", str(data_dir)]
    assert main(["up", *place, "--no-migrate"]) == 0
    info = Stack(data_dir).info()
    said = capsys.readouterr()
    assert f"SUPABASE_URL={info.api_url}\n" in said.out
    assert f"SUPABASE_PUBLISHABLE_KEY={info.publishable_key}\n" in said.out
    assert f"SUPABASE_DB_URL={info.database_url}\n" in said.out
    assert info.secret_key not in said.out + said.err

    assert main(["status", *place]) == 0
    assert f"is running at {info.api_url}" in capsys.readouterr().out

    refused = subprocess.run(
        [sys.executable, "-m", "footprint.cli", "reset", *place],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert refused.returncode == 2
    assert refused.stderr == "footprint: A reset deletes all local data: say so with --yes.\n"
    assert healthy(info.api_url)

    assert main(["down", *place]) == 0
    assert gone(data_dir)
    assert main(["reset", *place, "--yes"]) == 0
    assert not data_dir.exists()
