-- Whether the rollups still say what the requests say: bounded, so that a page can ask and repair.
--
-- A day of the daily rollups is worked out anew from its requests; months are compared with their days and
-- totals with their months, which needs no request at all. Tags are worked out from a month's requests.

create or replace function private.rollup_measures(p_rollup text) returns text[]
language sql stable set search_path = '' as $$
  select array_agg(quote_ident(a.attname) order by a.attnum) from pg_catalog.pg_attribute a
   where a.attrelid = format('public.%I', p_rollup)::regclass and a.attnum > 0 and not a.attisdropped
     and a.attname not in ('user_id', 'day', 'month', 'team', 'tag', 'provider', 'model')
$$;
comment on function private.rollup_measures(text) is 'The columns of a rollup that are measures, quoted.';

-- The query that says what a rollup must hold of a day or month ($1), and its columns.
create or replace function private.rollup_query(p_rollup text, out columns text, out expected text)
language plpgsql stable set search_path = '' as $$
declare
  v_measures constant text[] := private.rollup_measures(p_rollup);
  v_sums constant text := (select string_agg(format('sum(%s) as %1$s', m), ', ') from unnest(v_measures) m);
  v_minus constant text := (select string_agg('-' || m, ', ') from unnest(v_measures) m);
  v_list constant text := array_to_string(v_measures, ', ');
  v_bounds constant text := '($1::timestamp at time zone private.reporting_timezone(), ($1 + interval ''1 %s'') at time zone private.reporting_timezone())';
