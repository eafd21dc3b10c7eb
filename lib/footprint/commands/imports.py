"""``footprint import FILE``: requests from a table or from another system's export."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from footprint.config import get_settings
from footprint.errors import ConfigurationError, InputError
from footprint.flags import flag_text
from footprint.ingest.checkpoint import Tally
from footprint.ingest.delivery import Destination
from footprint.ingest.importers import ImportJob, import_file
from footprint.ingest.mapping import Instructions
from footprint.ingest.overview import Overview
from footprint.ingest.pricing import price_map
from footprint.ingest.progress import Progress
from footprint.ingest.readers import FORMATS
from footprint.ingest.values import BadValue, moment

if TYPE_CHECKING:
    from footprint.commands import Commands

_EPILOG: Final = """\
Exports of LiteLLM (spend logs, its Supabase logger), Langfuse and OpenAI (usage) are recognised
by their shape. In other files columns are found by their usual names (prompt_tokens, startTime,
spend ...); --map says otherwise, for example --map started_at=when --map tokens_input=in.
tokens_input and tokens_output include cached and reasoning tokens; tokens_input_uncached and
tokens_output_text do not. Times without an offset are UTC. Requests without a cost are priced
with LiteLLM's price map; an unknown price stays unknown. A second run of the same file adds
nothing, and an interrupted one goes on where it stopped. What is stored is never rewritten: lines
that say something else now are listed beside the rejected ones.
"""
_FLAGS: Final = 20


def register(commands: Commands) -> None:
    """Add ``import``."""
    parser = commands.add_parser(
        "import",
        help="import requests from a file: LiteLLM, Langfuse, OpenAI, CSV, JSON",
        description="Import requests from a CSV, JSONL or JSON file, plain or gzip.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path)
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="FIELD=COLUMN",
        help="the column that fills a field; may be repeated",
    )
    parser.add_argument("--format", choices=FORMATS, help="default: found from its beginning")
    parser.add_argument("--model", help="model of requests that name none")
    parser.add_argument("--provider", help="provider of requests that name none")
    parser.add_argument("--user", metavar="ID", help="person of requests that name nobody")
    parser.add_argument("--team", metavar="NAME", help="team of requests that name none")
    parser.add_argument(
        "--since", type=_time, metavar="TIME", help="leave out requests that started before it"
    )
    parser.add_argument(
        "--until",
        type=_time,
        metavar="TIME",
        help="leave out requests from then on: what the callback has recorded itself",
    )
    parser.add_argument(
        "--via",
        choices=("api", "database"),
        default="api",
        help="the API with FOOTPRINT_INGEST_KEY (default), or SUPABASE_DB_URL directly",
    )
    parser.add_argument("--dry-run", action="store_true", help="read everything, store nothing")
    parser.add_argument(
        "--rejects",
        type=Path,
        metavar="FILE",
        help="where rejected and changed lines are listed (default: FILE.rejects.csv here)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Import the file and say what was done; 1 where no line of it could be used."""
    job = ImportJob(
        path=options.file,
        instructions=Instructions(
            _columns(options.map), _constants(options), options.since, options.until
        ),
        rejects=options.rejects or Path(f"{options.file.name}.rejects.csv"),
        data_dir=get_settings().data_dir,
        format=options.format,
    )
    progress = Progress("Checking" if options.dry_run else "Importing")
    overview = Overview() if options.dry_run else None
    with _destination(options) as destination:
        try:
            tally = import_file(
                job,
                price_map(),
                destination,
                progress=progress.show,
                tell=_tell(progress),
                observe=overview.add if overview else lambda event: None,
            )
        finally:
            progress.finish()
    print(summary(tally, job, dry_run=options.dry_run))
    if overview:
        print("", *overview.lines(), sep="\n")
    usable = tally.requests if options.dry_run else tally.inserted + tally.duplicates
    return 1 if tally.rejected and not usable else 0


def summary(tally: Tally, job: ImportJob, *, dry_run: bool) -> str:
    """Say what was met, in a few lines."""
    read = f"{tally.requests:,} requests read from {job.path}"
    if dry_run:
        lines = [f"{read}; nothing was stored (dry run)."]
    else:
        known = tally.duplicates - tally.changed
        lines = [f"{read}: {tally.inserted:,} stored, {known:,} were there already."]
        if tally.changed:
            lines.append(
                f"{tally.changed:,} changed since they were stored: the stored ones stay as they "
                f"are; see {job.rejects}."
            )
    share = tally.priced / tally.requests if tally.requests else 0
    lines.append(
        f"{tally.tokens:,} tokens, USD {tally.cost_usd:,.2f}; "
        f"the cost of {share:.1%} of the requests is known."
    )
    if tally.unknown_models:
        names = sorted(tally.unknown_models)
        more = f" and {len(names) - 10} more" if len(names) > 10 else ""
        lines.append(f"No impact factor is known for: {', '.join(names[:10])}{more}.")
    if tally.skipped:
        noun = "row was" if tally.skipped == 1 else "rows were"
        lines.append(
            f"{tally.skipped:,} {noun} left out: no request to a model, or outside the period."
        )
    lines.extend(flag_lines(tally.flags))
    if tally.rejected:
        noun = "line was" if tally.rejected == 1 else "lines were"
        lines.append(f"{tally.rejected:,} {noun} rejected: see {job.rejects}.")
    return "\n".join(lines)


def flag_lines(flags: Mapping[str, int]) -> Iterator[str]:
    """Yield what was cut, not understood or put right in how many requests, the most first."""
    for flag, count in sorted(flags.items(), key=lambda item: (-item[1], item[0]))[:_FLAGS]:
        noun = "request" if count == 1 else "requests"
        yield f"{count:,} {noun}: {flag_text(flag)}"
    if len(flags) > _FLAGS:
        yield f"and {len(flags) - _FLAGS:,} more kinds of notes: see them on Data quality."


@contextmanager
def _destination(options: argparse.Namespace) -> Iterator[Destination | None]:
    settings = get_settings()
    if options.dry_run:
        yield None
    elif options.via == "database":
        from footprint.ingest.database import database_sender

        with database_sender(settings.require_database()) as by_line:
            yield by_line
    else:
        from footprint.ingest.sender import ApiSender

        url, publishable_key = settings.require_api()
        if not settings.ingest_key:
            raise ConfigurationError(
                "FOOTPRINT_INGEST_KEY is not set: make a key with `footprint keys create LABEL`, "
                "or import with --via database."
            )
        with ApiSender(url, publishable_key, settings.ingest_key) as by_api:
            yield by_api


def _time(given: str) -> datetime:
    try:
        return moment(given)
    except BadValue as error:
        raise argparse.ArgumentTypeError(
            f"{given!r} is no ISO 8601 time such as 2026-10-01T00:00Z"
        ) from error


def _columns(given: Sequence[str]) -> dict[str, str]:
    columns = {}
    for item in given:
        name, equals, column = item.partition("=")
        if not equals or not name or not column:
            raise InputError(f"--map wants FIELD=COLUMN, unlike {item!r}.")
        columns[name.strip()] = column.strip()
    return columns


def _constants(options: argparse.Namespace) -> dict[str, str]:
    given = {
        "model": options.model,
        "provider": options.provider,
        "user_id": options.user,
        "team": options.team,
    }
    return {name: value.strip() for name, value in given.items() if value and value.strip()}


def _tell(progress: Progress) -> Callable[[str], None]:
    def tell(message: str) -> None:
        progress.finish()
        print(message, file=sys.stderr, flush=True)

    return tell
