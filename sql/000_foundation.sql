-- Foundation: the schema the API never exposes, and what nobody may do by default.
--
-- Why: PostgREST exposes `public` only. Everything with power (security definer functions, keys)
-- lives in `private`; `public` holds tables under row level security, invoker views and thin
-- invoker functions. On older Supabase projects `public` is granted to everybody by default, so
-- every file revokes first and then grants exactly what is needed.
--
-- The files of this folder are what can be replaced: functions, views, policies, grants, triggers and
-- comments, by subject. `footprint migrate` applies them as one set, in name order, in the transaction in
-- which it applies what is new in migrations/ (tables, constraints, indexes and data: numbered files that are
-- never edited once released). Any number of times, on PostgreSQL 15 to 18, in a database that has Supabase's
-- roles and `auth` schema. How it is done: docs/upgrading.md.

comment on schema private is
  'Never exposed by the API: helpers of policies, derivations, ingest keys.';

revoke all on schema private from public;
grant usage on schema private to anon, authenticated, service_role;

-- Global form: the form with "in schema" has no effect (PostgreSQL can only add there).
alter default privileges revoke execute on functions from public;

create or replace function private.refuse_change() returns trigger
language plpgsql set search_path = '' as $$
begin
  raise exception using
    errcode = 'insufficient_privilege',
    message = format('%I.%I is append-only: %s is not allowed.', tg_table_schema, tg_table_name, lower(tg_op)),
    hint = 'Add a correcting row instead.';
end
$$;
comment on function private.refuse_change() is
  'Trigger of append-only tables: refuses update, delete and truncate, whoever asks.';
revoke execute on function private.refuse_change() from public;

create or replace function private.touch_updated_at() returns trigger
language plpgsql set search_path = '' as $$
begin
  new.updated_at := now();
  return new;
end
$$;
comment on function private.touch_updated_at() is 'Trigger: keeps updated_at true.';
revoke execute on function private.touch_updated_at() from public;
