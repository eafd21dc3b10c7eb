"""One attempt to deliver a batch over HTTP, and what its failure means."""

from __future__ import annotations

import email.utils
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from footprint.errors import AccessDenied, ConfigurationError, FootprintError, InputError
from footprint.ingest.delivery import DeliveryReport, envelope, read_report
from footprint.ingest.trouble import TooLarge, Transient
from footprint.loopback import LOOPBACK
from footprint.release import (
    OLDEST_SCHEMA_FOR_SENDER,
    SCHEMA,
    SCHEMA_HEADER,
    SCHEMA_OF_0_1_0,
    VERSION,
)

RPC: Final = "/rest/v1/rpc/"
INGEST: Final = "ingest_request_logs"
CONNECT_TIMEOUT_S: Final = 5.0
_TRANSIENT: Final = frozenset({408, 425, 429})
# PostgreSQL's and PostgREST's words for a database that lacks our schema or a role its rights.
_NOT_OURS: Final = ("PGRST", "42P01", "42703", "42883", "42501", "3F000")
# PostgREST's word for a body that is no JSON to PostgreSQL: a damaged event, not a wrong setting.
_NO_JSON: Final = "PGRST102"


class Gateway:
    """Supabase's API, as the holder of an ingest key sees it. Its connections are kept open.

    Args:
        url: address of the project.
        publishable_key: its publishable key.
        ingest_key: made by ``footprint keys create``.
        timeout_s: for an answer, in seconds.
    """

    def __init__(self, url: str, publishable_key: str, ingest_key: str, timeout_s: float) -> None:
        self.url = url.rstrip("/")
        self.timeout_s = timeout_s
        for name, key in (
            ("SUPABASE_PUBLISHABLE_KEY", publishable_key),
            ("FOOTPRINT_INGEST_KEY", ingest_key),
        ):
            if not (key.isascii() and key.isprintable()):
                raise ConfigurationError(f"{name} holds a character that no key has: copy it anew.")
        self._client = httpx.Client(
            mounts=dict.fromkeys(LOOPBACK),
            headers={
                "apikey": publishable_key,
                "x-ingest-key": ingest_key,
                SCHEMA_HEADER: str(SCHEMA),
                "content-type": "application/json",
            },
        )

    def store(self, events: Sequence[bytes], timeout_s: float | None = None) -> DeliveryReport:
        """Try once to deliver a batch.

        Raises:
            Transient: where trying again later may work.
            TooLarge: where a smaller batch may work.
            ConfigurationError: where the address leads to no Footprint database.
            AccessDenied: where a key is refused.
            InputError: where the batch is refused as a whole.
        """
        answer = self.call(INGEST, envelope(events), timeout_s)
        try:
            report = read_report(answer)
            schema = int(answer.get("schema", SCHEMA_OF_0_1_0))
        except (KeyError, TypeError, ValueError) as error:
            raise _stranger(self.url) from error
        if schema < OLDEST_SCHEMA_FOR_SENDER:
            raise ConfigurationError(
                f"The database behind {self.url} is older than this callback (Footprint {VERSION}) "
                "can send to: run `footprint migrate` of this version on it."
            )
        return report

    def call(self, function: str, body: bytes, timeout_s: float | None = None) -> Any:
        """Call a database function once and return its answer; raises as `store`."""
        limit = self.timeout_s if timeout_s is None else timeout_s
        timeout = httpx.Timeout(limit, connect=min(limit, CONNECT_TIMEOUT_S))
        try:
            answer = self._client.post(self.url + RPC + function, content=body, timeout=timeout)
        except httpx.InvalidURL as error:
            raise ConfigurationError(f"SUPABASE_URL is no address: {self.url}.") from error
        except httpx.UnsupportedProtocol as error:
            raise ConfigurationError(
                f"SUPABASE_URL must begin with https:// or http://, unlike {self.url}."
            ) from error
        except httpx.TransportError as error:
            raise Transient(_first_line(error)) from error
        if answer.is_success:
            try:
                return answer.json()
            except ValueError as error:
                raise _stranger(self.url) from error
        raise _failure(self.url, answer)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def _failure(url: str, answer: httpx.Response) -> Exception:
    status = answer.status_code
    said = _body(answer)
    code, message = str(said.get("code") or ""), str(said.get("message") or "").rstrip(".")
    # PostgREST has such codes, with 503 and 504, for a database that it cannot reach just now.
    if status < 500 and code.startswith(_NOT_OURS) and code != _NO_JSON:
        return ConfigurationError(
            f"{url} has no {INGEST} that this key may call ({code}): run `footprint migrate` on "
            "its database, and check SUPABASE_URL."
        )
    if status in _TRANSIENT or status >= 500:
        reason = f"HTTP {status}{message and f': {message}'}"
        return Transient(reason, _retry_after_s(answer), status)
    if status == 413 and code != "PT413":
        return TooLarge()
    return _refusal(url, status, code, message)


def _refusal(url: str, status: int, code: str, message: str) -> FootprintError:
    if status == 426:
        return ConfigurationError(
            f"{message or f'{url} asks for a newer sender'}: upgrade llm-footprint (this is "
            f"{VERSION}) where the callback runs, and what waits is delivered."
        )
    if code == "PT401":
        return AccessDenied(
            f"{message}: make one with `footprint keys create` and put it into "
            "FOOTPRINT_INGEST_KEY."
        )
    if status == 401:
        return AccessDenied(
            f"{url} refuses the publishable key: check SUPABASE_PUBLISHABLE_KEY (HTTP 401)."
        )
    if status == 403:
        return AccessDenied(f"{url} refuses the delivery: {message or 'HTTP 403'}.")
    if status == 404 or 300 <= status < 400:
        return ConfigurationError(
            f"{url} has no {INGEST} (HTTP {status}): check SUPABASE_URL, "
            "and run `footprint migrate` once on a new database."
        )
    return InputError(f"{url} refuses the batch: {message or f'HTTP {status}'}.")


def _stranger(url: str) -> ConfigurationError:
    return ConfigurationError(
        f"{url} answers, but not as Footprint's Supabase does: check SUPABASE_URL."
    )


def _body(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _retry_after_s(answer: httpx.Response) -> float:
    """Return the seconds asked for in Retry-After, given as a number or as a date; 0 if none."""
    value = answer.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        when = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
