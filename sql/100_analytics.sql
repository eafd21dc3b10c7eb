-- Analytics: the views and functions of the original system, under the same names.
--
-- Views are invoker views: people see their own rows. The functions answer one JSON value each,
-- because the API cuts a set at 1000 rows without a word. An admin may ask for another person after
-- stating a reason, which is written to the audit log (look_at_person, sql/120_people.sql).

create or replace view public.monthly_token_usage with (security_invoker = true) as
  with cells as (
    select user_id, month, provider, model, requests, tokens_used, priced, cost_eur from public.usage_user_monthly
  ), by_provider as (
    select user_id, month, jsonb_object_agg(provider, jsonb_build_object('requests', requests, 'tokens', tokens_used, 'priced', priced, 'cost_eur', cost_eur)) as providers
      from (select user_id, month, provider, sum(requests) as requests, sum(tokens_used) as tokens_used, sum(priced) as priced,
                   case when sum(priced) > 0 then sum(cost_eur) end as cost_eur
              from cells group by 1, 2, 3) p
     group by 1, 2
  ), by_model as (
    select user_id, month, jsonb_object_agg(model, jsonb_build_object('requests', requests, 'tokens', tokens_used, 'priced', priced, 'cost_eur', cost_eur)) as models
      from (select user_id, month, model, sum(requests) as requests, sum(tokens_used) as tokens_used, sum(priced) as priced,
                   case when sum(priced) > 0 then sum(cost_eur) end as cost_eur
              from cells group by 1, 2, 3) m
     group by 1, 2
  )
  select u.user_id, u.month, sum(u.requests) as requests, sum(u.failures) as failures,
         sum(u.tokens_input_uncached) as tokens_input_uncached, sum(u.tokens_cache_read) as tokens_cache_read,
         sum(u.tokens_cache_write) as tokens_cache_write, sum(u.tokens_output_text) as tokens_output_text,
         sum(u.tokens_reasoning) as tokens_reasoning, sum(u.tokens_used) as tokens_used,
         case when sum(u.priced) > 0 then sum(u.cost_usd) end as cost_usd, case when sum(u.priced) > 0 then sum(u.cost_eur) end as cost_eur,
         case when sum(u.measured) > 0 then sum(u.energy_kwh) end as energy_kwh, case when sum(u.measured) > 0 then sum(u.energy_kwh_low) end as energy_kwh_low, case when sum(u.measured) > 0 then sum(u.energy_kwh_high) end as energy_kwh_high,
         case when sum(u.measured) > 0 then sum(u.carbon_gco2e) end as carbon_gco2e, case when sum(u.measured) > 0 then sum(u.carbon_gco2e_low) end as carbon_gco2e_low, case when sum(u.measured) > 0 then sum(u.carbon_gco2e_high) end as carbon_gco2e_high,
         case when sum(u.measured) > 0 then sum(u.water_l) end as water_l, case when sum(u.measured) > 0 then sum(u.water_l_low) end as water_l_low, case when sum(u.measured) > 0 then sum(u.water_l_high) end as water_l_high,
         sum(u.measurable) as measurable, sum(u.priced) as priced, sum(u.measured) as measured,
         p.providers, m.models,
         case when sum(u.market_measured) > 0 then sum(u.carbon_market_gco2e) end as carbon_market_gco2e,
         case when sum(u.market_measured) > 0 then sum(u.carbon_market_gco2e_low) end as carbon_market_gco2e_low,
         case when sum(u.market_measured) > 0 then sum(u.carbon_market_gco2e_high) end as carbon_market_gco2e_high,
         sum(u.billable) as billable
  from public.usage_user_monthly u
  join by_provider p on p.user_id = u.user_id and p.month = u.month
  join by_model m on m.user_id = u.user_id and m.month = u.month
  group by u.user_id, u.month, p.providers, m.models;
comment on view public.monthly_token_usage is 'Tokens, cost and impact by person and month (reporting time zone), with breakdowns by provider and model. An amount of which nothing is known is null.';

