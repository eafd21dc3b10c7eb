"""A receiver, settings that lead to it, and programs in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from footprint.config import Settings
from footprint.event import UsageEvent
from footprint.ingest.recorder import Recorder, open_recorder
from ingest_callback.receiver import Receiver, serving

ROOT = Path(__file__).parents[2]
HERE = Path(sys.executable)
LONG = bool(os.environ.get("FOOTPRINT_LONG_TESTS"))
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"


def event(**fields: Any) -> UsageEvent:
    return UsageEvent(
        event_id=uuid.uuid4(),
        started_at=datetime(2026, 10, 15, 10, tzinfo=UTC),
        model="gpt-4o",
        **fields,
    )


def environment(url: str, folder: Path, **more: str) -> dict[str, str]:
    """Return the environment of a program that delivers to `url`."""
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(folder.parent),
        "PYTHONPATH": os.pathsep.join(str(ROOT / name) for name in ("tests", "lib")),
        "SUPABASE_URL": url,
        "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_test",
        "FOOTPRINT_INGEST_KEY": "fpk_test",
        "FOOTPRINT_SPOOL_DIR": str(folder),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        **more,
    }


def start(
    program: str, folder: Path, url: str, *arguments: str, python: Path = HERE, **more: str
) -> subprocess.Popen[str]:
    """Start a Python program with its own environment."""
    return subprocess.Popen(
        [str(python), "-c", program, *arguments],
        env=environment(url, folder, **more),
        cwd=folder.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(
    program: str, folder: Path, url: str, *arguments: str, python: Path = HERE, **more: str
) -> str:
    """Run a Python program to its end; return what it printed."""
    process = start(program, folder, url, *arguments, python=python, **more)
    out, err = process.communicate(timeout=1200 if LONG else 300)
    assert process.returncode == 0, err
    return out


def footprint(folder: Path, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    return subprocess.run(
        [sys.executable, "-m", "footprint.cli", *arguments],
        env=environment(url, folder),
        cwd=folder.parent,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with serving(Receiver()) as found:
        yield found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def settings(receiver: Receiver, folder: Path) -> Settings:
    return Settings(
        supabase_url=receiver.url,
        supabase_publishable_key="sb_publishable_test",
        ingest_key="fpk_test",
        spool_dir=folder,
    )


@pytest.fixture
def recorder(settings: Settings) -> Iterator[Recorder]:
    found = open_recorder(settings)
    yield found
    found.courier.stop(0.0)
