-- Electricity zones of deployments: where a request was computed, as far as anybody says.
--
-- In this order: what an admin decided for a deployment (zone_overrides), what the event declared,
-- what its cloud region says (region_zones, region_words: data with sources, from sql/migrations), and else the
-- provider's usual zone (provider_facilities). A zone changes carbon and water, never energy. Where a region is no one
-- country, or a word that nobody knows, the request says so and the grids it may have been on widen its range.

comment on table public.region_zones is 'Country of each cloud region, as its operator publishes it. Seeded from lib/footprint/impact/data/region_zones.csv.';
comment on column public.region_zones.region is 'Region as the cloud writes it, lower case, without spaces: eu-west-3, westeurope, europe-west9.';
comment on column public.region_zones.cloud is 'aws, azure, gcp, ovh or scaleway.';
comment on column public.region_zones.zone is 'ISO 3166-1 alpha-3 of the country.';
comment on column public.region_zones.place is 'The place, as the cloud names it.';
comment on column public.region_zones.source is 'The page that says so.';

comment on table public.region_words is 'What else providers write for a place: regions of further clouds, geographies of several countries, and (word *) any place of a cloud. Seeded from lib/footprint/impact/data/region_words.csv; rows of an operator stay.';
comment on column public.region_words.cloud is 'Whose word it is (private.cloud_of), for example aws, azure, gcp, alibaba; empty: it means the same everywhere. Before region_zones where the two differ.';
comment on column public.region_words.word is 'The word, lower case, without spaces; * stands for a word that is not known.';
comment on column public.region_words.zone is 'Electricity zone that counts: of the country, or the mean of the continent (EEE) or the world (WOR); null: the usual one of the provider.';
comment on column public.region_words.zones is 'The countries (ISO 3166-1 alpha-3) that it may have been where it is not one: their grids widen the range of carbon and water.';
comment on column public.region_words.place is 'The place, in words.';
comment on column public.region_words.source is 'The page that says so.';

comment on table public.zone_overrides is 'Zones that an admin knows better: by provider and deployment. Changes count for new requests; `footprint restate` applies them to earlier ones.';
comment on column public.zone_overrides.provider is 'Provider of the requests, lower case.';
comment on column public.zone_overrides.deployment is 'Region, model group or model of the requests, lower case; empty for all of this provider.';
comment on column public.zone_overrides.zone is 'ISO 3166-1 alpha-3 of the country, or WOR.';
comment on column public.zone_overrides.source is 'Why: where it is said.';
comment on column public.zone_overrides.created_by is 'user_id of the admin; null for an operator at the database.';
comment on column public.zone_overrides.created_at is 'When it was decided (UTC).';

alter table public.region_zones enable row level security;
alter table public.region_words enable row level security;
alter table public.zone_overrides enable row level security;
drop policy if exists "everyone signed in reads the cloud regions" on public.region_zones;
create policy "everyone signed in reads the cloud regions" on public.region_zones
  for select to authenticated using (true);
drop policy if exists "everyone signed in reads the region words" on public.region_words;
create policy "everyone signed in reads the region words" on public.region_words
  for select to authenticated using (true);
drop policy if exists "everyone signed in reads the zone overrides" on public.zone_overrides;
create policy "everyone signed in reads the zone overrides" on public.zone_overrides
  for select to authenticated using (true);
revoke all on public.region_zones, public.region_words, public.zone_overrides from public, anon, authenticated, service_role;
grant select on public.region_zones, public.region_words, public.zone_overrides to authenticated, service_role;

-- Which words of public.region_words a provider means by a region: those of its cloud, then those that mean the same everywhere.
create or replace function private.cloud_of(p_provider text) returns text
language sql immutable parallel safe
begin atomic
  select case
    when p_provider ~* '^(bedrock|sagemaker|amazon|aws)' then 'aws'
    when p_provider ~* '^azure' then 'azure'
    when p_provider ~* '^(vertex|gemini|google)' then 'gcp'
    when p_provider ~* '^(dashscope|qwencloud|qwen_ai_platform|alibaba)' then 'alibaba'
    when p_provider ~* '^(openai|text-completion-openai)$' then 'openai'
    when p_provider ~* '^(mistral|codestral|text-completion-codestral)' then 'mistral'
    else case regexp_replace(lower(p_provider), '[^a-z].*$', '')
      when 'watsonx' then 'ibm' when 'ovhcloud' then 'ovh' when 'gradient' then 'digitalocean'
      else regexp_replace(lower(p_provider), '[^a-z].*$', '') end end;
end;
comment on function private.cloud_of(text) is 'The cloud (region_words.cloud) whose words for regions a provider uses.';
revoke execute on function private.cloud_of(text) from public;

-- A region is written in many ways: West Europe, west_europe, (Europe) West Europe, AZURE_WESTEUROPE; eu-west-3a;
-- projects/x/locations/europe-west9. LiteLLM also writes one before the model of some clouds (eu-west-3/...,
-- converse/us-east-1/...), an ARN has one within, and Bedrock's inference profiles begin with one (jp.anthropic...).
-- A profile says more than the region that the call was sent to: Bedrock computes anywhere within the profile.
create or replace function private.region_names(p_provider text, p_model text, p_region text) returns text[]
language plpgsql immutable parallel safe set search_path = '' as $$
declare
  v_said text := regexp_replace(lower(btrim(left(p_region, 200))), '^.*/|\([^)]*\)', '', 'g');
  v_model text;
  v_parts text[];
  v_names text[] := '{}';
  v_is_said boolean;
