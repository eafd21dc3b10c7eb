-- The m2 of a closed month, person by person: whole cm2 that add up to the receipts exactly.
--
-- Shares by cost are rarely whole; each is cut to whole cm2 and the cm2 that are left go to the largest
-- remainders (then the larger cost, then the name), so that a list that finance hands out sums to what
-- the receipts say. A month without receipts has nothing to share: its m2 are pending, never listed.
-- Where people are not named, they stand under what finance may see of them (sql/105_works_council.sql).

create or replace function private.restoration_shares(p_month date) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_month constant date := date_trunc('month', p_month)::date;
  v_people text;
  v_rate record;
begin
  perform private.require_org_reader();
  if v_month is null then
    raise sqlstate 'PT400' using message = 'A month is needed.';
  end if;
  v_people := private.people_shown_by(v_month);
  select * into v_rate from private.restoration_rates(v_month, v_month);
  return (
    with costs as (
      select case when u.user_id = '' then null when v_people = 'name' then u.user_id
                  when v_people = 'pseudonym' then private.pseudonym(u.user_id) else 'everybody' end as user_id, sum(u.cost_eur) as cost_eur
        from public.usage_user_monthly u where u.month = v_month group by 1 having sum(u.cost_eur) > 0
    ), exact as (
      select c.*, round(v_rate.area_m2 * 10000) as receipts_cm2,
             round(v_rate.area_m2 * 10000) * c.cost_eur / sum(c.cost_eur) over () as share_cm2
        from costs c where v_rate.status = 'verified'
    ), cut as (
      select e.*, floor(e.share_cm2) as whole_cm2,
             row_number() over (order by e.share_cm2 - floor(e.share_cm2) desc, e.cost_eur desc, e.user_id) as place,
             e.receipts_cm2 - sum(floor(e.share_cm2)) over () as left_cm2
        from exact e
    )
    select jsonb_build_object('month', v_month, 'status', v_rate.status, 'area_m2', v_rate.area_m2, 'people_shown_by', v_people,
      'shares', coalesce(jsonb_agg(jsonb_build_object('user_id', s.user_id, 'email', p.email,
        'full_name', case when s.user_id = 'everybody' and v_people = 'nothing' then 'Everybody' else p.full_name end, 'team', p.team,
        'cost_eur', s.cost_eur::text, 'area_cm2', s.whole_cm2 + case when s.place <= s.left_cm2 then 1 else 0 end)
        order by s.cost_eur desc, s.user_id) filter (where s.cost_eur is not null), '[]'))
      from cut s left join public.user_profiles p on v_people = 'name' and p.user_id = s.user_id);
end
$$;
comment on function private.restoration_shares(date) is
  'The verified m2 of a closed month by person in whole cm2 that add up to the receipts exactly; finance and admins only.';
create or replace function public.restoration_shares(p_month date) returns jsonb
language sql stable security invoker set search_path = '' as $$ select private.restoration_shares(p_month) $$;
comment on function public.restoration_shares(date) is
  'The verified m2 of a closed month by person (null: nobody known), in cm2 that sum to the receipts; no shares while pending. Finance and admins only.';
revoke execute on function private.restoration_shares(date), public.restoration_shares(date) from public, anon, authenticated, service_role;
grant execute on function private.restoration_shares(date), public.restoration_shares(date) to authenticated;
