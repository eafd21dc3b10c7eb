-- Restatements: earlier requests derived anew, with the figures before and after kept by day and model.
--
-- Activating another factor set changes nothing that was stored: `footprint restate` does, some days at a
-- time, each batch in a transaction of its own that also moves the restatement's progress on, so that it
-- can be interrupted and resumed. What a request weighs is worked out as at ingest (070);
-- the rollups follow through their triggers. While a batch is being ingested no other set becomes active,
-- so that nothing derived with the set of yesterday can arrive behind the back of a restatement.

comment on table public.restatements is 'Every time that stored impacts were derived anew: when, with which factor set, and why.';
comment on column public.restatements.restatement_id is 'The restatement.';
comment on column public.restatements.factor_set is 'The set that impacts were derived with.';
comment on column public.restatements.reason is 'Why, in words.';
comment on column public.restatements.from_day is 'First day, in the reporting time zone; null: from the first request.';
comment on column public.restatements.until_day is 'Last day, inclusive; null: to the last request.';
comment on column public.restatements.started_at is 'When it began (UTC).';
comment on column public.restatements.started_by is 'user_id of who began it; null for an operator at the database.';
comment on column public.restatements.next_day is 'Progress: the first day not done yet; null when all are.';
comment on column public.restatements.rows_changed is 'Requests whose figures changed.';
comment on column public.restatements.finished_at is 'When it was done (UTC); null while it is not.';

comment on table public.restatement_lines is 'Totals of the restated requests before and after, by day and model. Null: nothing was known.';
do $comments$
declare
  v_when text;
  v_amount text;
  v_end text;
begin
  foreach v_when in array array['old', 'new'] loop
    foreach v_amount in array array['energy_kwh', 'carbon_gco2e', 'water_l'] loop
      foreach v_end in array array['', '_low', '_high'] loop
        execute format('comment on column public.restatement_lines.%I is %L', v_when || '_' || v_amount || v_end,
          case v_when when 'old' then 'Before' else 'After' end || case v_end when '' then '' when '_low' then ', lows added up' else ', highs added up' end
          || case v_amount when 'energy_kwh' then ': electricity, kWh.' when 'carbon_gco2e' then ': greenhouse gases, gCO2e.' else ': water, litres.' end);
      end loop;
    end loop;
  end loop;
end
$comments$;
comment on column public.restatement_lines.restatement_id is 'The restatement.';
comment on column public.restatement_lines.day is 'Day of the requests in the reporting time zone.';
comment on column public.restatement_lines.provider is 'Provider; empty when unknown.';
comment on column public.restatement_lines.model is 'Model.';
comment on column public.restatement_lines.old_factor_set is 'The set the old figures were derived with; empty where there were none.';
comment on column public.restatement_lines.requests is 'Requests whose figures changed.';

alter table public.restatements enable row level security;
alter table public.restatement_lines enable row level security;
drop policy if exists "everyone signed in reads the restatements" on public.restatements;
create policy "everyone signed in reads the restatements" on public.restatements
  for select to authenticated using (true);
drop policy if exists "admins and finance read the restated totals" on public.restatement_lines;
create policy "admins and finance read the restated totals" on public.restatement_lines
  for select to authenticated using ((select private.is_org_reader()));
revoke all on public.restatements, public.restatement_lines from public, anon, authenticated, service_role;
grant select on public.restatements, public.restatement_lines to authenticated, service_role;

-- One statement: work out what each of some requests weighs now, change those rows that say something
-- else, and (for a restatement) keep what they said and say as lines. What factor, facility and grid are is
-- asked once for each provider, model, call type and deployment, not once a row.
create or replace function private.derive_again(p_condition text, p_factor_set text, p_restatement_id bigint, p_limit bigint) returns bigint
language plpgsql security definer set search_path = '' as $$
declare
  v_count bigint;
