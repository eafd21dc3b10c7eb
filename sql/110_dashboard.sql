-- Dashboard: one function for each question a page asks, one JSON value each.
--
-- All figures come from the rollups: a page costs the same at 100 thousand requests and at 10 million.
-- Unknown is null: an amount of which nothing in a group is known is null, never 0. Lows are added to
-- lows and highs to highs. Days are inclusive and cut in the reporting time zone.

create or replace function public.me() returns jsonb
language sql stable security invoker set search_path = '' as $$
  select to_jsonb(p) - array['provider', 'created_at', 'updated_at', 'deleted_at'] from public.profiles p
   where p.auth_user_id = (select auth.uid()) and p.deleted_at is null
$$;
comment on function public.me() is 'The signed-in person: user_id, email, full_name, role, team, timezone, tokens_used; null without a profile.';

create or replace function private.deployment_info() returns jsonb
language sql stable security definer set search_path = '' as $$
  select jsonb_build_object(
    'organisation_name', private.setting('organisation_name'),
    'reporting_timezone', private.reporting_timezone(),
    'today', private.reporting_today(),
    'active_factor_set', private.setting('active_factor_set'),
    'currency', 'EUR',
    'pledge_share', private.setting('pledge_share'),
    'prepaid_mode', coalesce(private.setting('prepaid_mode') = 'true', false),
    'demo', nullif(private.setting('demo_notice'), 'null'))
$$;
comment on function private.deployment_info() is 'What every page prints: organisation, reporting time zone, factor set, and in a demo what is real.';
create or replace function public.deployment_info() returns jsonb
language sql stable security invoker set search_path = '' as $$ select private.deployment_info() $$;
comment on function public.deployment_info() is 'What every page prints: organisation, reporting time zone, factor set, and in a demo what is real.';

revoke execute on function public.me(), public.deployment_info(), private.deployment_info() from public, anon, authenticated, service_role;
grant execute on function public.me(), public.deployment_info(), private.deployment_info() to authenticated;

-- The figures of any group of rollup rows `c`, as a select list: written once for all reports.
create or replace function private.figures() returns text
language sql immutable set search_path = '' as $function$
  select $list$
    sum(c.requests) as requests, sum(c.failures) as failures, sum(c.cache_hits) as cache_hits, sum(c.billed) as billed,
    sum(c.billable) as billable, sum(c.priced) as priced, sum(c.measurable) as measurable, sum(c.measured) as measured, sum(c.attributed) as attributed,
    sum(c.tokens_input_uncached) as tokens_input_uncached, sum(c.tokens_cache_read) as tokens_cache_read,
    sum(c.tokens_cache_write) as tokens_cache_write, sum(c.tokens_output_text) as tokens_output_text,
    sum(c.tokens_reasoning) as tokens_reasoning, sum(c.tokens_used) as tokens_used,
    sum(c.tokens_priced) as tokens_priced, sum(c.tokens_measured) as tokens_measured, sum(c.tokens_attributed) as tokens_attributed,
    round(sum(c.latency_s) / nullif(sum(c.latency_count), 0), 6) as latency_s_mean, sum(c.latency_count) as latency_count,
    case when sum(c.priced) > 0 then sum(c.cost_usd) end as cost_usd,
    case when sum(c.priced) > 0 then sum(c.cost_eur) end as cost_eur,
    case when sum(c.priced) > 0 then sum(c.cost_eur_measured) end as cost_eur_measured,
    case when sum(c.priced) > 0 then sum(c.cost_eur_attributed) end as cost_eur_attributed,
    case when sum(c.measured) > 0 then sum(c.energy_kwh) end as energy_kwh,
    case when sum(c.measured) > 0 then sum(c.energy_kwh_low) end as energy_kwh_low,
    case when sum(c.measured) > 0 then sum(c.energy_kwh_high) end as energy_kwh_high,
    case when sum(c.measured) > 0 then sum(c.carbon_gco2e) end as carbon_gco2e,
    case when sum(c.measured) > 0 then sum(c.carbon_gco2e_low) end as carbon_gco2e_low,
    case when sum(c.measured) > 0 then sum(c.carbon_gco2e_high) end as carbon_gco2e_high,
    sum(c.market_measured) as market_measured,
    case when sum(c.market_measured) > 0 then sum(c.carbon_market_gco2e) end as carbon_market_gco2e,
    case when sum(c.market_measured) > 0 then sum(c.carbon_market_gco2e_low) end as carbon_market_gco2e_low,
    case when sum(c.market_measured) > 0 then sum(c.carbon_market_gco2e_high) end as carbon_market_gco2e_high,
    case when sum(c.measured) > 0 then sum(c.water_l) end as water_l,
    case when sum(c.measured) > 0 then sum(c.water_l_low) end as water_l_low,
    case when sum(c.measured) > 0 then sum(c.water_l_high) end as water_l_high,
    case when sum(c.priced) > 0 then round(sum(c.m2_verified), 9) end as restored_m2_verified,
    case when sum(c.priced) > 0 then round(sum(c.m2_pending), 9) end as restored_m2_pending
  $list$
