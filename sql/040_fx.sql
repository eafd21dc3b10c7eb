-- Exchange rates: EUR per USD by day. A request uses the rate of its own day (or the last one
-- before it, as on weekends); before the first known rate, the planning rate of the settings.

comment on table public.fx_rates is 'EUR per USD by day, with its source.';
comment on column public.fx_rates.day is 'The day the rate is valid from, in the reporting time zone.';
comment on column public.fx_rates.eur_per_usd is 'EUR for one USD.';
comment on column public.fx_rates.source is 'Where the rate comes from, for example ECB reference rates.';
comment on column public.fx_rates.created_at is 'When it was entered (UTC).';

alter table public.fx_rates enable row level security;
drop policy if exists "everyone signed in reads the exchange rates" on public.fx_rates;
create policy "everyone signed in reads the exchange rates" on public.fx_rates
  for select to authenticated using (true);
revoke all on public.fx_rates from public, anon, authenticated, service_role;
grant select on public.fx_rates to authenticated, service_role;

create or replace function private.fx_on(p_day date, p_planning_rate numeric)
returns table (rate numeric, day date)
language sql stable
begin atomic
  select coalesce(r.eur_per_usd, p_planning_rate), r.day
  from (select 1) as one
  left join lateral (
    select x.eur_per_usd, x.day from public.fx_rates x where x.day <= p_day order by x.day desc limit 1) as r on true;
end;
comment on function private.fx_on(date, numeric) is
  'EUR per USD on a day and the day the rate is of; the planning rate and no day before the first known rate.';
revoke execute on function private.fx_on(date, numeric) from public;

-- Other currencies, for costs that were reported in them.
comment on table public.currency_rates is 'EUR for one unit of other currencies than USD, by day, with its source.';
comment on column public.currency_rates.currency is 'The currency, ISO 4217.';
comment on column public.currency_rates.day is 'The day the rate is valid from, in the reporting time zone.';
comment on column public.currency_rates.eur_per_unit is 'EUR for one unit of it.';
comment on column public.currency_rates.source is 'Where the rate comes from, for example ECB reference rates.';
comment on column public.currency_rates.created_at is 'When it was entered (UTC).';

alter table public.currency_rates enable row level security;
drop policy if exists "everyone signed in reads the rates of other currencies" on public.currency_rates;
create policy "everyone signed in reads the rates of other currencies" on public.currency_rates
  for select to authenticated using (true);
revoke all on public.currency_rates from public, anon, authenticated, service_role;
grant select on public.currency_rates to authenticated, service_role;

create or replace function private.eur_per_unit(p_currency text, p_day date) returns numeric
language sql stable set search_path = '' as $$
  select r.eur_per_unit from public.currency_rates r where r.currency = p_currency and r.day <= p_day order by r.day desc limit 1
$$;
comment on function private.eur_per_unit(text, date) is
  'EUR for one unit of a currency on a day, by the last rate up to it; null before the first known one.';
revoke execute on function private.eur_per_unit(text, date) from public;

-- What a cost is in both currencies: one of them, or neither, was reported, and the others follow from the rates.
create or replace function private.cost_in_both(p_cost_usd numeric, p_reported numeric, p_currency text, p_eur_per_usd numeric, p_day date)
returns table (usd numeric, eur numeric)
language sql stable
begin atomic
  select case when p_currency is null then p_cost_usd else round(c.eur / p_eur_per_usd, 12) end, c.eur
  from (select case when p_currency is null then p_cost_usd * p_eur_per_usd
                    when p_currency = 'EUR' then p_reported
                    else p_reported * private.eur_per_unit(p_currency, p_day) end) as c (eur);
end;
comment on function private.cost_in_both(numeric, numeric, text, numeric, date) is
  'A cost in USD and in EUR, from what was reported: in USD (no currency given) or in another currency.';
revoke execute on function private.cost_in_both(numeric, numeric, text, numeric, date) from public;
