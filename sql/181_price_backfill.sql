-- Prices for requests that came without one: an admin says what a million tokens, a page or a second cost and where that is
-- known from. A cost that is there is never overwritten; what is billed by more than the price is for stays unknown.

-- Units are names of letters, digits and underscores; what is no unit is written with a space, so that neither is taken
-- for the other. Parts of the tokens that cost what other text does, and what costs nothing, are left out.
create or replace function private.billed_by(p_tokens_used bigint, p_quantities jsonb, p_flags text[]) returns jsonb
language sql stable parallel safe
begin atomic
  select case
    when p_flags is not null and 'job_open' = any (p_flags) then '["not ended"]'
    when p_flags is not null and 'several_models' = any (p_flags) then '["several models"]'
    when p_flags is not null and chr(10) || array_to_string(p_flags, chr(10)) || chr(10) ~ '\n(unread: |tokens_unread\n)' then '["not understood"]'
    else case when p_tokens_used > 0 then '["text tokens"]'::jsonb else '[]'::jsonb end
      || case when p_quantities is null then '[]'::jsonb
           else jsonb_path_query_array(p_quantities - array['accepted_prediction_tokens', 'rejected_prediction_tokens', 'image_input_tokens',
             'document_input_tokens', 'tool_input_tokens', 'web_fetches', 'tool_calls', 'requests', 'failed_requests'],
             '$.keyvalue() ? (@.value.double() > 0).key') end
  end;
end;
comment on function private.billed_by(bigint, jsonb, text[]) is
  'What a request is billed by: text tokens and units of quantities; empty where nothing says it. Alone: not ended, several models (a batch), not understood. Parsed at definition, so the planner can inline it.';

-- Which requests need a price is what the rollups call billable and not priced; each half has its index.
create or replace function private.unpriced_with_tokens(p_provider text, p_model text) returns table (
  event_id uuid, started_at timestamptz, tier text, billed_by jsonb, quantities jsonb, cost_tools_usd numeric, tokens_input_uncached bigint,
  tokens_cache_read bigint, tokens_cache_write bigint, tokens_output_text bigint, tokens_reasoning bigint, tokens_used bigint)
language sql stable
begin atomic
  select r.event_id, r.started_at, coalesce(r.service_tier, case when r.call_type = 'batch' then 'batch' end),
         private.billed_by(r.tokens_used, r.quantities, r.flags), r.quantities, r.cost_tools_usd, r.tokens_input_uncached,
         r.tokens_cache_read, r.tokens_cache_write, r.tokens_output_text, r.tokens_reasoning, r.tokens_used
    from public.request_logs r
   where r.provider = p_provider and r.model = p_model and r.cost_usd is null and not r.cache_hit and r.tokens_used > 0;
end;
comment on function private.unpriced_with_tokens(text, text) is
  'The requests of a model that have tokens and no price: their tier of service (null: the usual one) and what they are billed by. Parsed at definition, so the planner can inline it.';
create or replace function private.unpriced_without_tokens(p_provider text, p_model text) returns table (
  event_id uuid, started_at timestamptz, tier text, billed_by jsonb, quantities jsonb, cost_tools_usd numeric, tokens_input_uncached bigint,
  tokens_cache_read bigint, tokens_cache_write bigint, tokens_output_text bigint, tokens_reasoning bigint, tokens_used bigint)
language sql stable
begin atomic
  select r.event_id, r.started_at, coalesce(r.service_tier, case when r.call_type = 'batch' then 'batch' end),
         private.billed_by(r.tokens_used, r.quantities, r.flags), r.quantities, r.cost_tools_usd, r.tokens_input_uncached,
         r.tokens_cache_read, r.tokens_cache_write, r.tokens_output_text, r.tokens_reasoning, r.tokens_used
    from public.request_logs r
   where r.provider = p_provider and r.model = p_model and r.cost_usd is null and not r.cache_hit and r.tokens_used = 0 and r.status <> 'failure';
end;
comment on function private.unpriced_without_tokens(text, text) is
  'The requests of a model that have neither tokens nor a price and need one: their tier of service (null: the usual one) and what they are billed by. Parsed at definition, so the planner can inline it.';

