-- Impact: factor sets (the figures), model mappings (the admins' word) and the one formula.
--
-- Why sets: methods change, tokens do not. Every figure on a page names the set it came from, so a
-- set is never changed after it was loaded: a better one is built beside it and activated. The
-- formula lives here once and in lib/footprint/impact/engine.py once; a test proves them equal over
-- every factor. Method, constants and sources: docs/methodology.md.

comment on table public.factor_sets is 'Versions of the figures that impacts are derived with; insert-only.';
comment on column public.factor_sets.factor_set is 'Name: year.month of the method, and a number where it was built anew within the month.';
comment on column public.factor_sets.method_version is 'Version of the formula and its constants.';
comment on column public.factor_sets.built_at is 'When the set was built (UTC).';
comment on column public.factor_sets.sources is
  'Everything it was built from: package versions, constants, fingerprint of the content, and citations, which the sources of the rows refer to by key.';

comment on table public.grid_factors is 'Electricity mixes: what a kilowatt-hour weighs where it is used; insert-only.';
comment on column public.grid_factors.factor_set is 'The set it belongs to.';
comment on column public.grid_factors.zone is 'ISO 3166-1 alpha-3 country, or WOR for the world.';
comment on column public.grid_factors.carbon_gco2e_per_kwh is 'Location-based gCO2e per kWh of electricity used.';
comment on column public.grid_factors.water_l_per_kwh is 'Litres of water consumed per kWh generated (off-site).';
comment on column public.grid_factors.source is 'Key of the citation in factor_sets.sources.';

comment on table public.provider_facilities is 'Data centres by provider; the row of provider '''' stands for unknown ones; insert-only.';
comment on column public.provider_facilities.factor_set is 'The set it belongs to.';
comment on column public.provider_facilities.provider is 'Provider as LiteLLM names it, lower case; empty for the default.';
comment on column public.provider_facilities.pue is 'Power usage effectiveness: energy of the facility per energy of the IT equipment.';
comment on column public.provider_facilities.wue_l_per_kwh is 'On-site water usage effectiveness: litres per kWh of the IT equipment.';
comment on column public.provider_facilities.default_zone is 'Electricity mix assumed where a request does not say its zone.';
comment on column public.provider_facilities.source is 'Key of the citation in factor_sets.sources.';
comment on column public.provider_facilities.market_gco2e_per_kwh is
  'Market-based gCO2e per kWh of the electricity this provider buys, where it published one; never mixed with the location-based figures.';
comment on column public.provider_facilities.market_source is 'Key of its citation in factor_sets.sources; empty where there is none.';

comment on table public.impact_factors is 'What a token of a model weighs before facility and grid; insert-only.';
comment on column public.impact_factors.factor_id is 'Set, provider and model in one text.';
comment on column public.impact_factors.factor_set is 'The set it belongs to.';
comment on column public.impact_factors.provider is 'Provider as LiteLLM names it (custom_llm_provider), lower case.';
comment on column public.impact_factors.model is 'Model as LiteLLM names it, without the provider''s prefix, lower case.';
comment on column public.impact_factors.match is 'Rung of the ladder that found it: exact, alias, parameters, price_class, or admin.';
comment on column public.impact_factors.evidence is 'What the energy rests on: measured, open (disclosed size), closed (estimated size) or price_class.';
comment on column public.impact_factors.kind is 'Which requests it is for: text (they generate) or embedding (they only read).';
comment on column public.impact_factors.energy_j_per_token_out is 'Accelerator energy per generated token, in joule; for an embedding per token read, weight_input being 1.';
comment on column public.impact_factors.embodied_gco2e_per_token_out is 'Making the hardware: gCO2e per generated token.';
comment on column public.impact_factors.embodied_gco2e_per_token_in is 'Making the hardware: gCO2e per token read; 0 where the generated ones carry it.';
comment on column public.impact_factors.band is 'Ratio of the 90 % band: low = mid / band, high = mid x band.';
comment on column public.impact_factors.weight_input is 'Energy of an uncached input token as a share of a generated one (0-1).';
comment on column public.impact_factors.weight_cached is 'Energy of an input token read from the provider''s cache as a share of a generated one (0-1).';
comment on column public.impact_factors.host_overhead is 'Energy of the whole server, idle capacity included, per energy of its accelerators.';
comment on column public.impact_factors.parameters_active_b is 'Parameters active per token, in billions (middle of an estimated range); null where nothing is known.';
comment on column public.impact_factors.parameters_total_b is 'All parameters, in billions (middle of an estimated range); null where nothing is known.';
comment on column public.impact_factors.sources is 'Which model it was matched to and the keys of its citations in factor_sets.sources.';

comment on table public.model_mappings is 'Which model''s factor an admin wants for a name that the ladder does not know, or knows wrongly.';
comment on column public.model_mappings.provider is 'Provider of the requests, lower case; empty where they name none.';
comment on column public.model_mappings.model is 'Model of the requests, lower case.';
comment on column public.model_mappings.target_provider is 'Provider of the factor to use.';
comment on column public.model_mappings.target_model is 'Model of the factor to use.';
comment on column public.model_mappings.source is 'Why: where it is said that the two are alike.';
comment on column public.model_mappings.created_by is 'user_id of the admin; null for an operator at the database.';
comment on column public.model_mappings.created_at is 'When it was decided (UTC).';

alter table public.factor_sets enable row level security;
alter table public.grid_factors enable row level security;
alter table public.provider_facilities enable row level security;
alter table public.impact_factors enable row level security;
alter table public.model_mappings enable row level security;

drop policy if exists "everyone signed in reads the factor sets" on public.factor_sets;
create policy "everyone signed in reads the factor sets" on public.factor_sets
  for select to authenticated using (true);
drop policy if exists "everyone signed in reads the grid factors" on public.grid_factors;
create policy "everyone signed in reads the grid factors" on public.grid_factors
  for select to authenticated using (true);
drop policy if exists "everyone signed in reads the facilities" on public.provider_facilities;
create policy "everyone signed in reads the facilities" on public.provider_facilities
  for select to authenticated using (true);
drop policy if exists "everyone signed in reads the impact factors" on public.impact_factors;
create policy "everyone signed in reads the impact factors" on public.impact_factors
  for select to authenticated using (true);
drop policy if exists "everyone signed in reads the model mappings" on public.model_mappings;
create policy "everyone signed in reads the model mappings" on public.model_mappings
  for select to authenticated using (true);

revoke all on public.factor_sets, public.grid_factors, public.provider_facilities, public.impact_factors, public.model_mappings
  from public, anon, authenticated, service_role;
grant select on public.factor_sets, public.grid_factors, public.provider_facilities, public.impact_factors, public.model_mappings
  to authenticated, service_role;

-- What a request does decides which factors are for it; null: nobody models that.
create or replace function private.kind_of_call(p_call_type text) returns text
language sql immutable parallel safe
begin atomic
  select case
    when p_call_type in ('chat', 'completion', 'text_completion', 'responses', 'messages', 'anthropic_messages', 'generate_content', 'batch')
      then 'text'
    when p_call_type = 'embedding' then 'embedding' end;
end;
comment on function private.kind_of_call(text) is
  'Kind of factor for a call type: text, embedding, or null where none is defensible (rerank, moderation, images, audio, realtime). As KIND_OF_CALL in engine.py.';
revoke execute on function private.kind_of_call(text) from public;

-- A set search_path would keep the planner from inlining: the body is parsed at definition instead,
-- so no search_path of a caller can change what it means.
create or replace function private.derive_impact(
  energy_j_per_token_out float8, embodied_gco2e_per_token_out float8, embodied_gco2e_per_token_in float8, band float8,
  weight_input float8, weight_cached float8, host_overhead float8,
  pue float8, wue_l_per_kwh float8, carbon_gco2e_per_kwh float8, water_l_per_kwh float8,
  tokens_out bigint, tokens_in_uncached bigint, tokens_cached bigint,
  carbon_gco2e_per_kwh_low float8 default null, carbon_gco2e_per_kwh_high float8 default null,
  water_l_per_kwh_low float8 default null, water_l_per_kwh_high float8 default null
) returns table (
  energy_kwh float8, energy_kwh_low float8, energy_kwh_high float8,
  carbon_gco2e float8, carbon_gco2e_low float8, carbon_gco2e_high float8,
  water_l float8, water_l_low float8, water_l_high float8)
language sql immutable parallel safe
begin atomic
  -- offset 0: each amount is worked out once, however often it is named.
  select m.energy_kwh, m.energy_kwh / band, m.energy_kwh * band,
         m.carbon_gco2e,
         case when m.carbon_least < m.carbon_gco2e then m.carbon_gco2e / exp(sqrt(ln(band) ^ 2 + ln(m.carbon_gco2e / m.carbon_least) ^ 2))
              else m.carbon_gco2e / band end,
         case when m.carbon_most > m.carbon_gco2e then m.carbon_gco2e * exp(sqrt(ln(band) ^ 2 + ln(m.carbon_most / m.carbon_gco2e) ^ 2))
              else m.carbon_gco2e * band end,
         m.water_l,
         case when m.water_least < m.water_l then m.water_l / exp(sqrt(ln(band) ^ 2 + ln(m.water_l / m.water_least) ^ 2))
              else m.water_l / band end,
         case when m.water_most > m.water_l then m.water_l * exp(sqrt(ln(band) ^ 2 + ln(m.water_most / m.water_l) ^ 2))
              else m.water_l * band end
  from (
    select d.energy_kwh, d.carbon_gco2e, d.water_l,
           -- A grid of nothing would make a ratio without end: as if the least were a thousandth.
           case when carbon_gco2e_per_kwh_low is not null
                then greatest(d.carbon_gco2e - d.energy_kwh * (carbon_gco2e_per_kwh - carbon_gco2e_per_kwh_low), d.carbon_gco2e / 1000) end as carbon_least,
           case when d.carbon_gco2e > 0 then d.carbon_gco2e + d.energy_kwh * (carbon_gco2e_per_kwh_high - carbon_gco2e_per_kwh) end as carbon_most,
           case when water_l_per_kwh_low is not null
                then greatest(d.water_l - d.energy_kwh * (water_l_per_kwh - water_l_per_kwh_low), d.water_l / 1000) end as water_least,
           case when d.water_l > 0 then d.water_l + d.energy_kwh * (water_l_per_kwh_high - water_l_per_kwh) end as water_most
    from (
    select e.kwh as energy_kwh,
           e.kwh * carbon_gco2e_per_kwh + embodied_gco2e_per_token_out * tokens_out
             + embodied_gco2e_per_token_in * (tokens_in_uncached + tokens_cached) as carbon_gco2e,
           e.kwh / pue * wue_l_per_kwh + e.kwh * water_l_per_kwh as water_l
    from (
      select energy_j_per_token_out
             * (tokens_out + weight_input * tokens_in_uncached + weight_cached * tokens_cached)
             * host_overhead * pue / 3.6e6 as kwh
    ) as e offset 0
    ) as d offset 0
  ) as m;
end;
comment on function private.derive_impact(float8, float8, float8, float8, float8, float8, float8, float8, float8, float8, float8, bigint, bigint, bigint, float8, float8, float8, float8) is
  'The formula: energy (kWh), carbon (gCO2e, location-based, embodied included) and water (litres, on-site and off-site) of a request, each as mid, low and high; null in, null out. Where the zone is not known, the least and most that a kWh may weigh widen the range of carbon and water.';
revoke execute on function private.derive_impact(float8, float8, float8, float8, float8, float8, float8, float8, float8, float8, float8, bigint, bigint, bigint, float8, float8, float8, float8) from public;

create or replace function private.refuse_factor_change() returns trigger
language plpgsql set search_path = '' as $$
begin
  raise exception using
    errcode = 'insufficient_privilege',
    message = format('Factor sets never change once loaded: %s on %I.%I is not allowed.', lower(tg_op), tg_table_schema, tg_table_name),
    hint = 'Build a new set with `footprint factors sync` and activate it.';
end
$$;
comment on function private.refuse_factor_change() is
  'Trigger of factor sets: refuses update, delete and truncate, whoever asks.';
revoke execute on function private.refuse_factor_change() from public;

create or replace trigger factor_sets_never_change before update or delete or truncate on public.factor_sets
  for each statement execute function private.refuse_factor_change();
create or replace trigger grid_factors_never_change before update or delete or truncate on public.grid_factors
  for each statement execute function private.refuse_factor_change();
create or replace trigger provider_facilities_never_change before update or delete or truncate on public.provider_facilities
  for each statement execute function private.refuse_factor_change();
create or replace trigger impact_factors_never_change before update or delete or truncate on public.impact_factors
  for each statement execute function private.refuse_factor_change();
