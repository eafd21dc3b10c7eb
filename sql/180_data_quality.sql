-- Data quality: what has no price and what has no person, for the admins' page. Models without a factor
-- are in sql/077_unknown_models.sql, what ingest refused beside the ingest itself.

-- From the rollup: as fast at ten million requests as at a thousand.
create or replace function private.unpriced_models() returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  perform private.require_admin();
  return (select coalesce(jsonb_agg(to_jsonb(u) order by u.tokens desc, u.provider, u.model), '[]') from (
    select d.provider, d.model, sum(d.billable - d.priced) as requests, sum(d.tokens_used - d.tokens_priced) as tokens,
           min(d.day) as first_day, max(d.day) as last_day
      from public.usage_org_daily d where d.billable > d.priced group by d.provider, d.model) u);
end
$$;
comment on function private.unpriced_models() is 'Models with requests that have no price, of any day: how many, their tokens, first and last day; admins only.';

-- Requests of nobody, from the newest so many: which sessions they name, the most requests first.
create or replace function private.unattributed_requests(p_sample integer) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  perform private.require_admin();
  if p_sample is null or p_sample not between 1 and 20000 then
    raise sqlstate 'PT400' using message = 'A sample is of 1 to 20000 requests.';
  end if;
  return (
    with newest as materialized (
      select r.session_id, r.started_at, case when r.cache_hit then 0 else r.tokens_used end as tokens_used,
             case when r.cache_hit then 0 else r.cost_eur end as cost_eur from public.request_logs r
       where r.user_profile_id is null order by r.started_at desc limit p_sample
    ), sessions as (
      select n.session_id, count(*) as requests, sum(n.tokens_used) as tokens, sum(n.cost_eur) as cost_eur,
             min(n.started_at) as first_at, max(n.started_at) as last_at
        from newest n where n.session_id is not null group by n.session_id order by 2 desc, 1 limit 100
    )
    select jsonb_build_object(
      'requests', (select coalesce(sum(d.requests - d.attributed), 0) from public.usage_org_daily d),
      'sampled', (select count(*) from newest), 'without_session', (select count(*) from newest where session_id is null),
      'sessions', (select coalesce(jsonb_agg(to_jsonb(s) order by s.requests desc, s.session_id), '[]') from sessions s)));
end
$$;
comment on function private.unattributed_requests(integer) is
  'How many requests belong to nobody, and of the newest p_sample of them the sessions they name (100 at most); admins only.';

create or replace function public.unpriced_models() returns jsonb
language sql stable security invoker set search_path = '' as $$ select private.unpriced_models() $$;
comment on function public.unpriced_models() is 'Models with requests that have no price; admins only.';
create or replace function public.unattributed_requests(p_sample integer default 5000) returns jsonb
language sql stable security invoker set search_path = '' as $$ select private.unattributed_requests(p_sample) $$;
comment on function public.unattributed_requests(integer) is 'Requests that belong to nobody, and the sessions that the newest of them name; admins only.';

revoke execute on function private.unpriced_models(), private.unattributed_requests(integer),
  public.unpriced_models(), public.unattributed_requests(integer) from public, anon, authenticated, service_role;
grant execute on function private.unpriced_models(), private.unattributed_requests(integer),
  public.unpriced_models(), public.unattributed_requests(integer) to authenticated;
