"""A spool belongs to one host: file locks and clean-up are not to be trusted across a network.

``host.json`` names the host that uses the folder and is touched while it does. Another host may
take the folder over once that stopped for `STALE_S`, as a container does that comes back under a
new name.
"""

from __future__ import annotations

import json
import os
import platform
from functools import cache
from pathlib import Path
from typing import Final

from footprint.errors import ConfigurationError
from footprint.ingest.segments import replace_file

FILE: Final = "host.json"
STALE_S: Final = 120.0
_TOUCHED: Final = "host.touched"


@cache
def host_id() -> str:
    """Return a name of this machine that others do not have."""
    for place in (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id")):
        try:
            return f"{platform.node()} {place.read_text().strip()[:12]}".strip()
        except OSError:
            continue
    return platform.node()


def claim(folder: Path, host: str | None = None) -> None:
    """Say that this host uses a folder.

    Raises:
        ConfigurationError: where another host does.
        OSError: where the folder cannot be written.
    """
    own, path = host or host_id(), folder / FILE
    touched = folder / _TOUCHED
    try:
        other = str(json.loads(path.read_bytes())["host"])
    except (OSError, ValueError, KeyError, TypeError):
        other = own
        replace_file(path, json.dumps({"host": own}).encode())
    if other != own:
        # Both times are the file system's, so that the clocks of two hosts need not agree.
        replace_file(touched, b"")
        if touched.stat().st_mtime - path.stat().st_mtime < STALE_S:
            raise ConfigurationError(
                f"the spool {folder} is used by another host ({other}): set FOOTPRINT_SPOOL_DIR to "
                "a folder on a disk of this one"
            )
        replace_file(path, json.dumps({"host": own}).encode())
    os.utime(path)
