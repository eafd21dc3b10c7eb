-- The baseline: every table, constraint and index of Footprint 0.1.0, the first version that was released.
--
-- Released, so never edited: what changes comes as a further file of this folder. What the tables and their
-- columns mean, who may read them and what keeps them is said in the files above this folder, by subject;
-- what a table looks like today, after every migration, is in docs/schema.md.

-- Settings

create table public.settings (
  key text primary key,
  value jsonb not null,
  description text not null default '',
  updated_at timestamptz not null default now(),
  updated_by text
);

create table public.settings_history (
  settings_history_id bigint generated always as identity primary key,
  key text not null,
  old_value jsonb,
  new_value jsonb,
  changed_at timestamptz not null default now(),
  changed_by text
);
create index settings_history_key_idx on public.settings_history (key, changed_at desc);

-- Audit log

create table public.audit_log (
  audit_id bigint generated always as identity primary key,
  occurred_at timestamptz not null default now(),
  actor_user_id text,
  actor_role text not null,
  action text not null,
  target text,
  reason text,
  before jsonb,
  after jsonb
);
create index audit_log_target_idx on public.audit_log (target, occurred_at desc);
create index audit_log_actor_idx on public.audit_log (actor_user_id, audit_id desc);

-- People

create table public.user_profiles (
  user_id text primary key check (length(user_id) between 1 and 200),
  auth_user_id uuid unique references auth.users (id) on delete set null,
  email text check (length(email) <= 320),
  full_name text check (length(full_name) <= 200),
  provider text,
  role text not null default 'member' check (role in ('member', 'admin', 'finance')),
  team text check (length(team) between 1 and 100),
  timezone text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz
);
create index user_profiles_email_idx on public.user_profiles (lower(email));

create table public.user_sessions (
  session_id text primary key check (length(session_id) between 1 and 300),
  user_id text not null references public.user_profiles (user_id) on delete cascade,
  created_at timestamptz not null default now()
);
create index user_sessions_user_id_idx on public.user_sessions (user_id);

-- Pseudonyms

create table private.pseudonym_keys (
  pseudonym_key_id integer primary key default 1 check (pseudonym_key_id = 1),
  inner_key bytea not null check (length(inner_key) = 64),
  outer_key bytea not null check (length(outer_key) = 64)
);

-- Impact factors

create table public.factor_sets (
  factor_set text primary key check (factor_set ~ '^[0-9]{4}\.[0-9]{2}(\.[0-9]+)?$'),
  method_version text not null,
  built_at timestamptz not null,
  sources jsonb not null check (jsonb_typeof(sources) = 'object')
);

create table public.grid_factors (
  factor_set text not null references public.factor_sets (factor_set),
  zone text not null check (zone ~ '^[A-Z0-9]{3,8}$'),
  carbon_gco2e_per_kwh numeric not null check (carbon_gco2e_per_kwh >= 0 and carbon_gco2e_per_kwh < 10000),
  water_l_per_kwh numeric not null check (water_l_per_kwh >= 0 and water_l_per_kwh < 1000),
  source text not null,
  primary key (factor_set, zone)
);

create table public.provider_facilities (
  factor_set text not null references public.factor_sets (factor_set),
  provider text not null check (provider = lower(provider)),
  pue numeric not null check (pue >= 1 and pue < 10),
  wue_l_per_kwh numeric not null check (wue_l_per_kwh >= 0 and wue_l_per_kwh < 100),
  default_zone text not null,
  source text not null,
  market_gco2e_per_kwh numeric check (market_gco2e_per_kwh >= 0 and market_gco2e_per_kwh < 10000),
  market_source text,
  primary key (factor_set, provider),
  foreign key (factor_set, default_zone) references public.grid_factors (factor_set, zone)
);
create index provider_facilities_zone_idx on public.provider_facilities (factor_set, default_zone);