begin
  perform set_config('footprint.only_impact', 'on', true);
  execute format($query$
  with locked as materialized (
    select r.event_id, r.started_at, r.provider, r.model, r.model_group, r.call_type, r.region, r.zone_hint,
           coalesce(r.tokens_output_text, 0) + coalesce(r.tokens_reasoning, 0) as tokens_out,
           coalesce(r.tokens_input_uncached, 0) + coalesce(r.tokens_cache_write, 0) as tokens_in_uncached,
           coalesce(r.tokens_cache_read, 0) as tokens_cached,
           private.why_not_weighed(r.quantities, r.flags) as why_not,
           r.energy_kwh, r.energy_kwh_low, r.energy_kwh_high, r.carbon_gco2e, r.carbon_gco2e_low, r.carbon_gco2e_high,
           r.water_l, r.water_l_low, r.water_l_high, r.factor_id, r.factor_set, r.match, r.evidence, r.grid_zone,
           r.impact_reason, r.carbon_market_gco2e, r.flags,
           case when 'unknown_region' = any (r.flags) then 'unknown_region' when 'several_countries' = any (r.flags) then 'several_countries' end as place_flag
      from public.request_logs r
     where %s
     order by r.event_id limit $4 for no key update
  ), contexts as materialized (
    select k.*, x.*, z.flag as place_flag
      from (select distinct l.provider as p, l.model as m, l.model_group as g, l.call_type as t, l.region as r, l.zone_hint as h from locked l) as k
      cross join lateral private.zone_of(k.p, k.m, k.g, k.r, k.h) as z
      cross join lateral private.impact_context(k.p, k.m, k.t, z.zone, $2, z.zones) as x
  ), derived as (
    select l.event_id, (l.started_at at time zone $1)::date as day, l.provider, l.model, l.factor_set as old_factor_set,
           l.energy_kwh as old_energy_kwh, l.energy_kwh_low as old_energy_kwh_low, l.energy_kwh_high as old_energy_kwh_high,
           l.carbon_gco2e as old_carbon_gco2e, l.carbon_gco2e_low as old_carbon_gco2e_low, l.carbon_gco2e_high as old_carbon_gco2e_high,
           l.water_l as old_water_l, l.water_l_low as old_water_l_low, l.water_l_high as old_water_l_high,
           n.*, w.reason as impact_reason, case when w.reason is null then c.factor_id end as factor_id,
           case when w.reason is null then c.factor_set end as factor_set, case when w.reason is null then c.match end as match,
           case when w.reason is null then c.evidence end as evidence, case when w.reason is null then c.grid_zone end as grid_zone,
           case when l.place_flag is not distinct from c.place_flag then l.flags
                else nullif(array_remove(array_remove(coalesce(l.flags, '{}'), l.place_flag) || c.place_flag, null), '{}') end as flags
      from locked l
      join contexts c on c.p = l.provider and c.m = l.model and c.t = l.call_type and c.g is not distinct from l.model_group
        and c.r is not distinct from l.region and c.h is not distinct from l.zone_hint
      cross join lateral (select coalesce(l.why_not, c.impact_reason)) as w (reason)
      left join lateral private.derive_impact(
        c.energy_j_per_token_out, c.embodied_gco2e_per_token_out, c.embodied_gco2e_per_token_in, c.band, c.weight_input, c.weight_cached, c.host_overhead,
        c.pue, c.wue_l_per_kwh, c.carbon_gco2e_per_kwh, c.water_l_per_kwh,
        l.tokens_out, l.tokens_in_uncached, l.tokens_cached,
        c.carbon_gco2e_per_kwh_low, c.carbon_gco2e_per_kwh_high, c.water_l_per_kwh_low, c.water_l_per_kwh_high) as i on w.reason is null
      cross join lateral (
        select i.energy_kwh * c.market_gco2e_per_kwh + c.embodied_gco2e_per_token_out * l.tokens_out
                 + c.embodied_gco2e_per_token_in * (l.tokens_in_uncached + l.tokens_cached)) as market (gco2e)
      cross join lateral (
        select i.energy_kwh::numeric(24, 12), i.energy_kwh_low::numeric(24, 12), i.energy_kwh_high::numeric(24, 12),
               i.carbon_gco2e::numeric(24, 12), i.carbon_gco2e_low::numeric(24, 12), i.carbon_gco2e_high::numeric(24, 12),
               i.water_l::numeric(24, 12), i.water_l_low::numeric(24, 12), i.water_l_high::numeric(24, 12),
               market.gco2e::numeric(24, 12), (market.gco2e / c.band)::numeric(24, 12), (market.gco2e * c.band)::numeric(24, 12)) as n (
        energy_kwh, energy_kwh_low, energy_kwh_high, carbon_gco2e, carbon_gco2e_low, carbon_gco2e_high,
        water_l, water_l_low, water_l_high, carbon_market_gco2e, carbon_market_gco2e_low, carbon_market_gco2e_high)
     where l.impact_reason is distinct from w.reason or l.place_flag is distinct from c.place_flag
        or (w.reason is null and (l.factor_id is distinct from c.factor_id
          or l.match is distinct from c.match or l.evidence is distinct from c.evidence or l.grid_zone is distinct from c.grid_zone))
        or l.energy_kwh is distinct from n.energy_kwh or l.energy_kwh_high is distinct from n.energy_kwh_high
        or l.carbon_gco2e is distinct from n.carbon_gco2e or l.carbon_gco2e_low is distinct from n.carbon_gco2e_low
        or l.carbon_gco2e_high is distinct from n.carbon_gco2e_high or l.water_l is distinct from n.water_l
        or l.water_l_low is distinct from n.water_l_low or l.water_l_high is distinct from n.water_l_high
        or l.carbon_market_gco2e is distinct from n.carbon_market_gco2e
  ), changed as (
    update public.request_logs r
       set energy_kwh = d.energy_kwh, energy_kwh_low = d.energy_kwh_low, energy_kwh_high = d.energy_kwh_high,
           carbon_gco2e = d.carbon_gco2e, carbon_gco2e_low = d.carbon_gco2e_low, carbon_gco2e_high = d.carbon_gco2e_high,
           water_l = d.water_l, water_l_low = d.water_l_low, water_l_high = d.water_l_high,
           carbon_market_gco2e = d.carbon_market_gco2e, carbon_market_gco2e_low = d.carbon_market_gco2e_low,
           carbon_market_gco2e_high = d.carbon_market_gco2e_high, factor_id = d.factor_id, factor_set = d.factor_set,
           match = d.match, evidence = d.evidence, grid_zone = d.grid_zone, impact_reason = d.impact_reason, flags = d.flags
      from derived d
     where r.event_id = d.event_id
    returning d.*
  ), lines as (
    insert into public.restatement_lines
    select $3, c.day, c.provider, c.model, coalesce(c.old_factor_set, ''), count(*),
           sum(c.old_energy_kwh), sum(c.old_energy_kwh_low), sum(c.old_energy_kwh_high),
           sum(c.old_carbon_gco2e), sum(c.old_carbon_gco2e_low), sum(c.old_carbon_gco2e_high),
           sum(c.old_water_l), sum(c.old_water_l_low), sum(c.old_water_l_high),
           sum(c.energy_kwh), sum(c.energy_kwh_low), sum(c.energy_kwh_high),
           sum(c.carbon_gco2e), sum(c.carbon_gco2e_low), sum(c.carbon_gco2e_high),
           sum(c.water_l), sum(c.water_l_low), sum(c.water_l_high)
      from changed c
     where $3 is not null
     group by c.day, c.provider, c.model, coalesce(c.old_factor_set, '')
  )
  select count(*) from changed
  $query$, p_condition)
  into v_count using private.reporting_timezone(), p_factor_set, p_restatement_id, p_limit;
  perform set_config('footprint.only_impact', '', true);
  return v_count;
