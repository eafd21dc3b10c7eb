-- What `footprint migrate` remembers. Runs first in every run, and changes nothing where it has run before.
--
-- The ledger keeps the name and the first columns that it had in 0.1.0: that version's `footprint migrate`
-- finds it, and the trigger made by sql/005_release.sql turns it away in a sentence.

create schema if not exists private;

create table if not exists private.schema_migrations (
  file text primary key,
  sha256 text not null,
  applied_at timestamptz not null default now()
);
alter table private.schema_migrations
  add column if not exists release text not null default '0.1.0',
  add column if not exists is_step boolean not null default false,
  add column if not exists rows_done bigint not null default 0,
  add column if not exists finished_at timestamptz;

create table if not exists private.schema_release (
  schema_release_id integer primary key default 1 check (schema_release_id = 1),
  release text not null,
  files_sha256 text not null,
  migrated_at timestamptz not null
);

create table if not exists private.schema_objects (
  kind text not null check (kind in ('table', 'sequence', 'view', 'function', 'trigger', 'policy')),
  name text not null,
  relation text not null default '',
  primary key (kind, name, relation)
);
