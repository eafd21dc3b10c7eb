"""Who is asking: sign-in through Supabase Auth, sessions, and the guard on every page."""

from footprint.auth.browser import current
from footprint.auth.guard import Me, require_role, require_user

__all__ = ["Me", "current", "require_role", "require_user"]
