-- Re-derivation: facts stay, what was derived from them follows a corrected exchange rate.

create or replace function private.rederive_cost(p_from date, p_to date) returns bigint
language plpgsql security definer set search_path = '' as $$
declare
  v_zone constant text := private.reporting_timezone();
  v_planning_rate constant numeric := (private.setting('fx_planning_rate_eur_per_usd') #>> '{}')::numeric;
  v_count bigint;
begin
  with locked as materialized (
    select event_id from public.request_logs
     where cost_usd is not null
       and (p_from is null or started_at >= p_from::timestamp at time zone v_zone)
       and (p_to is null or started_at < p_to::timestamp at time zone v_zone)
     order by event_id for no key update)
  update public.request_logs r
     set cost_eur = r.cost_usd * fx.rate, fx_eur_per_usd = fx.rate, fx_date = fx.day
    from locked, public.request_logs x
    cross join lateral private.fx_on((x.started_at at time zone v_zone)::date, v_planning_rate) as fx
   where r.event_id = locked.event_id and x.event_id = r.event_id
     and (r.fx_eur_per_usd is distinct from fx.rate or r.fx_date is distinct from fx.day);
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function private.rederive_cost(date, date) is
  'Works out cost_eur anew for requests from one day (inclusive) to another (exclusive; null: no bound); answers how many changed.';

create or replace function private.on_fx_change() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_from date := least(case when tg_op <> 'INSERT' then old.day end, case when tg_op <> 'DELETE' then new.day end);
  v_last date := greatest(case when tg_op <> 'INSERT' then old.day end, case when tg_op <> 'DELETE' then new.day end);
begin
  perform private.rederive_cost(v_from, (select min(day) from public.fx_rates where day > v_last));
  return null;
end
$$;
comment on function private.on_fx_change() is 'Trigger of fx_rates: a new or corrected rate re-derives the days it is valid for.';
create or replace trigger on_fx_change after insert or update or delete on public.fx_rates
  for each row execute function private.on_fx_change();

create or replace function private.on_planning_rate_change() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if new.value is distinct from old.value then
    perform private.rederive_cost(null, (select min(day) from public.fx_rates));
  end if;
  return null;
end
$$;
comment on function private.on_planning_rate_change() is 'Trigger of settings: a new planning rate re-derives the days without a known rate.';
create or replace trigger on_planning_rate_change after update on public.settings
  for each row when (new.key = 'fx_planning_rate_eur_per_usd') execute function private.on_planning_rate_change();

revoke execute on function private.rederive_cost(date, date), private.on_fx_change(), private.on_planning_rate_change() from public;
