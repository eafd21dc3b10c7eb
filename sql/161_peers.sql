-- Peers: how one's own month stands against the median of the others.
--
-- A median of few people, or the difference of two medians a day apart, would be about one person. So it is
-- of whole calendar months that are over (one fixed group of people each), of at least five others, to two
-- significant digits, and nowhere where figures by person are switched off (sql/025_privacy.sql).

create or replace function private.two_digits(p_value numeric) returns numeric
language sql immutable set search_path = '' as $$
  select case when p_value <> 0 then round(p_value, 1 - floor(log(abs(p_value)))::integer) else p_value end
$$;
comment on function private.two_digits(numeric) is 'A number rounded to two significant digits. Internal.';

create or replace function private.my_peers(p_to date) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_me constant text := private.current_user_id();
  -- The newest month that is over, both today and on the last day asked about.
  v_month constant date := (date_trunc('month', least(p_to + 1, private.reporting_today())::timestamp) - interval '1 month')::date;
  v_others bigint;
  v_reason text;
  v_answer jsonb;
begin
  if v_me is null then
    raise sqlstate 'PT403' using message = 'This account has no profile yet.', hint = 'Confirm your e-mail address, then sign in again.';
  elsif v_month is null then
    raise sqlstate 'PT400' using message = 'A day is needed.';
  end if;
  with people as (
    select u.user_id, sum(u.tokens_used) as tokens_used,
           case when sum(u.priced) > 0 then sum(u.cost_eur) end as cost_eur,
           case when sum(u.measured) > 0 then sum(u.energy_kwh) end as energy_kwh,
           case when sum(u.measured) > 0 then sum(u.carbon_gco2e) end as carbon_gco2e,
           case when sum(u.measured) > 0 then sum(u.water_l) end as water_l
      from public.usage_user_monthly u
     where u.month = v_month and u.user_id <> ''
     group by u.user_id
  ), medians as (
    select m.name, private.two_digits((percentile_cont(0.5) within group (order by m.amount::float8))::numeric) as median
      from people p
      cross join lateral (values ('tokens_used', p.tokens_used), ('cost_eur', p.cost_eur), ('energy_kwh', p.energy_kwh),
                                 ('carbon_gco2e', p.carbon_gco2e), ('water_l', p.water_l)) as m (name, amount)
     where p.user_id <> v_me and m.amount is not null
     group by m.name
    having count(*) >= private.fewest_people()
  )
  select (select count(*) from people p where p.user_id <> v_me),
         jsonb_build_object('mine', (select to_jsonb(p) - 'user_id' from people p where p.user_id = v_me),
                            'median', (select jsonb_object_agg(m.name, m.median) from medians m))
    into v_others, v_answer;
  v_reason := case when private.setting('privacy_people') = '"off"' then 'privacy'
                   when v_others < private.fewest_people() then 'few' end;
  if v_reason is not null then
    return jsonb_build_object('month', v_month, 'reason', v_reason);
  end if;
  return v_answer || jsonb_build_object('month', v_month, 'others', v_others, 'reason', null);
end
$$;
comment on function private.my_peers(date) is
  'One''s own newest month that is over by a day, and the median of the others; why there is none where there is none.';

create or replace function public.my_peers(p_to date) returns jsonb
language sql stable security invoker set search_path = '' as $$ select private.my_peers(p_to) $$;
comment on function public.my_peers(date) is
  'One''s own newest month that is over by a day, beside the median of the other people: at least five, to two significant digits.';

revoke execute on function private.two_digits(numeric), private.my_peers(date), public.my_peers(date)
  from public, anon, authenticated, service_role;
grant execute on function private.my_peers(date), public.my_peers(date) to authenticated;