-- A request that both halves of its classes are known of, at that; what an embedding gives out costs nothing.
create or replace function private.has_known_tokens(p_input_uncached bigint, p_output_text bigint, p_is_output_free boolean) returns boolean
language sql immutable parallel safe
begin atomic
  select p_input_uncached is not null and (p_output_text is not null or p_is_output_free);
end;
comment on function private.has_known_tokens(bigint, bigint, boolean) is 'Whether so much is known of a request''s tokens that a price for a million of them prices it.';

create or replace function private.left_unpriced(
  p_provider text, p_model text, p_has_tokens boolean, p_tier text, p_covered jsonb, p_is_output_free boolean
) returns jsonb
language sql stable set search_path = '' as $$
  with rest as (
    select case
        when r.tier is distinct from p_tier then '["another tier"]'
        when r.billed_by = '[]' then '["nothing said"]'
        when not r.billed_by <@ p_covered then r.billed_by - array(select jsonb_array_elements_text(p_covered))
        when p_has_tokens and not private.has_known_tokens(r.tokens_input_uncached, r.tokens_output_text, p_is_output_free) then '["tokens unknown"]'
      end as reasons, count(*) as requests
      from (select * from private.unpriced_with_tokens(p_provider, p_model) where p_has_tokens
            union all select * from private.unpriced_without_tokens(p_provider, p_model) where not p_has_tokens) r
     group by 1
  )
  select jsonb_build_object('left', (select coalesce(sum(requests), 0) from rest where reasons is not null), 'reasons',
    (select coalesce(jsonb_object_agg(x.reason, x.requests), '{}')
       from (select s.reason, sum(rest.requests) as requests from rest cross join lateral jsonb_array_elements_text(rest.reasons) as s (reason) group by 1) x))
$$;
comment on function private.left_unpriced(text, text, boolean, text, jsonb, boolean) is
  'How many of a model''s unpriced requests, with tokens or without, a price for what p_covered names leaves without one, and why: a reason or the units that have no price, each with its requests (one may have several).';

create or replace function private.unpriced_parts(p_provider text, p_model text) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  -- Of each half. Ids are as good as random: what is read of more is a sample.
  c_most constant bigint := 50000;
  v_zone constant text := private.reporting_timezone();
begin
  perform private.require_admin();
  return (
    with requests as materialized (
      (select * from private.unpriced_with_tokens(p_provider, p_model) r order by r.event_id limit c_most)
      union all
      (select * from private.unpriced_without_tokens(p_provider, p_model) r order by r.event_id limit c_most)
    ), parts as (
      -- What is written to a cache for an hour is a class of text tokens, of a price of its own.
      select r.tier, case when r.billed_by ? 'text tokens' then r.billed_by - 'cache_write_1h_tokens' else r.billed_by end as billed_by,
             count(*) as requests, sum(r.tokens_used) as tokens,
             case when jsonb_array_length(r.billed_by) = 1 then sum((r.quantities ->> (r.billed_by ->> 0))::numeric) end as amount,
             sum(least((r.quantities ->> 'cache_write_1h_tokens')::numeric, r.tokens_cache_write)) as tokens_cache_write_1h,
             (min(r.started_at) at time zone v_zone)::date as first_day, (max(r.started_at) at time zone v_zone)::date as last_day
        from requests r group by r.tier, r.billed_by
    ), merged as (
      select p.tier, p.billed_by, sum(p.requests) as requests, sum(p.tokens) as tokens, sum(p.amount)::text as amount,
             coalesce(sum(p.tokens_cache_write_1h), 0) as tokens_cache_write_1h, min(p.first_day) as first_day, max(p.last_day) as last_day
        from parts p group by p.tier, p.billed_by order by 3 desc, 1 nulls first, 2 limit 50
    )
    select jsonb_build_object(
      'parts', (select coalesce(jsonb_agg(to_jsonb(m) order by m.requests desc, m.tier nulls first, m.billed_by), '[]') from merged m),
      'cut', (select count(*) filter (where r.tokens_used > 0) = c_most or count(*) filter (where r.tokens_used = 0) = c_most from requests r)));
end
$$;
comment on function private.unpriced_parts(text, text) is
  'Of what the unpriced requests of a model are made, by tier of service and what bills them, the most requests first (50 groups): requests, tokens, the amount of a single unit, tokens written to a cache for an hour, days. Of more than 50000 with or without tokens a sample (cut). Admins only.';

