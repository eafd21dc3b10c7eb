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
