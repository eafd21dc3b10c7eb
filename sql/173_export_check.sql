-- Whether an export of finance agrees with the requests it is of, and if not, which row does not.
--
-- The two rollups that exports read, people by month and the organisation by day, are kept by different
-- statements: what one holds of a provider and model, the other must hold too. That is compared with every
-- export, which costs no request. Only where it differs are the requests of those models looked at.

-- Provider, model, rows of the file, EUR and USD that they show, and requests, billable and priced ones (null
-- where the kind does not read them): what an export will hold, by model.
create or replace function private.export_models(p_kind text, p_month date, p_as_of timestamptz) returns jsonb
language plpgsql stable security definer set search_path = '' as $function$
declare
  v_zone constant text := private.reporting_timezone();
  v_people constant text := private.people_shown_by(p_month);
  v_models jsonb;
begin
  if p_kind = 'requests' then
    select jsonb_agg(jsonb_build_array(m.provider, m.model, m.size, m.eur, m.usd, m.size, null, null)) into v_models
      from (select r.provider, r.model, count(*) as size,
                   trim_scale(coalesce(sum(r.cost_eur) filter (where not r.cache_hit), 0))::text as eur,
                   trim_scale(coalesce(sum(r.cost_usd) filter (where not r.cache_hit), 0))::text as usd
              from public.request_logs r
             where r.started_at >= p_month::timestamp at time zone v_zone
               and r.started_at < (p_month + interval '1 month') at time zone v_zone and r.created_at <= p_as_of
             group by 1, 2) m;
  else
    execute format($query$
      select jsonb_agg(jsonb_build_array(m.provider, m.model, m.size, trim_scale(m.eur)::text, trim_scale(m.usd)::text, m.requests, m.billable, m.priced))
        from (select u.provider, u.model, count(distinct (%1$s)) as size, coalesce(sum(u.cost_eur) filter (where %2$s), 0) as eur,
                     coalesce(sum(u.cost_usd) filter (where %2$s), 0) as usd, sum(u.requests) as requests, sum(u.billable) as billable, sum(u.priced) as priced
                from public.%3$s group by 1, 2) m
    $query$,
      case when p_kind = 'focus' and v_people = 'name' then 'u.day, u.team' when p_kind = 'focus' then 'u.day'
           when v_people = 'nothing' then $$u.user_id = ''$$ else 'u.user_id' end,
      -- A line of which nothing is priced shows no cost.
      case p_kind when 'focus' then 'true' else 'u.priced > 0' end,
      case p_kind when 'focus' then $$usage_org_daily u where u.day >= $1 and u.day < $1 + interval '1 month'$$ else 'usage_user_monthly u where u.month = $1' end)
    into v_models using p_month;
  end if;
  return coalesce(v_models, '[]');
end
$function$;
comment on function private.export_models(text, date, timestamptz) is
  'What an export will hold by provider and model: rows, EUR, USD, requests, billable and priced ones. Internal.';

create or replace function private.export_rows_at_fault(p_month date, p_models jsonb) returns jsonb
language sql stable security definer set search_path = '' as $$
  with asked as materialized (
    select m ->> 'provider' as provider, m ->> 'model' as model from jsonb_array_elements(p_models) m
  ), bounds as (
    select p_month::timestamp at time zone private.reporting_timezone() as first, (p_month + interval '1 month') at time zone private.reporting_timezone() as beyond
  ), held as (
    select 'month' as sums, null::date as day, u.user_id as who, u.provider, u.model, u.requests, u.billable, u.priced, u.cost_eur, u.cost_usd
      from public.usage_user_monthly u join asked a using (provider, model) where u.month = p_month
    union all
    select 'day', u.day, u.team, u.provider, u.model, u.requests, u.billable, u.priced, u.cost_eur, u.cost_usd
      from public.usage_org_daily u join asked a using (provider, model) where u.day >= p_month and u.day < p_month + interval '1 month'
  ), said as (
    select 'month' as sums, null::date as day, e.user_id as who, e.provider, e.model, e.requests, e.billable, e.priced, e.cost_eur, e.cost_usd
      from bounds b cross join lateral private.recomputed_usage_user_monthly_between(b.first, b.beyond) e join asked a using (provider, model)
    union all
    select 'day', e.day, e.team, e.provider, e.model, e.requests, e.billable, e.priced, e.cost_eur, e.cost_usd
      from bounds b cross join lateral private.recomputed_usage_org_daily_between(b.first, b.beyond) e join asked a using (provider, model)
  ), differing as (
    select coalesce(h.sums, s.sums) as sums, coalesce(h.day, s.day) as day, coalesce(h.who, s.who) as who,
           coalesce(h.provider, s.provider) as provider, coalesce(h.model, s.model) as model,
           coalesce(case when h.priced > 0 then h.cost_eur end, 0) as held_eur, coalesce(s.cost_eur, 0) as said_eur,
           coalesce(h.requests, 0) as held_requests, coalesce(s.requests, 0) as said_requests
      from held h full join said s on (h.sums, coalesce(h.day, p_month), h.who, h.provider, h.model) = (s.sums, coalesce(s.day, p_month), s.who, s.provider, s.model)
     where (h.requests, h.billable, h.priced, h.cost_eur, h.cost_usd) is distinct from (s.requests, s.billable, s.priced, s.cost_eur, s.cost_usd)
     order by abs(coalesce(h.cost_eur, 0) - coalesce(s.cost_eur, 0)) desc, 1, 2, 3, 4, 5 limit 3
  ), shown as (
    select private.people_shown_by(p_month) as people
  )
  select coalesce(jsonb_agg(jsonb_build_object(
      'provider', d.provider, 'model', d.model, 'sums', d.sums, 'day', d.day,
      'who', case when x.people = 'name' then nullif(d.who, '')
                  when x.people = 'pseudonym' and d.sums = 'month' and d.who <> '' then private.pseudonym(d.who) end,
      'held_eur', trim_scale(d.held_eur)::text, 'said_eur', trim_scale(d.said_eur)::text, 'held_requests', d.held_requests, 'said_requests', d.said_requests)), '[]')
    from differing d cross join shown x