-- The one place that prices: by the classes of text tokens, or by a unit where there are no tokens.
create or replace function private.price_requests(
  p_provider text, p_model text, p_tier text, p_unit text, p_prices jsonb, p_source text, p_apply boolean
) returns jsonb
language plpgsql set search_path = '' as $$
declare
  -- Within one statement of the API only so many rows; whoever asks goes on until none is left.
  c_batch constant bigint := 20000;
  c_most_usd constant numeric := 10000000;
  v_zone constant text := private.reporting_timezone();
  v_planning_rate constant numeric := (private.setting('fx_planning_rate_eur_per_usd') #>> '{}')::numeric;
  v_source constant text := 'back-filled: ' || left(btrim(p_source), 250);
  v_tier constant text := nullif(btrim(p_tier), '');
  v_per_m_in constant numeric := (p_prices ->> 'usd_per_m_in')::numeric;
  v_per_m_read constant numeric := (p_prices ->> 'usd_per_m_cache_read')::numeric;
  v_per_m_write constant numeric := (p_prices ->> 'usd_per_m_cache_write')::numeric;
  v_per_m_write_1h constant numeric := (p_prices ->> 'usd_per_m_cache_write_1h')::numeric;
  v_per_m_out constant numeric := (p_prices ->> 'usd_per_m_out')::numeric;
  v_per_unit constant numeric := (p_prices ->> 'usd_per_unit')::numeric;
  v_covered constant jsonb := case when p_unit is not null then jsonb_build_array(p_unit)
    when v_per_m_write_1h is not null then '["text tokens", "cache_write_1h_tokens"]' else '["text tokens"]' end;
  v_limit constant bigint := case when p_apply then c_batch end;
  v_ids uuid[];
  v_usd numeric[];
  v_rates numeric[];
  v_days date[];
  v_dearest numeric;
  v_answer jsonb;
begin
  if coalesce(btrim(p_source), '') = '' then
    raise sqlstate 'PT400' using message = 'Say where the price is known from: a source is needed.';
  end if;
  with requests as (
    (select * from private.unpriced_with_tokens(p_provider, p_model) r
      where p_unit is null and r.tier is not distinct from v_tier and r.billed_by <@ v_covered
        and private.has_known_tokens(r.tokens_input_uncached, r.tokens_output_text, v_per_m_out = 0)
      order by r.event_id limit v_limit)
    union all
    (select * from private.unpriced_without_tokens(p_provider, p_model) r
      where p_unit is not null and r.tier is not distinct from v_tier and r.billed_by = v_covered
      order by r.event_id limit v_limit)
  ), priced as (
    select r.event_id, r.tokens_used, c.usd, fx.rate, fx.day
      from requests r
      cross join lateral (select least(coalesce((r.quantities ->> 'cache_write_1h_tokens')::numeric, 0), coalesce(r.tokens_cache_write, 0))) as w (hour)
      cross join lateral (select coalesce(r.cost_tools_usd, 0) + round(case when p_unit is not null then (r.quantities ->> p_unit)::numeric * v_per_unit
        else (r.tokens_input_uncached * v_per_m_in + coalesce(r.tokens_cache_read, 0) * v_per_m_read
          + (coalesce(r.tokens_cache_write, 0) - w.hour) * v_per_m_write + w.hour * coalesce(v_per_m_write_1h, 0)
          + (coalesce(r.tokens_output_text, 0) + coalesce(r.tokens_reasoning, 0)) * v_per_m_out) / 1000000 end, 12)) as c (usd)
      cross join lateral private.fx_on((r.started_at at time zone v_zone)::date, v_planning_rate) as fx
  )
  select jsonb_build_object('requests', count(*), 'tokens', coalesce(sum(p.tokens_used), 0), 'cost_usd', coalesce(sum(p.usd), 0)::text,
                            'cost_eur', coalesce(sum(p.usd * p.rate), 0)::text, 'left', null, 'reasons', '{}'::jsonb, 'more', false),
         max(p.usd), array_agg(p.event_id) filter (where p_apply), array_agg(p.usd) filter (where p_apply),
         array_agg(p.rate) filter (where p_apply), array_agg(p.day) filter (where p_apply)
    into v_answer, v_dearest, v_ids, v_usd, v_rates, v_days from priced p;
  if v_dearest > c_most_usd then
    raise sqlstate 'PT400' using message = 'At this price a single request would cost more than 10 million USD: check the price and what it is for.';
  end if;
  if v_ids is not null then
    -- By arrays: a plan made for few rows would join every one of a batch with every other.
    perform from public.request_logs r where r.event_id = any (v_ids) order by r.event_id for no key update;
    with updated as (
      update public.request_logs r
         set cost_usd = p.usd, price_source = v_source, cost_eur = p.usd * p.rate, fx_eur_per_usd = p.rate, fx_date = p.day
        from unnest(v_ids, v_usd, v_rates, v_days) as p (event_id, usd, rate, day)
       where r.event_id = p.event_id and r.cost_usd is null
      returning r.tokens_used, p.usd, p.rate
    )
    select v_answer || jsonb_build_object('requests', count(*), 'tokens', coalesce(sum(u.tokens_used), 0), 'cost_usd', coalesce(sum(u.usd), 0)::text,
                                          'cost_eur', coalesce(sum(u.usd * u.rate), 0)::text, 'more', cardinality(v_ids) = c_batch)
      into v_answer from updated u;
  end if;
  if not (v_answer ->> 'more')::boolean then
    v_answer := v_answer || private.left_unpriced(p_provider, p_model, p_unit is null, v_tier, v_covered, coalesce(v_per_m_out = 0, true));
  end if;
  if p_apply and v_answer ->> 'requests' <> '0' then
    perform private.audit('prices.backfill', p_provider || '/' || p_model, null,
      v_answer - 'reasons' || jsonb_strip_nulls(p_prices || jsonb_build_object('tier', v_tier, 'unit', p_unit)), btrim(p_source));
  end if;
  return v_answer;
end
$$;
comment on function private.price_requests(text, text, text, text, jsonb, text, boolean) is
  'What the unpriced requests of a model and tier cost at a price: those billed by text tokens alone (no p_unit), or without tokens by one unit alone; with p_apply it is stored, at most 20000 requests a call (more: call again, and what is left without a price is counted by the last). Never overwrites. For those who have checked who asks.';

create or replace function private.price_unpriced(
  p_provider text, p_model text, p_usd_per_m_in numeric, p_usd_per_m_cache_read numeric, p_usd_per_m_cache_write numeric,
  p_usd_per_m_out numeric, p_source text, p_apply boolean, p_tier text, p_usd_per_m_cache_write_1h numeric
) returns jsonb
language plpgsql security definer set search_path = '' as $$
begin
  perform private.require_admin();
  if p_usd_per_m_in is null or p_usd_per_m_cache_read is null or p_usd_per_m_cache_write is null or p_usd_per_m_out is null
     or least(p_usd_per_m_in, p_usd_per_m_cache_read, p_usd_per_m_cache_write, p_usd_per_m_out, p_usd_per_m_cache_write_1h) < 0
     or greatest(p_usd_per_m_in, p_usd_per_m_cache_read, p_usd_per_m_cache_write, p_usd_per_m_out, p_usd_per_m_cache_write_1h) > 100000 then
    raise sqlstate 'PT400' using message = 'A price is from 0 to 100000 USD for a million tokens, for each class of tokens.';
  end if;
  return private.price_requests(p_provider, p_model, p_tier, null, jsonb_build_object(
    'usd_per_m_in', p_usd_per_m_in, 'usd_per_m_cache_read', p_usd_per_m_cache_read, 'usd_per_m_cache_write', p_usd_per_m_cache_write,
    'usd_per_m_cache_write_1h', p_usd_per_m_cache_write_1h, 'usd_per_m_out', p_usd_per_m_out), p_source, p_apply);
end
$$;
comment on function private.price_unpriced(text, text, numeric, numeric, numeric, numeric, text, boolean, text, numeric) is
  'What the requests of a model and tier that are billed by text tokens alone and have no price cost at a price in USD for a million tokens of each class (reasoning costs as output), in USD and in EUR at the rate of each day; with p_apply it is stored. Without a price for them, requests that wrote to a cache for an hour are left. Admins only, audited.';

create or replace function private.price_unpriced_unit(
  p_provider text, p_model text, p_tier text, p_unit text, p_usd_per_unit numeric, p_source text, p_apply boolean
) returns jsonb
language plpgsql security definer set search_path = '' as $$
begin
  perform private.require_admin();
  if p_unit is null or p_unit !~ '^[a-z][a-z0-9_]{0,39}$' then
    raise sqlstate 'PT400' using message = 'Say which unit the price is for, such as pages or audio_seconds.';
  elsif p_usd_per_unit is null or p_usd_per_unit < 0 or p_usd_per_unit > 100000 then
    raise sqlstate 'PT400' using message = 'A price is from 0 to 100000 USD for one unit.';
  end if;
  return private.price_requests(p_provider, p_model, p_tier, p_unit, jsonb_build_object('usd_per_unit', p_usd_per_unit), p_source, p_apply);
end
$$;
comment on function private.price_unpriced_unit(text, text, text, text, numeric, text, boolean) is
  'What the requests of a model and tier that have neither tokens nor a price and are billed by one unit alone cost at a price in USD for one of it, in USD and in EUR at the rate of each day; with p_apply it is stored. Admins only, audited.';

create or replace function public.unpriced_parts(p_provider text, p_model text) returns jsonb
language sql stable security invoker set search_path = '' as $$ select private.unpriced_parts(p_provider, p_model) $$;
comment on function public.unpriced_parts(text, text) is 'What bills the requests of a model that have no price, by tier of service; admins only.';
create or replace function public.price_unpriced(
  p_provider text, p_model text, p_usd_per_m_in numeric, p_usd_per_m_cache_read numeric, p_usd_per_m_cache_write numeric,
  p_usd_per_m_out numeric, p_source text, p_apply boolean default false, p_tier text default null, p_usd_per_m_cache_write_1h numeric default null
) returns jsonb
language sql security invoker set search_path = '' as $$
  select private.price_unpriced(p_provider, p_model, p_usd_per_m_in, p_usd_per_m_cache_read, p_usd_per_m_cache_write, p_usd_per_m_out, p_source, p_apply,
    p_tier, p_usd_per_m_cache_write_1h)
$$;
comment on function public.price_unpriced(text, text, numeric, numeric, numeric, numeric, text, boolean, text, numeric) is
  'Prices the requests of a model and tier (null: the usual one) that are billed by text tokens alone and have no price: a preview, or with p_apply for good. A price that is there is never overwritten. Admins only, audited.';
create or replace function public.price_unpriced_unit(
  p_provider text, p_model text, p_tier text, p_unit text, p_usd_per_unit numeric, p_source text, p_apply boolean default false
) returns jsonb
language sql security invoker set search_path = '' as $$
  select private.price_unpriced_unit(p_provider, p_model, p_tier, p_unit, p_usd_per_unit, p_source, p_apply)
$$;
comment on function public.price_unpriced_unit(text, text, text, text, numeric, text, boolean) is
  'Prices the requests of a model and tier that have neither tokens nor a price and are billed by one unit (pages, audio_seconds): a preview, or with p_apply for good. A price that is there is never overwritten. Admins only, audited.';

revoke execute on function private.billed_by(bigint, jsonb, text[]), private.unpriced_with_tokens(text, text),
  private.unpriced_without_tokens(text, text),
  private.has_known_tokens(bigint, bigint, boolean), private.left_unpriced(text, text, boolean, text, jsonb, boolean),
  private.price_requests(text, text, text, text, jsonb, text, boolean), private.unpriced_parts(text, text),
  private.price_unpriced(text, text, numeric, numeric, numeric, numeric, text, boolean, text, numeric),
  private.price_unpriced_unit(text, text, text, text, numeric, text, boolean), public.unpriced_parts(text, text),
  public.price_unpriced(text, text, numeric, numeric, numeric, numeric, text, boolean, text, numeric),
  public.price_unpriced_unit(text, text, text, text, numeric, text, boolean) from public, anon, authenticated, service_role;
grant execute on function private.unpriced_parts(text, text), public.unpriced_parts(text, text),
  private.price_unpriced(text, text, numeric, numeric, numeric, numeric, text, boolean, text, numeric),
  private.price_unpriced_unit(text, text, text, text, numeric, text, boolean),
  public.price_unpriced(text, text, numeric, numeric, numeric, numeric, text, boolean, text, numeric),
  public.price_unpriced_unit(text, text, text, text, numeric, text, boolean) to authenticated;
