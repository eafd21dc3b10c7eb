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
     set cost_usd = cost.usd, cost_eur = cost.eur, fx_eur_per_usd = fx.rate, fx_date = fx.day
    from locked, public.request_logs x
    cross join lateral private.fx_on((x.started_at at time zone v_zone)::date, v_planning_rate) as fx
    cross join lateral private.cost_in_both(x.cost_usd, x.reported_cost, x.reported_currency, fx.rate,
      (x.started_at at time zone v_zone)::date) as cost
   where r.event_id = locked.event_id and x.event_id = r.event_id
     and (r.fx_eur_per_usd is distinct from fx.rate or r.fx_date is distinct from fx.day
       or (x.reported_currency is not null and (r.cost_eur, r.cost_usd) is distinct from (cost.eur::numeric(20, 12), cost.usd::numeric(20, 12))));
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function private.rederive_cost(date, date) is
  'Works out anew what was derived from each reported cost (EUR from USD, USD from EUR, both from others), for requests from one day (inclusive) to another (exclusive; null: no bound); answers how many changed.';

-- One re-derivation a statement, however many days it brings: from the first day it touches to the
-- first known rate after the last one.
create or replace function private.on_fx_change() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_first date;
  v_last date;
begin
  if tg_op = 'INSERT' then
    select min(day), max(day) into v_first, v_last from newrates;
  elsif tg_op = 'DELETE' then
    select min(day), max(day) into v_first, v_last from oldrates;
  else
    select min(day), max(day) into v_first, v_last from (select day from oldrates union all select day from newrates) r;
  end if;
  if v_first is not null then
    perform private.rederive_cost(v_first, (select min(day) from public.fx_rates where day > v_last));
  end if;
  return null;
end
$$;
comment on function private.on_fx_change() is 'Trigger of fx_rates: new or corrected rates re-derive the days they are valid for.';
create or replace trigger on_fx_insert after insert on public.fx_rates
  referencing new table as newrates for each statement execute function private.on_fx_change();
create or replace trigger on_fx_update after update on public.fx_rates
  referencing old table as oldrates new table as newrates for each statement execute function private.on_fx_change();
create or replace trigger on_fx_delete after delete on public.fx_rates
  referencing old table as oldrates for each statement execute function private.on_fx_change();

-- How an operator enters rates: {"2026-10-09": "0.9213", ...}. Known days are corrected.
create or replace function private.set_fx_rates(p_rates jsonb, p_source text) returns bigint
language plpgsql security definer set search_path = '' as $$
declare
  v_count bigint;
begin
  insert into public.fx_rates (day, eur_per_usd, source)
  select r.key::date, r.value::numeric, p_source from jsonb_each_text(p_rates) r
  on conflict (day) do update set eur_per_usd = excluded.eur_per_usd, source = excluded.source
    where fx_rates.eur_per_usd is distinct from excluded.eur_per_usd;
  get diagnostics v_count = row_count;
  if v_count > 0 then
    perform private.audit('fx_rates.set', p_source, null, jsonb_build_object('days', v_count));
  end if;
  return v_count;
end
$$;
comment on function private.set_fx_rates(jsonb, text) is 'Enters or corrects EUR per USD by day from a JSON object; answers how many days changed. Audited.';

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

revoke execute on function private.rederive_cost(date, date), private.on_fx_change(), private.set_fx_rates(jsonb, text),
  private.on_planning_rate_change() from public;
