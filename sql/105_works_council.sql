-- Works-council mode: what the organisation's readers see where people are not named.
--
-- The rule is that nothing they can read, and no difference of two things they can read, is about fewer
-- than five people:
--   * a team's figures exist for whole calendar months that are over, never for days: two periods a day
--     apart would otherwise differ by one day of a team, which may be one person;
--   * in each such month, teams with fewer than five people are one group, "Small teams". Where that group
--     itself has fewer than five, the smallest other team joins it: total less the teams shown is the group;
--   * the same cells make up every period, so that the difference of two periods is a sum of cells;
--   * figures by person (pseudonymous mode) exist for months that are over and have at least five people,
--     without team, name or e-mail address.
-- What stays visible: totals by day, model and provider of the whole organisation. docs/security.md says
-- what can be learnt from them.

create or replace function private.fewest_people() returns integer
language sql immutable set search_path = '' as $$ select 5 $$;
comment on function private.fewest_people() is 'Groups of fewer people than this are not shown where people are not named.';

create or replace function private.shown_teams(p_month date) returns table (team text, shown text)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_zone constant text := private.reporting_timezone();
  v_teams text[];
  v_people text[];
  v_small text[];
  v_next text;
begin
  -- Who was in which team when they made their requests; who is nobody does not count as somebody.
  select array_agg(x.team), array_agg(x.person) into v_teams, v_people
    from (select distinct coalesce(r.team, '') as team, r.user_profile_id as person from public.request_logs r
           where r.started_at >= p_month::timestamp at time zone v_zone
             and r.started_at < (p_month + interval '1 month') at time zone v_zone) x;
  select coalesce(array_agg(s.team), '{}') into v_small
    from (select t.team from unnest(v_teams, v_people) as t (team, person)
           group by t.team having count(t.person) < private.fewest_people()) s;
  while v_small <> '{}' and (select count(distinct t.person) from unnest(v_teams, v_people) as t (team, person)
                              where t.team = any (v_small)) < private.fewest_people() loop
    select t.team into v_next from unnest(v_teams, v_people) as t (team, person)
     where t.team <> all (v_small) group by t.team order by count(t.person), t.team limit 1;
    exit when v_next is null;
    v_small := v_small || v_next;
  end loop;
  return query select distinct t.team, case when t.team = any (v_small) then 'Small teams' else t.team end
    from unnest(v_teams) as t (team);
end
$$;
comment on function private.shown_teams(date) is
  'The teams of a month and the name each is shown under where people are not named: small ones under one.';

-- First and last day of the whole months in a period that are over; both null without one.
create or replace function private.closed_months(p_from date, p_to date, out first date, out last date)
language sql stable set search_path = '' as $$
  select case when b.first <= b.last then b.first end, case when b.first <= b.last then b.last end
  from (select date_trunc('month', (p_from + interval '1 month' - interval '1 day'))::date as first,
               (date_trunc('month', least(p_to + 1, private.reporting_today())::timestamp) - interval '1 day')::date as last) b
$$;
comment on function private.closed_months(date, date) is 'The whole calendar months within a period that are over, as first and last day.';

create or replace function private.suppressed_teams(p_from date, p_to date) returns jsonb
language plpgsql stable security definer set search_path = '' as $function$
declare
  v_months record;
  v_teams jsonb;
begin
  select * into v_months from private.closed_months(p_from, p_to);
  if v_months.first is null then
    return jsonb_build_object('by_team', '[]'::jsonb, 'by_team_period', null);
  end if;
  execute format($query$
    with shown as (
      select m.month::date as month, s.team, s.shown
      from generate_series($1::timestamp, $2::timestamp, interval '1 month') as m (month)
      cross join lateral private.shown_teams(m.month::date) s
    ), cells as (
      select u.*, s.shown, u.cost_eur * r.verified_m2_per_eur as m2_verified, u.cost_eur * r.pending_m2_per_eur as m2_pending
      from public.usage_org_daily u
      join shown s on s.month = date_trunc('month', u.day)::date and s.team = u.team
      left join private.restoration_rates($1, $2) r on r.month = s.month
      where u.day between $1 and $2
    ), sums as (
      select c.shown as team, %s from cells c group by c.shown
    )
    select coalesce(jsonb_agg(to_jsonb(s) order by s.cost_eur desc nulls last, s.team), '[]') from sums s where s.requests > 0
  $query$, private.figures()) into v_teams using v_months.first, v_months.last;
  return jsonb_build_object('by_team', v_teams,
    'by_team_period', jsonb_build_object('from', v_months.first, 'to', v_months.last));
end
$function$;
comment on function private.suppressed_teams(date, date) is
  'by_team as the organisation''s readers get it where people are not named, and the whole months it is of.';

-- Under which id and name a person stands in a month of finance.
create or replace function private.people_shown_by(p_month date) returns text
language sql stable security definer set search_path = '' as $$
  select case
    when private.people_are_named() then 'name'
    when private.setting('privacy_people') = '"pseudonymous"'
     and p_month + interval '1 month' <= private.reporting_today()
     and (select count(distinct u.user_id) from public.usage_user_monthly u where u.month = p_month and u.user_id <> '') >= private.fewest_people()
      then 'pseudonym'
    else 'nothing' end
$$;
comment on function private.people_shown_by(date) is 'How the people of a month are told apart for finance: by name, pseudonym or nothing.';

revoke execute on function private.fewest_people(), private.shown_teams(date), private.closed_months(date, date),
  private.suppressed_teams(date, date), private.people_shown_by(date) from public, anon, authenticated, service_role;
