-- Ingest: the one way by which requests come in.
--
-- public.ingest_request_logs (invoker, callable by everybody) → private.ingest_request_logs (definer,
-- checks the ingest key) → private.store_events (parses, refuses single bad events, resolves session,
-- person, exchange rate and impact factor, inserts). Sending anything twice changes nothing. Rows go
-- in sorted by event_id, in one insert, so that overlapping retries never deadlock.

comment on table private.ingest_keys is 'Keys that may send requests: SHA-256 only, the key itself is shown once.';
comment on column private.ingest_keys.ingest_key_id is 'Name of the key for people; not secret.';
comment on column private.ingest_keys.key_hash is 'SHA-256 of the key.';
comment on column private.ingest_keys.label is 'What it is for.';
comment on column private.ingest_keys.scope is 'organisation: any person; user or team: forced to that one.';
comment on column private.ingest_keys.user_id is 'The person, for scope user.';
comment on column private.ingest_keys.team is 'The team, for scope team.';
comment on column private.ingest_keys.created_at is 'When it was made (UTC).';
comment on column private.ingest_keys.expires_at is 'Until when it works (UTC); null for no end.';
comment on column private.ingest_keys.revoked_at is 'When it was revoked (UTC).';
comment on column private.ingest_keys.last_used_at is 'When it was last used (UTC), to the minute.';
revoke all on private.ingest_keys from public, anon, authenticated, service_role;
alter table private.ingest_keys enable row level security;

create or replace function private.parse_timestamptz(p_text text) returns timestamptz
language plpgsql stable set search_path = '' as $$
begin
  if p_text !~ '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)$' then
    return null;
  end if;
  return p_text::timestamptz;
exception when data_exception then
  return null;
end
$$;
comment on function private.parse_timestamptz(text) is 'An ISO 8601 time with offset; null when it is none.';

create or replace function private.event_problem(
  p_event_id text, p_started timestamptz, p_model text, p_status text, p_tokens text[], p_cost text, p_seconds text[], p_texts text[]
) returns text
language plpgsql immutable set search_path = '' as $$
begin
  -- The usual event, decided by a few cheap tests in one simple expression, which PL/pgSQL evaluates
  -- without a query; what fails one of them is told apart below.
  if p_started >= '2000-01-01' and length(p_model) between 1 and 300
     and p_status in ('success', 'failure', 'cancelled', 'abandoned')
     and p_event_id ~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'
     and array_to_string(p_tokens, ',') ~ '^(\d{1,12}(,\d{1,12})*)?$'
     and coalesce(p_cost, '0') ~ '^\d{1,7}(\.\d+)?$'
     and array_to_string(p_seconds, ',') ~ '^(\d{1,7}(\.\d+)?(,\d{1,7}(\.\d+)?)*)?$'
     and length(array_to_string(p_texts, '')) <= 320 then
    return null;
  end if;
  return case
    when coalesce(p_event_id, '') !~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' then 'event_id is not a UUID'
    when p_started is null or p_started < '2000-01-01' then 'started_at is not an ISO 8601 time with offset, from 2000 on'
    when coalesce(p_model, '') = '' then 'model is missing'
    when length(p_model) > 300 then 'model is longer than 300 characters'
    when p_status not in ('success', 'failure', 'cancelled', 'abandoned') then 'status is not success, failure, cancelled or abandoned'
    when exists (select 1 from unnest(p_tokens) t where t !~ '^-?\d+(\.0+)?$') then 'a token count is not a whole number'
    when exists (select 1 from unnest(p_tokens) t where t ~ '^-') then 'a token count is negative'
    when exists (select 1 from unnest(p_tokens) t where length(t) > 20 or t::numeric > 1000000000000) then 'a token count is above 10^12'
    when p_cost !~ '^-?\d+(\.\d+)?([eE][-+]?\d{1,3})?$' then 'cost_usd is not a number'
    when p_cost ~ '^-' and p_cost::numeric <> 0 then 'cost_usd is negative'
    when p_cost::numeric > 10000000 then 'cost_usd is above 10^7'
    when exists (select 1 from unnest(p_seconds) s where s !~ '^\d+(\.\d+)?([eE][-+]?\d{1,3})?$' or s::numeric > 10000000)
      then 'a duration is not a number of seconds from 0 to 10^7'
    when exists (select 1 from unnest(p_texts) x where length(x) > 320) then 'an id, name or label is longer than 320 characters'
  end;
end
$$;
comment on function private.event_problem(text, timestamptz, text, text, text[], text, text[], text[]) is
  'Why an event cannot be stored, in words; null when it can.';

-- The remaining checks are for events that have what they check, which few do.
create or replace function private.cost_problem(p_name text, p_cost text) returns text
language sql immutable set search_path = '' as $$
  select case
    when p_cost !~ '^-?\d{1,255}(\.\d{1,255})?([eE][-+]?\d{1,3})?$' then p_name || ' is not a number'
    when p_cost::numeric < 0 then p_name || ' is negative'
    when p_cost::numeric > 10000000 then p_name || ' is above 10^7' end
$$;
comment on function private.cost_problem(text, text) is 'Why a cost cannot be stored, in words; null when it can.';

create or replace function private.quantities_problem(p_quantities jsonb) returns text
language plpgsql immutable set search_path = '' as $$
declare
  v_unit text;
  v_amount text;
begin
  if jsonb_typeof(p_quantities) <> 'object' then
    return 'quantities is not a JSON object';
  elsif (select count(*) from jsonb_object_keys(p_quantities)) > 30 then
    return 'quantities has more than 30 units';
  end if;
  for v_unit, v_amount in select * from jsonb_each_text(p_quantities) loop
    if v_unit !~ '^[a-z][a-z0-9_]{0,39}$' then
      return 'quantities has a unit that is no name of lower-case letters, digits and underscores';
    elsif v_amount is null or v_amount !~ '^\d{1,13}(\.\d{1,40})?$' or v_amount::numeric > 1000000000000 then
      return 'quantities.' || v_unit || ' is not a number from 0 to 10^12';
    end if;
  end loop;
  return null;
