"""The embedded Supabase as one thing that can be brought up, asked, taken down and begun anew."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from footprint.errors import ConfigurationError, InputError, ServiceUnavailable
from footprint.local.files import (
    LOCK,
    MARK,
    Progress,
    claim,
    explained,
    locked,
    remove,
    silent,
)
from footprint.local.keys import Keys
from footprint.local.lite import (
    ADDRESS,
    Lite,
    LiteOptions,
    LitePlan,
    Server,
    answers,
    find_lite,
    port_is_free,
    port_taken,
)
from footprint.local.npm import ensure_server
from footprint.local.postgres import Cluster
from footprint.local.processes import finish
from footprint.local.sockets import socket_url
from footprint.local.state import (
    ProcessStatus,
    StackInfo,
    StackStatus,
    State,
    load,
    load_or_new,
)

__all__ = ["LiteOptions", "Prepare", "Server", "Stack", "StackInfo", "StackStatus"]

DATABASE = "postgres"
HIGHEST_PORT = 65535
NOT_RUNNING = "The embedded Supabase is not running: start it with `footprint up`."

# Called with the database's address; returns something true where it changed the schema.
Prepare = Callable[[str], object]


class Stack:
    """PostgreSQL and Supabase Lite over one data folder.

    As a context manager: up at the beginning, down at the end.

    Args:
        data_dir: where the database, the keys and the logs are.
        port: where to listen on 127.0.0.1; 0 for a free port, which is remembered.
        options: how Supabase Auth behaves; as at the last start where it is not given. A stack
            that runs with others gets a new Supabase Lite.
        progress: told, in words, of each step that may take a while.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int = 0,
        *,
        options: LiteOptions | None = None,
        progress: Progress = silent,
    ) -> None:
        self.data_dir = data_dir.expanduser().resolve()
        if not 0 <= port <= HIGHEST_PORT:
            raise InputError(f"{port} is no port: choose one up to {HIGHEST_PORT}, or 0 for any.")
        self.port = port
        self._options = options
        self.progress = progress
        self._postgres = Cluster(
            self.data_dir / "postgres",
            self.data_dir / "logs" / "postgres.log",
            progress,
        )

    def up(self, prepare: Prepare | None = None) -> StackInfo:
        """Start what does not run yet, in the background, and return where it is.

        Args:
            prepare: called with the database's address, after the ``auth`` schema and the roles
                exist and before Supabase Lite reads the schema and listens. On a stack that runs
                already, Supabase Lite is restarted where it returns something true (`migrate` does
                where it changed anything).

        Raises:
            FootprintError: in one sentence; nothing that this call started is left running.
        """
        with self._locked():
            with explained(self.data_dir):
                script = ensure_server(self.data_dir, self.progress)
                state = load_or_new(self.data_dir)
                had_postgres = self._postgres.running() is not None
                self._postgres.create()
                self._postgres.start()
            try:
                info = self._running(state)
                if info:
                    if not prepare or not prepare(info.database_url):
                        return info
                    prepare = None
                return self._serve_main(state, script, prepare)
            except BaseException:
                if not had_postgres:
                    self._postgres.stop()
                raise

    def reload(self, prepare: Prepare | None = None) -> StackInfo:
        """Restart Supabase Lite alone, so that it sees functions and tables made since it began."""
        with self._locked():
            self._stop_lite(load_or_new(self.data_dir))
        return self.up(prepare)

    def down(self) -> bool:
        """Stop everything, in order; tell whether anything ran. The data stays."""
        if not (self.data_dir / MARK).exists():
            return False
        with self._locked(), explained(self.data_dir):
            return self._stop(load(self.data_dir))

    def reset(self) -> None:
        """Stop everything and delete the data, the keys and the logs.

        Raises:
            InputError: where the folder is not ours.
        """
        if not self.data_dir.exists():
            return
        if not (self.data_dir / MARK).exists():
            raise InputError(f"{self.data_dir} was not made by Footprint: nothing was deleted.")
        with self._locked(), explained(self.data_dir):
            self._stop(_load_leniently(self.data_dir))
            remove(self.data_dir)

    def info(self) -> StackInfo:
        """Return where the running stack is.

        Raises:
            ServiceUnavailable: where it does not run.
        """
        state = load(self.data_dir)
        info = self._running(state) if state else None
        if info is None:
            raise ServiceUnavailable(NOT_RUNNING)
        return info

    def serve(self, database: str, *, options: LiteOptions | None = None) -> Server:
        """Start another Supabase Lite, over another database of the same PostgreSQL.

        It has the stack's keys, and ends with this process at the latest.

        Raises:
            ServiceUnavailable: where the stack does not run.
        """
        state = load(self.data_dir)
        if not state:
            raise ServiceUnavailable(NOT_RUNNING)
        script = ensure_server(self.data_dir, self.progress)
        plan = self._plan(
            script, database, state.keys, options or state.options, "supabase-lite-other.log"
        )
        with explained(self.data_dir):
            lite = Lite(plan)
        lite.listen(0, lambda: None)
        return Server(lite, plan)

    @property
    def options(self) -> LiteOptions:
        """How Supabase Auth behaves here, or will at the next start."""
        state = None if self._options else load(self.data_dir)
        return self._options or (state.options if state else LiteOptions())

    def status(self) -> StackStatus:
        """Tell what runs, since when, and what it takes of memory and disk."""
        state = load(self.data_dir)
        lite = find_lite(state.lite_pid, self.data_dir) if state else None
        found = self._postgres.running()
        named = [("PostgreSQL", found[0] if found else None), ("Supabase Lite", lite)]
        processes = tuple(ProcessStatus.of(name, process) for name, process in named if process)
        port = state.port if state and state.port else None
        return StackStatus(
            running=len(processes) == 2,
            api_url=f"http://{ADDRESS}:{port}" if port and lite else None,
            port=port,
            processes=processes,
            data_bytes=_folder_bytes(self.data_dir),
            data_dir=self.data_dir,
        )

    def __enter__(self) -> StackInfo:
        return self.up()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.down()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the folder against other copies."""
        with explained(self.data_dir):
            # Root's PostgreSQL runs as another account, which must be able to pass through.
            claim(self.data_dir, 0o711 if os.geteuid() == 0 else 0o700)
        with locked(self.data_dir / LOCK, self.progress):
            yield

    def _running(self, state: State) -> StackInfo | None:
        """Return the running stack, if its server is there, answers, and serves what is asked.

        Raises:
            InputError: where it runs on another port than the one asked for.
        """
        found = self._postgres.running()
        if not found or found[1].pid != state.postgres_pid:
            return None
        if not find_lite(state.lite_pid, self.data_dir) or not answers(state.port):
            return None
        if self._options not in (None, state.options):
            return None
        if self.port not in (0, state.port):
            raise InputError(
                f"The embedded Supabase already runs on port {state.port}: stop it with "
                "`footprint down` to start it on another."
            )
        return state.info(self.data_dir)

    def _serve_main(self, state: State, script: Path, prepare: Prepare | None) -> StackInfo:
        self._stop_lite(state)
        port = self._choose_port(state)
        options = self._options or state.options
        plan = self._plan(script, DATABASE, state.keys, options, "supabase-lite.log")
        url = socket_url(plan.socket_dir, DATABASE)
        self.progress("Starting Supabase Lite")
        with explained(self.data_dir):
            lite = Lite(plan)
        lite.listen(port, lambda: prepare(url) if prepare else None)
        try:
            state = State(state.keys, lite.port, lite.pid, plan.postgres_pid, url, options)
            with explained(self.data_dir):
                state.save(self.data_dir)
            lite.detach()
        except BaseException:
            lite.stop()
            raise
        return state.info(self.data_dir)

    def _plan(
        self, script: Path, database: str, keys: Keys, options: LiteOptions, log: str
    ) -> LitePlan:
        """Plan a server over a database of the running PostgreSQL.

        Raises:
            ServiceUnavailable: where PostgreSQL does not run.
        """
        found = self._postgres.running()
        if not found:
            raise ServiceUnavailable(NOT_RUNNING)
        said = found[1]
        return LitePlan(
            script, self.data_dir, said.socket_dir, said.pid, database, keys, options, log
        )

    def _choose_port(self, state: State) -> int:
        if self.port:
            if not port_is_free(self.port):
                raise port_taken(self.port)
            return self.port
        return state.port if state.port and port_is_free(state.port) else 0

    def _stop_lite(self, state: State) -> bool:
        process = find_lite(state.lite_pid, self.data_dir)
        if process:
            finish(process, (signal.SIGTERM, 5))
        return process is not None

    def _stop(self, state: State | None) -> bool:
        """Stop what runs. Nothing is written: a full disk must not keep a stack up."""
        ran = self._stop_lite(state) if state else False
        return self._postgres.stop() or ran


def _load_leniently(data_dir: Path) -> State | None:
    """Read the state for a reset, which must also work where the file is damaged."""
    try:
        return load(data_dir)
    except ConfigurationError:
        return None


def _folder_bytes(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):  # PostgreSQL removes files while we count.
            total += path.lstat().st_size
    return total
