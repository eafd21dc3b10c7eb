"""From files to records, each with the number of its line or with its problem.

CSV, JSONL and other JSON; the exports of systems that are known come out under our field names.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from footprint.errors import InputError
from footprint.ingest.documents import Document, documents
from footprint.ingest.lines import MAX_LINE_BYTES, Line, LineFile
from footprint.ingest.sources import SOURCES, recognise
from footprint.ingest.sources.rows import BadSourceRow, NoRequest, Source

PLAIN: Final = ("csv", "jsonl", "azure-trace")
FORMATS: Final = (*PLAIN, *(name for name, source in SOURCES.items() if not source.refusal))
AZURE_HEADER: Final = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")
_DELIMITERS: Final = (",", ";", "\t")
# A quoted field may run over lines; one that is not closed after this many was never meant to.
_MAX_SPAN: Final = 100
_MAX_DEPTH: Final = 5


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a file.

    Args:
        line: number of its first line; of the object in JSON that is not one object a line.
        digest: of its last line, see `Line`; says how far the file was read.
        values: column → value; None where there is a problem, or where it is no request.
        problem: why it cannot be used.
    """

    line: int
    digest: bytes
    values: Mapping[str, Any] | None
    problem: str | None = None


class RecordFile:
    """The records of a file.

    Args:
        lines: the open file.
        format: one of `FORMATS`; None to find out from the beginning of the file.

    Raises:
        InputError: where the file is empty, or its beginning is not of the format.
    """

    def __init__(self, lines: LineFile, format: str | None = None) -> None:
        self._path = lines.path
        self._file = lines
        self._lines = _Pushback(iter(lines))
        self.columns: tuple[str, ...] = ()
        self.source: Source | None = SOURCES.get(format or "")
        self._documents: Iterator[Document] | None = None
        if format not in ("csv", "azure-trace") and lines.first_character() in ("{", "["):
            self.format = "jsonl"
            self._open_json()
        else:
            first = self._first()
            plain = format if format in PLAIN else None
            self.format = plain or _guess(first.text)
            if self.format == "jsonl":
                self._lines.put_back([first])
            else:
                self._read_header(first, recognising=format is None)
        if self.source and self.source.refusal:
            raise InputError(
                f"{self._path} is {self.source.title} and cannot be imported: "
                f"{self.source.refusal}."
            )

    def __iter__(self) -> Iterator[Record]:
        if self._documents is not None:
            records = self._document_records(self._documents)
        else:
            records = self._json_records() if self.format == "jsonl" else self._csv_records()
        return _translated(records, self.source) if self.source else records

    def _open_json(self) -> None:
        """Find out whose JSON it is, and whether it is one object a line."""
        first = next(documents(self._file), None)
        self.source = self.source or recognise(tuple((first and first.values) or ()))
        self._file.rewind()
        self._lines = _Pushback(iter(self._file))
        broken = first is None or first.problem is not None
        if self.source is None and self._begins_with_a_line(broken):
            return
        if first is None:
            raise InputError(f"{self._path} holds no requests: there is nothing to import.")
        self._documents = documents(self._file)

    def _begins_with_a_line(self, broken: bool) -> bool:
        first = next((line for line in self._lines if line.text.strip() or line.problem), None)
        if first is None:
            return False
        self._lines.put_back([first])
        values, _ = _object(first.text, flat=False)
        if values is None:
            return broken and first.text.lstrip().startswith("{")
        return not any(isinstance(values.get(name), list) for name in ("data", "results"))

    def _document_records(self, found: Iterable[Document]) -> Iterator[Record]:
        for document in found:
            values = document.values
            if values is not None and self.source is None:
                values = dict(_flatten(values, "", 1))
            yield Record(document.number, document.digest, values, document.problem)

    def _first(self) -> Line:
        for line in self._lines:
            if line.problem:
                raise InputError(
                    f"{self._path} cannot be used: its line {line.number} {line.problem}."
                )
            if line.text.strip():
                return line
        raise InputError(f"{self._path} is empty: there is nothing to import.")

    def _read_header(self, first: Line, *, recognising: bool) -> None:
        # A logged prompt may be as long as a line.
        csv.field_size_limit(MAX_LINE_BYTES)
        self._delimiter = max(_DELIMITERS, key=first.text.count)
        try:
            header = next(csv.reader([first.text], delimiter=self._delimiter, strict=True))
        except csv.Error as error:
            raise InputError(f"{self._path} has a header that is no CSV: {error}.") from error
        self.columns = _distinct(name.strip() for name in header)
        if recognising:
            self.source = recognise(self.columns)
        if self.format == "azure-trace" and self.columns != AZURE_HEADER:
            raise InputError(
                f"{self._path} is no Azure LLM inference trace: its header is not "
                f"{','.join(AZURE_HEADER)}."
            )

    def _csv_records(self) -> Iterator[Record]:
        for line in self._lines:
            if line.problem:
                yield Record(line.number, line.digest, None, line.problem)
            elif '"' in line.text:
                yield from self._quoted(line)
            elif line.text.strip():
                yield from self._row(line, line, line.text.split(self._delimiter))

    def _quoted(self, line: Line) -> Iterator[Record]:
        """Yield the records of a stretch of lines in which quotation marks come in pairs."""
        stretch, marks, size = [line], line.text.count('"'), len(line.text)
        while marks % 2 and len(stretch) < _MAX_SPAN and size < MAX_LINE_BYTES:
            following = next(self._lines, None)
            if following is None:
                break
            stretch.append(following)
            if following.problem:
                break
            marks += following.text.count('"')
            size += len(following.text)
        if marks % 2 or stretch[-1].problem:
            self._lines.put_back(stretch[1:])
            stretch = stretch[:1]
        texts = [f"{part.text}\n" for part in stretch]
        reader = csv.reader(texts, delimiter=self._delimiter, strict=True)
        done = 0
        try:
            for row in reader:
                yield from self._row(stretch[done], stretch[reader.line_num - 1], row)
                done = reader.line_num
        except csv.Error as error:
            self._lines.put_back(stretch[done + 1 :])
            bad = stretch[done]
            yield Record(bad.number, bad.digest, None, f"is no CSV: {error}")

    def _row(self, first: Line, last: Line, row: list[str]) -> Iterator[Record]:
        width = len(self.columns)
        if not any(row):
            return
        if len(row) > width and not any(row[width:]):
            row = row[:width]
        if len(row) == width:
            values = dict(zip(self.columns, row, strict=True))
            yield Record(first.number, last.digest, values)
        else:
            problem = f"has {len(row)} columns where the header has {width}"
            yield Record(first.number, last.digest, None, problem)

    def _json_records(self) -> Iterator[Record]:
        for line in self._lines:
            if line.problem:
                yield Record(line.number, line.digest, None, line.problem)
            elif line.text.strip():
                values, problem = _object(line.text)
                yield Record(line.number, line.digest, values, problem)