end
$$;
comment on function private.quantities_problem(jsonb) is 'Why quantities cannot be stored, in words; null when they can.';

create or replace function private.reported_cost_problem(p_cost text, p_currency text, p_started timestamptz, p_cost_usd text) returns text
language plpgsql stable set search_path = '' as $$
declare
  v_day date;
  v_rate numeric;
  v_problem text;
begin
  v_problem := case
    when p_cost is null then 'reported_cost is missing beside reported_currency'
    when p_cost_usd is not null and p_currency <> 'USD' then 'cost_usd and a cost in another currency cannot both be reported'
    when p_currency !~ '^[A-Z]{3}$' then 'reported_currency is not a currency''s three letters, such as EUR'
    else private.cost_problem('reported_cost', p_cost) end;
  if v_problem is null and p_currency not in ('USD', 'EUR') and p_started is not null then
    v_day := (least(p_started, now()) at time zone private.reporting_timezone())::date;
    v_rate := private.eur_per_unit(p_currency, v_day);
    v_problem := case
      when v_rate is null then format('no exchange rate of %s is known for %s: import rates with `footprint fx import`, then send it again',
                                      p_currency, v_day)
      when p_cost::numeric * v_rate > 10000000 then 'reported_cost is above 10^7 EUR' end;
  end if;
  return v_problem;
end
$$;
comment on function private.reported_cost_problem(text, text, timestamptz, text) is
  'Why a cost in another currency cannot be stored, in words; null when it can.';

create or replace function private.are_tags_cut(p_tags jsonb) returns boolean
language sql immutable set search_path = '' as $$
  select jsonb_typeof(p_tags) = 'array' and p_tags <> '[]'
    and (jsonb_array_length(p_tags) > 20 and (select count(distinct t) from jsonb_array_elements_text(p_tags) t where t <> '') > 20
         or exists (select 1 from jsonb_array_elements_text(p_tags) t where length(t) > 100))
$$;
comment on function private.are_tags_cut(jsonb) is 'Whether an event has more than 20 tags, or one of more than 100 characters.';

create or replace function private.flags_of(p_flags jsonb, p_more text[]) returns text[]
language sql immutable set search_path = '' as $$
  select nullif(array(
    select distinct left(f, 100) from (
      select t from jsonb_array_elements_text(case when jsonb_typeof(p_flags) = 'array' then p_flags else '[]' end) t
      union all select unnest(p_more)) as x (f)
     where f <> '' order by 1 limit 20), '{}')
$$;
comment on function private.flags_of(jsonb, text[]) is 'The flags of an event and what is to be said besides; null for none.';

create or replace function private.parse_events(p_events jsonb)
returns table (
  item bigint, problem text, event_id text, started_at timestamptz, model text, provider text, model_group text,
  call_type text, stream boolean, status text, error_class text, error_code text, litellm_call_id text,
  trace_id text, session_id text, source text, user_id text, attribution text, end_user text, user_email text,
  user_name text, team text, tokens_input_uncached text, tokens_cache_read text, tokens_cache_write text,
  tokens_output_text text, tokens_reasoning text, tokens_estimated boolean, cache_hit boolean, cost_usd text,
  price_source text, latency_s text, time_to_first_token_s text, region text, grid_zone text, tags text[], former_id uuid,
  service_tier text, quantities jsonb, cost_tools_usd text, reported_cost text, reported_currency text, job_id text, flags text[]
)
language sql stable set search_path = '' as $$
  select v.item,
    case when jsonb_typeof(v.value) <> 'object' then 'the event is not a JSON object'
    else coalesce(private.event_problem(e.event_id, s.started, e.model, coalesce(e.status, 'success'),
      array_remove(array[e.tokens_input_uncached, e.tokens_cache_read, e.tokens_cache_write, e.tokens_output_text, e.tokens_reasoning], null),
      e.cost_usd, array_remove(array[e.latency_s, e.time_to_first_token_s], null),
      array_remove(array[e.provider, e.model_group, e.call_type, e.error_class, e.error_code, e.litellm_call_id, e.trace_id, e.session_id,
        e.source, e.user_id, e.end_user, e.user_email, e.user_name, e.team, e.price_source, e.region, e.grid_zone, e.service_tier, e.job_id], null)),
      case when e.quantities is not null then private.quantities_problem(e.quantities) end,
      case when e.cost_tools_usd is not null then private.cost_problem('cost_tools_usd', e.cost_tools_usd) end,
      case when c.currency is not null then private.reported_cost_problem(c.cost, c.currency, s.started, e.cost_usd) end) end,
    e.event_id, s.started, e.model, coalesce(e.provider, ''), nullif(e.model_group, ''),
    coalesce(nullif(e.call_type, ''), 'chat'), case e.stream when 'true' then true when 'false' then false end,
    coalesce(e.status, 'success'), nullif(e.error_class, ''), nullif(e.error_code, ''), nullif(e.litellm_call_id, ''),
    nullif(e.trace_id, ''), left(nullif(e.session_id, ''), 300), coalesce(nullif(e.source, ''), 'api'),
    left(nullif(btrim(e.user_id), ''), 200), coalesce(e.attribution, 'declared'), nullif(e.end_user, ''), nullif(e.user_email, ''),
    left(nullif(e.user_name, ''), 200), left(nullif(btrim(e.team), ''), 100),
    e.tokens_input_uncached, e.tokens_cache_read, e.tokens_cache_write, e.tokens_output_text, e.tokens_reasoning,
    coalesce(e.tokens_estimated = 'true', false), coalesce(e.cache_hit = 'true', false), e.cost_usd, nullif(e.price_source, ''),
    e.latency_s, e.time_to_first_token_s, nullif(e.region, ''), upper(nullif(e.grid_zone, '')),
    case when jsonb_typeof(v.value -> 'tags') = 'array' and v.value -> 'tags' <> '[]'
      then array(select distinct left(t, 100) from jsonb_array_elements_text(v.value -> 'tags') t where t <> '' order by 1 limit 20) end,
    case when e.former_id ~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' then e.former_id::uuid end,
    nullif(e.service_tier, ''), nullif(e.quantities, '{}'), e.cost_tools_usd, c.cost, c.currency, nullif(e.job_id, ''),
    -- Nearly no event has any: cheap tests first.
    case when v.value ? 'flags' or length(e.session_id) > 300 or length(e.user_id) > 200 or length(e.user_name) > 200 or length(e.team) > 100
           or length((v.value -> 'tags')::text) > 100
      then private.flags_of(v.value -> 'flags', array[
        case when length(e.session_id) > 300 then 'cut: session_id' end, case when length(btrim(e.user_id)) > 200 then 'cut: user_id' end,
        case when length(e.user_name) > 200 then 'cut: user_name' end, case when length(btrim(e.team)) > 100 then 'cut: team' end,
        case when private.are_tags_cut(v.value -> 'tags') then 'cut: tags' end]) end
  from jsonb_array_elements(p_events) with ordinality as v (value, item)
  left join lateral jsonb_to_record(case when jsonb_typeof(v.value) = 'object' then v.value else '{}' end) as e (
    event_id text, started_at text, model text, provider text, model_group text, call_type text, stream text, status text,
    error_class text, error_code text, litellm_call_id text, trace_id text, session_id text, source text, user_id text,
    attribution text, end_user text, user_email text, user_name text, team text, tokens_input_uncached text,
    tokens_cache_read text, tokens_cache_write text, tokens_output_text text, tokens_reasoning text, tokens_estimated text,
    cache_hit text, cost_usd text, price_source text, latency_s text, time_to_first_token_s text, region text, grid_zone text, former_id text,
    service_tier text, quantities jsonb, cost_tools_usd text, reported_cost text, reported_currency text, cost_eur text, job_id text) on true
  -- Callbacks and apps of 0.1.0 say cost_eur.
  cross join lateral (select coalesce(e.reported_cost, e.cost_eur),
    upper(coalesce(e.reported_currency, case when e.cost_eur is not null and e.cost_usd is null then 'EUR' end))) as c (cost, currency)
  cross join lateral (select private.parse_timestamptz(e.started_at) offset 0) as s (started)  -- offset 0: once, not twice