$$;
comment on function private.export_rows_at_fault(date, jsonb) is
  'Rows of a month''s rollups, of some models, that are not what the requests say, the furthest off first, at most 3. Internal.';

-- `rows` are the rows of the rollups that are wrong; none where both say what the requests say and differ all the same.
create or replace function private.export_faults(p_kind text, p_month date, p_models jsonb) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_models jsonb;
begin
  with own as (
    select m ->> 0 as provider, m ->> 1 as model, (m ->> 3)::numeric as eur, (m ->> 4)::numeric as usd,
           (m ->> 5)::numeric as requests, (m ->> 6)::numeric as billable, (m ->> 7)::numeric as priced
      from jsonb_array_elements(p_models) m
  ), other as (
    select u.provider, u.model, sum(u.cost_eur) as eur, sum(u.cost_usd) as usd, sum(u.requests) as requests, sum(u.billable) as billable, sum(u.priced) as priced
      from public.usage_org_daily u where p_kind <> 'focus' and u.day >= p_month and u.day < p_month + interval '1 month' group by 1, 2
    union all
    select u.provider, u.model, sum(u.cost_eur), sum(u.cost_usd), sum(u.requests), sum(u.billable), sum(u.priced)
      from public.usage_user_monthly u where p_kind = 'focus' and u.month = p_month group by 1, 2
  )
  select jsonb_agg(to_jsonb(d)) into v_models from (
    select provider, model, trim_scale(coalesce(own.eur, 0))::text as file_eur, trim_scale(coalesce(other.eur, 0))::text as month_eur,
           coalesce(own.requests, 0) as file_requests, coalesce(other.requests, 0) as month_requests
      from own full join other using (provider, model)
     where (own.eur, own.usd, own.requests) is distinct from (other.eur, other.usd, other.requests)
        or own.billable <> other.billable or own.priced <> other.priced
     order by abs(coalesce(own.eur, 0) - coalesce(other.eur, 0)) desc, provider, model limit 3) d;
  return case when v_models is not null then jsonb_build_object('models', v_models, 'rows', private.export_rows_at_fault(p_month, v_models)) end;
end
$$;
comment on function private.export_faults(text, date, jsonb) is
  'Where an export (as export_models tells it) is not what the other rollup of the month says: models, and the rows at fault; null where they agree. Internal.';

create or replace function private.finance_export_check(p_kind text, p_month date, p_as_of timestamptz) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_zone constant text := private.reporting_timezone();
begin
  perform private.require_export(p_kind, p_month, 1);
  if p_as_of is null then
    raise sqlstate 'PT400' using message = 'The moment is needed of which the export is.';
  end if;
  return (
    select jsonb_build_object('arrived', count(*), 'arrived_eur', trim_scale(coalesce(sum(r.cost_eur) filter (where not r.cache_hit), 0))::text)
      from public.request_logs r
     where r.started_at >= p_month::timestamp at time zone v_zone
       and r.started_at < (p_month + interval '1 month') at time zone v_zone and r.created_at > p_as_of)
    || jsonb_build_object('faults', private.export_faults(p_kind, p_month, private.export_models(p_kind, p_month, now())));
end
$$;
comment on function private.finance_export_check(text, date, timestamptz) is 'Why an export may not hold what its head promised; admins and finance only.';

create or replace function public.finance_export_check(p_kind text, p_month date, p_as_of timestamptz) returns jsonb
language sql stable security invoker set search_path = '' as $$ select private.finance_export_check(p_kind, p_month, p_as_of) $$;
comment on function public.finance_export_check(text, date, timestamptz) is
  'Why an export may not hold what its head promised: requests that arrived since, and rows of the rollups that are not what the requests say. Admins and finance only.';

revoke execute on function private.export_models(text, date, timestamptz), private.export_rows_at_fault(date, jsonb),
  private.export_faults(text, date, jsonb), private.finance_export_check(text, date, timestamptz),
  public.finance_export_check(text, date, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.finance_export_check(text, date, timestamptz), public.finance_export_check(text, date, timestamptz) to authenticated;
