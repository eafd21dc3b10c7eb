-- Request logs: one row per billed attempt, the single source of truth.
--
-- Facts (tokens, cost, times, attribution) stand beside what was derived from them (EUR, impact),
-- each with its provenance, so that a method can change without touching a fact. NULL is unknown.
-- Prompts and answers are not here: request_payloads holds them, where an operator wants them.

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
    ['flags', 'What was cut, not understood or put right: clock_ahead, unknown_zone, unknown_region (its region is not one that is known), several_countries (its region is no one country), cut: NAME, unread: FIELD, tokens_unread, tokens_from_total, several_models (a batch; the first is named), job_open (the job has not ended), job_read (who made the job is not known, but who read it).'],
    ['service_tier', 'Tier of service as the provider names it (flex, priority, batch); null for the usual one.'],
    ['quantities', 'What else was used or is billed, by unit: pages, audio_seconds, web_searches; units that end in _tokens are parts of the tokens.'],
    ['job_id', 'The provider''s job that the request is of (batch, background response, video): its events are one request.'],
    ['cost_usd', 'Cost in USD, as it was reported, or from reported_cost by the exchange rate of the request''s day; null when no price is known.'],
    ['total_cost', 'cost_usd under the name of LiteLLM''s own logger.'],
    ['cost_tools_usd', 'The part of cost_usd that is for tools such as web search; null where the source says none.'],
    ['reported_cost', 'The cost as it was reported in reported_currency; cost_usd and cost_eur follow from it. Null where it was reported in USD.'],
    ['reported_currency', 'ISO 4217 code of the currency that the cost was reported in; null for USD.'],
    ['price_source', 'Where the cost comes from, or why there is none.'],
    ['cost_eur', 'Cost in EUR, as it was reported, or by the exchange rate of the request''s day.'],
    ['fx_eur_per_usd', 'The exchange rate between cost_usd and cost_eur.'],
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
    ['impact_reason', 'Why there is no impact: no_factor, no_tokens, gateway_cache, not_modelled, not_text, tokens_unread.']]
  loop
    execute format('comment on column public.request_logs.%I is %L', c[1], c[2]);
  end loop;
end
$comments$;

comment on table public.request_logs is 'One row per billed attempt of an LLM request; the single source of truth.';

comment on table public.request_payloads is 'Prompts and answers, only where an operator switched store_payloads on; erased without touching metrics.';
comment on column public.request_payloads.event_id is 'The request.';
comment on column public.request_payloads.user_profile_id is 'The person who may read it.';
comment on column public.request_payloads.messages is 'What was asked, after redaction.';
comment on column public.request_payloads.response is 'What was answered, after redaction.';
comment on column public.request_payloads.created_at is 'When it was stored (UTC).';
comment on column public.request_payloads.expires_at is 'When it is to be erased (UTC).';

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

-- One text for every list and file: pages=3; web_searches=2.
create or replace function private.quantities_text(p_quantities jsonb) returns text
language sql immutable set search_path = '' as $$
  select string_agg(q.unit || '=' || trim_scale(q.amount::numeric)::text, '; ' order by q.unit collate "C")
    from jsonb_each_text(p_quantities) as q (unit, amount)
$$;
comment on function private.quantities_text(jsonb) is 'Quantities as a text, by unit: pages=3; web_searches=2. Null for none.';
revoke execute on function private.quantities_text(jsonb) from public;
grant execute on function private.quantities_text(jsonb) to authenticated;