$$;
comment on function private.parse_events(jsonb) is
  'The events of a batch as rows of text, each with its problem (null when it can be stored). One bad event never costs the good ones.';

create or replace function private.factor_set_lock() returns bigint
language sql immutable set search_path = '' as $$ select x'f007fac8'::bigint $$;
comment on function private.factor_set_lock() is
  'Advisory lock: shared by batches that derive with the active factor set, exclusive for activating another.';
revoke execute on function private.factor_set_lock() from public;

-- What the impact of a request is derived with: the joins that find factor, facility and grid. The same
-- for all requests of a provider, model, call type and zone, so that a re-derivation of many asks once each.

create or replace function private.grid_span(p_factor_set text, p_zones text[]) returns float8[]
language sql stable set search_path = '' as $$
  select array[min(carbon_gco2e_per_kwh), max(carbon_gco2e_per_kwh), min(water_l_per_kwh), max(water_l_per_kwh)]::float8[]
    from public.grid_factors where factor_set = p_factor_set and zone = any (p_zones)
$$;
comment on function private.grid_span(text, text[]) is
  'The least and most gCO2e, and the least and most litres, that a kWh weighs in some zones of a factor set; nulls where it knows none of them.';
revoke execute on function private.grid_span(text, text[]) from public;

create or replace function private.impact_context(p_provider text, p_model text, p_call_type text, p_grid_zone text, p_factor_set text,
  p_zones text[] default null)
returns table (
  energy_j_per_token_out float8, embodied_gco2e_per_token_out float8, embodied_gco2e_per_token_in float8, band float8,
  weight_input float8, weight_cached float8, host_overhead float8, pue float8, wue_l_per_kwh float8, carbon_gco2e_per_kwh float8, water_l_per_kwh float8, market_gco2e_per_kwh float8,
  factor_id text, factor_set text, match text, evidence text, grid_zone text, impact_reason text,
  carbon_gco2e_per_kwh_low float8, carbon_gco2e_per_kwh_high float8, water_l_per_kwh_low float8, water_l_per_kwh_high float8)
language sql stable
begin atomic
  select f.energy_j_per_token_out::float8, f.embodied_gco2e_per_token_out::float8, f.embodied_gco2e_per_token_in::float8,
         f.band::float8, f.weight_input::float8, f.weight_cached::float8, f.host_overhead::float8,
         case when own.provider is null then usual.pue else own.pue end::float8,
         case when own.provider is null then usual.wue_l_per_kwh else own.wue_l_per_kwh end::float8,
         case when hint.zone is null then home.carbon_gco2e_per_kwh else hint.carbon_gco2e_per_kwh end::float8,
         case when hint.zone is null then home.water_l_per_kwh else hint.water_l_per_kwh end::float8,
         own.market_gco2e_per_kwh::float8,
         case when w.reason is null then f.factor_id end, case when w.reason is null then f.factor_set end,
         case when w.reason is null then case when mm.provider is null then f.match else 'admin' end end,
         case when w.reason is null then f.evidence end, case when w.reason is null then coalesce(hint.zone, home.zone) end,
         w.reason, span.ends[1], span.ends[2], span.ends[3], span.ends[4]
  from (select private.kind_of_call(p_call_type)) as k (kind)
  left join public.model_mappings mm on mm.provider = lower(p_provider) and mm.model = lower(p_model)
  left join public.impact_factors f
    on f.factor_set = p_factor_set
   and f.provider = coalesce(mm.target_provider, lower(p_provider))
   and f.model = coalesce(mm.target_model, lower(p_model))
   and f.kind = k.kind
  left join public.provider_facilities own on own.factor_set = p_factor_set and own.provider = lower(p_provider)
  left join public.provider_facilities usual on usual.factor_set = p_factor_set and usual.provider = ''
  left join public.grid_factors hint on hint.factor_set = p_factor_set and hint.zone = p_grid_zone
  left join public.grid_factors home
    on home.factor_set = p_factor_set and home.zone = coalesce(own.default_zone, usual.default_zone, 'WOR')
  cross join (select case when p_zones is not null then private.grid_span(p_factor_set, p_zones) end offset 0) as span (ends)
  cross join lateral (
    select case when f.factor_id is not null then null
                when k.kind = 'text' then 'no_factor' else 'not_modelled' end) as w (reason);
