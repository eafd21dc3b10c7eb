"""A later release, made up: it adds, renames, splits and drops, and changes functions, views and rights.

Written as a release is: migrations at the end of the folder, and the readable files changed in place.
"""

from __future__ import annotations

from pathlib import Path

TABLES = """
-- A column more, a column renamed, a table split in two, a measure more.
alter table public.request_logs add column carrier text check (length(carrier) <= 100);
alter table private.ingest_rejections rename column example to sample;

create table public.region_places (
  region text primary key references public.region_zones (region) on delete cascade,
  place text not null
);
insert into public.region_places (region, place) select region, place from public.region_zones;
alter table public.region_zones drop column place;

alter table public.usage_user_daily add column tokens_long numeric not null default 0;
alter table public.usage_user_monthly add column tokens_long numeric not null default 0;
alter table public.usage_org_daily add column tokens_long numeric not null default 0;
alter table public.usage_tag_monthly add column tokens_long numeric not null default 0;

drop index public.request_logs_session_idx;
"""
DATA = """
with added as (
  insert into public.settings (key, value, description) values ('quiet_hours', 'null', 'When nobody is written to.')
  on conflict (key) do nothing returning key, value
)
insert into public.settings_history (key, new_value) select key, value from added;
"""
REBUILD = "-- The measure that is new, for the requests that are there.\nselect private.rebuild_rollups();\n"
INDEX = "create index concurrently if not exists request_logs_region_idx on public.request_logs (region);\n"
FILL = """-- repeat: until it changes nothing
with more as (select event_id from public.request_logs where carrier is null order by event_id limit 3 for update)
update public.request_logs r set carrier = 'unknown' from more where r.event_id = more.event_id;
"""
MIGRATIONS = {
    "0107_places_and_carriers.sql": TABLES,
    "0108_quiet_hours.sql": DATA,
    "0109_rebuild_rollups.step.sql": REBUILD,
    "0110_region_index.step.sql": INDEX,
    "0111_fill_carrier.step.sql": FILL,
}
STEPS = ["0109_rebuild_rollups.step", "0110_region_index.step", "0111_fill_carrier.step"]
# File → what stands there, and what stands there instead.
EDITS: dict[str, list[tuple[str, str]]] = {
    "010_settings.sql": [
        (
            "when p_key = 'demo_notice' then",
            "when p_key = 'quiet_hours' then null when p_key = 'demo_notice' then",
        )
    ],
    "020_identity.sql": [
        ("people rename themselves", "people name themselves"),
        (
            "create or replace trigger user_profiles_updated_at before update on public.user_profiles\n"
            "  for each row execute function private.touch_updated_at();\n",
            "",
        ),
        # A view goes, with all that is said of it.
        (
            "create or replace view public.users with (security_invoker = true) as\n"
            "  select user_id as id, email, role, created_at from public.user_profiles where deleted_at is null;\n"
            "comment on view public.users is 'People in the shape of the original schema: id, email, role, created_at.';\n"
            "revoke all on public.users from public, anon, authenticated, service_role;\n"
            "grant select on public.users to authenticated, service_role;\n",
            "",
        ),
        ("grant update (full_name, timezone) on", "grant update (full_name) on"),
    ],
    "035_zones.sql": [
        (
            "comment on column public.region_zones.place is 'The place, as the cloud names it.';\n",
            "comment on table public.region_places is 'Where a region is.';\n"
            "comment on column public.region_places.region is 'The region.';\n"
            "comment on column public.region_places.place is 'The place, as the cloud names it.';\n"
            "alter table public.region_places enable row level security;\n"
            'drop policy if exists "everyone signed in reads the places" on public.region_places;\n'
            'create policy "everyone signed in reads the places" on public.region_places\n'
            "  for select to authenticated using (true);\n"
            "revoke all on public.region_places from public, anon, authenticated, service_role;\n"
            "grant select on public.region_places to authenticated;\n",
        )
    ],
    "050_request_logs.sql": [
        ("    ['grid_zone',", "    ['carrier', 'Who carried the request.'],\n    ['grid_zone',")
    ],
    "060_rollups.sql": [
        (
            "    ['tokens_used', 'case when r.cache_hit then 0 else r.tokens_used end', 'All tokens",
            "    ['tokens_long', 'case when r.tokens_used > 1000 then r.tokens_used else 0 end', 'Tokens of long requests.'],\n"
            "    ['tokens_used', 'case when r.cache_hit then 0 else r.tokens_used end', 'All tokens",
        )
    ],
    # A view whose column has another name.
    "090_ledger.sql": [("as used_eur,", "as spent_eur,")],
    # A function with one argument more, another with another result.
    "130_keys_and_settings.sql": [
        (
            "create or replace function public.stop_ingest_key(p_ingest_key_id uuid) returns text",
            "create or replace function public.stop_ingest_key(p_ingest_key_id uuid, p_reason text default null) returns text",
        ),
        ("public.stop_ingest_key(uuid)", "public.stop_ingest_key(uuid, text)"),
        (
            "create or replace function public.list_ingest_keys() returns jsonb\n"
            "language sql stable security invoker set search_path = '' as $$ select private.list_ingest_keys() $$;",
            "create or replace function public.list_ingest_keys() returns json\n"
            "language sql stable security invoker set search_path = '' as $$ select private.list_ingest_keys()::json $$;",
        ),
    ],
    "155_ingest_quality.sql": [("example", "sample")],
}


def make_next_release(folder: Path) -> Path:
    """Turn a copy of ``sql/`` into that of the later release; return it."""
    for name, text in MIGRATIONS.items():
        (folder / "migrations" / name).write_text(text)
    for name, edits in EDITS.items():
        text = (folder / name).read_text()
        for old, new in edits:
            assert old in text, f"{name} has changed: {old!r} is not in it"
            text = text.replace(old, new)
        (folder / name).write_text(text)
    return folder
