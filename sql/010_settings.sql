-- Settings: key → jsonb, validated on the way in, every change kept.

comment on table public.settings is 'What the organisation decided: one row a setting, validated.';
comment on column public.settings.key is 'Name of the setting; private.setting_problem() knows them all.';
comment on column public.settings.value is 'The value as JSON.';
comment on column public.settings.description is 'What it decides, in a sentence, with its unit.';
comment on column public.settings.updated_at is 'When it last changed (UTC).';
comment on column public.settings.updated_by is 'user_id of who changed it; null for an operator at the database.';

comment on table public.settings_history is 'Every value a setting ever had; append-only.';
comment on column public.settings_history.settings_history_id is 'Order of the changes.';
comment on column public.settings_history.key is 'Name of the setting.';
comment on column public.settings_history.old_value is 'The value before; null when the setting was new.';
comment on column public.settings_history.new_value is 'The value after; null when the setting was removed.';
comment on column public.settings_history.changed_at is 'When (UTC).';
comment on column public.settings_history.changed_by is 'user_id of who changed it; null for an operator at the database.';

alter table public.settings enable row level security;
alter table public.settings_history enable row level security;

drop policy if exists "everyone signed in reads the settings" on public.settings;
create policy "everyone signed in reads the settings" on public.settings
  for select to authenticated using (true);

revoke all on public.settings, public.settings_history from public, anon, authenticated, service_role;
grant select on public.settings, public.settings_history to authenticated;
grant select on public.settings, public.settings_history to service_role;

create or replace function private.setting(p_key text) returns jsonb
language sql stable security definer set search_path = '' as $$
  select value from public.settings where key = p_key
$$;
comment on function private.setting(text) is 'Value of a setting as JSON; null where it is not set.';
revoke execute on function private.setting(text) from public;

create or replace function private.reporting_timezone() returns text
language sql stable security definer set search_path = '' as $$
  select coalesce((select value #>> '{}' from public.settings where key = 'reporting_timezone'), 'UTC')
$$;
comment on function private.reporting_timezone() is
  'IANA name of the one time zone in which days and months are cut.';
revoke execute on function private.reporting_timezone() from public;

create or replace function private.reporting_today() returns date
language sql stable security definer set search_path = '' as $$
  select (now() at time zone private.reporting_timezone())::date
$$;
comment on function private.reporting_today() is 'Today in the reporting time zone.';
revoke execute on function private.reporting_today() from public;

create or replace function private.setting_problem(p_key text, p_value jsonb) returns text
language sql stable set search_path = '' as $$
  select case
    when p_key in ('pledge_share') then
      case when jsonb_typeof(p_value) = 'number' and (p_value #>> '{}')::numeric between 0 and 1 then null
      else 'must be a number from 0 to 1' end
    when p_key in ('contract_price_eur_per_m2', 'fx_planning_rate_eur_per_usd') then
      case when jsonb_typeof(p_value) = 'number' and (p_value #>> '{}')::numeric > 0
                and (p_value #>> '{}')::numeric < 10000 then null
      else 'must be a number above 0 and below 10000' end
    when p_key = 'payload_retention_days' then
      case when jsonb_typeof(p_value) = 'number' and (p_value #>> '{}') ~ '^[0-9]{1,4}$' then null
      else 'must be a whole number of days from 0 to 9999' end
    when p_key in ('store_payloads', 'prepaid_mode', 'ledger_four_eyes') then
      case when jsonb_typeof(p_value) = 'boolean' then null else 'must be true or false' end
    when p_key = 'privacy_people' then
      case when p_value in ('"named"', '"pseudonymous"', '"off"') then null
      else 'must be "named", "pseudonymous" or "off"' end
    when p_key = 'who_may_join' then
      case when p_value in ('"anyone"', '"invited"') then null else 'must be "anyone" or "invited"' end
    when p_key = 'reporting_timezone' then
      case when exists (select 1 from pg_catalog.pg_timezone_names where name = p_value #>> '{}')
           then null else 'must be an IANA time zone name such as "Europe/Paris"' end
    when p_key in ('organisation_name', 'active_factor_set') then
      case when jsonb_typeof(p_value) = 'string' and length(p_value #>> '{}') between 1 and 200 then null
      else 'must be a text of 1 to 200 characters' end
    when p_key = 'demo_notice' then
      case when jsonb_typeof(p_value) in ('object', 'null') then null else 'must be an object or null' end
    else 'is not a setting that exists'
  end
$$;
comment on function private.setting_problem(text, jsonb) is
  'What is wrong with a value for a setting, as the end of a sentence; null when it is fine.';
revoke execute on function private.setting_problem(text, jsonb) from public;

create or replace function private.validate_setting() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  problem constant text := private.setting_problem(new.key, new.value);
begin
  if problem is not null then
    raise exception using errcode = 'check_violation', message = format('Setting %s %s.', new.key, problem);
  end if;
  new.updated_at := now();
  return new;
end
$$;
comment on function private.validate_setting() is 'Trigger of settings: refuses a value that cannot be right.';
revoke execute on function private.validate_setting() from public;

create or replace function private.remember_setting() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'INSERT' then
    insert into public.settings_history (key, new_value, changed_by) values (new.key, new.value, new.updated_by);
  elsif tg_op = 'DELETE' then
    insert into public.settings_history (key, old_value) values (old.key, old.value);
  elsif new.value is distinct from old.value then
    insert into public.settings_history (key, old_value, new_value, changed_by)
    values (new.key, old.value, new.value, new.updated_by);
  end if;
  return null;
end
$$;
comment on function private.remember_setting() is 'Trigger of settings: writes settings_history.';
revoke execute on function private.remember_setting() from public;

create or replace trigger validate_setting before insert or update on public.settings
  for each row execute function private.validate_setting();
create or replace trigger remember_setting after insert or update or delete on public.settings
  for each row execute function private.remember_setting();
create or replace trigger settings_history_is_append_only
  before update or delete or truncate on public.settings_history
  for each statement execute function private.refuse_change();
