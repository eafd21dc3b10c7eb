-- Costs of 0 that nobody set: LiteLLM's Router and proxy write 0 for models that they have no price for, and callbacks
-- before 0.2 kept it as a known cost. By model, an admin says which of them are free; the others become unknown.

comment on table private.zero_prices is 'Models whose requests cost 0, and what an admin decided about them.';
comment on column private.zero_prices.provider is 'Provider; empty when unknown.';
comment on column private.zero_prices.model is 'Model.';
comment on column private.zero_prices.is_free is 'Whether 0 is its price; otherwise its zeros were unknown.';
comment on column private.zero_prices.decided_by is 'user_id of who decided.';
comment on column private.zero_prices.decided_at is 'When (UTC).';
alter table private.zero_prices enable row level security;
revoke all on private.zero_prices from public, anon, authenticated, service_role;

-- A zero that somebody set says so (footprint.ingest.charge): it is no candidate, and neither is what was not billed,
-- what the caller reported, or what was priced here. The condition is that of request_logs_zero_cost_idx, word for word.
create or replace function private.zero_priced_models() returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_zone constant text := private.reporting_timezone();
begin
  perform private.require_admin();
  return (select coalesce(jsonb_agg(to_jsonb(c) order by c.tokens desc, c.provider, c.model), '[]') from (
    select r.provider, r.model, count(*) as requests, sum(r.tokens_used) as tokens,
           (min(r.started_at) at time zone v_zone)::date as first_day, (max(r.started_at) at time zone v_zone)::date as last_day,
           (array_agg(distinct r.price_source order by r.price_source) filter (where r.price_source is not null))[1:10] as price_sources
      from public.request_logs r
     where r.cost_usd = 0 and not r.cache_hit and r.status <> 'failure' and r.reported_currency is null
       and coalesce(r.price_source, '') !~ '^(not billed|back-filled|caller)|, (a price of|discounted to) 0$'
       and not exists (select from private.zero_prices z where z.provider = r.provider and z.model = r.model and z.is_free)
     group by r.provider, r.model) c);
end
$$;
comment on function private.zero_priced_models() is
  'Models with requests that cost 0 though nobody set that price, less those that an admin called free: how many, their tokens, first and last day, where the zeros came from; admins only.';

create or replace function private.decide_zero_price(p_provider text, p_model text, p_is_free boolean, p_apply boolean) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  -- Within one statement of the API only so many rows; whoever asks goes on until none is left.
  c_batch constant bigint := 20000;
  v_zone constant text := private.reporting_timezone();
  v_answer jsonb;
begin
  perform private.require_admin();
  if p_provider is null or coalesce(p_model, '') = '' or p_is_free is null or p_apply is null then
    raise sqlstate 'PT400' using message = 'Say which model it is, and whether it is free.';
  end if;
  if p_apply then
    insert into private.zero_prices as z (provider, model, is_free, decided_by)
    values (p_provider, p_model, p_is_free, private.current_user_id())
    on conflict (provider, model) do update set is_free = excluded.is_free, decided_by = excluded.decided_by, decided_at = now();
  end if;
  with zeros as materialized (
    select r.event_id, r.tokens_used, (r.started_at at time zone v_zone)::date as day
      from public.request_logs r
     where r.provider = p_provider and r.model = p_model
       and r.cost_usd = 0 and not r.cache_hit and r.status <> 'failure' and r.reported_currency is null
       and coalesce(r.price_source, '') !~ '^(not billed|back-filled|caller)|, (a price of|discounted to) 0$'
     order by r.event_id limit case when p_apply and not p_is_free then c_batch end
  ), locked as materialized (
    select r.event_id from public.request_logs r
     where p_apply and not p_is_free and r.event_id in (select z.event_id from zeros z) order by r.event_id for no key update
  ), updated as (
    update public.request_logs r
       set cost_usd = null, cost_eur = null, cost_tools_usd = null, fx_eur_per_usd = null, fx_date = null,
           price_source = 'unknown: a zero that nobody set'
      from locked l where r.event_id = l.event_id and r.cost_usd = 0
    returning r.event_id
  )
  select jsonb_build_object('requests', count(*), 'tokens', coalesce(sum(z.tokens_used), 0), 'days', count(distinct z.day),
                            'first_day', min(z.day), 'last_day', max(z.day), 'more', p_apply and not p_is_free and count(*) = c_batch)
    into v_answer from zeros z where not p_apply or p_is_free or z.event_id in (select u.event_id from updated u);
  if p_apply and (p_is_free or v_answer ->> 'requests' <> '0') then
    perform private.audit('prices.decide_zero', p_provider || '/' || p_model, null, v_answer || jsonb_build_object('is_free', p_is_free), null);
  end if;
  return v_answer;
end
$$;
comment on function private.decide_zero_price(text, text, boolean, boolean) is
  'Which requests of a model cost 0 though nobody set that price. With p_apply the decision is kept: free, and they stay as they are; not free, and their cost becomes unknown, at most 20000 requests a call (more: call again). No sum of costs changes. Admins only, audited.';

create or replace function public.zero_priced_models() returns jsonb
language sql stable security invoker set search_path = '' as $$ select private.zero_priced_models() $$;
comment on function public.zero_priced_models() is 'Models with requests that cost 0 though nobody set that price; admins only.';
create or replace function public.decide_zero_price(p_provider text, p_model text, p_is_free boolean, p_apply boolean default false) returns jsonb
language sql security invoker set search_path = '' as $$ select private.decide_zero_price(p_provider, p_model, p_is_free, p_apply) $$;
comment on function public.decide_zero_price(text, text, boolean, boolean) is
  'Says whether a model whose requests cost 0 is free: a preview, or with p_apply for good; of one that is not, the cost becomes unknown. Admins only, audited.';
revoke execute on function private.zero_priced_models(), private.decide_zero_price(text, text, boolean, boolean),
  public.zero_priced_models(), public.decide_zero_price(text, text, boolean, boolean) from public, anon, authenticated, service_role;
grant execute on function private.zero_priced_models(), private.decide_zero_price(text, text, boolean, boolean),
  public.zero_priced_models(), public.decide_zero_price(text, text, boolean, boolean) to authenticated;
