"""Every release as it was: its wheel, and rows of every kind as it left them in a database.

``tests/fixtures/releases/<version>/`` holds both. ``make release-snapshot`` adds the release that this
checkout is, once, when it is made; what is there never changes. Tests install a release from its own
wheel with its own ``footprint migrate``, put its rows in, and go on from there.
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import psycopg
from packaging.version import Version
from psycopg import conninfo
from psycopg.types.json import Jsonb

from factor_sets import add_set
from footprint.local.postgres import programs
from footprint.local.stack import Stack
from house import PEOPLE, Database, event, settle_people

ROOT = Path(__file__).parents[1]
FOLDER = Path(__file__).parent / "fixtures" / "releases"
RELEASES = sorted((path.name for path in FOLDER.iterdir()), key=Version)
FIRST = "0.1.0"
# Tables that say which schema it is, not what is in it.
OF_THE_SCHEMA = ("schema_migrations", "schema_release", "schema_objects")
_OUR_TABLES = (
    "select format('%%I.%%I', n.nspname, c.relname) from pg_class c join pg_namespace n"
    " on n.oid = c.relnamespace where n.nspname in ('public', 'private') and c.relkind = 'r'"
    " and c.relname <> all (%s) order by 1"
)


def unpack(version: str, folder: Path) -> Path:
    """Unpack a release's wheel; return the folder to put on ``PYTHONPATH``."""
    [wheel] = (FOLDER / version).glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def footprint_of(
    package: Path, *arguments: str, database_url: str = "", environment: Mapping[str, str] = {}
) -> subprocess.CompletedProcess[str]:
    """Run a release's own ``footprint`` command."""
    return run_of(
        package,
        "-m",
        "footprint.cli",
        *arguments,
        database_url=database_url,
        environment=environment,
    )


def run_of(
    package: Path, *arguments: str, database_url: str = "", environment: Mapping[str, str] = {}
) -> subprocess.CompletedProcess[str]:
    """Run Python with a release's own package, and nothing of this checkout's settings."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SUPABASE", "FOOTPRINT"))}
    kept |= {"PYTHONPATH": str(package), **environment}
    if database_url:
        kept["SUPABASE_DB_URL"] = database_url
    return subprocess.run(
        [sys.executable, *arguments],
        env=kept,
        cwd=package,
        capture_output=True,
        text=True,
        check=False,
    )


def put_rows(version: str, superuser_url: str) -> None:
    """Put a release's rows into a database that has its schema, as a restore would."""
    rows = gzip.decompress((FOLDER / version / "rows.sql.gz").read_bytes())
    with psycopg.connect(superuser_url) as connection:
        tables = [row[0] for row in connection.execute(_OUR_TABLES, [list(OF_THE_SCHEMA)])]
        connection.execute("set local session_replication_role = replica")
        for name, auth_id in PEOPLE.items():
            connection.execute(
                "insert into auth.users (id, email, email_confirmed_at) values (%s, %s, now())",
                [auth_id, f"{name}@example.org"],
            )
        connection.execute(f"truncate {', '.join(tables)}")
        connection.execute(rows)


def contents(
    url: str, columns: Mapping[str, list[str]] | None = None
) -> dict[str, tuple[int, str]]:
    """Return for each table how many rows it has and a digest of them, over the columns given."""
    found: dict[str, tuple[int, str]] = {}
    with psycopg.connect(url) as connection:
        for table, names in (columns or table_columns(url)).items():
            listed = ", ".join(f'"{name}"' for name in names)
            row = connection.execute(
                "select count(*), md5(coalesce(string_agg(t::text, '|' order by t::text), ''))"
                f" from (select {listed} from {table}) as t"
            ).fetchone()
            assert row is not None
            found[table] = (row[0], row[1])
    return found


