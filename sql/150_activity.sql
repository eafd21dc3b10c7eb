-- Activity: a person's own requests with filters, and the days behind them.
--
-- Both functions run as the caller: row level security leaves their own rows and nobody else's, for
-- admins too. The list pages by (started_at, event_id) along request_logs_user_started_idx, so that a
-- page costs the same anywhere in a history; the days come from the rollup.

create or replace function public.my_requests(
  p_from date default null, p_to date default null, p_models text[] default null, p_providers text[] default null,
  p_status text default null, p_tag text default null, p_before timestamptz default null, p_before_id uuid default null,
  p_limit integer default 50) returns jsonb
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_zone constant text := private.reporting_timezone();
  v_first constant timestamptz := coalesce(p_from::timestamp at time zone v_zone, '-infinity');
  v_end constant timestamptz := coalesce((p_to + 1)::timestamp at time zone v_zone, 'infinity');
begin
  if p_limit is null or p_limit not between 1 and 200 then
    raise sqlstate 'PT400' using message = 'p_limit must be from 1 to 200; page with p_before and p_before_id.';
  end if;
  return (select coalesce(jsonb_agg(to_jsonb(h) order by h.started_at desc, h.event_id desc), '[]')
            from (select r.started_at, r.event_id, r.provider, r.model, r.model_group, r.call_type, r.stream, r.region, r.team, r.tags,
                         r.source, r.attribution, r.status, r.error_class, r.error_code, r.cache_hit,
                         r.tokens_input_uncached, r.tokens_cache_read, r.tokens_cache_write, r.tokens_output_text, r.tokens_reasoning,
                         r.tokens_used, r.tokens_estimated, r.latency_s, r.time_to_first_token_s,
                         case when r.cache_hit then 0 else r.cost_usd end as cost_usd, r.price_source,
                         case when r.cache_hit then 0 else r.cost_eur end as cost_eur, r.fx_eur_per_usd, r.fx_date, r.reported_cost, r.reported_currency,
                         r.service_tier, r.quantities, private.quantities_text(r.quantities) as quantities_text,
                         case when r.cache_hit then 0 * r.cost_tools_usd else r.cost_tools_usd end as cost_tools_usd, r.flags,
                         r.energy_kwh, r.energy_kwh_low, r.energy_kwh_high, r.carbon_gco2e, r.carbon_gco2e_low, r.carbon_gco2e_high,
                         r.water_l, r.water_l_low, r.water_l_high,
                         r.factor_id, r.factor_set, r.match, r.evidence, r.grid_zone, r.impact_reason
                    from public.request_logs r
                   where r.user_profile_id = (select private.current_user_id())
                     and r.started_at >= v_first and r.started_at < v_end
                     and (r.started_at, r.event_id) < (coalesce(p_before, 'infinity'), coalesce(p_before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
                     and (p_models is null or r.model = any (p_models))
                     and (p_providers is null or r.provider = any (p_providers))
                     and (p_status is null or r.status = p_status)
                     and (p_tag is null or p_tag = any (r.tags))
                   order by r.started_at desc, r.event_id desc
                   limit p_limit) h);
end
$$;
comment on function public.my_requests(date, date, text[], text[], text, text, timestamptz, uuid, integer) is
  'One''s own requests, newest first, a page of at most 200: days inclusive, null for no filter; what the gateway''s cache answered costs nothing; page with the last row''s started_at and event_id.';

create or replace function public.my_request_days(p_from date, p_to date) returns jsonb
language sql stable security invoker set search_path = '' as $$
  select coalesce(jsonb_agg(to_jsonb(d) order by d.day, d.provider, d.model), '[]')
    from (select u.day, u.provider, u.model, u.requests, u.failures
            from public.usage_user_daily u
           where u.user_id = (select private.current_user_id()) and u.day between p_from and p_to) d
$$;
comment on function public.my_request_days(date, date) is
  'How many requests of one''s own, and how many failed, by day, provider and model, in a period (days inclusive).';

revoke execute on function public.my_requests(date, date, text[], text[], text, text, timestamptz, uuid, integer),
  public.my_request_days(date, date) from public, anon, authenticated, service_role;
grant execute on function public.my_requests(date, date, text[], text[], text, text, timestamptz, uuid, integer),
  public.my_request_days(date, date) to authenticated;
