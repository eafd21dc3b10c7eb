"""Callers' ingest keys on disk, sealed with the app's cookie keys."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from footprint.auth.process import process_wide
from footprint.config import Settings
from footprint.errors import ConfigurationError

# A cookie is sealed with the same keys: neither may ever be taken for the other.
_MARK: Final = "ingest key\n"


def seal_key(key: str, settings: Settings) -> bytes:
    """Seal an ingest key with the first of the deployment's cookie keys.

    Raises:
        ConfigurationError: where ``APP_COOKIE_KEYS`` holds something that is not a key.
    """
    return _fernet(_keys(settings)).encrypt((_MARK + key).encode())


def unseal_key(sealed: bytes, settings: Settings) -> str | None:
    """Open what `seal_key` made; None where no cookie key of the deployment opens it any more.

    Raises:
        ConfigurationError: as `seal_key`.
    """
    try:
        text = _fernet(_keys(settings)).decrypt(sealed).decode()
    except (InvalidToken, ValueError):
        return None
    return text.removeprefix(_MARK) if text.startswith(_MARK) else None


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError:
        raise ConfigurationError("APP_COOKIE_KEYS holds something that is not a key.") from None


def _keys(settings: Settings) -> tuple[str, ...]:
    """Return the configured keys, else one that ends with this process."""
    return settings.cookie_keys or process_wide(
        "sealing_keys", lambda: (Fernet.generate_key().decode(),)
    )