end;
comment on function private.impact_context(text, text, text, text, text, text[]) is
  'Factor, facility and grid of a provider, model, call type and zone (null: the provider''s usual one) in a factor set, or why there are none; and the least and most of the grids that it may be (null: it is known). Parsed at definition, so the planner can inline it.';

-- The factors are of text. Reading an image costs a model of text as many tokens as it says, and is weighed so; hearing,
-- speaking and drawing are other work. What a source counted and we could not read may be missing from the tokens.
create or replace function private.why_not_weighed(p_quantities jsonb, p_flags text[]) returns text
language sql immutable parallel safe
begin atomic
  select case
    when p_quantities ?| array['audio_input_tokens', 'audio_output_tokens', 'image_output_tokens', 'video_output_tokens'] then 'not_text'
    when 'tokens_unread' = any (p_flags) then 'tokens_unread' end;
end;
comment on function private.why_not_weighed(jsonb, text[]) is
  'Why the tokens of a request are not what its model''s factor is of: audio or generated images among them, or usage that was not understood; null where they are.';
revoke execute on function private.why_not_weighed(jsonb, text[]) from public;

-- Impact of a request from its facts, with the one formula. Used by store_events.
create or replace function private.impact_of(
  p_provider text, p_model text, p_call_type text, p_grid_zone text, p_cache_hit boolean, p_factor_set text,
  p_tokens_out bigint, p_tokens_in_uncached bigint, p_tokens_cached bigint, p_quantities jsonb default null, p_flags text[] default null,
  p_zones text[] default null
) returns table (
  energy_kwh float8, energy_kwh_low float8, energy_kwh_high float8,
  carbon_gco2e float8, carbon_gco2e_low float8, carbon_gco2e_high float8,
  water_l float8, water_l_low float8, water_l_high float8,
  factor_id text, factor_set text, match text, evidence text, grid_zone text, impact_reason text,
  carbon_market_gco2e float8, carbon_market_gco2e_low float8, carbon_market_gco2e_high float8)
language sql stable
begin atomic
  select i.energy_kwh, i.energy_kwh_low, i.energy_kwh_high, i.carbon_gco2e, i.carbon_gco2e_low, i.carbon_gco2e_high,
         i.water_l, i.water_l_low, i.water_l_high,
         case when w.reason is null then x.factor_id end, case when w.reason is null then x.factor_set end,
         case when w.reason is null then x.match end, case when w.reason is null then x.evidence end,
         case when w.reason is null then x.grid_zone end, w.reason, market.gco2e, market.gco2e / x.band, market.gco2e * x.band
  from private.impact_context(p_provider, p_model, p_call_type, p_grid_zone, p_factor_set, p_zones) as x
  cross join lateral (
    select case when p_cache_hit then 'gateway_cache'
                when p_tokens_out + p_tokens_in_uncached + p_tokens_cached = 0 then 'no_tokens'
                else coalesce(private.why_not_weighed(p_quantities, p_flags), x.impact_reason) end) as w (reason)
  left join lateral private.derive_impact(
    x.energy_j_per_token_out, x.embodied_gco2e_per_token_out, x.embodied_gco2e_per_token_in, x.band, x.weight_input, x.weight_cached, x.host_overhead,
    x.pue, x.wue_l_per_kwh, x.carbon_gco2e_per_kwh, x.water_l_per_kwh,
    p_tokens_out, p_tokens_in_uncached, p_tokens_cached,
    x.carbon_gco2e_per_kwh_low, x.carbon_gco2e_per_kwh_high, x.water_l_per_kwh_low, x.water_l_per_kwh_high) as i on w.reason is null
  cross join lateral (
    select i.energy_kwh * x.market_gco2e_per_kwh + x.embodied_gco2e_per_token_out * p_tokens_out
             + x.embodied_gco2e_per_token_in * (p_tokens_in_uncached + p_tokens_cached)) as market (gco2e);
end;
comment on function private.impact_of(text, text, text, text, boolean, text, bigint, bigint, bigint, jsonb, text[], text[]) is
  'Estimated impact of a request with its provenance, or the reason why there is none. Parsed at definition, so the planner can inline it.';

-- A call that nobody saw the end of is stored as abandoned after ten minutes. When its end comes after
-- all, the event that says how it ended takes its place: the abandoned one began while that one ran.
create or replace function private.is_end_of(p_status text, p_started timestamptz, p_latency_s numeric, p_abandoned timestamptz) returns boolean
language sql immutable
begin atomic
  select p_status <> 'abandoned' and p_abandoned between p_started - interval '10 ms' and p_started + make_interval(secs => p_latency_s::float8);
end;
comment on function private.is_end_of(text, timestamptz, numeric, timestamptz) is
  'Whether a request of the same LiteLLM call ran when an abandoned one was seen to begin, and so is what became of it.';

