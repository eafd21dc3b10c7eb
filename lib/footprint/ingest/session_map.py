"""Chat sessions → people: a chat application says whose a session is, before or after its calls."""

from __future__ import annotations

import json
import time
from typing import Final

from footprint.config import Settings, get_settings
from footprint.errors import ConfigurationError, ServiceUnavailable
from footprint.ingest.http import Gateway
from footprint.ingest.trouble import Patience, TooLarge, Transient

_TRIES: Final = 4
_TIMEOUT_S: Final = 10.0


class SessionMap:
    """Registers sessions with an ingest key of the organisation. Close it after use.

    Args:
        settings: address and keys; those of the environment by default.

    Raises:
        ConfigurationError: where an address or a key is missing.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        settings = settings or get_settings()
        url, publishable_key = settings.require_api()
        if not settings.ingest_key:
            raise ConfigurationError(
                "FOOTPRINT_INGEST_KEY is not set: make a key with `footprint keys create`."
            )
        self._gateway = Gateway(url, publishable_key, settings.ingest_key, _TIMEOUT_S)
        self._patience = Patience(tries=_TRIES, first_wait_s=0.2, longest_wait_s=2.0)

    def register(
        self,
        session_id: str,
        user_id: str,
        email: str | None = None,
        full_name: str | None = None,
    ) -> int:
        """Say whose a session is; its earlier requests become that person's.

        Args:
            session_id: as the calls carry it (``metadata={"session_id": …}``), 1 to 300 characters.
            user_id: the person, 1 to 200 characters.
            email: links the person to an account with this verified address.
            full_name: shown to administrators.

        Returns:
            How many requests were re-attributed.

        Raises:
            ServiceUnavailable: where the database does not answer.
            AccessDenied: where the key is refused or is not one of the whole organisation.
            InputError: where an id is empty or too long.
        """
        body = json.dumps(
            {
                "p_session_id": session_id,
                "p_user_id": user_id,
                "p_email": email,
                "p_full_name": full_name,
            }
        ).encode()
        for attempt in range(self._patience.tries):
            try:
                answer = self._gateway.call("register_session", body)
                return int(answer["reattributed"])
            except (Transient, TooLarge) as trouble:
                reason = str(trouble)
                if attempt + 1 < self._patience.tries:
                    time.sleep(self._patience.wait_s(attempt, 0.0))
            except (KeyError, TypeError, ValueError) as error:
                raise ConfigurationError(
                    f"{self._gateway.url} answers, but not as Footprint's Supabase does."
                ) from error
        raise ServiceUnavailable(
            f"{self._gateway.url} did not take the session ({reason}): try again later."
        )

    def close(self) -> None:
        """Close the connection."""
        self._gateway.close()


def register_session(
    session_id: str, user_id: str, email: str | None = None, full_name: str | None = None
) -> int:
    """Say whose a session is, with the settings of the environment; see `SessionMap.register`."""
    sessions = SessionMap()
    try:
        return sessions.register(session_id, user_id, email, full_name)
    finally:
        sessions.close()
