-- Electricity zones of deployments: where a request was computed, as far as anybody says.
--
-- In this order: what an admin decided for a deployment (zone_overrides), what the event declared,
-- what its cloud region says (region_zones: data with sources, from sql/migrations), and else the provider's
-- usual zone (provider_facilities). A zone changes carbon and water, never energy.

comment on table public.region_zones is 'Country of each cloud region, as its operator publishes it. Seeded from lib/footprint/impact/data/region_zones.csv.';
comment on column public.region_zones.region is 'Region as the cloud writes it, lower case, without spaces: eu-west-3, westeurope, europe-west9.';
comment on column public.region_zones.cloud is 'aws, azure, gcp, ovh or scaleway.';
comment on column public.region_zones.zone is 'ISO 3166-1 alpha-3 of the country.';
comment on column public.region_zones.place is 'The place, as the cloud names it.';
comment on column public.region_zones.source is 'The page that says so.';

comment on table public.zone_overrides is 'Zones that an admin knows better: by provider and deployment. Changes count for new requests; `footprint restate` applies them to earlier ones.';
comment on column public.zone_overrides.provider is 'Provider of the requests, lower case.';
comment on column public.zone_overrides.deployment is 'Region, model group or model of the requests, lower case; empty for all of this provider.';
comment on column public.zone_overrides.zone is 'ISO 3166-1 alpha-3 of the country, or WOR.';
comment on column public.zone_overrides.source is 'Why: where it is said.';
comment on column public.zone_overrides.created_by is 'user_id of the admin; null for an operator at the database.';
comment on column public.zone_overrides.created_at is 'When it was decided (UTC).';

alter table public.region_zones enable row level security;
alter table public.zone_overrides enable row level security;
drop policy if exists "everyone signed in reads the cloud regions" on public.region_zones;
create policy "everyone signed in reads the cloud regions" on public.region_zones
  for select to authenticated using (true);
drop policy if exists "everyone signed in reads the zone overrides" on public.zone_overrides;
create policy "everyone signed in reads the zone overrides" on public.zone_overrides
  for select to authenticated using (true);
revoke all on public.region_zones, public.zone_overrides from public, anon, authenticated, service_role;
grant select on public.region_zones, public.zone_overrides to authenticated, service_role;

-- LiteLLM writes a region before the model of some clouds (eu-west-3/..., jp.anthropic...).
create or replace function private.zone_of(p_provider text, p_model text, p_model_group text, p_region text, p_zone_hint text)
returns table (zone text)
language sql stable
begin atomic
  select coalesce(o.zone, p_zone_hint, r.zone)
  from (
    -- offset 0: once for a request, not once for each region.
    select array_remove(array[
      replace(lower(p_region), ' ', ''),
      case when p_region is null and lower(p_provider) similar to '(bedrock|azure|vertex)%' and p_model ~ '/'
           then split_part(lower(p_model), '/', 1) end,
      case when p_region is null and lower(p_provider) like 'bedrock%' and p_model ~ '^[A-Za-z-]{2,6}\.'
           then split_part(lower(p_model), '.', 1) end], null) offset 0) as n (names)
  left join lateral (
    select x.zone from public.zone_overrides x
     where x.provider = lower(p_provider)
       and x.deployment in (lower(p_model_group), lower(p_region), lower(p_model), '')
     order by x.deployment = lower(p_model_group) desc nulls last, x.deployment = lower(p_region) desc nulls last,
              x.deployment desc limit 1) as o on true
  left join lateral (
    select x.zone from public.region_zones x where n.names <> '{}' and x.region = any (n.names) limit 1) as r on true;
end;
comment on function private.zone_of(text, text, text, text, text) is
  'Zone of a request as an admin, the event or its cloud region says; null where nobody does. Parsed at definition, so the planner can inline it.';
revoke execute on function private.zone_of(text, text, text, text, text) from public;

create or replace function private.set_zone_override(p_provider text, p_deployment text, p_zone text, p_source text) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_before jsonb;
  z public.zone_overrides;
begin
  perform private.require_admin();
  z.provider := lower(btrim(coalesce(p_provider, '')));
  z.deployment := left(lower(btrim(coalesce(p_deployment, ''))), 300);
  z.zone := upper(btrim(p_zone));
  select to_jsonb(x) into v_before from public.zone_overrides x where x.provider = z.provider and x.deployment = z.deployment;
  if z.zone is null or z.zone = '' then
    delete from public.zone_overrides x where x.provider = z.provider and x.deployment = z.deployment;
    perform private.audit('zone.remove', z.provider || '/' || z.deployment, v_before, null);
    return;
  end if;
  if not exists (select 1 from public.grid_factors g
                  where g.factor_set = private.setting('active_factor_set') #>> '{}' and g.zone = z.zone) then
    raise sqlstate 'PT400' using message = format('%s is not a zone with a known electricity mix: give the three letters of a country (ISO 3166-1), or WOR.', p_zone);
  elsif z.provider = '' or coalesce(btrim(p_source), '') = '' then
    raise sqlstate 'PT400' using message = 'A provider and a source (where it is said) are needed.';
  end if;
  insert into public.zone_overrides (provider, deployment, zone, source, created_by)
  values (z.provider, z.deployment, z.zone, left(btrim(p_source), 1000), private.current_user_id())
  on conflict (provider, deployment) do update
    set zone = excluded.zone, source = excluded.source, created_by = excluded.created_by, created_at = now()
  returning * into z;
  perform private.audit('zone.set', z.provider || '/' || z.deployment, v_before, to_jsonb(z));
end
$$;
comment on function private.set_zone_override(text, text, text, text) is
  'Says in which zone a provider''s deployment computes (no zone: forget it), for new requests; admins only, audited.';
create or replace function public.set_zone_override(p_provider text, p_deployment text, p_zone text, p_source text) returns void
language sql security invoker set search_path = '' as $$ select private.set_zone_override(p_provider, p_deployment, p_zone, p_source) $$;
comment on function public.set_zone_override(text, text, text, text) is
  'Says in which zone a provider''s deployment (region, model group or model; empty: all) computes; admins only.';
revoke execute on function private.set_zone_override(text, text, text, text), public.set_zone_override(text, text, text, text)
  from public, anon, authenticated, service_role;
grant execute on function private.set_zone_override(text, text, text, text), public.set_zone_override(text, text, text, text) to authenticated;