class _Pushback(Iterator[Line]):
    """Lines, of which some can be put back to be read again."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._waiting: deque[Line] = deque()

    def __next__(self) -> Line:
        return self._waiting.popleft() if self._waiting else next(self._lines)

    def put_back(self, lines: Sequence[Line]) -> None:
        self._waiting.extendleft(reversed(lines))


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    """Number the columns whose name is there already: ``cost``, ``cost (2)``."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(found)


def _guess(text: str) -> str:
    if text.lstrip()[:1] in ("{", "["):
        return "jsonl"
    return "azure-trace" if tuple(text.split(",")) == AZURE_HEADER else "csv"


def _translated(records: Iterable[Record], source: Source) -> Iterator[Record]:
    """Turn a known system's rows into rows under our field names.

    Where one row stands for several requests, records are numbered by request instead of by line.
    """
    number = 0
    for record in records:
        rows: Iterable[dict[str, Any]] = ()
        problem = record.problem
        made = 0
        if record.values is not None:
            rows = source.translate(record.values)
        try:
            for row in rows:
                number, made = number + 1, made + 1
                digest = record.digest
                if source.splits:
                    digest = hashlib.sha256(b"%b%d" % (digest, made)).digest()
                yield Record(number if source.splits else record.line, digest, row)
        except NoRequest:
            pass
        except BadSourceRow as error:
            problem = str(error)
        if not made or problem:
            number += 1
            line = number if source.splits else record.line
            yield Record(line, record.digest, None, problem)


def _object(text: str, *, flat: bool = True) -> tuple[dict[str, Any] | None, str | None]:
    """Read one JSON object and flatten it: ``{"usage": {"n": 1}}`` becomes ``usage.n``."""
    try:
        value = json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
        if not isinstance(value, dict):
            return None, "is no JSON object"
        return (dict(_flatten(value, "", 1)) if flat else value), None
    except RecursionError:
        return None, "is no JSON that can be read: nested too deeply"
    except ValueError as error:
        return None, f"is no JSON: {str(error).splitlines()[0]}"


def _flatten(value: dict[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    for name, part in value.items():
        if isinstance(part, dict) and depth < _MAX_DEPTH:
            yield from _flatten(part, f"{prefix}{name}.", depth + 1)
        else:
            yield f"{prefix}{name}", part


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")
