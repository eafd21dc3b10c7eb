"""Pythons with LiteLLM and everything its proxy needs, each in a virtual environment of its own.

The proxy's requirements are not ours: `litellm_proxy.lock` pins them beside LiteLLM as the project
locks it. FOOTPRINT_LITELLM_VERSIONS="1.80.0 1.109.1" adds other versions. Environments are made once
and kept in `.footprint`; FOOTPRINT_PROXY_PYTHON names a Python that has the locked version already.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "tests/litellm_proxy.lock"
CACHE = ROOT / ".footprint/litellm"
LOCKED = "locked"
VERSIONS = [LOCKED, *os.environ.get("FOOTPRINT_LITELLM_VERSIONS", "").split()]
# The proxy pins companions of its own that are published later, or never: any will do.
_LOOSE = "certifi\nlitellm-proxy-extras\nlitellm-enterprise\n"


def python_with(version: str) -> Path:
    """Return a Python with a version of LiteLLM; makes its environment where there is none."""
    given = os.environ.get("FOOTPRINT_PROXY_PYTHON")
    if version == LOCKED and given:
        return Path(given)
    asked = LOCK.read_bytes() if version == LOCKED else version.encode()
    folder = CACHE / f"{version}-{hashlib.sha256(asked + sys.version.encode()).hexdigest()[:12]}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            _make(folder, version)
            (folder / "complete").touch()
    return folder / "bin/python"


def version_of(python: Path) -> tuple[int, ...]:
    """Return the version of LiteLLM that a Python has."""
    ask = "import importlib.metadata as m; print(m.version('litellm'))"
    said = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True).stdout
    return tuple(int(part) for part in said.strip().split("."))


def _make(folder: Path, version: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _uv("venv", "--quiet", "--python", sys.executable, str(folder))
    into = ("--quiet", "--python", str(folder / "bin/python"))
    if version == LOCKED:
        _uv("pip", "install", *into, "--require-hashes", "--requirement", str(LOCK))
    else:
        loose = folder / "loose.txt"
        loose.write_text(_LOOSE)
        _uv("pip", "install", *into, "--override", str(loose), f"litellm[proxy]=={version}")


def _uv(*arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "uv", *arguments], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, f"LiteLLM could not be installed for the tests: {done.stderr}"
