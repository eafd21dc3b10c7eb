-- Content: prompts and answers, only where store_payloads is on, for payload_retention_days at most.
--
-- An event may bring `messages` and `response` along; they never reach request_logs. They are kept for
-- requests that this very batch stored, so that nobody can put words to somebody else's request by
-- sending its event_id again; above a million characters they are left out. Erasing content touches no metric.

create or replace function private.store_payloads(p_events jsonb) returns bigint
language plpgsql security definer set search_path = '' as $$
declare
  v_days constant integer := (private.setting('payload_retention_days') #>> '{}')::integer;
  v_count bigint := 0;
begin
  if private.setting('store_payloads') = 'true' and v_days > 0 then
    insert into public.request_payloads (event_id, user_profile_id, messages, response, expires_at)
    select distinct on (r.event_id) r.event_id, r.user_profile_id, nullif(e.event -> 'messages', 'null'), nullif(e.event -> 'response', 'null'),
           now() + make_interval(days => v_days)
    from jsonb_array_elements(p_events) with ordinality as e (event, item)
    join public.request_logs r
      on r.event_id = case when e.event ->> 'event_id' ~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' then (e.event ->> 'event_id')::uuid end
    where jsonb_typeof(e.event) = 'object' and length(e.event::text) <= 1000000 and (e.event -> 'messages' <> 'null' or e.event -> 'response' <> 'null')
      and r.user_profile_id is not null
      and r.xmin::text::bigint = (pg_current_xact_id()::text::numeric % 4294967296)::bigint
    order by r.event_id, e.item
    on conflict (event_id) do nothing;
    get diagnostics v_count = row_count;
  end if;
  return v_count;
end
$$;
comment on function private.store_payloads(jsonb) is
  'Keeps messages and response of the events this transaction stored, where the organisation wants them and they belong to a person; answers how many.';

-- Content follows its request: to another person when a session is mapped, to nobody when it is nobody's.
create or replace function private.move_payload() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if new.user_profile_id is null then
    delete from public.request_payloads where event_id = new.event_id;
  else
    update public.request_payloads set user_profile_id = new.user_profile_id where event_id = new.event_id;
  end if;
  return null;
end
$$;
comment on function private.move_payload() is 'Trigger of request_logs: content belongs to whoever the request belongs to.';
create or replace trigger move_payload after update of user_profile_id on public.request_logs
  for each row when (old.user_profile_id is distinct from new.user_profile_id) execute function private.move_payload();

create or replace function private.on_retention_change() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  update public.request_payloads
     set expires_at = created_at + make_interval(days => (new.value #>> '{}')::integer)
   where true;  -- hosted Supabase refuses an update without a condition
  return null;
end
$$;
comment on function private.on_retention_change() is 'Trigger of settings: a new retention counts for what is already stored.';
create or replace trigger on_retention_change after update on public.settings
  for each row when (new.key = 'payload_retention_days' and new.value is distinct from old.value)
  execute function private.on_retention_change();

create or replace function private.purge_payloads(p_all boolean) returns bigint
language plpgsql security definer set search_path = '' as $$
declare
  v_count bigint;
begin
  delete from public.request_payloads where p_all or expires_at <= now();
  get diagnostics v_count = row_count;
  if v_count > 0 then
    perform private.audit('content.purge', case when p_all then 'everything' else 'expired' end, null, jsonb_build_object('payloads', v_count));
  end if;
  return v_count;
end
$$;
comment on function private.purge_payloads(boolean) is 'Erases content whose time is over, or (true) all of it; answers how many. Audited.';

revoke execute on function private.store_payloads(jsonb), private.move_payload(), private.on_retention_change(), private.purge_payloads(boolean)
  from public, anon, authenticated, service_role;
