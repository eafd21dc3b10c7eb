-- Credit as pages ask for it: the ledger for finance, and one's own balance for everybody in prepaid mode.
--
-- A balance is never stored: it is the ledger less the known cost of all usage (public.balances). Usage
-- stands in a statement of credit as one debit a month, from the rollup.

create or replace function private.ledger(p_user_id text, p_before timestamptz, p_before_id uuid, p_limit integer) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_named constant boolean := private.people_are_named();
begin
  perform private.require_org_reader();
  if p_limit is null or p_limit not between 1 and 200 then
    raise sqlstate 'PT400' using message = 'p_limit must be from 1 to 200; page with p_before and p_before_id.';
  end if;
  return jsonb_build_object(
    'prepaid_mode', coalesce(private.setting('prepaid_mode') = 'true', false), 'needs_two_people', private.needs_two_people(),
    'people_are_named', v_named, 'me', private.current_user_id(),
    'people', (select coalesce(jsonb_agg(jsonb_build_object('user_id', p.user_id, 'title', coalesce(p.full_name, p.email, p.user_id),
          'email', p.email, 'team', p.team, 'credited_eur', c.credited_eur::text,
          'used_eur', case when v_named then coalesce(u.cost_eur, 0)::text end,
          'balance_eur', case when v_named then (c.credited_eur - coalesce(u.cost_eur, 0))::text end)
          order by lower(coalesce(p.full_name, p.email, p.user_id)), p.user_id), '[]')
        from public.user_profiles p
        left join (select t.user_id, sum(t.amount_eur) as credited_eur from public.transactions t group by t.user_id) c on c.user_id = p.user_id
        left join public.user_usage_totals u on u.user_id = p.user_id
       where p.deleted_at is null or c.user_id is not null),
    'proposed', (select coalesce(jsonb_agg(to_jsonb(q) || jsonb_build_object('amount_eur', q.amount_eur::text,
          'title', coalesce(p.full_name, p.email, q.user_id), 'proposed_by_title', coalesce(b.full_name, b.email, q.proposed_by)) order by q.proposed_at, q.transaction_id), '[]')
        from public.proposed_transactions q join public.user_profiles p on p.user_id = q.user_id
        left join public.user_profiles b on b.user_id = q.proposed_by where q.decision is null),
    'entries', (select coalesce(jsonb_agg(to_jsonb(e) || jsonb_build_object('amount_eur', e.amount_eur::text) order by e.created_at desc, e.transaction_id desc), '[]')
        from (select t.transaction_id, t.user_id, coalesce(p.full_name, p.email, t.user_id) as title, t.kind, t.amount_eur, t.note, t.created_at,
                     coalesce(b.full_name, b.email, t.created_by) as created_by, coalesce(a.full_name, a.email, t.approved_by) as approved_by, t.reverses,
                     exists (select 1 from public.transactions r where r.reverses = t.transaction_id) as is_reversed
                from public.transactions t join public.user_profiles p on p.user_id = t.user_id
                left join public.user_profiles b on b.user_id = t.created_by left join public.user_profiles a on a.user_id = t.approved_by
               where (p_user_id is null or t.user_id = p_user_id)
                 and (t.created_at, t.transaction_id) < (coalesce(p_before, 'infinity'), coalesce(p_before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
               order by t.created_at desc, t.transaction_id desc limit p_limit) e));
end
$$;
comment on function private.ledger(text, timestamptz, uuid, integer) is
  'People with their balance, entries that wait, and a page of the ledger, newest first, of one person or (null) all; finance and admins only.';

create or replace function public.ledger(p_user_id text default null, p_before timestamptz default null, p_before_id uuid default null, p_limit integer default 50)
returns jsonb
language sql stable security invoker set search_path = '' as $$ select private.ledger(p_user_id, p_before, p_before_id, p_limit) $$;
comment on function public.ledger(text, timestamptz, uuid, integer) is
  'People with their balance, entries that wait, and a page of the ledger; finance and admins only.';

-- Runs as the caller: row level security leaves their own ledger and usage.
create or replace function public.my_credit() returns jsonb
language sql stable security invoker set search_path = '' as $$
  with me as (
    select (select private.current_user_id()) as user_id
  ), days as (
    select u.day, sum(u.cost_eur) as cost_eur from public.usage_user_daily u, me
     where u.user_id = me.user_id and u.day > (public.deployment_info() ->> 'today')::date - 58 group by u.day
  )
  select jsonb_build_object(
    'prepaid_mode', (select s.value = 'true' from public.settings s where s.key = 'prepaid_mode'),
    'today', public.deployment_info() -> 'today',
    'credited_eur', (select coalesce(sum(t.amount_eur), 0)::text from public.transactions t, me where t.user_id = me.user_id),
    'used_eur', coalesce((select u.cost_eur::text from public.user_usage_totals u, me where u.user_id = me.user_id), '0'),
    'entries', (select coalesce(jsonb_agg(jsonb_build_object('kind', t.kind, 'amount_eur', t.amount_eur::text, 'note', t.note, 'created_at', t.created_at)
                  order by t.created_at desc, t.transaction_id), '[]') from public.transactions t, me where t.user_id = me.user_id),
    'months', (select coalesce(jsonb_agg(jsonb_build_object('month', m.month, 'cost_eur', m.cost_eur::text) order by m.month desc), '[]')
                 from (select u.month, sum(u.cost_eur) as cost_eur from public.usage_user_monthly u, me where u.user_id = me.user_id group by u.month) m
                where m.cost_eur <> 0),
    'days', (select coalesce(jsonb_agg(jsonb_build_object('day', d.day, 'cost_eur', d.cost_eur::text) order by d.day), '[]') from days d))
$$;
comment on function public.my_credit() is 'One''s own credit: ledger, usage by month, and the cost of the last days, from which a forecast is made.';

revoke execute on function private.ledger(text, timestamptz, uuid, integer), public.ledger(text, timestamptz, uuid, integer), public.my_credit()
  from public, anon, authenticated, service_role;
grant execute on function private.ledger(text, timestamptz, uuid, integer), public.ledger(text, timestamptz, uuid, integer), public.my_credit() to authenticated;
