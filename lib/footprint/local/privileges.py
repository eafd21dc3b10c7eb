"""PostgreSQL refuses to run as root: where we are root, it runs as an account without privileges.

Run as a script, this module is the launcher: ``privileges.py UID GID REACH COMMAND…`` gives up root
for good and becomes COMMAND. It needs the standard library only.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

# Debian's PostgreSQL account where there is one (nobody else runs as it), else the one every
# system has.
ACCOUNTS = ("postgres", "nobody")

PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522


@dataclass(frozen=True)
class Account:
    """The account that PostgreSQL runs as when we are root."""

    name: str
    uid: int
    gid: int

    def reaches(self, folders: list[Path]) -> bool:
        """Tell whether the account may walk down to every one of `folders`."""
        return all(
            self._may_enter(place) for folder in folders for place in [folder, *folder.parents]
        )

    def command(self, command: list[str], folders: list[Path]) -> list[str]:
        """Return the command line that runs `command`, which uses `folders`, as this account.

        Where one of them is under a closed folder (``/root``), the process may pass closed folders
        and keeps nothing else of root's powers: the alternative would be to open that one to all.
        """
        launcher = [sys.executable, "-I", "-S", __file__, str(self.uid), str(self.gid)]
        return [*launcher, "0" if self.reaches(folders) else "1", *command]

    def _may_enter(self, folder: Path) -> bool:
        status = folder.stat()
        owner = status.st_uid == self.uid and status.st_mode & stat.S_IXUSR
        return bool(owner or status.st_mode & stat.S_IXOTH)


def account() -> Account | None:
    """Return the account to use for PostgreSQL; None where we are not root and need none."""
    if os.geteuid() != 0:
        return None
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    return None


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _Capabilities(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable")]


def _keep_reach(libc: ctypes.CDLL) -> None:
    """Keep, of all that root may, only passing closed folders (a power Linux alone has)."""
    only = 1 << CAP_DAC_OVERRIDE
    sets = (_Capabilities * 2)(_Capabilities(only, only, only), _Capabilities(0, 0, 0))
    if libc.capset(ctypes.byref(_Header(CAPABILITY_VERSION_3, 0)), sets) != 0:
        sys.exit("Root's other powers could not be given up.")
    libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


def become(uid: int, gid: int, reach: bool, command: list[str]) -> None:
    """Give up root and run `command` in place of this process; does not return."""
    reach = reach and sys.platform == "linux"
    libc = ctypes.CDLL(None, use_errno=True)
    if reach:
        # Else the change of account takes all powers, and access(2), by which PostgreSQL looks for
        # its programs, would not heed the one we keep.
        libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if reach:
        _keep_reach(libc)
    os.umask(0o077)
    os.execv(command[0], command)  # noqa: S606 (a shell is what we do not want here)


if __name__ == "__main__":
    become(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "1", sys.argv[4:])
