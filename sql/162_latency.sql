-- Latency: median and 95th percentile, from a sample whose size has a limit.
--
-- Percentiles cannot be added up, so no rollup holds them. The sample is of the newest days of the period
-- that together have at most 30,000 requests (at least one day), and of those days at most 30,000 requests:
-- the answer says which days and how many. request_logs_started_brin finds them.

create or replace function private.latency_spread(
  p_from date, p_to date, p_models text[], p_providers text[], p_teams text[]) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_zone constant text := private.reporting_timezone();
  v_most constant integer := 30000;
  v_first date;
  v_last date;
begin
  perform private.require_org_reader();
  if p_teams is not null and not private.people_are_named() then
    raise sqlstate 'PT403' using message = 'Teams cannot be chosen where people are not named.', hint = 'Leave the filter for teams empty.';
  end if;
  select min(d.day) filter (where d.so_far <= v_most or d.back = 1), max(d.day) into v_first, v_last
    from (select u.day, sum(sum(u.requests)) over w as so_far, row_number() over w as back
            from public.usage_org_daily u where u.day between p_from and p_to
           group by u.day window w as (order by u.day desc)) d;
  return (
    select jsonb_build_object(
      'median_s', round(percentile_cont(0.5) within group (order by s.latency_s::float8)::numeric, 3),
      'p95_s', round(percentile_cont(0.95) within group (order by s.latency_s::float8)::numeric, 3),
      'requests', count(*), 'from', v_first, 'to', v_last)
    from (select r.latency_s, r.status, r.cache_hit, r.model, r.provider, r.team from public.request_logs r
           where r.started_at >= v_first::timestamp at time zone v_zone
             and r.started_at < (v_last + 1)::timestamp at time zone v_zone
           limit v_most) s
    where s.status = 'success' and not s.cache_hit and s.latency_s is not null
      and (p_models is null or s.model = any (p_models)) and (p_providers is null or s.provider = any (p_providers))
      and (p_teams is null or coalesce(s.team, '') = any (p_teams)));
end
$$;
comment on function private.latency_spread(date, date, text[], text[], text[]) is
  'Median and 95th percentile of the latency of successful requests, seconds, from at most 30,000 of the newest; admins and finance only.';

create or replace function public.latency_spread(
  p_from date, p_to date, p_models text[] default null, p_providers text[] default null, p_teams text[] default null) returns jsonb
language sql stable security invoker set search_path = '' as $$
  select private.latency_spread(p_from, p_to, p_models, p_providers, p_teams)
$$;
comment on function public.latency_spread(date, date, text[], text[], text[]) is
  'Median and 95th percentile of the latency of successful requests, seconds, with the sample they are of; admins and finance only.';

revoke execute on function private.latency_spread(date, date, text[], text[], text[]), public.latency_spread(date, date, text[], text[], text[])
  from public, anon, authenticated, service_role;
grant execute on function private.latency_spread(date, date, text[], text[], text[]), public.latency_spread(date, date, text[], text[], text[])
  to authenticated;
