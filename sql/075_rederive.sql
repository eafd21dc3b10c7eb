-- Re-derivation: facts stay, what was derived from them follows a corrected exchange rate.

create or replace function private.rederive_cost(p_from date, p_to date, p_currencies text[]) returns bigint
language plpgsql security definer set search_path = '' as $$
declare
  v_zone constant text := private.reporting_timezone();
  v_planning_rate constant numeric := (private.setting('fx_planning_rate_eur_per_usd') #>> '{}')::numeric;
  v_count bigint;
  v_lost bigint;
  v_first timestamptz;
  v_currency text;
begin
  with locked as materialized (
    select event_id from public.request_logs
     where cost_usd is not null
       and (p_from is null or started_at >= p_from::timestamp at time zone v_zone)
       and (p_to is null or started_at < p_to::timestamp at time zone v_zone)
       and (p_currencies is null or reported_currency = any (p_currencies))
     order by event_id for no key update
  ), changed as (
    update public.request_logs r
       set cost_usd = cost.usd, cost_eur = cost.eur, fx_eur_per_usd = fx.rate, fx_date = fx.day
      from locked, public.request_logs x
      cross join lateral private.fx_on((x.started_at at time zone v_zone)::date, v_planning_rate) as fx
      cross join lateral private.cost_in_both(x.cost_usd, x.reported_cost, x.reported_currency, fx.rate,
        (x.started_at at time zone v_zone)::date) as cost
     where r.event_id = locked.event_id and x.event_id = r.event_id
       and (r.fx_eur_per_usd is distinct from fx.rate or r.fx_date is distinct from fx.day
         or (x.reported_currency is not null and (r.cost_eur, r.cost_usd) is distinct from (cost.eur::numeric(20, 12), cost.usd::numeric(20, 12))))
    returning r.cost_usd, r.reported_currency, r.started_at)
  select count(*), count(*) filter (where cost_usd is null), min(started_at) filter (where cost_usd is null),
         min(reported_currency) filter (where cost_usd is null)
    into v_count, v_lost, v_first, v_currency from changed;
  if v_lost > 0 then
    raise sqlstate 'PT409' using
      message = format('Requests from %s on have a cost in %s for which no exchange rate would be known (%s of them): correct the rate instead.',
                       (v_first at time zone v_zone)::date, v_currency, v_lost);
  end if;
  return v_count;
end
$$;
comment on function private.rederive_cost(date, date, text[]) is
  'Works out anew what was derived from each reported cost (EUR from USD, USD from EUR, both from others), for requests from one day (inclusive) to another (exclusive; null: no bound), of some currencies (null: of all); answers how many changed. Refuses to make a known cost unknown.';

create or replace function private.rederive_cost(p_from date, p_to date) returns bigint
language sql security definer set search_path = '' as $$ select private.rederive_cost(p_from, p_to, null) $$;
comment on function private.rederive_cost(date, date) is 'The same, of all currencies.';

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

-- The same for other currencies, which few requests have: of these, just the days that follow a changed rate.
create or replace function private.currency_rates_end(p_last jsonb) returns date
language sql stable security definer set search_path = '' as $$
  select case when bool_and(next.day is not null) then max(next.day) end
    from jsonb_each_text(p_last) as l (currency, day)
    cross join lateral (select min(r.day) from public.currency_rates r where r.currency = l.currency and r.day > l.day::date) as next (day)
$$;
comment on function private.currency_rates_end(jsonb) is
  'The first day on which other rates hold again, given the last day that was touched of each currency; null where that day has not come for all.';

create or replace function private.on_currency_rates_change() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_first date;
  v_end date;
  v_currencies text[];
begin
  if tg_op = 'INSERT' then
    select array_agg(x.currency), min(x.first), private.currency_rates_end(jsonb_object_agg(x.currency, x.last)) into v_currencies, v_first, v_end
      from (select currency, min(day), max(day) from newrates group by currency) as x (currency, first, last);
  elsif tg_op = 'DELETE' then
    select array_agg(x.currency), min(x.first), private.currency_rates_end(jsonb_object_agg(x.currency, x.last)) into v_currencies, v_first, v_end
      from (select currency, min(day), max(day) from oldrates group by currency) as x (currency, first, last);
  else
    select array_agg(x.currency), min(x.first), private.currency_rates_end(jsonb_object_agg(x.currency, x.last)) into v_currencies, v_first, v_end
      from (select currency, min(day), max(day) from (table oldrates union all table newrates) r group by currency) as x (currency, first, last);
  end if;
  if v_first is not null then
    perform private.rederive_cost(v_first, v_end, v_currencies);
  end if;
  return null;
end
$$;
comment on function private.on_currency_rates_change() is
  'Trigger of currency_rates: new or corrected rates re-derive the requests that were reported in their currency, on the days that they are valid for. A rate that a stored cost needs cannot go.';
create or replace trigger on_currency_rates_insert after insert on public.currency_rates
  referencing new table as newrates for each statement execute function private.on_currency_rates_change();
create or replace trigger on_currency_rates_update after update on public.currency_rates
  referencing old table as oldrates new table as newrates for each statement execute function private.on_currency_rates_change();
create or replace trigger on_currency_rates_delete after delete on public.currency_rates
  referencing old table as oldrates for each statement execute function private.on_currency_rates_change();

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

-- The same for other currencies: {"CNY": {"2026-10-09": "0.1283", ...}, ...}.
create or replace function private.set_currency_rates(p_rates jsonb, p_source text) returns bigint
language plpgsql security definer set search_path = '' as $$
declare
  v_count bigint;
begin
  insert into public.currency_rates (currency, day, eur_per_unit, source)
  select c.key, r.key::date, r.value::numeric, p_source from jsonb_each(p_rates) c cross join lateral jsonb_each_text(c.value) r
  on conflict (currency, day) do update set eur_per_unit = excluded.eur_per_unit, source = excluded.source
    where currency_rates.eur_per_unit is distinct from excluded.eur_per_unit;
  get diagnostics v_count = row_count;
  if v_count > 0 then
    perform private.audit('fx_rates.set', p_source, null, jsonb_build_object('currencies',
      (select string_agg(c, ', ' order by c) from jsonb_object_keys(p_rates) c), 'rates', v_count));
  end if;
  return v_count;
end
$$;
comment on function private.set_currency_rates(jsonb, text) is
  'Enters or corrects EUR for one unit of other currencies than USD, by currency and day, from a JSON object of objects; answers how many rates changed. Audited.';

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

revoke execute on function private.rederive_cost(date, date, text[]), private.rederive_cost(date, date), private.on_fx_change(),
  private.set_fx_rates(jsonb, text), private.currency_rates_end(jsonb), private.on_currency_rates_change(), private.set_currency_rates(jsonb, text),
  private.on_planning_rate_change() from public;
