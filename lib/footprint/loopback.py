"""Which addresses no HTTP proxy serves, for every client in the package."""

from __future__ import annotations

from typing import Final

# A proxy named in the environment is for the world outside; an embedded Supabase is not outside.
LOOPBACK: Final = ("all://127.0.0.1", "all://localhost", "all://[::1]")