$function$;
comment on function private.figures() is 'Select list of the figures of a report, over rollup rows c with m2_verified and m2_pending. An amount of which nothing is known is null. latency_s_mean is of latency_count requests: successful ones that the gateway''s cache did not answer.';

-- The groups of a period, for one person or (null) the organisation: totals, days, models, providers,
-- teams, and models over time. Internal: nobody is granted it; the callers below decide whose figures may
-- be asked for. Null for no filter. Models over time are by day, in a period of more than a hundred days by
-- week (its Monday, or the first day of the period); beyond the twelve that cost most they are one group.
--
-- The rollup's rows are added up once by provider, model and team, in every measure; those few sums are
-- what models, providers, teams and totals are made of. Days need few measures, and only those are added.

create or replace function private.usage_groups(
  p_user_id text, p_from date, p_to date, p_models text[], p_providers text[], p_teams text[], p_with_days boolean)
returns table (kind text, day date, provider text, model text, team text, cost numeric, figures jsonb)
language plpgsql stable security definer set search_path = '' as $function$
declare
  v_rollup constant text := case when p_user_id is null then 'usage_org_daily' else 'usage_user_daily' end;
  v_sums text;
begin
  select string_agg(format('sum(c.%1$I) as %1$I', a.attname), ', ' order by a.attnum) into v_sums
    from pg_catalog.pg_attribute a
   where a.attrelid = format('public.%I', v_rollup)::regclass and a.atttypid = 'numeric'::regtype and not a.attisdropped;
  return query execute format($query$
    with wanted as not materialized (
      select u.*, %1$s as of_team from public.%2$I u
      where u.day between $2 and $3 and %3$s
        and ($4 is null or u.model = any ($4)) and ($5 is null or u.provider = any ($5))
    ), rates as materialized (
      select d.day::date as day, r.verified_m2_per_eur, r.pending_m2_per_eur
      from private.restoration_rates($2, $3) r
      cross join lateral generate_series(r.month::timestamp, r.month + interval '1 month' - interval '1 day', interval '1 day') as d (day)
    ), cells as not materialized (
      select w.*, w.cost_eur * r.verified_m2_per_eur as m2_verified, w.cost_eur * r.pending_m2_per_eur as m2_pending
      from wanted w left join rates r using (day)
    ), parts as materialized (
      select c.provider, c.model, c.of_team, sum(c.m2_verified) as m2_verified, sum(c.m2_pending) as m2_pending, %5$s
      from cells c group by c.provider, c.model, c.of_team
    ), sums as (
      select grouping(c.provider, c.model, c.of_team) as grouped_by, c.provider, c.model, c.of_team as team, %4$s
      from parts c
      group by grouping sets ((), (c.provider, c.model), (c.provider), (c.of_team))
    )
    select case s.grouped_by when 7 then 'totals' when 1 then 'model' when 3 then 'provider' else 'team' end,
      null::date, s.provider, s.model, s.team, s.cost_eur,
      to_jsonb(s) - 'grouped_by' - case s.grouped_by
        when 7 then array['provider', 'model', 'team'] when 1 then array['team']
        when 3 then array['model', 'team'] else array['provider', 'model'] end
    from sums s
    where s.grouped_by <> 7 or s.requests > 0
    %6$s
  $query$,
    case when p_user_id is null then 'u.team' else 'null::text' end,
    v_rollup,
    case when p_user_id is null then '($6 is null or u.team = any ($6))' else 'u.user_id = $1' end,
    private.figures(), v_sums, case when p_with_days then private.day_groups() else '' end)
  using p_user_id, p_from, p_to, p_models, p_providers, p_teams;
