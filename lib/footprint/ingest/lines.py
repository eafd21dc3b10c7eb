"""Lines of a file that may be compressed, damaged, binary, endless or not text at all."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from footprint.errors import InputError

MAX_LINE_BYTES: Final = 1024 * 1024
_BOM: Final = b"\xef\xbb\xbf"
_FOREIGN: Final = {
    b"\xff\xfe": "UTF-16 text: save it as UTF-8",
    b"\xfe\xff": "UTF-16 text: save it as UTF-8",
    b"PK\x03\x04": "a zip archive or an Excel workbook: export it as CSV",
    b"PAR1": "a Parquet file: export it as CSV or JSONL",
    b"\xfd7zXZ": "compressed with xz: only gzip is known here",
    b"(\xb5/\xfd": "compressed with zstd: only gzip is known here",
    b"BZh": "compressed with bzip2: only gzip is known here",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One physical line, without its end.

    Args:
        number: from 1.
        text: what it says; empty where there is a problem.
        digest: SHA-256 chained over this and every line before it, blank ones left out. It names
            the line by content and place, so that a longer version of the same file, or the same
            file compressed or with other line ends, names its lines alike.
        problem: why it cannot be used.
    """

    number: int
    text: str
    digest: bytes
    problem: str | None = None


class LineFile:
    """A text file, plain or gzip (by its content, not its name), read once from the beginning.

    Raises:
        InputError: where it cannot be opened, is a folder, or is known not to be text.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            if path.is_dir():
                raise InputError(f"{path} is a folder: give one file.")
            self._raw: BinaryIO = path.open("rb")
            head = self._raw.read(6)
            self._raw.seek(0)
            self.size_bytes = path.stat().st_size
        except FileNotFoundError as error:
            raise InputError(f"{path} does not exist.") from error
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise InputError(f"{path} cannot be read: {reason}.") from error
        for magic, meaning in _FOREIGN.items():
            if head.startswith(magic):
                self._raw.close()
                raise InputError(f"{path} is {meaning}.")
        self._compressed = head.startswith(b"\x1f\x8b")
        self._file: BinaryIO | gzip.GzipFile = self._raw
        self.rewind()

    @property
    def fraction(self) -> float:
        """How much of the file has been read, from 0 to 1."""
        return min(1.0, self._raw.tell() / self.size_bytes) if self.size_bytes else 1.0

    def first_character(self) -> str:
        """Return the first character that is no space, of a text in ASCII; goes back to it."""
        head, _ = self.read(65536)
        self.rewind()
        return head.removeprefix(_BOM).lstrip()[:1].decode("ascii", "replace")

    def rewind(self) -> None:
        """Go back to the beginning."""
        self._raw.seek(0)
        if self._compressed:
            self._file = gzip.GzipFile(fileobj=self._raw)

    def read(self, size_bytes: int) -> tuple[bytes, bool]:
        """Return the next bytes, and whether compressed data breaks off after them."""
        try:
            return self._file.read(size_bytes), False
        except (EOFError, zlib.error, gzip.BadGzipFile):
            return b"", True
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise InputError(f"{self.path} cannot be read any further: {reason}.") from error

    def __iter__(self) -> Iterator[Line]:
        digest = b""
        for number, (raw, problem) in enumerate(self._lines(), start=1):
            content = raw.removeprefix(_BOM) if number == 1 else raw
            content = content.rstrip(b"\r\n")
            if content and not content.isspace():
                digest = hashlib.sha256(digest + content).digest()
            if problem is None:
                text, problem = _decode(content)
                yield Line(number, text, digest, problem)
            else:
                yield Line(number, "", digest, problem)

    def _lines(self) -> Iterator[tuple[bytes, str | None]]:
        while True:
            try:
                raw = self._file.readline(MAX_LINE_BYTES + 1)
                if not raw:
                    return
                if len(raw) > MAX_LINE_BYTES:
                    rest = raw
                    while rest and not rest.endswith(b"\n"):
                        rest = self._file.readline(MAX_LINE_BYTES)
                    yield raw, "is longer than 1 MiB"
                else:
                    yield raw, None
            except (EOFError, zlib.error, gzip.BadGzipFile):
                yield b"", "is where the compressed data breaks off; what follows is lost"
                return
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                raise InputError(f"{self.path} cannot be read any further: {reason}.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        self._raw.close()


def _decode(content: bytes) -> tuple[str, str | None]:
    if b"\0" in content:
        return "", "holds NUL bytes"
    try:
        return content.decode("utf-8"), None
    except UnicodeDecodeError:
        return "", "is not UTF-8 text"
