-- Prices for requests that came without one: an admin says what a million tokens cost and where that is
-- known from. A cost that is there is never overwritten; requests whose tokens are not known stay unknown.

create or replace function private.price_unpriced(
  p_provider text, p_model text, p_usd_per_m_in numeric, p_usd_per_m_cache_read numeric, p_usd_per_m_cache_write numeric,
  p_usd_per_m_out numeric, p_source text, p_apply boolean
) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  -- Within one statement of the API only so many rows; whoever asks goes on until none is left.
  c_batch constant bigint := 20000;
  v_zone constant text := private.reporting_timezone();
  v_planning_rate constant numeric := (private.setting('fx_planning_rate_eur_per_usd') #>> '{}')::numeric;
  v_source constant text := 'back-filled: ' || left(btrim(p_source), 250);
  v_answer jsonb;
begin
  perform private.require_admin();
  if coalesce(btrim(p_source), '') = '' then
    raise sqlstate 'PT400' using message = 'Say where the price is known from: a source is needed.';
  elsif p_usd_per_m_in is null or p_usd_per_m_cache_read is null or p_usd_per_m_cache_write is null or p_usd_per_m_out is null
     or least(p_usd_per_m_in, p_usd_per_m_cache_read, p_usd_per_m_cache_write, p_usd_per_m_out) < 0
     or greatest(p_usd_per_m_in, p_usd_per_m_cache_read, p_usd_per_m_cache_write, p_usd_per_m_out) > 100000 then
    raise sqlstate 'PT400' using message = 'A price is from 0 to 100000 USD for a million tokens, for each class of tokens.';
  end if;
  with priced as materialized (
    select r.event_id, r.tokens_used, c.usd, fx.rate, fx.day
      from public.request_logs r
      cross join lateral (select round((r.tokens_input_uncached * p_usd_per_m_in + coalesce(r.tokens_cache_read, 0) * p_usd_per_m_cache_read
        + coalesce(r.tokens_cache_write, 0) * p_usd_per_m_cache_write
        + (coalesce(r.tokens_output_text, 0) + coalesce(r.tokens_reasoning, 0)) * p_usd_per_m_out) / 1000000, 12)) as c (usd)
      cross join lateral private.fx_on((r.started_at at time zone v_zone)::date, v_planning_rate) as fx
     where r.provider = p_provider and r.model = p_model and r.cost_usd is null and not r.cache_hit and r.tokens_used > 0
       and r.tokens_input_uncached is not null and (r.tokens_output_text is not null or p_usd_per_m_out = 0)
     order by r.event_id limit case when p_apply then c_batch end
  ), locked as materialized (
    select r.event_id from public.request_logs r
     where p_apply and r.event_id in (select p.event_id from priced p) order by r.event_id for no key update
  ), updated as (
    update public.request_logs r
       set cost_usd = p.usd, price_source = v_source, cost_eur = p.usd * p.rate, fx_eur_per_usd = p.rate, fx_date = p.day
      from locked l join priced p using (event_id)
     where r.event_id = l.event_id and r.cost_usd is null
    returning r.event_id
  )
  select jsonb_build_object('requests', count(*), 'tokens', coalesce(sum(p.tokens_used), 0), 'cost_usd', coalesce(sum(p.usd), 0)::text,
                            'cost_eur', coalesce(sum(p.usd * p.rate), 0)::text)
    into v_answer from priced p where not p_apply or p.event_id in (select u.event_id from updated u);
  v_answer := v_answer || (
    select jsonb_build_object('left', count(*) - case when p_apply then 0 else (v_answer ->> 'requests')::bigint end,
      'more', count(*) filter (where r.tokens_input_uncached is not null and (r.tokens_output_text is not null or p_usd_per_m_out = 0)) > 0 and p_apply)
      from public.request_logs r
     where r.provider = p_provider and r.model = p_model and r.cost_usd is null and not r.cache_hit and r.tokens_used > 0);
  if p_apply and v_answer ->> 'requests' <> '0' then
    perform private.audit('prices.backfill', p_provider || '/' || p_model, null, v_answer || jsonb_build_object(
      'usd_per_m_in', p_usd_per_m_in, 'usd_per_m_cache_read', p_usd_per_m_cache_read,
      'usd_per_m_cache_write', p_usd_per_m_cache_write, 'usd_per_m_out', p_usd_per_m_out), btrim(p_source));
  end if;
  return v_answer;
end
$$;
comment on function private.price_unpriced(text, text, numeric, numeric, numeric, numeric, text, boolean) is
  'What the unpriced requests of a model cost at a price in USD for a million tokens of each class (reasoning costs as output), in USD and in EUR at the rate of each day; with p_apply it is stored, at most 20000 requests a call. Never overwrites. Admins only, audited.';

create or replace function public.price_unpriced(
  p_provider text, p_model text, p_usd_per_m_in numeric, p_usd_per_m_cache_read numeric, p_usd_per_m_cache_write numeric,
  p_usd_per_m_out numeric, p_source text, p_apply boolean default false
) returns jsonb
language sql security invoker set search_path = '' as $$
  select private.price_unpriced(p_provider, p_model, p_usd_per_m_in, p_usd_per_m_cache_read, p_usd_per_m_cache_write, p_usd_per_m_out, p_source, p_apply)
$$;
comment on function public.price_unpriced(text, text, numeric, numeric, numeric, numeric, text, boolean) is
  'Prices the requests of a model that have no price: a preview, or with p_apply for good. A price that is there is never overwritten. Admins only, audited.';
revoke execute on function private.price_unpriced(text, text, numeric, numeric, numeric, numeric, text, boolean),
  public.price_unpriced(text, text, numeric, numeric, numeric, numeric, text, boolean) from public, anon, authenticated, service_role;
grant execute on function private.price_unpriced(text, text, numeric, numeric, numeric, numeric, text, boolean),
  public.price_unpriced(text, text, numeric, numeric, numeric, numeric, text, boolean) to authenticated;