end
$function$;
comment on function private.usage_groups(text, date, date, text[], text[], text[], boolean) is
  'Figures of a period by provider, model and team, if wanted by day and by model over time, for one person or (null) for the organisation. Internal.';

create or replace function private.day_groups() returns text
language sql immutable set search_path = '' as $function$
  select $list$
    union all
    select 'day', d.day, null, null, null, d.cost_eur, to_jsonb(d)
    from (select c.day, sum(c.requests) as requests, sum(c.failures) as failures, sum(c.tokens_used) as tokens_used,
            case when sum(c.priced) > 0 then sum(c.cost_eur) end as cost_eur,
            case when sum(c.measured) > 0 then sum(c.energy_kwh) end as energy_kwh,
            case when sum(c.measured) > 0 then sum(c.energy_kwh_low) end as energy_kwh_low,
            case when sum(c.measured) > 0 then sum(c.energy_kwh_high) end as energy_kwh_high,
            case when sum(c.measured) > 0 then sum(c.carbon_gco2e) end as carbon_gco2e,
            case when sum(c.measured) > 0 then sum(c.carbon_gco2e_low) end as carbon_gco2e_low,
            case when sum(c.measured) > 0 then sum(c.carbon_gco2e_high) end as carbon_gco2e_high,
            case when sum(c.measured) > 0 then sum(c.water_l) end as water_l,
            case when sum(c.measured) > 0 then sum(c.water_l_low) end as water_l_low,
            case when sum(c.measured) > 0 then sum(c.water_l_high) end as water_l_high,
            case when sum(c.priced) > 0 then round(sum(c.m2_verified), 9) end as restored_m2_verified,
            case when sum(c.priced) > 0 then round(sum(c.m2_pending), 9) end as restored_m2_pending
          from cells c group by c.day) d
    union all
    select 'time_model', t.day, t.provider, t.model, null, t.cost_eur, to_jsonb(t)
    from (select case when $3 - $2 >= 100 then greatest(date_trunc('week', c.day::timestamp)::date, $2) else c.day end as day,
            p.provider, p.model, sum(c.requests) as requests, sum(c.tokens_used) as tokens_used,
            case when sum(c.priced) > 0 then sum(c.cost_eur) end as cost_eur,
            case when sum(c.measured) > 0 then sum(c.energy_kwh) end as energy_kwh,
            case when sum(c.measured) > 0 then sum(c.carbon_gco2e) end as carbon_gco2e,
            case when sum(c.measured) > 0 then sum(c.water_l) end as water_l
          from wanted c
          left join (select s.provider, s.model from sums s where s.grouped_by = 1
                      order by s.cost_eur desc nulls last, s.tokens_used desc, s.provider, s.model limit 12) p
            on p.provider = c.provider and p.model = c.model
          group by 1, 2, 3) t
  $list$
$function$;
comment on function private.day_groups() is 'The part of the query of usage_groups that is by day, and by model over time. Internal.';

-- What a forecast needs (lib/footprint/forecast.py): the days of the last eight complete weeks and of this
-- month, up to today. Days without a request are not in it.
create or replace function private.recent_days(p_user_id text, p_models text[], p_providers text[], p_teams text[]) returns jsonb
language plpgsql stable security definer set search_path = '' as $function$
declare
  v_today constant date := private.reporting_today();
  v_days jsonb;
begin
  execute format($query$
    select coalesce(jsonb_agg(to_jsonb(d) order by d.day), '[]')
      from (select u.day, sum(u.cost_eur) as cost_eur, sum(u.energy_kwh) as energy_kwh, sum(u.carbon_gco2e) as carbon_gco2e
              from public.%1$I u
             where u.day between least($1 - 56, date_trunc('month', $1)::date) and $1 and %2$s
               and ($3 is null or u.model = any ($3)) and ($4 is null or u.provider = any ($4))
             group by u.day) d
  $query$,
    case when p_user_id is null then 'usage_org_daily' else 'usage_user_daily' end,
    case when p_user_id is null then '($5 is null or u.team = any ($5))' else 'u.user_id = $2' end)
  into v_days using v_today, p_user_id, p_models, p_providers, p_teams;
  return jsonb_build_object('today', v_today, 'days', v_days);
