-- People who moved since the period before, and the totals of tags.
--
-- Both are about single people or may be: they are there only where people are named (sql/025_privacy.sql).

create or replace function private.require_named_people() returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  perform private.require_org_reader();
  if not private.people_are_named() then
    raise sqlstate 'PT403' using message = 'Figures by person or tag are not shown: this organisation does not name people.';
  end if;
end
$$;
comment on function private.require_named_people() is 'Refuses whoever may not see figures by person under their names. Internal.';

create or replace function private.people_movers(p_from date, p_to date, p_models text[], p_providers text[], p_teams text[]) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_before constant date := p_from - (p_to - p_from + 1);
begin
  perform private.require_named_people();
  return (
    with people as (
      select t.user_id, s.*
        from public.user_usage_totals t
        left join public.user_profiles p on p.user_id = t.user_id
        cross join lateral (
          select sum(u.cost_eur) filter (where u.day >= p_from) as cost_eur, sum(u.cost_eur) filter (where u.day < p_from) as previous_cost_eur,
                 sum(u.tokens_used) filter (where u.day >= p_from) as tokens_used, sum(u.tokens_used) filter (where u.day < p_from) as previous_tokens_used,
                 sum(u.energy_kwh) filter (where u.day >= p_from) as energy_kwh, sum(u.energy_kwh) filter (where u.day < p_from) as previous_energy_kwh,
                 sum(u.carbon_gco2e) filter (where u.day >= p_from) as carbon_gco2e, sum(u.carbon_gco2e) filter (where u.day < p_from) as previous_carbon_gco2e,
                 sum(u.water_l) filter (where u.day >= p_from) as water_l, sum(u.water_l) filter (where u.day < p_from) as previous_water_l
            from public.usage_user_daily u
           where u.user_id = t.user_id and u.day between v_before and p_to
             and (p_models is null or u.model = any (p_models)) and (p_providers is null or u.provider = any (p_providers))) s
       where p_teams is null or coalesce(p.team, '') = any (p_teams)
    ), moved as (
      select p.user_id, m.name, m.now, m.before, row_number() over (partition by m.name order by abs(m.now - m.before) desc, p.user_id) as place
        from people p
        cross join lateral (values ('cost_eur', p.cost_eur, p.previous_cost_eur), ('tokens_used', p.tokens_used, p.previous_tokens_used),
          ('energy_kwh', p.energy_kwh, p.previous_energy_kwh), ('carbon_gco2e', p.carbon_gco2e, p.previous_carbon_gco2e),
          ('water_l', p.water_l, p.previous_water_l)) as v (name, now, before)
        cross join lateral (select v.name, coalesce(v.now, 0) as now, coalesce(v.before, 0) as before) as m
       where m.now <> m.before
    )
    select coalesce(jsonb_agg(jsonb_build_object('measure', m.name, 'person', coalesce(p.full_name, p.email, m.user_id), 'team', p.team,
                                                 'now', m.now, 'before', m.before) order by m.name, m.place), '[]')
      from moved m left join public.user_profiles p on p.user_id = m.user_id
     where m.place <= 10);
end
$$;
comment on function private.people_movers(date, date, text[], text[], text[]) is
  'For each measure, the ten people whose known amount changed most against the period before.';

-- The rollup of tags is by month: a period is answered by the whole months that it touches.
create or replace function private.usage_by_tag(p_from date, p_to date, p_models text[], p_providers text[]) returns jsonb
language plpgsql stable security definer set search_path = '' as $function$
declare
  v_first constant date := date_trunc('month', p_from::timestamp)::date;
  v_last constant date := (date_trunc('month', p_to::timestamp) + interval '1 month' - interval '1 day')::date;
  v_tags jsonb;
begin
  perform private.require_named_people();
  execute format($query$
    with cells as (
      select u.*, u.cost_eur * r.verified_m2_per_eur as m2_verified, u.cost_eur * r.pending_m2_per_eur as m2_pending
      from public.usage_tag_monthly u
      left join private.restoration_rates($1, $2) r on r.month = u.month
      where u.month between $1 and $2 and ($3 is null or u.model = any ($3)) and ($4 is null or u.provider = any ($4))
    ), sums as (
      select c.tag, %s from cells c group by c.tag having sum(c.requests) > 0
    )
    select coalesce(jsonb_agg(to_jsonb(s) order by s.cost_eur desc nulls last, s.requests desc, s.tag), '[]')
      from (select * from sums order by cost_eur desc nulls last, requests desc, tag limit 100) s
  $query$, private.figures()) into v_tags using v_first, v_last, p_models, p_providers;
  return jsonb_build_object('from', v_first, 'to', least(v_last, private.reporting_today()), 'tags', v_tags);
end
$function$;
comment on function private.usage_by_tag(date, date, text[], text[]) is
  'The figures of the hundred costliest tags in the whole months that a period touches. Tags overlap: they do not add up.';

create or replace function public.people_movers(
  p_from date, p_to date, p_models text[] default null, p_providers text[] default null, p_teams text[] default null) returns jsonb
language sql stable security invoker set search_path = '' as $$ select private.people_movers(p_from, p_to, p_models, p_providers, p_teams) $$;
comment on function public.people_movers(date, date, text[], text[], text[]) is
  'For each measure, the ten people whose known amount changed most against the period before; admins and finance, where people are named.';
create or replace function public.usage_by_tag(
  p_from date, p_to date, p_models text[] default null, p_providers text[] default null) returns jsonb
language sql stable security invoker set search_path = '' as $$ select private.usage_by_tag(p_from, p_to, p_models, p_providers) $$;
comment on function public.usage_by_tag(date, date, text[], text[]) is
  'The figures of tags in the whole months that a period touches; tags overlap; admins and finance, where people are named.';

revoke execute on function private.require_named_people(), private.people_movers(date, date, text[], text[], text[]),
  private.usage_by_tag(date, date, text[], text[]), public.people_movers(date, date, text[], text[], text[]),
  public.usage_by_tag(date, date, text[], text[]) from public, anon, authenticated, service_role;
grant execute on function private.people_movers(date, date, text[], text[], text[]), private.usage_by_tag(date, date, text[], text[]),
  public.people_movers(date, date, text[], text[], text[]), public.usage_by_tag(date, date, text[], text[]) to authenticated;