create table public.impact_factors (
  factor_id text primary key,
  factor_set text not null references public.factor_sets (factor_set),
  provider text not null check (provider = lower(provider)),
  model text not null check (model = lower(model) and model <> ''),
  match text not null check (match in ('exact', 'alias', 'parameters', 'price_class', 'admin')),
  evidence text not null check (evidence in ('measured', 'open', 'closed', 'price_class')),
  energy_j_per_token_out numeric not null check (energy_j_per_token_out > 0 and energy_j_per_token_out < 100000),
  embodied_gco2e_per_token_out numeric not null check (embodied_gco2e_per_token_out >= 0 and embodied_gco2e_per_token_out < 1000),
  band numeric not null check (band >= 1 and band < 1000),
  weight_input numeric not null check (weight_input >= 0 and weight_input <= 1),
  weight_cached numeric not null check (weight_cached >= 0 and weight_cached <= weight_input),
  host_overhead numeric not null check (host_overhead >= 1 and host_overhead < 10),
  parameters_active_b numeric check (parameters_active_b > 0 and parameters_active_b <= parameters_total_b),
  parameters_total_b numeric check (parameters_total_b > 0 and parameters_total_b < 1000000),
  sources jsonb not null check (jsonb_typeof(sources) = 'object'),
  kind text not null default 'text' check (kind in ('text', 'embedding')),
  embodied_gco2e_per_token_in numeric not null default 0
    check (embodied_gco2e_per_token_in >= 0 and embodied_gco2e_per_token_in < 1000),
  unique (factor_set, provider, model)
);

create table public.model_mappings (
  provider text not null check (provider = lower(provider)),
  model text not null check (model = lower(model) and length(model) between 1 and 300),
  target_provider text not null check (target_provider = lower(target_provider)),
  target_model text not null check (target_model = lower(target_model) and target_model <> ''),
  source text not null check (source <> ''),
  created_by text,
  created_at timestamptz not null default now(),
  primary key (provider, model)
);

-- Electricity zones

create table public.region_zones (
  region text primary key check (region = lower(region) and region !~ ' ' and region <> ''),
  cloud text not null,
  zone text not null check (zone ~ '^[A-Z]{3}$'),
  place text not null,
  source text not null check (source ~ '^https://')
);

create table public.zone_overrides (
  provider text not null check (provider = lower(provider)),
  deployment text not null check (deployment = lower(deployment) and length(deployment) <= 300),
  zone text not null check (zone ~ '^[A-Z0-9]{3,8}$'),
  source text not null check (length(source) between 1 and 1000),
  created_by text,
  created_at timestamptz not null default now(),
  primary key (provider, deployment)
);

-- Exchange rates

create table public.fx_rates (
  day date primary key,
  eur_per_usd numeric not null check (eur_per_usd > 0 and eur_per_usd < 10000),
  source text not null check (length(source) between 1 and 200),
  created_at timestamptz not null default now()
);

-- Requests, and their content

