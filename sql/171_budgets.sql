-- Budgets: what the organisation, a team or a person means to spend in a month, in EUR.
--
-- A budget holds from its month on until another one is set; one of null ends it. What was spent is read
-- from the rollups. Where people are not named, the budgets of teams and people are not compared with
-- anything: the difference would be somebody's spending.

comment on table public.budgets is 'Budgets in EUR a month, each from a month on until the next one.';
comment on column public.budgets.budget_id is 'The budget.';
comment on column public.budgets.scope is 'Whose: organisation, team or person.';
comment on column public.budgets.team is 'The team; null for the others.';
comment on column public.budgets.user_id is 'The person; null for the others.';
comment on column public.budgets.from_month is 'First day of the month it holds from.';
comment on column public.budgets.amount_eur is 'EUR a month; null ends the budget.';
comment on column public.budgets.set_at is 'When it was set (UTC).';
comment on column public.budgets.set_by is 'user_id of who set it.';

alter table public.budgets enable row level security;
drop policy if exists "admins and finance read the budgets" on public.budgets;
create policy "admins and finance read the budgets" on public.budgets
  for select to authenticated using ((select private.is_org_reader()));
revoke all on public.budgets from public, anon, authenticated, service_role;
grant select on public.budgets to authenticated, service_role;

create or replace function private.set_budget(p_scope text, p_name text, p_month date, p_amount_eur numeric) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_name constant text := nullif(btrim(p_name), '');
  v_before jsonb;
  b public.budgets;
begin
  perform private.require_org_reader();
  if coalesce(p_scope, '') not in ('organisation', 'team', 'person') then
    raise sqlstate 'PT400' using message = 'A budget is the organisation''s, a team''s or a person''s.';
  elsif (p_scope = 'organisation') <> (v_name is null) then
    raise sqlstate 'PT400' using message = 'Say whose budget it is: a team or a person; the organisation''s has no name.';
  elsif p_month is null or p_month not between '2000-01-01' and '2999-12-01' then
    raise sqlstate 'PT400' using message = 'Say from which month the budget holds.';
  elsif p_amount_eur <= 0 or p_amount_eur >= 1e12 or p_amount_eur <> round(p_amount_eur, 2) then
    raise sqlstate 'PT400' using message = 'A budget is more than 0 euros, in whole cents; leave it empty to end it.';
  elsif p_scope = 'team' and length(v_name) > 100 then
    raise sqlstate 'PT400' using message = 'The name of a team has at most 100 characters.';
  elsif p_scope = 'person' and not exists (select 1 from public.user_profiles p where p.user_id = v_name and p.deleted_at is null) then
    raise sqlstate 'PT404' using message = 'Nobody is known by this id.';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('budget ' || p_scope || ' ' || coalesce(v_name, ''), 0));
  select to_jsonb(x) into v_before from public.budgets x
   where x.scope = p_scope and coalesce(x.team, x.user_id, '') = coalesce(v_name, '') and x.from_month = date_trunc('month', p_month)::date;
  insert into public.budgets (scope, team, user_id, from_month, amount_eur, set_by)
  values (p_scope, case p_scope when 'team' then v_name end, case p_scope when 'person' then v_name end,
          date_trunc('month', p_month)::date, p_amount_eur, private.current_user_id())
  on conflict (scope, coalesce(team, ''), coalesce(user_id, ''), from_month)
  do update set amount_eur = excluded.amount_eur, set_by = excluded.set_by, set_at = now()
  returning * into b;
  perform private.audit('budget.set', case p_scope when 'person' then v_name else p_scope || coalesce(' ' || v_name, '') end, v_before, to_jsonb(b));
  return b.budget_id;
end
$$;
comment on function private.set_budget(text, text, date, numeric) is
  'Sets a budget from a month on (null: ends it); name of the team, user_id of the person. Finance and admins only, audited.';

create or replace function private.budget_states(p_month date) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_month constant date := date_trunc('month', p_month)::date;
  v_named constant boolean := private.people_are_named();
begin
  perform private.require_org_reader();
  if v_month is null then
    raise sqlstate 'PT400' using message = 'A month is needed.';
  end if;
  return (
    with newest as (
      select distinct on (b.scope, b.team, b.user_id) b.* from public.budgets b
       where b.from_month <= v_month and (v_named or b.scope = 'organisation')
       order by b.scope, b.team, b.user_id, b.from_month desc
    ), spent as (
      select n.*, case n.scope
          when 'organisation' then (select sum(u.cost_eur) from public.usage_user_monthly u where u.month = v_month)
          when 'team' then (select sum(u.cost_eur) from public.usage_org_daily u
                             where u.day >= v_month and u.day < v_month + interval '1 month' and u.team = n.team)
          else (select sum(u.cost_eur) from public.usage_user_monthly u where u.user_id = n.user_id and u.month = v_month) end as cost_eur
        from newest n where n.amount_eur is not null
    )
    select jsonb_build_object('month', v_month, 'people_are_named', v_named, 'budgets', coalesce(jsonb_agg(jsonb_build_object(
        'scope', s.scope, 'name', coalesce(s.team, s.user_id, ''), 'title', coalesce(s.team, p.full_name, p.email, s.user_id, ''),
        'from_month', s.from_month, 'amount_eur', s.amount_eur::text, 'cost_eur', coalesce(s.cost_eur, 0)::text,
        'state', case when coalesce(s.cost_eur, 0) >= s.amount_eur then 'reached' when s.cost_eur >= 0.8 * s.amount_eur then 'near' else 'within' end)
        order by array_position(array['organisation', 'team', 'person'], s.scope), coalesce(s.cost_eur, 0) / s.amount_eur desc, s.team, s.user_id), '[]'))
      from spent s left join public.user_profiles p on p.user_id = s.user_id);
end
$$;
comment on function private.budget_states(date) is
  'The budgets that hold in a month and what was spent: within, near (from 80 %) or reached (from 100 %). Finance and admins only.';

create or replace function public.set_budget(p_scope text, p_name text, p_month date, p_amount_eur numeric) returns uuid
language sql security invoker set search_path = '' as $$ select private.set_budget(p_scope, p_name, p_month, p_amount_eur) $$;
comment on function public.set_budget(text, text, date, numeric) is 'Sets a budget from a month on (null: ends it); finance and admins only, audited.';
create or replace function public.budget_states(p_month date) returns jsonb
language sql stable security invoker set search_path = '' as $$ select private.budget_states(p_month) $$;
comment on function public.budget_states(date) is 'The budgets that hold in a month against what was spent; finance and admins only.';
revoke execute on function private.set_budget(text, text, date, numeric), private.budget_states(date),
  public.set_budget(text, text, date, numeric), public.budget_states(date) from public, anon, authenticated, service_role;
grant execute on function private.set_budget(text, text, date, numeric), private.budget_states(date),
  public.set_budget(text, text, date, numeric), public.budget_states(date) to authenticated;