create or replace view public.user_request_analytics with (security_invoker = true) as
  select u.user_id, sum(u.requests) as requests, sum(u.failures) as failures,
         1 - sum(u.failures) / sum(u.requests) as success_share, sum(u.failures) / sum(u.requests) as failure_share,
         array_agg(distinct u.model order by u.model) as models_used, array_agg(distinct u.provider order by u.provider) as providers_used,
         sum(u.tokens_used) as tokens_used, case when sum(u.priced) > 0 then sum(u.cost_usd) end as cost_usd, case when sum(u.priced) > 0 then sum(u.cost_eur) end as cost_eur,
         round(sum(u.latency_s) / nullif(sum(u.latency_count), 0), 6) as latency_s_mean,
         case when sum(u.measured) > 0 then sum(u.energy_kwh) end as energy_kwh, case when sum(u.measured) > 0 then sum(u.energy_kwh_low) end as energy_kwh_low, case when sum(u.measured) > 0 then sum(u.energy_kwh_high) end as energy_kwh_high,
         case when sum(u.measured) > 0 then sum(u.carbon_gco2e) end as carbon_gco2e, case when sum(u.measured) > 0 then sum(u.carbon_gco2e_low) end as carbon_gco2e_low, case when sum(u.measured) > 0 then sum(u.carbon_gco2e_high) end as carbon_gco2e_high,
         case when sum(u.measured) > 0 then sum(u.water_l) end as water_l, case when sum(u.measured) > 0 then sum(u.water_l_low) end as water_l_low, case when sum(u.measured) > 0 then sum(u.water_l_high) end as water_l_high,
         sum(u.measurable) as measurable, sum(u.priced) as priced, sum(u.measured) as measured,
         min(u.month) as first_month, max(u.month) as last_month,
         case when sum(u.market_measured) > 0 then sum(u.carbon_market_gco2e) end as carbon_market_gco2e,
         case when sum(u.market_measured) > 0 then sum(u.carbon_market_gco2e_low) end as carbon_market_gco2e_low,
         case when sum(u.market_measured) > 0 then sum(u.carbon_market_gco2e_high) end as carbon_market_gco2e_high,
         sum(u.billable) as billable, sum(u.latency_count) as latency_count
  from public.usage_user_monthly u group by u.user_id;
comment on view public.user_request_analytics is 'Each person''s totals over all time: requests, success and failure shares (0-1), models, tokens, cost, impact. An amount of which nothing is known is null. latency_s_mean is of latency_count requests: successful ones that the gateway''s cache did not answer.';

create or replace view public.user_recent_activity with (security_invoker = true) as
  select r.user_profile_id as user_id, r.event_id, r.started_at, r.provider, r.model, r.status, r.error_class,
         r.tokens_used, case when r.cache_hit then 0 else r.cost_eur end as cost_eur, r.latency_s, r.energy_kwh, r.carbon_gco2e, r.water_l, r.impact_reason,
         r.service_tier, r.quantities
  from public.request_logs r;
comment on view public.user_recent_activity is 'Requests in short; what the gateway''s cache answered costs nothing. Order by started_at desc, event_id desc and page by those two.';

create or replace view public.request_events with (security_invoker = true) as
  select r.event_id as id, r.user_profile_id as user_id, r.started_at as ts, r.model, r.provider,
         coalesce(r.tokens_input_uncached, 0) + coalesce(r.tokens_cache_read, 0) + coalesce(r.tokens_cache_write, 0) as tokens_in,
         coalesce(r.tokens_output_text, 0) + coalesce(r.tokens_reasoning, 0) as tokens_out,
         case when r.cache_hit then 0 else r.cost_eur end as cost_eur, r.energy_kwh as kwh, r.water_l as l, r.carbon_gco2e / 1000 as co2e,
         round(case when r.cache_hit then 0 else r.cost_eur end * (m.verified_m2_per_eur + m.pending_m2_per_eur), 9) as m2, r.created_at
  from public.request_logs r
  left join private.restoration_rates(null, null) m
    on m.month = date_trunc('month', r.started_at at time zone (select private.reporting_timezone()))::date;
comment on view public.request_events is
  'Requests in the impact-telemetry shape: ts, tokens_in, tokens_out, cost_eur, kwh, l (litres), co2e (kg), m2 (verified or pending). NULL is unknown; what the gateway''s cache answered costs nothing.';

revoke all on public.monthly_token_usage, public.user_request_analytics, public.user_recent_activity, public.request_events
  from public, anon, authenticated, service_role;
grant select on public.monthly_token_usage, public.user_request_analytics, public.user_recent_activity, public.request_events
  to authenticated, service_role;
grant execute on function private.reporting_timezone() to authenticated, service_role;

-- Whose rows may be read: one's own, or as an admin somebody's, for a reason that is logged.
create or replace function private.readable_user(p_user_id text) returns text
language plpgsql security definer set search_path = '' as $$
declare
  v_me constant text := private.current_user_id();
  v_asked constant text := coalesce(p_user_id, v_me);
begin
  if v_asked is null or (v_asked <> coalesce(v_me, '') and not private.is_admin()) then
    raise sqlstate 'PT403' using message = 'People can look at their own requests only.',
      hint = 'An admin can look at a person''s requests; that is logged.';
  end if;
  if v_asked <> coalesce(v_me, '') and not exists (
    select 1 from public.audit_log a
     where a.target = v_asked and a.action = 'person.look' and a.actor_user_id = v_me
       and a.occurred_at > now() - interval '1 hour') then
    raise sqlstate 'PT403' using message = 'Looking at one person''s requests needs a reason: state it first.',
      hint = 'Call look_at_person with a reason; it is logged, and that person can read it.';
  end if;
  return v_asked;
end
$$;
comment on function private.readable_user(text) is 'The person asked for (null: oneself) if the caller may read their rows: their own, or as an admin somebody''s for whom they stated a reason within the hour.';

