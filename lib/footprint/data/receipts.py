"""Receipt files in Supabase Storage, where the project has it; each is named by its SHA-256."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import httpx
import streamlit as st

from footprint.auth import Me
from footprint.data.client import Session, storage
from footprint.errors import AccessDenied, InputError, ServiceUnavailable

# What the bucket accepts; sql/175_receipts.sql says the same.
TYPES = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}
MOST_BYTES = 10 * 1024 * 1024
_PAGE_FILES = 1000
_NOT_TAKEN = "The receipt could not be stored, so nothing was entered: please try again."


@dataclass(frozen=True)
class Receipt:
    """A file that was stored, and what it is."""

    content: bytes
    media_type: str


def stored_receipts(me: Me) -> frozenset[str] | None:
    """Return the SHA-256 of every file that is stored; None where there is no Storage."""
    return _stored(me.user_id, me.session)


def store_receipt(me: Me, content: bytes, media_type: str) -> str:
    """Store a file under its SHA-256, and return that (finance and admin only).

    Args:
        me: who stores it.
        content: the file.
        media_type: one of ``TYPES``.

    Raises:
        InputError: where it is too large, empty or of another type.
        ServiceUnavailable: where Storage does not take it.
    """
    if media_type not in TYPES:
        raise InputError("A receipt is a PDF, a JPEG or a PNG: choose such a file.")
    if not 0 < len(content) <= MOST_BYTES:
        raise InputError("The receipt is empty or larger than 10 MB: choose another file.")
    name = sha256_of(content)
    files = {"file": (name, content, media_type)}
    answer = storage(me.session, "POST", f"object/receipts/{name}", files=files)
    if not answer.is_success and not _is_there_already(answer):
        raise ServiceUnavailable(_NOT_TAKEN)
    _stored.clear()
    return name


def read_receipt(session: Session, name: str) -> Receipt:
    """Return a stored file, which is what its name says.

    Raises:
        AccessDenied: where there is none, or not for this person.
        ServiceUnavailable: where Storage does not answer, or with another file.
    """
    answer = storage(session, "GET", f"object/receipts/{name}")
    if answer.is_server_error:
        raise ServiceUnavailable("The file store does not answer right now: please try again.")
    if not answer.is_success:
        raise AccessDenied("There is no such receipt, or not for your account.")
    if sha256_of(answer.content) != name:
        raise ServiceUnavailable(
            "The stored file is not the one that was compared: tell an admin of your organisation."
        )
    return Receipt(answer.content, answer.headers.get("content-type", "").partition(";")[0])


def sha256_of(content: bytes) -> str:
    """Return the SHA-256 of a file's content, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


@st.cache_data(ttl="1m", max_entries=128, show_spinner=False)
def _stored(user_id: str, _session: Session) -> frozenset[str] | None:
    if not storage(_session, "GET", "bucket/receipts").is_success:
        return None
    names: list[str] = []
    while True:
        page = {"prefix": "", "limit": _PAGE_FILES, "offset": len(names)}
        answer = storage(_session, "POST", "object/list/receipts", json=page)
        if not answer.is_success:
            return None
        found = [entry["name"] for entry in answer.json()]
        names += found
        if len(found) < _PAGE_FILES:
            return frozenset(names)


def _is_there_already(answer: httpx.Response) -> bool:
    return answer.status_code == httpx.codes.CONFLICT or "Duplicate" in answer.text