def table_columns(url: str) -> dict[str, list[str]]:
    """Return the columns of each of our tables, in their order."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select table_schema || '.' || table_name, array_agg(column_name::text order by ordinal_position)"
            " from information_schema.columns join pg_class on relname = table_name and relkind = 'r'"
            " and relnamespace = table_schema::regnamespace"
            " where table_schema in ('public', 'private') and table_name <> all (%s) group by 1",
            [list(OF_THE_SCHEMA)],
        ).fetchall()
    return dict(rows)


def fill(database: Database) -> None:
    """Put rows into every table, by the functions through which they really come."""
    settle_people(database)
    owner = database.one
    key = database.make_key("proxy")
    database.make_key("Ann's script", user_id="user-of-member")
    owner("select public.set_setting('store_payloads', 'true')", actor="admin")
    owner("select public.set_setting('reporting_timezone', '\"Europe/Paris\"')", actor="admin")
    owner("select private.set_fx_rates('{\"2026-10-01\": 0.91, \"2026-10-14\": 0.925}', 'ECB')")
    requests = [
        event(
            litellm_call_id="chat",
            tags=["search", "team:a"],
            messages=[{"role": "user", "content": "hi"}],
            response={"text": "hello"},
        ),
        event(started_at="2026-10-31T23:30:00Z", tokens_cache_read=500, tokens_reasoning=77),
        event(
            user_id="user-of-other",
            provider="anthropic",
            model="claude-sonnet-4-5",
            cost_usd="0.000000000007",
        ),
        event(user_id=None, session_id="session-1", team="law", cost_usd=None),
        event(user_id=None, provider="", model="gpt-9-unheard", cost_usd=None),
        event(
            status="failure",
            error_class="RateLimitError",
            tokens_input_uncached=None,
            tokens_output_text=None,
            cost_usd=None,
        ),
        event(
            status="abandoned", tokens_input_uncached=None, tokens_output_text=None, cost_usd=None
        ),
        event(cache_hit=True),
        event(call_type="embedding", model="text-embedding-3-small", tokens_output_text=0),
        event(
            call_type="image_generation",
            model="gpt-image-1",
            tokens_input_uncached=0,
            tokens_output_text=0,
            cost_usd="0.04",
        ),
        event(cost_usd=None, cost_eur="5.00", provider="mistral", model="mistral-large-latest"),
        event(
            provider="azure", region="westeurope", model="gpt-4o-mini", user_id="someone-unknown"
        ),
        event(event_id="no uuid"),
        event(tokens_input_uncached=-1),
    ]
    with database.acting("anonymous", {"x-ingest-key": key}) as connection:
        connection.execute("select public.ingest_request_logs(%s)", [Jsonb(requests)])
    owner("select private.map_session('session-1', 'user-of-other')")
    owner(
        "select public.set_zone_override('openai', 'gpt-4o', 'FRA', 'their contract')",
        actor="admin",
    )
    owner(
        "select public.map_model('', 'gpt-9-unheard', 'our own guess', 'openai', 'gpt-4o')",
        actor="admin",
    )
    owner("select public.invite_person('new@example.org', 'finance', 'law')", actor="admin")
    owner("select public.set_budget('organisation', '', '2026-10-01', 100)", actor="finance")
    owner("select public.set_budget('team', 'research', '2026-10-01', 20.5)", actor="finance")
    receipt = "ab" * 32
    donation = {
        "month": "2026-10-01",
        "donated_on": "2026-10-20",
        "organisation": "Peatland trust",
        "claim_type": "restored",
        "country": "DEU",
        "amount": 12.5,
        "area_m2": 10.25,
        "receipt_sha256": receipt,
    }
    given = owner("select public.record_donation(%s)", [Jsonb(donation)], actor="finance")
    owner("select public.verify_donation(%s, %s)", [given, receipt], actor="admin")
    dollars = donation | {
        "amount": 20,
        "currency": "USD",
        "receipt_sha256": None,
        "claim_type": "protected",
    }
    owner("select public.record_donation(%s)", [Jsonb(dollars)], actor="finance")
    for kind, amount in (("topup", 50), ("refund", -5), ("adjustment", 0.25)):
        owner(
            "select public.record_transaction('user-of-member', %s, %s::numeric, %s, 'a note')",
            [kind, amount, kind],
            actor="finance",
        )
    first = owner("select transaction_id from public.transactions where kind = 'adjustment'")
    owner("select public.reverse_transaction(%s, 'back', 'a slip')", [first], actor="finance")
    owner("select public.set_setting('ledger_four_eyes', 'true')", actor="admin")
    for key_of in ("approved", "refused", "waiting"):
        owner(
            "select public.record_transaction('user-of-other', 'topup', 7, %s)",
            [key_of],
            actor="finance",
        )
    for decision in ("approved", "refused"):
        waiting = owner(
            "select transaction_id from public.proposed_transactions where idempotency_key = %s",
            [decision],
        )
        owner("select public.decide_transaction(%s, %s)", [waiting, decision], actor="admin")
    add_set(database, "2026.12", 2)
    number = owner("select private.begin_restatement('2026.12', null, null, 'better figures')")
    while not owner("select private.restate_next(%s)", [number])["finished"]:
        pass
    empty = [table for table, (rows, _) in contents(database.url).items() if rows == 0]
    assert not empty, f"no row in {empty}: say in releases.fill how they come"


def make_snapshot(source: Path) -> Path:
    """Write wheel and rows of the release that a checkout is; return their folder."""
    with tempfile.TemporaryDirectory(prefix="footprint release ") as folder:
        work = Path(folder)
        build = [
            sys.executable,
            "-m",
            "hatchling",
            "build",
            "-t",
            "wheel",
            "-d",
            str(work / "dist"),
        ]
        subprocess.run(build, check=True, cwd=source, stdout=subprocess.DEVNULL)
        [wheel] = (work / "dist").glob("*.whl")
        version = wheel.name.split("-")[1]
        target = FOLDER / version
        if (target / "rows.sql.gz").exists():
            raise SystemExit(f"{version} has its snapshot already: a release is made once.")
        if Version(version).is_prerelease:
            raise SystemExit(f"{version} is no release: set VERSION in lib/footprint/release.py.")
        target.mkdir(parents=True, exist_ok=True)
        (target / wheel.name).write_bytes(wheel.read_bytes())
        package = unpack(version, work / "package")
        with Stack(work / "stack") as info:
            done = footprint_of(package, "migrate", database_url=info.database_url)
            assert done.returncode == 0, done.stderr
            fill(Database(info.database_url))
            (target / "rows.sql.gz").write_bytes(
                gzip.compress(_dump_rows(info.database_url), mtime=0)
            )
    return target


def _dump_rows(url: str) -> bytes:
    """Return the rows as insert statements that every supported PostgreSQL takes."""
    left_out = [f"--exclude-table=private.{name}" for name in OF_THE_SCHEMA]
    parts = conninfo.conninfo_to_dict(url)
    command = [
        str(programs() / "pg_dump"),
        "--data-only",
        "--column-inserts",
        "--rows-per-insert=200",
        "--schema=public",
        "--schema=private",
        *left_out,
        conninfo.make_conninfo("", **parts),
    ]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    # What only psql or a newer PostgreSQL understands; it sets nothing that matters to inserts.
    return re.sub(r"^(\\\w+|SET |SELECT pg_catalog\.set_config).*\n", "", text, flags=re.M).encode()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Add this release's snapshot to the tests.")
    parser.add_argument("--source", type=Path, default=ROOT, help="a checkout of the release")
    print(f"wrote {make_snapshot(parser.parse_args().source)}")
