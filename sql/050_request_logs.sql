-- Request logs: one row per billed attempt, the single source of truth.
--
-- Facts (tokens, cost, times, attribution) stand beside what was derived from them (EUR, impact),
-- each with its provenance, so that a method can change without touching a fact. NULL is unknown.
-- Prompts and answers are not here: request_payloads holds them, where an operator wants them.

create table if not exists public.request_logs (
  event_id uuid primary key,
  litellm_call_id text,
  trace_id text,
  session_id text,
  source text not null default 'api',
  started_at timestamptz not null,
  created_at timestamptz not null default now(),

  user_profile_id text references public.user_profiles (user_id) on delete set null,
  attribution text not null default 'none' check (attribution in ('verified', 'session', 'signed', 'declared', 'none')),
  end_user text,
  user_email text,
  user_name text,
  team text,

  provider text not null default '',
  model text not null check (length(model) between 1 and 300),
  model_group text,
  call_type text not null default 'chat',
  stream boolean,
  region text,
  tags text[],

  status text not null check (status in ('success', 'failure', 'cancelled', 'abandoned')),
  error_class text,
  error_code text,
  cache_hit boolean not null default false,
  tokens_input_uncached bigint check (tokens_input_uncached >= 0),
  tokens_cache_read bigint check (tokens_cache_read >= 0),
  tokens_cache_write bigint check (tokens_cache_write >= 0),
  tokens_output_text bigint check (tokens_output_text >= 0),
  tokens_reasoning bigint check (tokens_reasoning >= 0),
  tokens_used bigint generated always as (
    coalesce(tokens_input_uncached, 0) + coalesce(tokens_cache_read, 0) + coalesce(tokens_cache_write, 0)
    + coalesce(tokens_output_text, 0) + coalesce(tokens_reasoning, 0)) stored,
  tokens_estimated boolean not null default false,
  latency_s numeric(14, 6) check (latency_s >= 0),
  response_time double precision generated always as (latency_s::double precision) stored,
  time_to_first_token_s numeric(14, 6) check (time_to_first_token_s >= 0),
  flags text[],

  cost_usd numeric(20, 12) check (cost_usd >= 0),
  total_cost numeric(20, 12) generated always as (cost_usd) stored,
  price_source text,
  cost_eur numeric(20, 12),
  fx_eur_per_usd numeric,
  fx_date date,

  energy_kwh numeric(24, 12), energy_kwh_low numeric(24, 12), energy_kwh_high numeric(24, 12),
  carbon_gco2e numeric(24, 12), carbon_gco2e_low numeric(24, 12), carbon_gco2e_high numeric(24, 12),
  water_l numeric(24, 12), water_l_low numeric(24, 12), water_l_high numeric(24, 12),
  factor_id text,
  factor_set text,
  match text,
  evidence text,
  grid_zone text,
  zone_hint text,
  carbon_market_gco2e numeric(24, 12) check (carbon_market_gco2e >= 0),
  carbon_market_gco2e_low numeric(24, 12), carbon_market_gco2e_high numeric(24, 12),
  impact_reason text,
  check ((energy_kwh is null) = (impact_reason is not null)),
  check (energy_kwh_low <= energy_kwh and energy_kwh <= energy_kwh_high),
  check (carbon_gco2e_low <= carbon_gco2e and carbon_gco2e <= carbon_gco2e_high),
  check (water_l_low <= water_l and water_l <= water_l_high),
  check (carbon_market_gco2e_low <= carbon_market_gco2e and carbon_market_gco2e <= carbon_market_gco2e_high)
);

-- Columns that came after the first version of the table.
alter table public.request_logs add column if not exists zone_hint text;
alter table public.request_logs add column if not exists carbon_market_gco2e numeric(24, 12) check (carbon_market_gco2e >= 0);
alter table public.request_logs add column if not exists carbon_market_gco2e_low numeric(24, 12), add column if not exists carbon_market_gco2e_high numeric(24, 12);
alter table public.request_logs drop constraint if exists request_logs_attribution_check,
  add constraint request_logs_attribution_check check (attribution in ('verified', 'session', 'signed', 'declared', 'none'));