end
$function$;
comment on function private.recent_days(text, text[], text[], text[]) is
  'Known cost, energy and carbon by day of the last eight weeks and this month, for one person or (null) the organisation. Internal.';
create or replace function private.footprint_report(
  p_user_id text, p_from date, p_to date, p_models text[], p_providers text[], p_teams text[]) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_days constant integer := p_to - p_from + 1;
  v_report jsonb;
  v_before jsonb;
begin
  if p_from is null or p_to is null or p_from > p_to or v_days > 3700 then
    raise sqlstate 'PT400' using message = 'A period needs a first and a last day, in order, at most ten years apart.';
  end if;
  select jsonb_build_object(
    'period', jsonb_build_object('from', p_from, 'to', p_to, 'previous_from', p_from - v_days, 'previous_to', p_from - 1,
                                 'timezone', private.reporting_timezone()),
    'totals', (jsonb_agg(g.figures) filter (where g.kind = 'totals')) -> 0,
    'by_day', coalesce(jsonb_agg(g.figures order by g.day) filter (where g.kind = 'day'), '[]'),
    'by_time_model', coalesce(jsonb_agg(g.figures order by g.day, g.provider, g.model) filter (where g.kind = 'time_model'), '[]'),
    'by_model', coalesce(jsonb_agg(g.figures order by g.cost desc nulls last, g.provider, g.model) filter (where g.kind = 'model'), '[]'),
    'by_provider', coalesce(jsonb_agg(g.figures order by g.cost desc nulls last, g.provider) filter (where g.kind = 'provider'), '[]'),
    'by_team', coalesce(jsonb_agg(g.figures order by g.cost desc nulls last, g.team) filter (where g.kind = 'team'), '[]'))
  into v_report
  from private.usage_groups(p_user_id, p_from, p_to, p_models, p_providers, p_teams, true) g;
  select jsonb_build_object(
    'previous', (jsonb_agg(g.figures) filter (where g.kind = 'totals')) -> 0,
    'previous_by_model', coalesce(jsonb_agg(g.figures order by g.provider, g.model) filter (where g.kind = 'model'), '[]'),
    'previous_by_team', coalesce(jsonb_agg(g.figures order by g.team) filter (where g.kind = 'team'), '[]'))
  into v_before
  from private.usage_groups(p_user_id, p_from - v_days, p_from - 1, p_models, p_providers, p_teams, false) g;
  return v_report || v_before || jsonb_build_object(
    'market_figures', private.market_figures(),
    'recent', private.recent_days(p_user_id, p_models, p_providers, p_teams));
end
$$;
comment on function private.footprint_report(text, date, date, text[], text[], text[]) is
  'A period, and the period of equal length before it, for one person or (null) the organisation; null for no filter. Internal.';
create or replace function private.my_footprint(p_from date, p_to date, p_models text[], p_providers text[]) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_me constant text := private.current_user_id();
begin
  if v_me is null then
    raise sqlstate 'PT403' using message = 'This account has no profile yet.', hint = 'Confirm your e-mail address, then sign in again.';
  end if;
  return (private.footprint_report(v_me, p_from, p_to, p_models, p_providers, null) - 'by_team' - 'previous_by_team') || (
    select jsonb_build_object('first_day', min(d.day), 'last_day', max(d.day)) from public.usage_user_daily d where d.user_id = v_me);
end
$$;
comment on function private.my_footprint(date, date, text[], text[]) is 'The footprint of the signed-in person.';

-- People have the team they have today: a rollup by person does not know the team of a past request.