create table public.request_logs (
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
create index request_logs_user_started_idx on public.request_logs (user_profile_id, started_at desc, event_id desc);
create index request_logs_started_brin on public.request_logs using brin (started_at) with (autosummarize = on);
create index request_logs_call_idx on public.request_logs (litellm_call_id);
create index request_logs_unfactored_idx on public.request_logs (provider, model)
  include (call_type, started_at, tokens_used, cost_eur) where impact_reason in ('no_factor', 'not_modelled');
create index request_logs_session_idx on public.request_logs (session_id) where session_id is not null;
create index request_logs_abandoned_idx on public.request_logs (litellm_call_id) where status = 'abandoned';
create index request_logs_unpriced_idx on public.request_logs (provider, model, event_id)
  where cost_usd is null and not cache_hit and tokens_used > 0;
create index request_logs_unattributed_idx on public.request_logs (started_at desc)
  include (session_id, tokens_used, cost_eur) where user_profile_id is null;

create table public.request_payloads (
  event_id uuid primary key references public.request_logs (event_id) on delete cascade,
  user_profile_id text references public.user_profiles (user_id) on delete cascade,
  messages jsonb,
  response jsonb,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index request_payloads_user_idx on public.request_payloads (user_profile_id);
create index request_payloads_expires_idx on public.request_payloads (expires_at);

-- Rollups

create table public.user_usage_totals (
  user_id text not null,
  requests numeric not null default 0,
  tokens_used numeric not null default 0,
  cost_usd numeric not null default 0,
  cost_eur numeric not null default 0,
  primary key (user_id)
);

create table public.usage_user_daily (
  user_id text not null,
  day date not null,
  provider text not null,
  model text not null,
  requests numeric not null default 0,
  failures numeric not null default 0,
  cache_hits numeric not null default 0,
  billed numeric not null default 0,
  measurable numeric not null default 0,
  priced numeric not null default 0,
  measured numeric not null default 0,
  attributed numeric not null default 0,
  tokens_input_uncached numeric not null default 0,
  tokens_cache_read numeric not null default 0,
  tokens_cache_write numeric not null default 0,
  tokens_output_text numeric not null default 0,
  tokens_reasoning numeric not null default 0,
  tokens_used numeric not null default 0,
  latency_s numeric not null default 0,
  latency_count numeric not null default 0,
  cost_usd numeric not null default 0,
  cost_eur numeric not null default 0,
  energy_kwh numeric not null default 0,
  energy_kwh_low numeric not null default 0,
  energy_kwh_high numeric not null default 0,
  carbon_gco2e numeric not null default 0,
  carbon_gco2e_low numeric not null default 0,
  carbon_gco2e_high numeric not null default 0,
  water_l numeric not null default 0,
  water_l_low numeric not null default 0,
  water_l_high numeric not null default 0,
  tokens_priced numeric not null default 0,
  tokens_measured numeric not null default 0,
  tokens_attributed numeric not null default 0,
  cost_eur_measured numeric not null default 0,
  cost_eur_attributed numeric not null default 0,
  market_measured numeric not null default 0,
  carbon_market_gco2e numeric not null default 0,
  carbon_market_gco2e_low numeric not null default 0,
  carbon_market_gco2e_high numeric not null default 0,
  primary key (user_id, day, provider, model)
);

create table public.usage_user_monthly (
  user_id text not null,
  month date not null,
  provider text not null,
  model text not null,
  requests numeric not null default 0,
  failures numeric not null default 0,
  cache_hits numeric not null default 0,
  billed numeric not null default 0,
  measurable numeric not null default 0,
  priced numeric not null default 0,
  measured numeric not null default 0,
  attributed numeric not null default 0,
  tokens_input_uncached numeric not null default 0,
  tokens_cache_read numeric not null default 0,
  tokens_cache_write numeric not null default 0,
  tokens_output_text numeric not null default 0,
  tokens_reasoning numeric not null default 0,
  tokens_used numeric not null default 0,
  latency_s numeric not null default 0,
  latency_count numeric not null default 0,
  cost_usd numeric not null default 0,
  cost_eur numeric not null default 0,
  energy_kwh numeric not null default 0,
  energy_kwh_low numeric not null default 0,
  energy_kwh_high numeric not null default 0,
  carbon_gco2e numeric not null default 0,
  carbon_gco2e_low numeric not null default 0,
  carbon_gco2e_high numeric not null default 0,
  water_l numeric not null default 0,
  water_l_low numeric not null default 0,
  water_l_high numeric not null default 0,
  tokens_priced numeric not null default 0,
  tokens_measured numeric not null default 0,
  tokens_attributed numeric not null default 0,
  cost_eur_measured numeric not null default 0,
  cost_eur_attributed numeric not null default 0,
  market_measured numeric not null default 0,
  carbon_market_gco2e numeric not null default 0,
  carbon_market_gco2e_low numeric not null default 0,
  carbon_market_gco2e_high numeric not null default 0,
  primary key (user_id, month, provider, model)
);

create table public.usage_org_daily (
  day date not null,
  team text not null,
  provider text not null,
  model text not null,
  requests numeric not null default 0,
  failures numeric not null default 0,
  cache_hits numeric not null default 0,
  billed numeric not null default 0,
  measurable numeric not null default 0,
  priced numeric not null default 0,
  measured numeric not null default 0,
  attributed numeric not null default 0,
  tokens_input_uncached numeric not null default 0,
  tokens_cache_read numeric not null default 0,
  tokens_cache_write numeric not null default 0,
  tokens_output_text numeric not null default 0,
  tokens_reasoning numeric not null default 0,
  tokens_used numeric not null default 0,
  latency_s numeric not null default 0,
  latency_count numeric not null default 0,
  cost_usd numeric not null default 0,
  cost_eur numeric not null default 0,
  energy_kwh numeric not null default 0,
  energy_kwh_low numeric not null default 0,
  energy_kwh_high numeric not null default 0,
  carbon_gco2e numeric not null default 0,
  carbon_gco2e_low numeric not null default 0,
  carbon_gco2e_high numeric not null default 0,
  water_l numeric not null default 0,
  water_l_low numeric not null default 0,
  water_l_high numeric not null default 0,
  tokens_priced numeric not null default 0,
  tokens_measured numeric not null default 0,
  tokens_attributed numeric not null default 0,
  cost_eur_measured numeric not null default 0,
  cost_eur_attributed numeric not null default 0,
  market_measured numeric not null default 0,
  carbon_market_gco2e numeric not null default 0,
  carbon_market_gco2e_low numeric not null default 0,
  carbon_market_gco2e_high numeric not null default 0,
  primary key (day, team, provider, model)
);

create table public.usage_tag_monthly (
  month date not null,
  tag text not null,
  provider text not null,
  model text not null,
  requests numeric not null default 0,
  failures numeric not null default 0,
  cache_hits numeric not null default 0,
  billed numeric not null default 0,
  measurable numeric not null default 0,
  priced numeric not null default 0,
  measured numeric not null default 0,
  attributed numeric not null default 0,
  tokens_input_uncached numeric not null default 0,
  tokens_cache_read numeric not null default 0,
  tokens_cache_write numeric not null default 0,
  tokens_output_text numeric not null default 0,
  tokens_reasoning numeric not null default 0,
  tokens_used numeric not null default 0,
  latency_s numeric not null default 0,
  latency_count numeric not null default 0,
  cost_usd numeric not null default 0,
  cost_eur numeric not null default 0,
  energy_kwh numeric not null default 0,
  energy_kwh_low numeric not null default 0,
  energy_kwh_high numeric not null default 0,
  carbon_gco2e numeric not null default 0,
  carbon_gco2e_low numeric not null default 0,
  carbon_gco2e_high numeric not null default 0,
  water_l numeric not null default 0,
  water_l_low numeric not null default 0,
  water_l_high numeric not null default 0,
  tokens_priced numeric not null default 0,
  tokens_measured numeric not null default 0,
  tokens_attributed numeric not null default 0,
  cost_eur_measured numeric not null default 0,
  cost_eur_attributed numeric not null default 0,
  market_measured numeric not null default 0,
  carbon_market_gco2e numeric not null default 0,
  carbon_market_gco2e_low numeric not null default 0,
  carbon_market_gco2e_high numeric not null default 0,
  primary key (month, tag, provider, model)
);
create index usage_user_monthly_month_idx on public.usage_user_monthly (month);

-- Ingest keys

create table private.ingest_keys (
  ingest_key_id uuid primary key default gen_random_uuid(),
  key_hash bytea not null unique check (length(key_hash) = 32),
  label text not null check (length(label) between 1 and 100),
  scope text not null default 'organisation' check (scope in ('organisation', 'user', 'team')),
  user_id text references public.user_profiles (user_id) on delete cascade,
  team text check (length(team) between 1 and 100),
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  check ((scope = 'user') = (user_id is not null)),
  check ((scope = 'team') = (team is not null))
);
create index ingest_keys_user_id_idx on private.ingest_keys (user_id);

-- Restatements

create table public.restatements (
  restatement_id bigint generated always as identity primary key,
  factor_set text not null references public.factor_sets (factor_set),
  reason text not null check (length(reason) between 1 and 1000),
  from_day date,
  until_day date,
  started_at timestamptz not null default now(),
  started_by text,
  next_day date,
  rows_changed bigint not null default 0,
  finished_at timestamptz,
  check (from_day <= until_day)
);
create index restatements_factor_set_idx on public.restatements (factor_set);
create unique index restatements_one_at_a_time_idx on public.restatements ((finished_at is null)) where finished_at is null;

create table public.restatement_lines (
  restatement_id bigint not null references public.restatements (restatement_id),
  day date not null,
  provider text not null,
  model text not null,
  old_factor_set text not null,
  requests bigint not null,
  old_energy_kwh numeric, old_energy_kwh_low numeric, old_energy_kwh_high numeric,
  old_carbon_gco2e numeric, old_carbon_gco2e_low numeric, old_carbon_gco2e_high numeric,
  old_water_l numeric, old_water_l_low numeric, old_water_l_high numeric,
  new_energy_kwh numeric, new_energy_kwh_low numeric, new_energy_kwh_high numeric,
  new_carbon_gco2e numeric, new_carbon_gco2e_low numeric, new_carbon_gco2e_high numeric,
  new_water_l numeric, new_water_l_low numeric, new_water_l_high numeric,
  primary key (restatement_id, day, provider, model, old_factor_set)
);

-- Restoration

create table public.donations (
  donation_id uuid primary key default gen_random_uuid(),
  month date not null check (extract(day from month) = 1),
  donated_on date not null,
  organisation text not null check (length(organisation) between 1 and 200),
  project text check (length(project) <= 200),
  ecosystem text check (length(ecosystem) <= 200),
  claim_type text not null check (claim_type in ('restored', 'planted', 'purchased', 'protected')),
  country text check (country ~ '^[A-Z]{3}$'),
  amount numeric(14, 2) not null check (amount > 0),
  currency text not null default 'EUR' check (currency ~ '^[A-Z]{3}$'),
  amount_eur numeric(14, 2) not null check (amount_eur > 0),
  area_m2 numeric(16, 4) not null check (area_m2 >= 0),
  receipt_url text check (receipt_url ~ '^https://' and length(receipt_url) <= 2000),
  receipt_sha256 text check (receipt_sha256 ~ '^[0-9a-f]{64}$'),
  receipt_number text check (length(receipt_number) <= 200),
  verified_at timestamptz,
  verified_by text,
  created_at timestamptz not null default now(),
  created_by text,
  fx_eur_per_unit numeric check (fx_eur_per_unit > 0),
  fx_day date,
  check (verified_at is null or receipt_sha256 is not null)
);
create index donations_month_idx on public.donations (month);

-- Ledger

create table public.transactions (
  transaction_id uuid primary key default gen_random_uuid(),
  user_id text not null references public.user_profiles (user_id),
  kind text not null check (kind in ('topup', 'refund', 'spend', 'adjustment', 'reversal')),
  amount_eur numeric(14, 6) not null check (amount_eur <> 0),
  idempotency_key text not null unique check (length(idempotency_key) between 1 and 200),
  note text check (length(note) <= 500),
  created_at timestamptz not null default now(),
  created_by text,
  reverses uuid references public.transactions (transaction_id),
  approved_by text,
  check (case kind when 'topup' then amount_eur > 0 when 'adjustment' then true when 'reversal' then true else amount_eur < 0 end),
  check ((kind = 'reversal') = (reverses is not null))
);
create unique index transactions_reverses_idx on public.transactions (reverses);
create index transactions_user_id_idx on public.transactions (user_id, created_at desc);

create table public.proposed_transactions (
  transaction_id uuid primary key default gen_random_uuid(),
  user_id text not null references public.user_profiles (user_id) on delete cascade,
  kind text not null check (kind in ('topup', 'refund', 'spend', 'adjustment', 'reversal')),
  amount_eur numeric(14, 6) not null check (amount_eur <> 0),
  idempotency_key text not null unique check (length(idempotency_key) between 1 and 200),
  note text check (length(note) <= 500),
  reverses uuid references public.transactions (transaction_id),
  proposed_at timestamptz not null default now(),
  proposed_by text,
  decision text check (decision in ('approved', 'refused')),
  decided_at timestamptz,
  decided_by text,
  check ((decision is null) = (decided_at is null))
);
create index proposed_transactions_user_id_idx on public.proposed_transactions (user_id);
create unique index proposed_transactions_reverses_idx on public.proposed_transactions (reverses) where decision is distinct from 'refused';
create index proposed_transactions_reversed_idx on public.proposed_transactions (reverses);

-- Invitations

create table private.invitations (
  invitation_id uuid primary key default gen_random_uuid(),
  email text not null unique check (email = lower(email) and email ~ '^[^@[:space:]]+@[^@[:space:]]+$' and length(email) <= 320),
  role text not null check (role in ('member', 'admin', 'finance')),
  team text check (length(team) between 1 and 100),
  invited_by text not null references public.user_profiles (user_id) on delete cascade,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index invitations_invited_by_idx on private.invitations (invited_by);

-- What became of sent requests

create table private.ingest_counts (
  day date not null,
  source text not null check (length(source) between 1 and 40),
  requests bigint not null default 0 check (requests >= 0),
  duplicates bigint not null default 0 check (duplicates >= 0),
  rejected bigint not null default 0 check (rejected >= 0),
  last_event_at timestamptz,
  last_received_at timestamptz not null,
  primary key (source, day)
);

create table private.ingest_rejections (
  day date not null,
  source text not null check (length(source) between 1 and 40),
  reason text not null check (length(reason) between 1 and 200),
  count bigint not null check (count > 0),
  last_at timestamptz not null,
  example text check (length(example) <= 300),
  primary key (day, source, reason)
);

-- Budgets

create table public.budgets (
  budget_id uuid primary key default gen_random_uuid(),
  scope text not null check (scope in ('organisation', 'team', 'person')),
  team text check (length(team) between 1 and 100),
  user_id text references public.user_profiles (user_id) on delete cascade,
  from_month date not null check (extract(day from from_month) = 1),
  amount_eur numeric(14, 2) check (amount_eur > 0),
  set_at timestamptz not null default now(),
  set_by text,
  check ((scope = 'team') = (team is not null) and (scope = 'person') = (user_id is not null))
);
create unique index budgets_one_a_month_idx on public.budgets (scope, coalesce(team, ''), coalesce(user_id, ''), from_month);
create index budgets_user_id_idx on public.budgets (user_id);
