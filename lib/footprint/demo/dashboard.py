"""The dashboard of the demo: Streamlit as a child process with nothing secret in its hands."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import httpx

from footprint.errors import ConfigurationError, ServiceUnavailable
from footprint.local.files import last_line, open_log
from footprint.local.state import StackInfo

ADDRESS: Final = "127.0.0.1"
START_WAIT_S: Final = 60.0
STOP_WAIT_S: Final = 8.0


def project_root() -> Path:
    """Return the folder of ``Home.py``: the source tree, or where the command was given.

    Raises:
        ConfigurationError: where there is none, or Streamlit is not installed.
    """
    if find_spec("streamlit") is None:
        raise ConfigurationError(
            "The dashboard's packages are not installed: "
            "install them with `pip install 'llm-footprint[dashboard,local]'`."
        )
    for folder in (Path(__file__).parents[3], Path.cwd()):
        if (folder / "Home.py").is_file():
            return folder
    raise ConfigurationError(
        "Home.py is not here: run the demo from a clone of the repository, with `make demo`."
    )


def dashboard_environment(
    info: StackInfo, port: int, cookie_key: str, environment: Mapping[str, str]
) -> dict[str, str]:
    """Return the dashboard's environment: ours, with the demo's addresses and without secrets.

    What could reach a production database (also through ``.env``) is emptied, not only left out.
    """
    return {
        **environment,
        "SUPABASE_URL": info.api_url,
        "SUPABASE_PUBLISHABLE_KEY": info.publishable_key,
        "SUPABASE_DB_URL": "",
        "FOOTPRINT_INGEST_KEY": "",
        "FOOTPRINT_DEMO": "1",
        "FOOTPRINT_DATA_DIR": str(info.data_dir),
        "APP_URL": f"http://{ADDRESS}:{port}",
        "APP_COOKIE_KEYS": cookie_key,
    }


class Dashboard:
    """A Streamlit process in a session of its own, so that Ctrl-C reaches it through us only."""

    def __init__(self, root: Path, data_dir: Path, port: int, environment: dict[str, str]) -> None:
        self.url = f"http://{ADDRESS}:{port}"
        self.log = data_dir / "logs" / "dashboard.log"
        log = open_log(self.log)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and file
                [
                    *(sys.executable, "-m", "streamlit", "run", "Home.py"),
                    *("--server.port", str(port), "--server.address", ADDRESS),
                    *("--server.headless", "true", "--browser.gatherUsageStats", "false"),
                ],
                cwd=root,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        finally:
            os.close(log)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def await_page(self) -> None:
        """Wait until it answers.

        Raises:
            ServiceUnavailable: where it ends, or does not answer in time.
        """
        deadline = time.monotonic() + START_WAIT_S
        while time.monotonic() < deadline:
            self.check()
            try:
                if httpx.get(f"{self.url}/_stcore/health", timeout=2, trust_env=False).is_success:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.1)
        raise ServiceUnavailable(
            f"The dashboard does not answer after {START_WAIT_S:.0f} s: see {self.log}."
        )

    def check(self) -> None:
        """Raise ServiceUnavailable where it has ended by itself."""
        if self._process.poll() is not None:
            raise ServiceUnavailable(
                f"The dashboard ended by itself ({last_line(self.log)}): see {self.log}."
            )

    def stop(self) -> None:
        """End it."""
        if self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_WAIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