begin
  case p_rollup
    when 'usage_user_daily' then
      columns := 'user_id, day, provider, model, ' || v_list;
      expected := format('select %s from private.recomputed_usage_user_daily_between', columns) || format(v_bounds, 'day');
    when 'usage_org_daily' then
      columns := 'day, team, provider, model, ' || v_list;
      expected := format('select %s from private.recomputed_usage_org_daily_between', columns) || format(v_bounds, 'day');
    when 'usage_tag_monthly' then
      columns := 'month, tag, provider, model, ' || v_list;
      expected := format('select %s from private.recomputed_usage_tag_monthly_between', columns) || format(v_bounds, 'month');
    when 'usage_user_monthly' then
      columns := 'user_id, month, provider, model, ' || v_list;
      -- People's months are their days; nobody's is what the organisation has beyond its people.
      expected := format($query$
        select user_id, $1 as month, provider, model, %1$s from public.usage_user_daily
         where day >= $1 and day < $1 + interval '1 month' group by user_id, provider, model
        union all
        select '', $1, provider, model, %1$s from (
          select provider, model, %2$s from public.usage_org_daily where day >= $1 and day < $1 + interval '1 month'
          union all
          select provider, model, %3$s from public.usage_user_daily where day >= $1 and day < $1 + interval '1 month') x
         group by provider, model having sum(requests) <> 0$query$, v_sums, v_list, v_minus);
    when 'user_usage_totals' then
      columns := 'user_id, ' || v_list;
      expected := format('select user_id, %s from public.usage_user_monthly where user_id <> '''' and $1 is not null group by user_id', v_sums);
  end case;
end
$$;
comment on function private.rollup_query(text) is 'Columns of a rollup and the query of what it must hold of a day or month ($1).';

create or replace function private.rollup_condition(p_rollup text) returns text
language sql immutable set search_path = '' as $$
  select case when p_rollup like '%daily' then 'day = $1' when p_rollup like '%monthly' then 'month = $1' else '$1 is not null' end
$$;
comment on function private.rollup_condition(text) is 'Which rows of a rollup belong to a day or month ($1).';

create or replace function private.rollup_differences(p_rollups text[], p_day date) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_rollup text;
  v_count bigint;
  v_answer jsonb := '{}';
  q record;
begin
  perform private.require_admin();
  foreach v_rollup in array p_rollups loop
    q := private.rollup_query(v_rollup);
    execute format($query$
      with expected as materialized (%1$s), held as materialized (select %2$s from public.%3$I where %4$s)
      select count(*) from ((table expected except all table held) union all (table held except all table expected)) d
    $query$, q.expected, q.columns, v_rollup, private.rollup_condition(v_rollup)) into v_count using p_day;
    v_answer := v_answer || jsonb_build_object(v_rollup, v_count);
  end loop;
  return v_answer;
end
$$;
comment on function private.rollup_differences(text[], date) is 'For some rollups, how many rows of a day or month are not as they must be; admins only.';

create or replace function private.check_rollup_day(p_day date) returns jsonb
language sql stable security definer set search_path = '' as $$
  select private.rollup_differences(array['usage_user_daily', 'usage_org_daily'], p_day)
$$;
comment on function private.check_rollup_day(date) is 'Compares a day of the rollups with its requests; admins only.';
create or replace function private.check_rollup_month(p_month date) returns jsonb
language sql stable security definer set search_path = '' as $$
  select private.rollup_differences(array['usage_user_monthly', 'usage_tag_monthly', 'user_usage_totals'], date_trunc('month', p_month)::date)
$$;
comment on function private.check_rollup_month(date) is
  'Compares a month of the rollups with its days, its tags with its requests, and every total with its months; admins only.';

-- Writers wait for this one day, not for the whole history.
create or replace function private.rebuild_rollup_day(p_day date) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_rollup text;
  v_from date;
  q record;
begin
  perform private.require_admin();
  if p_day is null then
    raise sqlstate 'PT400' using message = 'Say which day is to be rebuilt.';
  end if;
  lock table public.request_logs in share row exclusive mode;
  foreach v_rollup in array array['usage_user_daily', 'usage_org_daily', 'usage_user_monthly', 'usage_tag_monthly', 'user_usage_totals'] loop
    q := private.rollup_query(v_rollup);
    v_from := case when v_rollup like '%monthly' then date_trunc('month', p_day)::date else p_day end;
    execute format('delete from public.%I where %s', v_rollup, private.rollup_condition(v_rollup)) using v_from;
    execute format('insert into public.%I (%s) %s', v_rollup, q.columns, q.expected) using v_from;
  end loop;
  perform private.audit('rollups.rebuild', p_day::text, null, null);
end
$$;
comment on function private.rebuild_rollup_day(date) is
  'Works a day of the rollups out anew from its requests, then its month and the totals; admins only, audited.';

create or replace function public.check_rollup_day(p_day date) returns jsonb
language sql stable security invoker set search_path = '' as $$ select private.check_rollup_day(p_day) $$;
comment on function public.check_rollup_day(date) is 'How many rows of the daily rollups are not what the requests of a day say; admins only.';
create or replace function public.check_rollup_month(p_month date) returns jsonb
language sql stable security invoker set search_path = '' as $$ select private.check_rollup_month(p_month) $$;
comment on function public.check_rollup_month(date) is 'How many rows of the monthly rollups and totals are not what their days and months say; admins only.';
create or replace function public.rebuild_rollup_day(p_day date) returns void
language sql security invoker set search_path = '' as $$ select private.rebuild_rollup_day(p_day) $$;
comment on function public.rebuild_rollup_day(date) is 'Works a day, its month and the totals out anew; admins only, audited.';

revoke execute on function private.rollup_measures(text), private.rollup_query(text), private.rollup_condition(text),
  private.rollup_differences(text[], date), private.check_rollup_day(date), private.check_rollup_month(date), private.rebuild_rollup_day(date),
  public.check_rollup_day(date), public.check_rollup_month(date), public.rebuild_rollup_day(date) from public, anon, authenticated, service_role;
grant execute on function private.check_rollup_day(date), private.check_rollup_month(date), private.rebuild_rollup_day(date),
  public.check_rollup_day(date), public.check_rollup_month(date), public.rebuild_rollup_day(date) to authenticated;