do $comments$
declare
  c text[];
begin
  foreach c slice 1 in array array[
    ['event_id', 'Idempotency key: uuid5(call id, status, start in microseconds), fixed by whoever records the request.'],
    ['litellm_call_id', 'LiteLLM''s call id; not unique: a fallback logs failure and success under one id.'],
    ['trace_id', 'Ties the attempts of one logical call together.'],
    ['session_id', 'Chat session, as the front end sends it.'],
    ['source', 'Where the event came from: sdk, proxy, api, import, demo.'],
    ['started_at', 'When the request started; days and months are cut from it.'],
    ['created_at', 'When the row was stored.'],
    ['user_profile_id', 'The person; null when unattributed.'],
    ['attribution', 'How far user_profile_id can be trusted: verified (key), session, signed (by a front end), declared, none.'],
    ['end_user', 'What the caller said of its end user; a claim.'],
    ['user_email', 'E-mail of the person at the time, as declared.'],
    ['user_name', 'Name of the person at the time, as declared.'],
    ['team', 'Team at the time.'],
    ['provider', 'LiteLLM''s custom_llm_provider; empty when unknown.'],
    ['model', 'Model as billed, without provider prefix.'],
    ['model_group', 'Router or proxy alias the caller asked for.'],
    ['call_type', 'chat, text_completion, responses, messages, embedding, rerank, ...'],
    ['stream', 'Whether the answer was streamed; null when unknown.'],
    ['region', 'Deployment region hint, for example eu-west-3.'],
    ['tags', 'Tags; they overlap, so tag totals do not add up to the total.'],
    ['status', 'success, failure, cancelled (client left) or abandoned (no end seen).'],
    ['error_class', 'Exception class of a failure.'],
    ['error_code', 'HTTP or provider code of a failure.'],
    ['cache_hit', 'Answered by the gateway''s own cache: excluded from billed sums.'],
    ['tokens_input_uncached', 'Input tokens processed anew; null when unknown.'],
    ['tokens_cache_read', 'Input tokens read from the provider''s cache.'],
    ['tokens_cache_write', 'Input tokens written to the provider''s cache.'],
    ['tokens_output_text', 'Generated tokens without reasoning.'],
    ['tokens_reasoning', 'Generated reasoning tokens.'],
    ['tokens_used', 'Sum of the five disjoint token classes.'],
    ['tokens_estimated', 'Counted by us because the provider sent no usage.'],
    ['latency_s', 'Seconds from start to end of the answer.'],
    ['response_time', 'latency_s under the name of LiteLLM''s own logger.'],
    ['time_to_first_token_s', 'Seconds to the first streamed token.'],
    ['flags', 'What was corrected on arrival: clock_ahead, unknown_zone.'],
    ['cost_usd', 'Cost in USD; null when no price is known.'],
    ['total_cost', 'cost_usd under the name of LiteLLM''s own logger.'],
    ['price_source', 'Where the cost comes from.'],
    ['cost_eur', 'cost_usd at the exchange rate of the request''s day.'],
    ['fx_eur_per_usd', 'The exchange rate used.'],
    ['fx_date', 'Day of that rate; null when the planning rate of the settings was used.'],
    ['energy_kwh', 'Estimated electricity, kWh, data centre included.'],
    ['energy_kwh_low', 'Lower end of the 90 % band, kWh.'],
    ['energy_kwh_high', 'Upper end of the 90 % band, kWh.'],
    ['carbon_gco2e', 'Estimated greenhouse gases, gCO2e, location-based, embodied share included.'],
    ['carbon_gco2e_low', 'Lower end of the 90 % band, gCO2e.'],
    ['carbon_gco2e_high', 'Upper end of the 90 % band, gCO2e.'],
    ['water_l', 'Estimated water consumption, litres, on-site and off-site.'],
    ['water_l_low', 'Lower end of the 90 % band, litres.'],
    ['water_l_high', 'Upper end of the 90 % band, litres.'],
    ['factor_id', 'The impact factor used.'],
    ['factor_set', 'The factor set it belongs to: the version of the method.'],
    ['match', 'How the model was matched to the factor: exact, alias, parameters, price_class, admin.'],
    ['evidence', 'What the factor rests on: measured, open, closed, price_class.'],
    ['grid_zone', 'Electricity zone used, ISO 3166 alpha-3 or WOR.'],
    ['zone_hint', 'Electricity zone that the event declared; null when it declared none.'],
    ['carbon_market_gco2e', 'Market-based gCO2e where the provider published a figure for the electricity it buys, embodied share included; beside carbon_gco2e, never added to it.'],
    ['carbon_market_gco2e_low', 'Lower end of the 90 % band, market-based gCO2e.'],
    ['carbon_market_gco2e_high', 'Upper end of the 90 % band, market-based gCO2e.'],
    ['impact_reason', 'Why there is no impact: no_factor, no_tokens, gateway_cache, not_modelled.']]
  loop
    execute format('comment on column public.request_logs.%I is %L', c[1], c[2]);
  end loop;