create or replace function private.drop_abandoned_that_ended(p_events jsonb) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_ended uuid[];
begin
  v_ended := array(
    select a.event_id from public.request_logs a
     where a.status = 'abandoned'
       and a.litellm_call_id in (select e ->> 'litellm_call_id' from jsonb_array_elements(p_events) e where jsonb_typeof(e) = 'object')
       and exists (select 1 from public.request_logs r
                    where r.litellm_call_id = a.litellm_call_id and private.is_end_of(r.status, r.started_at, r.latency_s, a.started_at)));
  if v_ended <> '{}' then
    delete from public.request_logs where event_id = any (v_ended);
  end if;
end
$$;
comment on function private.drop_abandoned_that_ended(jsonb) is
  'Deletes abandoned requests whose end came with this batch.';
revoke execute on function private.is_end_of(text, timestamptz, numeric, timestamptz), private.drop_abandoned_that_ended(jsonb) from public;

-- What is stored is never rewritten: where an event says something else than the request of its id, whoever sends it is told.
create or replace function private.changed_events(p_events jsonb, p_user_id text, p_team text) returns jsonb
language sql stable security definer set search_path = '' as $$
  select coalesce(jsonb_agg(jsonb_build_object('event_id', e.event_id, 'index', e.item - 1) order by e.item), '[]')
    from private.parse_events(p_events) e
    join public.request_logs r on r.event_id = case when e.problem is null then e.event_id::uuid end
   where (p_user_id is null or r.user_profile_id = p_user_id) and (p_team is null or r.team = p_team)
     and (r.model <> e.model or r.provider <> e.provider or r.status <> e.status
       or (r.tokens_input_uncached, r.tokens_cache_read, r.tokens_cache_write, r.tokens_output_text, r.tokens_reasoning) is distinct from
          (e.tokens_input_uncached::numeric::bigint, e.tokens_cache_read::numeric::bigint, e.tokens_cache_write::numeric::bigint,
           e.tokens_output_text::numeric::bigint, e.tokens_reasoning::numeric::bigint)
       or (r.price_source = e.price_source and coalesce(e.reported_currency, 'USD') = 'USD'
         and r.cost_usd is distinct from (case when e.reported_currency = 'USD' then e.reported_cost else e.cost_usd end)::numeric(20, 12))
       -- A cost in EUR that 0.1.0 stored may still be in USD alone.
       or (r.reported_currency is null and e.reported_currency <> 'USD' and r.price_source is distinct from e.price_source)
       or (r.reported_currency is not null and (r.reported_cost, r.reported_currency) is distinct from (e.reported_cost::numeric(20, 12), e.reported_currency)))
$$;
comment on function private.changed_events(jsonb, text, text) is
  'Events that say something else than the stored requests of their ids, within the scope of a key: event_id and index.';
revoke execute on function private.changed_events(jsonb, text, text) from public;