end
$$;
comment on function private.derive_again(text, text, bigint, bigint) is
  'Derives the requests r of a condition anew with a factor set, at most so many (null: all), and keeps what changed as lines of a restatement (null: of none); answers how many rows changed. Internal.';

create or replace function private.restate_days(p_restatement_id bigint, p_from date, p_until date) returns bigint
language sql security definer set search_path = '' as $$
  select private.derive_again(
    format('r.started_at >= %L and r.started_at < %L and not r.cache_hit and r.tokens_used > 0',
           p_from::timestamp at time zone z.name, (p_until + 1)::timestamp at time zone z.name),
    (select factor_set from public.restatements where restatement_id = p_restatement_id), p_restatement_id, null)
  from private.reporting_timezone() as z (name)
$$;
comment on function private.restate_days(bigint, date, date) is
  'Derives the requests of some days (inclusive) anew with the restatement''s set; answers how many rows changed.';

create or replace function private.begin_restatement(p_factor_set text, p_from date, p_until date, p_reason text) returns bigint
language plpgsql security definer set search_path = '' as $$
declare
  v_set constant text := coalesce(p_factor_set, private.setting('active_factor_set') #>> '{}');
  r public.restatements;
begin
  if not exists (select 1 from public.factor_sets where factor_set = v_set) then
    raise sqlstate 'PT404' using message = format('There is no factor set %s in the database: `footprint factors list` shows them.', v_set);
  elsif coalesce(btrim(p_reason), '') = '' then
    raise sqlstate 'PT400' using message = 'A restatement needs a reason: readers will see it beside the figures.';
  elsif p_from > p_until then
    raise sqlstate 'PT400' using message = 'The first day must not be after the last.';
  end if;
  perform private.carry_admin_factors(v_set);
  perform pg_advisory_xact_lock(private.factor_set_lock());
  select * into r from public.restatements where finished_at is null for update;
  if r.restatement_id is not null then
    if (r.factor_set, r.from_day, r.until_day) is distinct from (v_set, p_from, p_until) then
      raise sqlstate 'PT409' using message = format('Restatement %s (to %s) is not finished: run `footprint restate --resume` first.', r.restatement_id, r.factor_set);
    end if;
    return r.restatement_id;
  end if;
  insert into public.restatements (factor_set, reason, from_day, until_day, started_by, next_day)
  values (v_set, left(btrim(p_reason), 1000), p_from, p_until, private.current_user_id(),
          (select min(u.day) from public.usage_org_daily u
            where (p_from is null or u.day >= p_from) and (p_until is null or u.day <= p_until)))
  returning * into r;
  perform private.audit('restatement.begin', r.restatement_id::text, null, to_jsonb(r), r.reason);
  return r.restatement_id;
end
$$;
comment on function private.begin_restatement(text, date, date, text) is
  'Begins a restatement (null: the active set, all days), or answers the unfinished one of the same set and days; audited.';

-- The next days of a restatement: one at least, and as many as have p_rows requests together (the more in
-- a batch, the fewer times a month's sums are written). Two processes that run the same one take turns.
create or replace function private.restate_next(p_restatement_id bigint, p_rows integer default 25000) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  r public.restatements;
  v_until date;
  v_changed bigint := 0;
begin
  select * into r from public.restatements where restatement_id = p_restatement_id for update;
  if r.restatement_id is null then
    raise sqlstate 'PT404' using message = 'There is no such restatement.';
  end if;
  if r.finished_at is null then
    if r.next_day is not null then
      select coalesce(max(d.day) filter (where d.running <= p_rows), r.next_day) into v_until
        from (select u.day, sum(sum(u.requests)) over (order by u.day) as running
                from public.usage_org_daily u
               where u.day >= r.next_day and (r.until_day is null or u.day <= r.until_day)
               group by u.day) as d;
      v_changed := private.restate_days(p_restatement_id, r.next_day, v_until);
    end if;
    update public.restatements x
       set rows_changed = x.rows_changed + v_changed, next_day = n.day, finished_at = case when n.day is null then clock_timestamp() end
      from (select min(u.day) as day from public.usage_org_daily u
             where u.day > v_until and (r.until_day is null or u.day <= r.until_day)) as n
     where x.restatement_id = p_restatement_id returning x.* into r;
    -- Versions of these days went to new pages: without a summary, every later batch would read them all.
    perform pg_catalog.brin_summarize_new_values('public.request_logs_started_brin'::regclass);
    if r.finished_at is not null then
      perform private.audit('restatement.finish', p_restatement_id::text, null, to_jsonb(r), r.reason);
    end if;
  end if;
  return jsonb_build_object('changed', v_changed, 'rows_changed', r.rows_changed, 'next_day', r.next_day, 'finished', r.finished_at is not null,
    'days_left', (select count(distinct u.day) from public.usage_org_daily u where u.day >= r.next_day and (r.until_day is null or u.day <= r.until_day)));
end
$$;
comment on function private.restate_next(bigint, integer) is 'Restates the next days that are not done yet; answers how many rows changed, and whether that was all.';

-- Activating a set waits for the batches that are being derived with the one before.
create or replace function private.on_factor_set_change() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if new.value is distinct from old.value then
    if not exists (select 1 from public.factor_sets where factor_set = new.value #>> '{}') then
      raise sqlstate 'PT404' using message = format('There is no factor set %s in the database: `footprint factors list` shows them.', new.value #>> '{}');
    end if;
    perform pg_advisory_xact_lock(private.factor_set_lock());
  end if;
  return new;
end
$$;
comment on function private.on_factor_set_change() is 'Trigger of settings: only a set that is there becomes active, and no batch straddles the change.';
create or replace trigger on_factor_set_change before update on public.settings
  for each row when (new.key = 'active_factor_set') execute function private.on_factor_set_change();

-- What readers see: the log, with totals by month and model for admins and finance.
create or replace function private.restatement_log() returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return coalesce((
    select jsonb_agg(to_jsonb(r) - 'started_by' || jsonb_build_object(
      'totals', (select to_jsonb(t) from (
        select sum(l.requests) as requests, sum(l.old_energy_kwh) as old_energy_kwh, sum(l.new_energy_kwh) as new_energy_kwh,
               sum(l.old_carbon_gco2e) as old_carbon_gco2e, sum(l.new_carbon_gco2e) as new_carbon_gco2e,
               sum(l.old_water_l) as old_water_l, sum(l.new_water_l) as new_water_l,
               array_agg(distinct l.old_factor_set) as old_factor_sets
          from public.restatement_lines l where l.restatement_id = r.restatement_id and private.is_org_reader()) t
        where t.requests is not null)) order by r.restatement_id desc)
      from public.restatements r), '[]');
end
$$;
comment on function private.restatement_log() is 'All restatements, newest first; totals before and after for admins and finance.';
create or replace function private.restated_months(p_restatement_id bigint) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  perform private.require_org_reader();
  return coalesce((select jsonb_agg(to_jsonb(m) order by m.month, m.provider, m.model, m.old_factor_set) from (
    select date_trunc('month', l.day)::date as month, l.provider, l.model, l.old_factor_set, sum(l.requests) as requests,
           sum(l.old_energy_kwh) as old_energy_kwh, sum(l.old_energy_kwh_low) as old_energy_kwh_low, sum(l.old_energy_kwh_high) as old_energy_kwh_high,
           sum(l.new_energy_kwh) as new_energy_kwh, sum(l.new_energy_kwh_low) as new_energy_kwh_low, sum(l.new_energy_kwh_high) as new_energy_kwh_high,
           sum(l.old_carbon_gco2e) as old_carbon_gco2e, sum(l.old_carbon_gco2e_low) as old_carbon_gco2e_low, sum(l.old_carbon_gco2e_high) as old_carbon_gco2e_high,
           sum(l.new_carbon_gco2e) as new_carbon_gco2e, sum(l.new_carbon_gco2e_low) as new_carbon_gco2e_low, sum(l.new_carbon_gco2e_high) as new_carbon_gco2e_high,
           sum(l.old_water_l) as old_water_l, sum(l.old_water_l_low) as old_water_l_low, sum(l.old_water_l_high) as old_water_l_high,
           sum(l.new_water_l) as new_water_l, sum(l.new_water_l_low) as new_water_l_low, sum(l.new_water_l_high) as new_water_l_high
      from public.restatement_lines l where l.restatement_id = p_restatement_id
     group by 1, 2, 3, 4) m), '[]');
end
$$;
comment on function private.restated_months(bigint) is 'What a restatement changed, by month, provider, model and old set; admins and finance only.';
create or replace function public.restatement_log() returns jsonb
language sql stable security invoker set search_path = '' as $$ select private.restatement_log() $$;
comment on function public.restatement_log() is 'All restatements, newest first: when, which set, why; totals before and after for admins and finance.';
create or replace function public.restated_months(p_restatement_id bigint) returns jsonb
language sql stable security invoker set search_path = '' as $$ select private.restated_months(p_restatement_id) $$;
comment on function public.restated_months(bigint) is 'What a restatement changed, by month and model, with ranges; admins and finance only.';

revoke execute on function private.derive_again(text, text, bigint, bigint), private.restate_days(bigint, date, date), private.begin_restatement(text, date, date, text), private.restate_next(bigint, integer),
  private.on_factor_set_change(), private.restatement_log(), private.restated_months(bigint),
  public.restatement_log(), public.restated_months(bigint) from public, anon, authenticated, service_role;
grant execute on function private.restatement_log(), private.restated_months(bigint), public.restatement_log(), public.restated_months(bigint)
  to authenticated;