end
$comments$;
comment on table public.request_logs is 'One row per billed attempt of an LLM request; the single source of truth.';

create index if not exists request_logs_user_started_idx on public.request_logs (user_profile_id, started_at desc, event_id desc);
create index if not exists request_logs_started_brin on public.request_logs using brin (started_at) with (autosummarize = on);
create index if not exists request_logs_call_idx on public.request_logs (litellm_call_id);
drop index if exists public.request_logs_no_factor_idx;
create index if not exists request_logs_unfactored_idx on public.request_logs (provider, model)
  include (call_type, started_at, tokens_used, cost_eur) where impact_reason in ('no_factor', 'not_modelled');
create index if not exists request_logs_session_idx on public.request_logs (session_id) where session_id is not null;

create table if not exists public.request_payloads (
  event_id uuid primary key references public.request_logs (event_id) on delete cascade,
  user_profile_id text references public.user_profiles (user_id) on delete cascade,
  messages jsonb,
  response jsonb,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
comment on table public.request_payloads is 'Prompts and answers, only where an operator switched store_payloads on; erased without touching metrics.';
comment on column public.request_payloads.event_id is 'The request.';
comment on column public.request_payloads.user_profile_id is 'The person who may read it.';
comment on column public.request_payloads.messages is 'What was asked, after redaction.';
comment on column public.request_payloads.response is 'What was answered, after redaction.';
comment on column public.request_payloads.created_at is 'When it was stored (UTC).';
comment on column public.request_payloads.expires_at is 'When it is to be erased (UTC).';
create index if not exists request_payloads_user_idx on public.request_payloads (user_profile_id);
create index if not exists request_payloads_expires_idx on public.request_payloads (expires_at);

alter table public.request_logs enable row level security;
alter table public.request_payloads enable row level security;

-- Own rows only, for every role: "or is_admin()" would cost members their index (docs/decisions.md),
-- and the organisation's figures come from rollups.
drop policy if exists "people read their own requests" on public.request_logs;
create policy "people read their own requests" on public.request_logs
  for select to authenticated using (user_profile_id = (select private.current_user_id()));
-- What is due is gone for everybody, also where no job has erased it yet.
drop policy if exists "people read their own payloads" on public.request_payloads;
create policy "people read their own payloads" on public.request_payloads
  for select to authenticated using (user_profile_id = (select private.current_user_id()) and expires_at > now());

revoke all on public.request_logs, public.request_payloads from public, anon, authenticated, service_role;
grant select on public.request_logs, public.request_payloads to authenticated, service_role;