create or replace function private.store_events(p_events jsonb, p_user_id text default null, p_team text default null)
returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_rejected jsonb;
  v_unknown jsonb;
  v_tallies jsonb;
  v_flags jsonb;
  v_merged jsonb;
  v_has_jobs boolean;
  v_inserted bigint;
  v_good bigint;
  v_factor_set text;
  v_planning_rate constant numeric := (private.setting('fx_planning_rate_eur_per_usd') #>> '{}')::numeric;
  v_zone constant text := private.reporting_timezone();
begin
  if p_events is null or jsonb_typeof(p_events) <> 'array' then
    raise sqlstate 'PT400' using message = 'p_events must be a JSON array of events.';
  elsif jsonb_array_length(p_events) > 1000 then
    raise sqlstate 'PT413' using message = 'At most 1000 events in one call: send smaller batches.';
  end if;
  if p_user_id is not null or p_team is not null then
    p_events := (
      select coalesce(jsonb_agg(case when jsonb_typeof(e) <> 'object' then e
        when p_user_id is not null then e || jsonb_build_object('user_id', p_user_id, 'attribution', 'verified', 'user_email', null, 'user_name', null, 'team', null)
        else e || jsonb_build_object('team', p_team) end order by n), '[]')
      from jsonb_array_elements(p_events) with ordinality as a (e, n));
  end if;

  v_has_jobs := p_events @? '$[*].job_id';
  if v_has_jobs then
    perform private.lock_jobs(p_events);  -- sql/072_jobs.sql
  end if;

  -- Until this batch is committed, no other factor set can become active (sql/076_restate.sql).
  perform pg_advisory_xact_lock_shared(private.factor_set_lock());
  v_factor_set := private.setting('active_factor_set') #>> '{}';

  -- People first, sorted, so that concurrent batches meet them in the same order.
  if exists (select 1 from jsonb_array_elements(p_events) e
              where btrim(e ->> 'user_id') <> ''
                and not exists (select 1 from public.user_profiles p where p.user_id = left(btrim(e ->> 'user_id'), 200))) then
    insert into public.user_profiles (user_id, email, full_name, team)
    select distinct on (e.user_id) e.user_id, e.user_email, e.user_name, e.team
    from private.parse_events(p_events) e
    where e.problem is null and e.user_id is not null
      and not exists (select 1 from public.user_profiles p where p.user_id = e.user_id)
    order by e.user_id, e.item
    on conflict (user_id) do nothing;
  end if;

  with parsed as materialized (
    select * from private.parse_events(p_events)
  ), attributed as (
    select e.*,
      case when e.user_id is not null and e.attribution = 'verified' then e.user_id
           else coalesce(us.user_id, e.user_id) end as person,
      case when e.user_id is not null and e.attribution = 'verified' then 'verified'
           when us.user_id is not null then 'session'
           when e.user_id is null then 'none'
           when e.attribution = 'signed' then 'signed' else 'declared' end as trust,
      least(e.started_at, now()) as started,
      e.started_at > now() + interval '5 minutes' as clock_ahead
    from parsed e left join public.user_sessions us on us.session_id = e.session_id
    where e.problem is null
      -- What is there already costs nothing further; what another batch stores meanwhile meets the conflict below.
      -- One index look-up an event: `not exists` became a join that read the whole table for every event.
      and (select r.event_id from public.request_logs r
            where r.event_id = case when e.problem is null then e.event_id::uuid end) is null
      -- Under the name that an earlier release gave a row of a file it may be there as well.
      and (e.former_id is null or (select r.event_id from public.request_logs r where r.event_id = e.former_id) is null)
      and not (e.status = 'abandoned' and exists (
        select 1 from public.request_logs r
         where r.litellm_call_id = e.litellm_call_id and private.is_end_of(r.status, r.started_at, r.latency_s, e.started_at)))
  ), stored as (
    insert into public.request_logs (
      event_id, litellm_call_id, trace_id, session_id, source, started_at,
      user_profile_id, attribution, end_user, user_email, user_name, team,
      provider, model, model_group, call_type, stream, region, tags, status, error_class, error_code, cache_hit,
      tokens_input_uncached, tokens_cache_read, tokens_cache_write, tokens_output_text, tokens_reasoning, tokens_estimated,
      latency_s, time_to_first_token_s, flags, cost_usd, price_source, cost_eur, fx_eur_per_usd, fx_date,
      energy_kwh, energy_kwh_low, energy_kwh_high, carbon_gco2e, carbon_gco2e_low, carbon_gco2e_high,
      water_l, water_l_low, water_l_high, factor_id, factor_set, match, evidence, grid_zone, impact_reason,
      zone_hint, carbon_market_gco2e, carbon_market_gco2e_low, carbon_market_gco2e_high,
      service_tier, quantities, cost_tools_usd, reported_cost, reported_currency, job_id)
    select
      e.event_id::uuid, e.litellm_call_id, e.trace_id, e.session_id, e.source, e.started,
      e.person, e.trust, e.end_user, coalesce(e.user_email, p.email), coalesce(e.user_name, p.full_name), coalesce(e.team, p.team),
      e.provider, e.model, e.model_group, e.call_type, e.stream, e.region, e.tags, e.status, e.error_class, e.error_code, e.cache_hit,
      t.input_uncached, t.cache_read, t.cache_write, t.output_text, t.reasoning, e.tokens_estimated,
      e.latency_s::numeric, e.time_to_first_token_s::numeric,
      nullif(e.flags || array_remove(array[case when e.clock_ahead then 'clock_ahead' end,
        case when z.zone is not null and i.grid_zone is distinct from z.zone and i.grid_zone is not null then 'unknown_zone' end,
        case when not e.cache_hit then z.flag end], null), '{}'),
      cost.usd, e.price_source, cost.eur, case when cost.usd is not null then fx.rate end, case when cost.usd is not null then fx.day end,
      i.energy_kwh, i.energy_kwh_low, i.energy_kwh_high, i.carbon_gco2e, i.carbon_gco2e_low, i.carbon_gco2e_high,
      i.water_l, i.water_l_low, i.water_l_high, i.factor_id, i.factor_set, i.match, i.evidence, i.grid_zone, i.impact_reason,
      e.grid_zone, i.carbon_market_gco2e, i.carbon_market_gco2e_low, i.carbon_market_gco2e_high,
      e.service_tier, e.quantities, e.cost_tools_usd::numeric,
      case when e.reported_currency <> 'USD' then e.reported_cost::numeric end, nullif(e.reported_currency, 'USD'), e.job_id
    from attributed e
    left join public.user_profiles p on p.user_id = e.person
    cross join lateral (select e.tokens_input_uncached::numeric::bigint, e.tokens_cache_read::numeric::bigint,
      e.tokens_cache_write::numeric::bigint, e.tokens_output_text::numeric::bigint, e.tokens_reasoning::numeric::bigint
      ) as t (input_uncached, cache_read, cache_write, output_text, reasoning)
    cross join lateral private.fx_on((e.started at time zone v_zone)::date, v_planning_rate) as fx
    cross join lateral private.cost_in_both(
      case when e.reported_currency = 'USD' then e.reported_cost else e.cost_usd end::numeric, e.reported_cost::numeric(20, 12),
      nullif(e.reported_currency, 'USD'), fx.rate, (e.started at time zone v_zone)::date) as cost
    cross join lateral private.zone_of(e.provider, e.model, e.model_group, e.region, e.grid_zone) as z
    cross join lateral private.impact_of(e.provider, e.model, e.call_type, z.zone, e.cache_hit, v_factor_set,
      coalesce(t.output_text, 0) + coalesce(t.reasoning, 0),
      coalesce(t.input_uncached, 0) + coalesce(t.cache_write, 0), coalesce(t.cache_read, 0), e.quantities, e.flags, z.zones) as i
    order by e.event_id::uuid
    on conflict (event_id) do nothing
    returning provider, model, impact_reason, source, flags
  ), tallies as (
    select p.source, count(*) filter (where p.problem is null) as good, count(*) filter (where p.problem is not null) as rejected,
           max(least(p.started_at, now())) filter (where p.problem is null) as last_event_at
      from parsed p group by p.source
  )
  select (select count(*) from stored), (select count(*) from parsed where problem is null),
    (select coalesce(jsonb_agg(jsonb_build_object('event_id', event_id, 'index', item - 1, 'reason', problem) order by item), '[]')
       from parsed where problem is not null),
    (select coalesce(jsonb_agg(distinct ltrim(provider || '/' || model, '/')), '[]') from stored where impact_reason = 'no_factor'),
    (select jsonb_agg(to_jsonb(t) || jsonb_build_object('inserted', (select count(*) from stored s where s.source = t.source))) from tallies t),
    (select jsonb_agg(jsonb_build_object('source', f.source, 'flag', f.flag, 'count', f.count))
       from (select s.source, flag, count(*) from stored s cross join lateral unnest(s.flags) as flag where s.flags is not null and flag not in ('job_open', 'job_read', 'several_countries') group by 1, 2) f)
  into v_inserted, v_good, v_rejected, v_unknown, v_tallies, v_flags;

  perform private.drop_abandoned_that_ended(p_events);
  if v_has_jobs then
    -- What took the place of another row is no further request.
    v_merged := private.merge_jobs(p_events, p_user_id, p_team);
    if v_merged <> '{}' then
      select jsonb_agg(t || jsonb_build_object('inserted', greatest((t ->> 'inserted')::bigint - coalesce((v_merged ->> (t ->> 'source'))::bigint, 0), 0)))
        into v_tallies from jsonb_array_elements(v_tallies) t;
      v_inserted := greatest(v_inserted - (select sum(value::bigint) from jsonb_each_text(v_merged)), 0);
    end if;
  end if;
  perform private.count_ingest(v_tallies, v_rejected, p_events);  -- sql/155_ingest_quality.sql
  if v_flags is not null then
    perform private.count_flags(v_flags);
  end if;
  return jsonb_build_object('inserted', v_inserted, 'duplicates', v_good - v_inserted, 'rejected', v_rejected, 'unknown_models', v_unknown,
    'changed', case when v_good > v_inserted then private.changed_events(p_events, p_user_id, p_team) else '[]' end);
end
$$;
comment on function private.store_events(jsonb, text, text) is
  'Stores a batch of UsageEvents, once each; a person or team given forces every event to it.';

create or replace function private.check_ingest_key() returns private.ingest_keys
language plpgsql security definer set search_path = '' as $$
declare
  v_key constant text := nullif(current_setting('request.headers', true), '')::jsonb ->> 'x-ingest-key';
  k private.ingest_keys;
begin
  select * into k from private.ingest_keys
   where key_hash = sha256(convert_to(coalesce(v_key, ''), 'UTF8'));
  if k.ingest_key_id is null or k.revoked_at is not null or k.expires_at <= now() then
    raise sqlstate 'PT401' using
      message = 'The ingest key is missing, unknown, expired or revoked.',
      hint = 'Send a valid key in the x-ingest-key header; `footprint keys create` makes one.';
  end if;
  if k.last_used_at is null or k.last_used_at < now() - interval '1 minute' then
    update private.ingest_keys set last_used_at = now()
     where ingest_key_id = (select ingest_key_id from private.ingest_keys
                             where ingest_key_id = k.ingest_key_id for no key update skip locked);
  end if;
  perform private.check_sender();
  return k;
end
$$;
comment on function private.check_ingest_key() is
  'The ingest key of this request; HTTP 401 without a valid one, 426 where the sender is too old for this database (sql/005_release.sql).';

-- What became of the events of a batch, for whoever sent them: not of anybody else's rows, should an id
-- be met again within another scope.
create or replace function private.impact_of_events(p_events jsonb, p_user_id text, p_team text) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (select coalesce(jsonb_agg(jsonb_build_object(
    'event_id', r.event_id, 'cost_eur', v.cost_eur, 'energy_kwh', r.energy_kwh, 'energy_kwh_low', r.energy_kwh_low,
    'energy_kwh_high', r.energy_kwh_high, 'carbon_gco2e', r.carbon_gco2e, 'carbon_gco2e_low', r.carbon_gco2e_low,
    'carbon_gco2e_high', r.carbon_gco2e_high, 'water_l', r.water_l, 'water_l_low', r.water_l_low, 'water_l_high', r.water_l_high,
    'restored_m2', v.m2, 'impact_reason', r.impact_reason, 'match', r.match, 'evidence', r.evidence, 'factor_set', r.factor_set)), '[]')
  from public.request_logs r join public.request_events v on v.id = r.event_id
  where r.event_id in (
      select (e ->> 'event_id')::uuid from jsonb_array_elements(p_events) e
       where e ->> 'event_id' ~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$')
    and (p_user_id is null or r.user_profile_id = p_user_id) and (p_team is null or r.team = p_team));
end
$$;
comment on function private.impact_of_events(jsonb, text, text) is
  'Cost and estimated impact of events that are stored, within the scope of the key that sent them.';
revoke execute on function private.impact_of_events(jsonb, text, text) from public;
create or replace function private.ingest_request_logs(p_events jsonb, p_impact boolean) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  k constant private.ingest_keys := private.check_ingest_key();
  v_answer constant jsonb := private.store_events(p_events, k.user_id, k.team) || jsonb_build_object('schema', private.schema_number());
begin
  perform private.store_payloads(p_events);  -- keeps nothing unless store_payloads is on (sql/140_content.sql)
  if p_impact then
    return v_answer || jsonb_build_object('events', private.impact_of_events(p_events, k.user_id, k.team));
  end if;
  return v_answer;
end
$$;
comment on function private.ingest_request_logs(jsonb, boolean) is 'Checks the ingest key, then stores the batch within its scope, and its content where that is wanted (sql/140_content.sql).';

create or replace function public.ingest_request_logs(p_events jsonb, p_impact boolean default false) returns jsonb
language sql security invoker set search_path = '' as $$
  select private.ingest_request_logs(p_events, p_impact)
$$;
comment on function public.ingest_request_logs(jsonb, boolean) is
  'Stores up to 1000 UsageEvents, once each, with a valid x-ingest-key header. Answers inserted, duplicates, rejected (with reasons), unknown_models, and the number of the schema; with p_impact also events: cost and impact of each.';

-- Chat sessions become people; rows that came before are re-attributed, and every sum follows.
create or replace function private.map_session(p_session_id text, p_user_id text, p_email text default null, p_full_name text default null)
returns bigint
language plpgsql security definer set search_path = '' as $$
declare
  v_count bigint;
begin
  if coalesce(p_session_id, '') = '' or length(p_session_id) > 300 or coalesce(btrim(p_user_id), '') = '' or length(p_user_id) > 200 then
    raise sqlstate 'PT400' using message = 'A session id (1 to 300 characters) and a user id (1 to 200) are needed.';
  end if;
  insert into public.user_profiles (user_id, email, full_name)
  values (btrim(p_user_id), left(nullif(p_email, ''), 320), left(nullif(p_full_name, ''), 200))
  on conflict (user_id) do nothing;
  insert into public.user_sessions (session_id, user_id) values (p_session_id, btrim(p_user_id))
  on conflict (session_id) do update set user_id = excluded.user_id;
  with locked as materialized (
    select event_id from public.request_logs
     where session_id = p_session_id and attribution <> 'verified'
       and (user_profile_id is distinct from btrim(p_user_id) or attribution <> 'session')
     order by event_id for no key update)
  update public.request_logs r
     set user_profile_id = p.user_id, attribution = 'session', user_email = p.email, user_name = p.full_name,
         team = coalesce(p.team, r.team)
    from locked, public.user_profiles p
   where r.event_id = locked.event_id and p.user_id = btrim(p_user_id);
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function private.map_session(text, text, text, text) is
  'Maps a chat session to a person and re-attributes its earlier requests; answers how many.';

create or replace function private.register_session(p_session_id text, p_user_id text, p_email text, p_full_name text)
returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  k constant private.ingest_keys := private.check_ingest_key();
begin
  if k.scope <> 'organisation' then
    raise sqlstate 'PT403' using
      message = 'Only an ingest key of the whole organisation may map sessions to people.',
      hint = 'Use a key made with `footprint keys create` without --user or --team.';
  end if;
  return jsonb_build_object('reattributed', private.map_session(p_session_id, p_user_id, p_email, p_full_name));
end
$$;
comment on function private.register_session(text, text, text, text) is 'map_session for the holder of an ingest key of the organisation.';

create or replace function public.register_session(p_session_id text, p_user_id text, p_email text default null, p_full_name text default null)
returns jsonb
language sql security invoker set search_path = '' as $$
  select private.register_session(p_session_id, p_user_id, p_email, p_full_name)
$$;
comment on function public.register_session(text, text, text, text) is
  'Maps a chat session to a person, before or after its requests; needs an ingest key of the organisation.';

revoke execute on function private.parse_timestamptz(text), private.cost_problem(text, text), private.quantities_problem(jsonb),
  private.reported_cost_problem(text, text, timestamptz, text), private.are_tags_cut(jsonb), private.flags_of(jsonb, text[]),
  private.event_problem(text, timestamptz, text, text, text[], text, text[], text[]), private.parse_events(jsonb),
  private.impact_context(text, text, text, text, text, text[]),
  private.impact_of(text, text, text, text, boolean, text, bigint, bigint, bigint, jsonb, text[], text[]), private.store_events(jsonb, text, text),
  private.check_ingest_key(), private.ingest_request_logs(jsonb, boolean), private.map_session(text, text, text, text),
  private.register_session(text, text, text, text),
  public.ingest_request_logs(jsonb, boolean), public.register_session(text, text, text, text) from public, anon, authenticated, service_role;
grant execute on function private.ingest_request_logs(jsonb, boolean), private.register_session(text, text, text, text),
  public.ingest_request_logs(jsonb, boolean), public.register_session(text, text, text, text) to anon, authenticated, service_role;

-- Keys are made, listed and revoked by an operator at the database.
create or replace function private.create_ingest_key(p_key_hash bytea, p_label text, p_user_id text, p_team text, p_expires_at timestamptz)
returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  if p_user_id is not null then
    insert into public.user_profiles (user_id) values (p_user_id) on conflict (user_id) do nothing;
  end if;
  insert into private.ingest_keys (key_hash, label, scope, user_id, team, expires_at)
  values (p_key_hash, btrim(p_label), case when p_user_id is not null then 'user' when p_team is not null then 'team' else 'organisation' end,
          p_user_id, p_team, p_expires_at)
  returning ingest_key_id into v_id;
  perform private.audit('ingest_key.create', v_id::text, null,
    jsonb_build_object('label', p_label, 'user_id', p_user_id, 'team', p_team, 'expires_at', p_expires_at));
  return v_id;
end
$$;
comment on function private.create_ingest_key(bytea, text, text, text, timestamptz) is
  'Stores the SHA-256 of a new ingest key, for the organisation or one person or one team; audited.';

create or replace function private.revoke_ingest_key(p_ingest_key_id uuid) returns text
language plpgsql security definer set search_path = '' as $$
declare
  v_label text;
begin
  update private.ingest_keys set revoked_at = coalesce(revoked_at, now())
   where ingest_key_id = p_ingest_key_id returning label into v_label;
  if v_label is not null then
    perform private.audit('ingest_key.revoke', p_ingest_key_id::text, null, null);
  end if;
  return v_label;
end
$$;
comment on function private.revoke_ingest_key(uuid) is 'Stops a key at once and answers its label (null: no such key); audited.';

create or replace view private.ingest_key_list with (security_invoker = true) as
  select ingest_key_id, label, scope || coalesce(' ' || coalesce(user_id, team), '') as scope,
         case when revoked_at is not null then 'revoked' when expires_at <= now() then 'expired' else 'active' end as state,
         created_at, expires_at, last_used_at
  from private.ingest_keys;
comment on view private.ingest_key_list is 'Ingest keys without their hashes, with their state: active, expired or revoked.';
revoke all on private.ingest_key_list from public, anon, authenticated, service_role;
revoke execute on function private.create_ingest_key(bytea, text, text, text, timestamptz), private.revoke_ingest_key(uuid) from public;
