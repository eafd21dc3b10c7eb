"""JSON files that are not one object a line: an array, a page of an API, objects spread over lines.

Values are read one after another and never all at once, so that an export may be larger than
memory. A page (``{"data": [...]}``) counts as its entries; a bucket (``{..., "results": [...]}``)
as its results, each with the bucket's own fields.
"""

from __future__ import annotations

import codecs
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from footprint.ingest.lines import LineFile

CHUNK_BYTES: Final = 1024 * 1024
# The largest single value: a page of an API, or a request with its prompt and answer.
MAX_VALUE_CHARS: Final = 32 * 1024 * 1024
BROKEN: Final = "is no JSON that can be read"
_BETWEEN: Final = " \t\r\n,"


@dataclass(frozen=True, slots=True)
class Document:
    """One object of a JSON file.

    Args:
        number: from 1.
        digest: SHA-256 chained over this and every object before it, whatever their layout.
        values: the object; None where there is a problem.
        problem: why it cannot be used.
    """

    number: int
    digest: bytes
    values: dict[str, Any] | None
    problem: str | None = None


def documents(file: LineFile) -> Iterator[Document]:
    """Yield the objects of a file, from its beginning."""
    digest = b""
    for number, (value, problem) in enumerate(_entries(file), start=1):
        written = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
        digest = hashlib.sha256(digest + (problem or written).encode()).digest()
        if problem is None and not isinstance(value, dict):
            problem = "is no JSON object"
        yield Document(number, digest, None if problem else value, problem)


def _entries(file: LineFile) -> Iterator[tuple[Any, str | None]]:
    for value, problem in _Values(file):
        page = value.get("data") if isinstance(value, dict) else None
        if problem or not isinstance(page, list):
            yield from _results(value, problem)
        else:
            for entry in page:
                yield from _results(entry, None)


def _results(value: Any, problem: str | None) -> Iterator[tuple[Any, str | None]]:
    results = value.get("results") if isinstance(value, dict) else None
    if problem or not isinstance(results, list):
        yield value, problem
        return
    bucket = {name: part for name, part in value.items() if name != "results"}
    for result in results:
        yield ({**bucket, **result} if isinstance(result, dict) else result), None


class _Values:
    """The values of a file: those of an array where it is one, else one after another."""

    def __init__(self, file: LineFile) -> None:
        self._file = file
        self._decoder = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse)
        self._utf8 = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
        self._text = ""
        self._at = 0
        self._ended = False

    def __iter__(self) -> Iterator[tuple[Any, str | None]]:
        self._file.rewind()
        in_array = self._next() == "["
        if in_array:
            self._at += 1
        while char := self._next():
            if in_array and char == "]":
                return
            found, problem = self._value()
            yield found, problem
            if problem and not self._resume(in_array):
                return
        if in_array:
            yield None, "is where the file breaks off; what follows is lost"

    def _next(self) -> str:
        """Return the next character that is neither space nor comma; empty at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _BETWEEN:
                    return self._text[self._at]
                self._at += 1
            if not self._more():
                return ""

    def _value(self) -> tuple[Any, str | None]:
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except RecursionError:
                return None, f"{BROKEN}: nested too deeply"
            except ValueError as error:
                waiting = len(self._text) - self._at
                if waiting <= MAX_VALUE_CHARS and self._more():
                    continue
                return None, f"{BROKEN}: {str(error).splitlines()[0]}"
            # A number at the very end of what was read may go on.
            if end == len(self._text) and self._more():
                continue
            self._at = end
            return value, None

    def _resume(self, in_array: bool) -> bool:
        """Go on at the next line after something that is no JSON; an array cannot."""
        while not in_array:
            end = self._text.find("\n", self._at)
            if end >= 0:
                self._at = end + 1
                return True
            self._at = len(self._text)
            if not self._more():
                break
        return False

    def _more(self) -> bool:
        """Read on; False where there is nothing more."""
        if self._ended:
            return False
        chunk, broken = self._file.read(CHUNK_BYTES)
        self._ended = broken or not chunk
        self._text = self._text[self._at :] + self._utf8.decode(chunk, final=self._ended)
        self._at = 0
        return not self._ended or bool(self._text)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no number")