create or replace function private.people_active(p_from date, p_to date, p_models text[], p_providers text[], p_teams text[]) returns bigint
language sql stable security definer set search_path = '' as $$
  select count(*) from public.user_usage_totals t
   where exists (select 1 from public.usage_user_daily d
                  where d.user_id = t.user_id and d.day between p_from and p_to
                    and (p_models is null or d.model = any (p_models)) and (p_providers is null or d.provider = any (p_providers)))
     and (p_teams is null
          or exists (select 1 from public.user_profiles p where p.user_id = t.user_id and coalesce(p.team, '') = any (p_teams)))
$$;
comment on function private.people_active(date, date, text[], text[], text[]) is
  'How many people made a request in a period: one index look-up a person. Internal.';

-- Where people are not named, a filter must not leave the figures of a few: teams cannot be chosen, the
-- teams of a chosen model or provider are not shown, and fewer than five people are not counted.

create or replace function private.organisation_footprint(
  p_from date, p_to date, p_models text[], p_providers text[], p_teams text[]) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_named constant boolean := private.people_are_named();
  v_filtered constant boolean := p_models is not null or p_providers is not null;
  v_active bigint[];
  v_report jsonb;
begin
  perform private.require_org_reader();
  if p_teams is not null and not v_named then
    raise sqlstate 'PT403' using message = 'Teams cannot be chosen where people are not named.', hint = 'Leave the filter for teams empty.';
  end if;
  v_report := private.footprint_report(null, p_from, p_to, p_models, p_providers, p_teams);
  v_active := array[
    private.people_active(p_from, p_to, p_models, p_providers, p_teams),
    private.people_active((v_report -> 'period' ->> 'previous_from')::date, p_from - 1, p_models, p_providers, p_teams)];
  if v_filtered and not v_named then
    v_active := array(select case when n >= private.fewest_people() then n end from unnest(v_active) with ordinality as x (n, i) order by i);
  end if;
  return v_report || jsonb_build_object(
    'people_active', v_active[1], 'people_active_previous', v_active[2], 'people_are_named', v_named,
    'first_day', (select min(u.day) from public.usage_org_daily u), 'last_day', (select max(u.day) from public.usage_org_daily u))
    || case when v_named then '{}'::jsonb
            when v_filtered then jsonb_build_object('by_team', '[]'::jsonb, 'by_team_period', null)
            else private.suppressed_teams(p_from, p_to) end
    || case when v_named then '{}'::jsonb else jsonb_build_object('previous_by_team', '[]'::jsonb) end;
end
$$;
comment on function private.organisation_footprint(date, date, text[], text[], text[]) is 'The footprint of the organisation; admins and finance only.';

-- One month for finance: by person, provider and model. What no person is known for is its own line,
-- so that the lines add up to the total. Money is text, so that no cent is lost on the way.
create or replace function private.finance_month(p_month date) returns jsonb
language plpgsql stable security definer set search_path = '' as $function$
declare
  v_month constant date := date_trunc('month', p_month)::date;
  v_people constant text := private.people_shown_by(v_month);
  v_rate record;
  v_report jsonb;
