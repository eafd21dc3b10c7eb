"""What the stack knows of itself: what callers get, and what `stack.json` keeps."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from footprint.errors import ConfigurationError
from footprint.local.files import STATE, read_private, write_private
from footprint.local.keys import Keys, new_keys
from footprint.local.lite import ADDRESS, LiteOptions
from footprint.local.processes import Process, memory_bytes


@dataclass(frozen=True)
class StackInfo:
    """A running embedded Supabase."""

    api_url: str
    database_url: str
    publishable_key: str
    secret_key: str = field(repr=False)
    jwt_secret: str = field(repr=False)
    port: int
    postgres_pid: int
    lite_pid: int
    data_dir: Path


@dataclass(frozen=True)
class ProcessStatus:
    """One of the stack's processes. Memory is resident, children included, shared pages once."""

    name: str
    pid: int
    memory_bytes: int
    uptime_s: float

    @classmethod
    def of(cls, name: str, process: Process) -> ProcessStatus:
        """Look at a process."""
        uptime_s = max(0.0, time.time() - process.create_time())
        return cls(name, process.pid, memory_bytes(process), uptime_s)


@dataclass(frozen=True)
class StackStatus:
    """What of the stack runs, and what it takes."""

    running: bool
    api_url: str | None
    port: int | None
    processes: tuple[ProcessStatus, ...]
    data_bytes: int
    data_dir: Path


@dataclass(frozen=True)
class State:
    """The content of `stack.json`: what a later start keeps, and the processes of the last one."""

    keys: Keys
    port: int = 0
    lite_pid: int = 0
    postgres_pid: int = 0
    database_url: str = ""
    options: LiteOptions = field(default_factory=LiteOptions)

    def info(self, data_dir: Path) -> StackInfo:
        """Return the state as callers see it."""
        return StackInfo(
            api_url=f"http://{ADDRESS}:{self.port}",
            database_url=self.database_url,
            publishable_key=self.keys.publishable_key,
            secret_key=self.keys.secret_key,
            jwt_secret=self.keys.jwt_secret,
            port=self.port,
            postgres_pid=self.postgres_pid,
            lite_pid=self.lite_pid,
            data_dir=data_dir,
        )

    def save(self, data_dir: Path) -> None:
        """Write the state, for this account's eyes only."""
        content: dict[str, Any] = {
            "api_url": f"http://{ADDRESS}:{self.port}" if self.port else None,
            "database_url": self.database_url or None,
            "publishable_key": self.keys.publishable_key,
            "secret_key": self.keys.secret_key,
            "jwt_secret": self.keys.jwt_secret,
            "port": self.port,
            "lite_pid": self.lite_pid,
            "postgres_pid": self.postgres_pid,
            "options": asdict(self.options),
        }
        write_private(data_dir / STATE, content)


def load(data_dir: Path) -> State | None:
    """Read the state; None before the first start.

    Raises:
        ConfigurationError: where the file was damaged.
    """
    content = read_private(data_dir / STATE)
    if content is None:
        return None
    try:
        keys = Keys(content["publishable_key"], content["secret_key"], content["jwt_secret"])
        return State(
            keys=keys,
            port=int(content["port"]),
            lite_pid=int(content["lite_pid"]),
            postgres_pid=int(content["postgres_pid"]),
            database_url=content["database_url"] or "",
            options=LiteOptions(**content.get("options", {})),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(
            f"{data_dir / STATE} is damaged: begin anew with `footprint reset`, which deletes the "
            "local data."
        ) from error


def load_or_new(data_dir: Path) -> State:
    """Read the state, or make new keys."""
    return load(data_dir) or State(keys=new_keys())
