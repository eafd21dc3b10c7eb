"""Files into the database: read, map, price and deliver, a stretch of lines at a time.

A stretch is what goes together: the events of up to 500 rows, the lines rejected among them, and
the line up to which the file is then done. The next stretch is read while one is delivered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Final

from footprint.errors import InputError
from footprint.event import UsageEvent
from footprint.ingest.checkpoint import Checkpoint, Position, Tally
from footprint.ingest.delivery import MAX_BYTES, MAX_ROWS, DeliveryReport, Destination, encode
from footprint.ingest.lines import LineFile
from footprint.ingest.mapping import BadRow, Instructions, Mapper, NotWanted
from footprint.ingest.pricing import PriceMap
from footprint.ingest.readers import Record, RecordFile
from footprint.ingest.rejects import Rejects
from footprint.ingest.row_identity import RowCounter

_MAX_REJECTS: Final = 1000
# Why a line of a request that is stored with other facts is listed.
CHANGED: Final = "says something else than the request stored under its id, which stays as it is"


@dataclass(frozen=True)
class ImportJob:
    """What is imported, and how.

    Args:
        path: the file.
        format: None to find out.
        instructions: which column fills what.
        rejects: where rejected and changed lines are listed; written when there is one.
        data_dir: where the state of an interrupted import is kept.
    """

    path: Path
    instructions: Instructions
    rejects: Path
    data_dir: Path
    format: str | None = None


@dataclass
class _Stretch:
    end: Position = field(default_factory=Position)
    events: list[bytes] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    rejects: list[tuple[int, str]] = field(default_factory=list)
    size: int = 0
    skipped: int = 0
    tokens: int = 0
    priced: int = 0
    cost_usd: Decimal = field(default_factory=Decimal)
    flags: Counter[str] = field(default_factory=Counter)

    @property
    def full(self) -> bool:
        return (
            len(self.events) >= MAX_ROWS
            or self.size >= MAX_BYTES // 2
            or len(self.rejects) + self.skipped >= _MAX_REJECTS
        )

    def add(self, record: Record, mapper: Mapper) -> UsageEvent | None:
        """Take in one record, as an event or as a rejected line."""
        self.end = Position(record.line, record.digest.hex())
        try:
            event = mapper.event(record)
        except BadRow as error:
            self.rejects.append((record.line, str(error)))
            return None
        except NotWanted:
            self.skipped += 1
            return None
        encoded = encode(event)
        self.events.append(encoded)
        self.size += len(encoded) + 1
        self.lines.append(record.line)
        self.flags.update(event.flags)
        self.tokens += event.tokens_input + event.tokens_output
        if event.cost_usd is not None:
            self.priced += 1
            self.cost_usd += event.cost_usd
        return event


def import_file(
    job: ImportJob,
    prices: PriceMap,
    destination: Destination | None,
    *,
    progress: Callable[[int, float], None] = lambda done, fraction: None,
    tell: Callable[[str], None] = lambda message: None,
    observe: Callable[[UsageEvent], None] = lambda event: None,
) -> Tally:
    """Import one file; a second time adds nothing, an interrupted one goes on where it stopped.

    Args:
        job: what and how.
        prices: for requests without a cost of their own.
        destination: None for a dry run, which stores nothing.
        progress: told the requests read so far, and the share of the file that they are.
        tell: told, in words, what the person should know meanwhile.
        observe: shown every request that is read in this run.

    Returns:
        What was met in the whole file, also before an interruption.

    Raises:
        FootprintError: in one sentence; what was delivered before stays.
    """
    checkpoint = Checkpoint(
        job.data_dir,
        str(job.path.absolute()),
        job.format,
        job.instructions.columns,
        job.instructions.constants,
        [job.instructions.since, job.instructions.until],
        destination.name if destination else None,
    )
    known = checkpoint.load() if destination else None
    run = _Run(job, prices, destination, checkpoint, progress, observe, tell)
    if known:
        position, tally = known
        try:
            tell(f"An earlier import stopped after line {position.line:,}: going on from there.")
            return run(position, tally)
        except _NotTheSame:
            tell("The file or the database is not as it was then: importing from the beginning.")
    return run(Position(), Tally())


class _NotTheSame(Exception):
    """What a checkpoint remembers is not what is found."""


@dataclass(frozen=True)
class _Run:
    job: ImportJob
    prices: PriceMap
    destination: Destination | None
    checkpoint: Checkpoint
    progress: Callable[[int, float], None]
    observe: Callable[[UsageEvent], None]
    tell: Callable[[str], None]

    def __call__(self, start: Position, tally: Tally) -> Tally:
        """Import what follows `start`, adding to `tally`."""
        with (
            LineFile(self.job.path) as lines,
            closing(RowCounter()) as rows,
            ThreadPoolExecutor(1) as courier,
        ):
            mapper = Mapper(self.job.instructions, self.prices, rows)
            file = RecordFile(lines, self.job.format)
            if file.source is not None:
                self._check_known(file.source.title)
                if file.source.note:
                    self.tell(file.source.note)
            elif file.format != "jsonl":
                mapper.check(file.columns)
            records = iter(file)
            if start.line:
                self._probe(records, mapper, start)
            rejects = Rejects(self.job.rejects, self.job.path, start.line)
            waiting: tuple[_Stretch, Future[DeliveryReport]] | None = None
            try:
                for stretch in _stretches(records, mapper, start, self.observe):
                    sent = courier.submit(self._deliver, stretch.events)
                    if waiting:
                        self._settle(*waiting, tally, rejects)
                        self.progress(tally.requests, lines.fraction)
                    waiting = stretch, sent
                if waiting:
                    self._settle(*waiting, tally, rejects)
            except BaseException:
                if self.destination:
                    self.destination.abandon()
                raise
        self.checkpoint.clear()
        return tally

    def _check_known(self, title: str) -> None:
        if self.job.instructions.columns:
            raise InputError(
                f"{self.job.path} is {title}, whose columns are known: leave --map out, or say "
                "--format csv or --format jsonl to map its columns yourself."
            )

    def _probe(self, records: Iterator[Record], mapper: Mapper, start: Position) -> None:
        """Read up to `start`, and send the last batch before it again: nothing may be new.

        Raises:
            _NotTheSame: where the line is another one, or the database had not all of the batch.
        """
        stretch = _Stretch()
        for record in records:
            # What was sent before is read all the same: equal rows are counted from the beginning.
            part = stretch if record.line > start.sent_from else _Stretch()
            part.add(record, mapper)
            if record.line >= start.line:
                break
        if (stretch.end.line, stretch.end.digest) != (start.line, start.digest):
            raise _NotTheSame
        if self._deliver(stretch.events).inserted:
            raise _NotTheSame

    def _deliver(self, events: Sequence[bytes]) -> DeliveryReport:
        if self.destination is None or not events:
            return DeliveryReport()
        return self.destination.store(events)

    def _settle(
        self, stretch: _Stretch, sent: Future[DeliveryReport], tally: Tally, rejects: Rejects
    ) -> None:
        """Wait for a stretch to be stored, and only then count it as done."""
        report = sent.result()
        refused = [(stretch.lines[r.index], r.reason) for r in report.rejected]
        rejected = stretch.rejects + refused
        changed = [(stretch.lines[index], CHANGED) for index in report.changed]
        rejects.write(sorted(rejected + changed))
        tally.requests += len(stretch.events)
        tally.tokens += stretch.tokens
        tally.priced += stretch.priced
        tally.cost_usd += stretch.cost_usd
        tally.inserted += report.inserted
        tally.duplicates += report.duplicates
        tally.rejected += len(rejected)
        tally.changed += len(changed)
        tally.count_flags(stretch.flags)
        tally.skipped += stretch.skipped
        tally.unknown_models |= report.unknown_models
        if self.destination:
            self.checkpoint.save(stretch.end, tally)


def _stretches(
    records: Iterator[Record],
    mapper: Mapper,
    start: Position,
    observe: Callable[[UsageEvent], None],
) -> Iterator[_Stretch]:
    """Cut what is left of the records into stretches."""
    stretch, sent_from, begin = _Stretch(), start.sent_from, start.line
    for record in records:
        event = stretch.add(record, mapper)
        if event is not None:
            observe(event)
        if stretch.full:
            sent_from = begin if stretch.events else sent_from
            stretch.end = replace(stretch.end, sent_from=sent_from)
            yield stretch
            begin = stretch.end.line
            stretch = _Stretch()
    if stretch.end.line:
        yield stretch