begin
  perform private.require_org_reader();
  if v_month is null then
    raise sqlstate 'PT400' using message = 'A month is needed.';
  end if;
  select * into v_rate from private.restoration_rates(v_month, v_month);
  execute format($query$
    with cells as (
      select u.*, u.cost_eur * $2 as m2_verified, u.cost_eur * $3 as m2_pending,
             case when u.user_id = '' or $4 = 'name' then u.user_id
                  when $4 = 'pseudonym' then private.pseudonym(u.user_id) else 'everybody' end as person
      from public.usage_user_monthly u where u.month = $1
    ), sums as (
      select grouping(c.person) as is_total, nullif(c.person, '') as user_id, c.provider, c.model, %s
      from cells c group by grouping sets ((), (c.person, c.provider, c.model))
    ), figures as (
      select s.is_total, s.cost_eur, n.full_name, s.user_id, s.provider, s.model,
        to_jsonb(s) - array['is_total', 'user_id', 'provider', 'model']
          || jsonb_build_object('cost_usd', s.cost_usd::text, 'cost_eur', s.cost_eur::text) as figures,
        jsonb_build_object('user_id', s.user_id, 'email', p.email, 'full_name', n.full_name, 'team', p.team,
          'provider', s.provider, 'model', s.model) as keys
      from sums s
      left join public.user_profiles p on $4 = 'name' and p.user_id = s.user_id
      cross join lateral (select case when s.user_id = 'everybody' and $4 = 'nothing' then 'Everybody' else p.full_name end) as n (full_name)
      where s.requests > 0
    )
    select jsonb_build_object(
      'totals', (jsonb_agg(f.figures) filter (where f.is_total = 1)) -> 0,
      'lines', coalesce(jsonb_agg(f.keys || f.figures order by f.user_id is null, lower(f.full_name), f.user_id, f.cost_eur desc nulls last, f.provider, f.model)
                        filter (where f.is_total = 0), '[]'))
    from figures f
  $query$, private.figures())
  into v_report using v_month, v_rate.verified_m2_per_eur, v_rate.pending_m2_per_eur, v_people;
  return v_report || jsonb_build_object(
    'month', v_month, 'timezone', private.reporting_timezone(), 'people_shown_by', v_people,
    'first_month', (select min(u.month) from public.usage_user_monthly u),
    'last_month', (select max(u.month) from public.usage_user_monthly u),
    'restoration', jsonb_build_object('status', v_rate.status, 'pledge_share', private.setting('pledge_share'),
      'pledged_eur', round(v_rate.pledged_eur, 6)::text, 'donated_eur', v_rate.donated_eur::text,
      'area_m2', v_rate.area_m2, 'price_eur_per_m2', round(v_rate.price_eur_per_m2, 6),
      'shares', private.restoration_shares(v_month) -> 'shares'),
    'fx', (select jsonb_build_object('planning_rate_eur_per_usd', private.setting('fx_planning_rate_eur_per_usd'),
             'days_with_a_rate', count(*), 'lowest', min(x.eur_per_usd), 'highest', max(x.eur_per_usd))
             from public.fx_rates x where x.day >= v_month and x.day < v_month + interval '1 month'),
    'market_figures', private.market_figures(),
    'active_factor_set', private.setting('active_factor_set'));
end
$function$;
comment on function private.finance_month(date) is 'One month by person, provider and model, with totals and restoration; finance and admins only.';

create or replace function public.my_footprint(
  p_from date, p_to date, p_models text[] default null, p_providers text[] default null) returns jsonb
language sql stable security invoker set search_path = '' as $$ select private.my_footprint(p_from, p_to, p_models, p_providers) $$;
comment on function public.my_footprint(date, date, text[], text[]) is
  'The footprint of the signed-in person from one day to another (inclusive), of some models and providers or (null) all.';
create or replace function public.organisation_footprint(
  p_from date, p_to date, p_models text[] default null, p_providers text[] default null, p_teams text[] default null) returns jsonb
language sql stable security invoker set search_path = '' as $$
  select private.organisation_footprint(p_from, p_to, p_models, p_providers, p_teams)
$$;
comment on function public.organisation_footprint(date, date, text[], text[], text[]) is
  'The footprint of the organisation from one day to another (inclusive), of some models, providers and teams or (null) all; admins and finance only.';
create or replace function public.finance_month(p_month date) returns jsonb
language sql stable security invoker set search_path = '' as $$ select private.finance_month(p_month) $$;
comment on function public.finance_month(date) is 'One month by person, provider and model, with totals; finance and admins only.';

revoke execute on function private.figures(), private.usage_groups(text, date, date, text[], text[], text[], boolean), private.day_groups(),
  private.recent_days(text, text[], text[], text[]), private.footprint_report(text, date, date, text[], text[], text[]),
  private.people_active(date, date, text[], text[], text[]), private.my_footprint(date, date, text[], text[]),
  private.organisation_footprint(date, date, text[], text[], text[]), private.finance_month(date),
  public.my_footprint(date, date, text[], text[]), public.organisation_footprint(date, date, text[], text[], text[]),
  public.finance_month(date) from public, anon, authenticated, service_role;
grant execute on function private.my_footprint(date, date, text[], text[]),
  private.organisation_footprint(date, date, text[], text[], text[]), private.finance_month(date),
  public.my_footprint(date, date, text[], text[]), public.organisation_footprint(date, date, text[], text[], text[]),
  public.finance_month(date) to authenticated;
