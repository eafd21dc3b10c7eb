-- The release that this schema belongs to: what `footprint migrate` keeps of it, which programs it serves, and
-- how an older one is turned away.
--
-- The three tables are made by sql/engine/1_ledger.sql, before anything else. A program says the number of the
-- schema it was made for (x-footprint-schema; 0.1.0 says none and counts as 6); the database says the oldest
-- number that it still serves, and each side refuses in a sentence. Raise a number here only with a change that
-- really breaks such a program, and only by a release that docs/upgrading.md allows to.

comment on table private.schema_migrations is 'Files of sql/ that were applied, and which version.';
comment on column private.schema_migrations.file is 'Name of the file, without its folder and ending.';
comment on column private.schema_migrations.sha256 is 'SHA-256 of its text, hexadecimal: a file that was applied is never edited.';
comment on column private.schema_migrations.applied_at is 'When it was applied (UTC).';
comment on column private.schema_migrations.release is 'The release of Footprint that applied it.';
comment on column private.schema_migrations.is_step is 'Whether it is a step: work that cannot be part of the one transaction and follows it.';
comment on column private.schema_migrations.rows_done is 'Rows that a step has worked through.';
comment on column private.schema_migrations.finished_at is 'When a step was done (UTC); null while it is not, and for what is no step.';
comment on table private.schema_release is 'One row: the release of Footprint whose schema this is.';
comment on column private.schema_release.schema_release_id is 'Always 1.';
comment on column private.schema_release.release is 'Version of the program that migrated last.';
comment on column private.schema_release.files_sha256 is 'SHA-256 over the files of functions, views, policies, grants, triggers and comments.';
comment on column private.schema_release.migrated_at is 'When (UTC).';
comment on table private.schema_objects is 'What Footprint made in this database: the next release drops what it no longer makes, and checks look at nothing else.';
comment on column private.schema_objects.kind is 'table, sequence, view, function, trigger or policy.';
comment on column private.schema_objects.name is 'Its name with its schema; of a function with the types of its arguments; of a trigger or policy as it is.';
comment on column private.schema_objects.relation is 'The table of a trigger or policy; empty for the others.';
alter table private.schema_migrations enable row level security;
alter table private.schema_release enable row level security;
alter table private.schema_objects enable row level security;
revoke all on private.schema_migrations, private.schema_release, private.schema_objects from public, anon, authenticated, service_role;

-- 0.1.0 would overwrite newer functions without a word; its own ledger now refuses it, and it rolls back.
create or replace function private.refuse_older_program() returns trigger
language plpgsql set search_path = '' as $$
begin
  if coalesce(current_setting('footprint.migrating', true), '') = '' then
    raise exception using errcode = 'insufficient_privilege',
      message = format('this database belongs to Footprint %s, which is newer than this program: nothing was changed, install that version',
                       coalesce((select r.release from private.schema_release r), 'of a later version'));
  end if;
  return null;
end
$$;
comment on function private.refuse_older_program() is 'Trigger of schema_migrations: only a program that knows of releases writes there.';
revoke execute on function private.refuse_older_program() from public, anon, authenticated, service_role;
create or replace trigger refuse_older_program before insert or update or delete or truncate on private.schema_migrations
  for each statement execute function private.refuse_older_program();

create or replace function private.schema_number() returns integer
language sql stable security definer set search_path = '' as $$
  select coalesce(max(substring(m.file from '^[0-9]{4}')::integer), 0) from private.schema_migrations m
$$;
comment on function private.schema_number() is 'Number of the newest migration: what a program compares with what it needs.';

create or replace function private.oldest_schema_of_app() returns integer
language sql immutable set search_path = '' as $$ select 6 $$;
comment on function private.oldest_schema_of_app() is 'The oldest schema number whose dashboard still works with this database.';

create or replace function private.oldest_schema_of_sender() returns integer
language sql immutable set search_path = '' as $$ select 6 $$;
comment on function private.oldest_schema_of_sender() is 'The oldest schema number whose callback may still send requests to this database.';

-- A sender that is too old keeps its requests: 0.1.0 takes HTTP 503 for a failure that passes.
create or replace function private.check_sender() returns void
language plpgsql stable security definer set search_path = '' as $$
declare
  v_said constant text := nullif(current_setting('request.headers', true), '')::jsonb ->> 'x-footprint-schema';
  v_number constant integer := case when v_said ~ '^[0-9]{1,6}$' then v_said::integer else 6 end;
begin
  if v_number < private.oldest_schema_of_sender() then
    raise exception using errcode = case when v_said is null then 'PT503' else 'PT426' end,
      message = format('This database (Footprint %s) takes no requests from a sender as old as this one',
                       (select r.release from private.schema_release r)),
      hint = 'Upgrade llm-footprint where the callback runs; what waits there is then delivered.';
  end if;
end
$$;
comment on function private.check_sender() is 'HTTP 426 to a sender made for a schema that is no longer served (503 to one that says no number).';

create or replace function private.schema_release() returns jsonb
language sql stable security definer set search_path = '' as $$
  select jsonb_build_object('release', (select r.release from private.schema_release r), 'schema', private.schema_number(),
                            'oldest_app', private.oldest_schema_of_app(), 'oldest_sender', private.oldest_schema_of_sender())
$$;
comment on function private.schema_release() is 'Release and number of this schema, and the oldest programs that it serves.';

create or replace function public.schema_release() returns jsonb
language sql stable security invoker set search_path = '' as $$ select private.schema_release() $$;
comment on function public.schema_release() is 'Release and number of this schema, and the oldest programs that it serves; for who is signed in.';

revoke execute on function private.schema_number(), private.oldest_schema_of_app(), private.oldest_schema_of_sender(), private.check_sender(),
  private.schema_release(), public.schema_release() from public, anon, authenticated, service_role;
grant execute on function private.schema_release(), public.schema_release() to authenticated, service_role;