begin
  v_is_said := v_said <> '' and v_said not in ('-', 'none', 'null', 'n/a', 'a', 'auto', 'default', 'unknown', 'unspecified', 'not_available', 'not available');
  if p_provider ~* '^(bedrock|azure|vertex)' and p_model ~ '[/.:%]' then
    v_model := replace(replace(lower(left(p_model, 500)), '%3a', ':'), '%2f', '/');
    v_parts := string_to_array(v_model, '/');
    if p_provider ~* '^bedrock' then
      v_names := array[substring(v_parts[cardinality(v_parts)] from '^([a-z-]{2,6})\.')];
    end if;
  end if;
  if v_is_said then
    v_said := regexp_replace(v_said, '^(public\.)?(aws|azure|gcp)[_-]|\.(aws|azure|gcp)$', '', 'g');
    v_names := v_names || array[replace(replace(v_said, ' ', ''), '_', '-'), translate(v_said, ' -_.,', ''),
                                regexp_replace(replace(v_said, '_', '-'), '([0-9])-?[a-f]$', '\1')];
  end if;
  if v_parts is not null then
    v_names := v_names || v_parts[1 : cardinality(v_parts) - 1]
      || array(select replace(x.part, '-', '') from unnest(v_parts[1 : cardinality(v_parts) - 1]) as x (part) where x.part like '%-%')
      || substring(v_model from 'arn:aws[a-z-]*:[a-z-]+:([a-z0-9-]+):');
  end if;
  -- Two letters before a vendor are a place, be they known or not.
  if v_is_said or (p_provider ~* '^bedrock' and v_parts[cardinality(v_parts)] ~ '^[a-z]{2}(-[a-z]+)?\.[a-z]{2,}[0-9]*\.') then
    v_names := v_names || '*'::text;
  end if;
  return nullif(array_remove(v_names, null), '{}');
end
$$;
comment on function private.region_names(text, text, text) is
  'What the region of a request may be called in region_words and region_zones, the word that says most first; ends in * where a place was named, known or not; null where none was.';
revoke execute on function private.region_names(text, text, text) from public;

create or replace function private.place_of(p_provider text, p_model text, p_region text) returns public.region_words
language plpgsql stable set search_path = '' as $$
declare
  v_cloud constant text := private.cloud_of(p_provider);
  v_profile constant text := case when v_cloud = 'aws' then substring(p_model from '(?:^|/)([a-z-]{2,6})\.[^/]*$') end;
  v_names text[];
  v_word text;
  v_place public.region_words;
begin
  -- Nearly always the word is one that its own cloud writes just so: the same answer, sooner.
  foreach v_word in array array[v_profile, case when v_profile is null or length(v_profile) > 3 then replace(lower(p_region), ' ', '') end] loop
    if v_word is not null then
      select z.cloud, z.region, z.zone, '{}', z.place, z.source into v_place
        from public.region_zones z where z.region = v_word and z.cloud = v_cloud;
      if not found then
        select w.* into v_place from public.region_words w where w.cloud = v_cloud and w.word = v_word and w.word <> '*';
      end if;
      if found then
        return v_place;
      end if;
    end if;
  end loop;
  v_names := private.region_names(p_provider, p_model, p_region);
  select x.cloud, x.word, x.zone, x.zones, x.place, x.source into v_place
    from (select w.*, 1 as rank from public.region_words w where w.word = any (v_names) and w.cloud in (v_cloud, '')
          union all
          select z.cloud, z.region, z.zone, '{}', z.place, z.source, 0 from public.region_zones z where z.region = any (v_names)) as x
   order by array_position(v_names, x.word), x.cloud = v_cloud desc, x.rank, x.cloud desc limit 1;
  return v_place;
end
$$;
comment on function private.place_of(text, text, text) is
  'The place that a request''s region or model names, as region_words or region_zones has it; word * where it is not a known one; all null where none is named.';
revoke execute on function private.place_of(text, text, text) from public;

create or replace function private.zone_of(p_provider text, p_model text, p_model_group text, p_region text, p_zone_hint text)
returns table (zone text, zones text[], flag text)
language sql stable
begin atomic
  select coalesce(o.zone, p_zone_hint, (n.place).zone),
         case when o.zone is null and p_zone_hint is null then nullif((n.place).zones, '{}') end,
         case when o.zone is null and p_zone_hint is null
              then case when (n.place).word = '*' then 'unknown_region' when (n.place).zones <> '{}' then 'several_countries' end end
  from (
    -- Most requests name no place: those ask nothing. offset 0: once, not for each of its parts.
    select case when p_region is not null or (p_model ~ '[/.:%]' and p_provider ~* '^(bedrock|azure|vertex)')
                then private.place_of(p_provider, p_model, p_region) end offset 0) as n (place)
  left join lateral (
    select x.zone from public.zone_overrides x
     where x.provider = lower(p_provider)
       and x.deployment in (lower(p_model_group), lower(p_region), lower(p_model), '')
     order by x.deployment = lower(p_model_group) desc nulls last, x.deployment = lower(p_region) desc nulls last,
              x.deployment desc limit 1) as o on true;
end;
comment on function private.zone_of(text, text, text, text, text) is
  'Zone of a request as an admin, the event or its cloud region says (null where nobody does); where that is no one country, the zones that it may have been and a flag: several_countries or unknown_region. Parsed at definition, so the planner can inline it.';
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