create or replace function private.get_user_analytics(p_user_id text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_user constant text := private.readable_user(p_user_id);
begin
  return (select to_jsonb(a) from public.user_request_analytics a where a.user_id = v_user);
end
$$;
comment on function private.get_user_analytics(text) is 'A person''s totals over all time; null without requests.';

create or replace function private.get_user_request_history(p_user_id text, p_limit integer, p_before timestamptz, p_before_id uuid) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_user constant text := private.readable_user(p_user_id);
begin
  if p_limit is null or p_limit not between 1 and 1000 then
    raise sqlstate 'PT400' using message = 'p_limit must be from 1 to 1000; page with p_before and p_before_id.';
  end if;
  return (select coalesce(jsonb_agg(to_jsonb(h) order by h.started_at desc, h.event_id desc), '[]')
            from (select a.* from public.user_recent_activity a
                   where a.user_id = v_user
                     and (p_before is null or (a.started_at, a.event_id) < (p_before, coalesce(p_before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff')))
                   order by a.started_at desc, a.event_id desc limit p_limit) h);
end
$$;
comment on function private.get_user_request_history(text, integer, timestamptz, uuid) is 'A person''s requests, newest first, a page at a time.';

create or replace function private.get_user_token_breakdown(p_user_id text, p_from date, p_to date) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_user constant text := private.readable_user(p_user_id);
begin
  return (select coalesce(jsonb_agg(to_jsonb(b) order by b.tokens_used desc, b.provider, b.model), '[]')
            from (select d.provider, d.model, sum(d.requests) as requests,
                         sum(d.tokens_input_uncached) as tokens_input_uncached, sum(d.tokens_cache_read) as tokens_cache_read,
                         sum(d.tokens_cache_write) as tokens_cache_write, sum(d.tokens_output_text) as tokens_output_text,
                         sum(d.tokens_reasoning) as tokens_reasoning, sum(d.tokens_used) as tokens_used,
                         sum(d.billable) as billable, sum(d.priced) as priced, case when sum(d.priced) > 0 then sum(d.cost_eur) end as cost_eur
                    from public.usage_user_daily d
                   where d.user_id = v_user and (p_from is null or d.day >= p_from) and (p_to is null or d.day <= p_to)
                   group by d.provider, d.model) b);
end
$$;
comment on function private.get_user_token_breakdown(text, date, date) is 'A person''s token classes and cost by provider and model in a period (days inclusive; null: no bound); a cost of which nothing is known is null.';

create or replace function private.get_user_monthly_usage(p_user_id text, p_months integer) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_user constant text := private.readable_user(p_user_id);
begin
  if p_months is null or p_months not between 1 and 600 then
    raise sqlstate 'PT400' using message = 'p_months must be from 1 to 600.';
  end if;
  return (select coalesce(jsonb_agg(to_jsonb(u) order by u.month desc), '[]') from public.monthly_token_usage u
           where u.user_id = v_user and u.month > date_trunc('month', private.reporting_today()) - make_interval(months => p_months));
end
$$;
comment on function private.get_user_monthly_usage(text, integer) is 'A person''s last months, newest first.';

create or replace function public.get_user_analytics(p_user_id text default null) returns jsonb
language sql security invoker set search_path = '' as $$ select private.get_user_analytics(p_user_id) $$;
comment on function public.get_user_analytics(text) is 'A person''s totals over all time (null: oneself); null without requests.';
create or replace function public.get_user_request_history(p_user_id text default null, p_limit integer default 50, p_before timestamptz default null, p_before_id uuid default null) returns jsonb
language sql security invoker set search_path = '' as $$ select private.get_user_request_history(p_user_id, p_limit, p_before, p_before_id) $$;
comment on function public.get_user_request_history(text, integer, timestamptz, uuid) is 'A person''s requests (null: one''s own), newest first; page with the last row''s started_at and event_id.';
create or replace function public.get_user_token_breakdown(p_user_id text default null, p_from date default null, p_to date default null) returns jsonb
language sql security invoker set search_path = '' as $$ select private.get_user_token_breakdown(p_user_id, p_from, p_to) $$;
comment on function public.get_user_token_breakdown(text, date, date) is 'A person''s token classes by provider and model (null: one''s own).';
create or replace function public.get_user_monthly_usage(p_user_id text default null, p_months integer default 12) returns jsonb
language sql security invoker set search_path = '' as $$ select private.get_user_monthly_usage(p_user_id, p_months) $$;
comment on function public.get_user_monthly_usage(text, integer) is 'A person''s last months (null: one''s own), newest first.';

revoke execute on function private.readable_user(text), private.get_user_analytics(text),
  private.get_user_request_history(text, integer, timestamptz, uuid), private.get_user_token_breakdown(text, date, date),
  private.get_user_monthly_usage(text, integer), public.get_user_analytics(text),
  public.get_user_request_history(text, integer, timestamptz, uuid), public.get_user_token_breakdown(text, date, date),
  public.get_user_monthly_usage(text, integer) from public, anon, authenticated, service_role;
grant execute on function private.get_user_analytics(text), private.get_user_request_history(text, integer, timestamptz, uuid),
  private.get_user_token_breakdown(text, date, date), private.get_user_monthly_usage(text, integer),
  public.get_user_analytics(text), public.get_user_request_history(text, integer, timestamptz, uuid),
  public.get_user_token_breakdown(text, date, date), public.get_user_monthly_usage(text, integer) to authenticated;
