-- Holds every table of ours until the transaction ends, so that nobody reads or writes half a schema. Waits for a
-- gap between requests no longer than the lock_timeout in force: whoever runs this tries again.
--
-- The order is that in which a batch of requests meets the tables: whoever has begun gets through, and the next
-- one waits at the first of them with nothing in hand. Before all stands auth.users: a sign-up holds it when our
-- trigger there writes a profile.

do $lock$
declare
  v_first constant text[] := array['private.ingest_keys', 'public.settings', 'public.user_profiles', 'public.user_sessions', 'public.request_logs'];
  v_tables constant text := (
    select string_agg(o.name, ', ' order by array_position(v_first, o.name), o.name)
      from private.schema_objects o join pg_catalog.pg_class c on c.oid = to_regclass(o.name)
     where o.kind = 'table' and c.relkind in ('r', 'p'));
begin
  begin
    lock table auth.users in share row exclusive mode;
  exception when insufficient_privilege then
    null;  -- another's table: a sign-up in this very moment may make the run begin again
  end;
  if v_tables is not null then
    execute 'lock table ' || v_tables || ' in access exclusive mode';
  end if;
end
$lock$;
