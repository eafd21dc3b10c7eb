-- The deployments that requests came from lately, with the zone they are taken to compute in and who says so.
--
-- What an admin needs to see before deciding on a zone (set_zone_override, sql/035_zones.sql).

create or replace function private.deployments_seen(p_days integer) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  perform private.require_admin();
  if p_days is null or p_days not between 1 and 400 then
    raise sqlstate 'PT400' using message = 'p_days must be from 1 to 400.';
  end if;
  return coalesce((
    select jsonb_agg(to_jsonb(s) order by s.requests desc, s.provider, s.region, s.model_group, s.model)
      from (
        select d.provider, d.region, d.model_group, d.model, d.requests, d.last_seen,
               coalesce(z.zone, own.default_zone, usual.default_zone) as zone,
               case when exists (select 1 from public.zone_overrides x where x.provider = lower(d.provider)
                                    and x.deployment in (lower(d.model_group), lower(d.region), lower(d.model), '')) then 'admin'
                    when d.zone_hint is not null then 'request'
                    when z.flag is not null then z.flag when z.zone is not null then 'region'
                    when own.provider is not null then 'provider' else 'unknown' end as said_by
          from (select r.provider, r.region, r.model_group, r.model, r.zone_hint, count(*) as requests, max(r.started_at) as last_seen
                  from public.request_logs r
                 where r.started_at > now() - make_interval(days => p_days) and not r.cache_hit
                 group by 1, 2, 3, 4, 5 order by 6 desc limit 500) as d
         cross join lateral private.zone_of(d.provider, d.model, d.model_group, d.region, d.zone_hint) as z
          left join public.provider_facilities own
            on own.factor_set = private.setting('active_factor_set') #>> '{}' and own.provider = lower(d.provider)
          left join public.provider_facilities usual on usual.factor_set = private.setting('active_factor_set') #>> '{}' and usual.provider = '') as s), '[]');
end
$$;
comment on function private.deployments_seen(integer) is
  'Provider, region, model group and model of the requests of the last days (the 500 with the most), with their zone and who says so: admin, request, region, several_countries (a region of several), unknown_region (a region nobody knows: the usual one), provider (its usual one) or unknown; admins only.';
create or replace function public.deployments_seen(p_days integer default 90) returns jsonb
language sql stable security invoker set search_path = '' as $$ select private.deployments_seen(p_days) $$;
comment on function public.deployments_seen(integer) is
  'The deployments that requests came from in the last days, with the zone they are taken to compute in and who says so; admins only.';
revoke execute on function private.deployments_seen(integer), public.deployments_seen(integer) from public, anon, authenticated, service_role;
grant execute on function private.deployments_seen(integer), public.deployments_seen(integer) to authenticated;
