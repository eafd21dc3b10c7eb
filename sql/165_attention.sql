-- Attention: what the organisation's readers may have to act on today. Facts only: what matters most, and
-- how it is said, is decided by the page (lib/footprint/ui/attention.py). All of it is from the rollups.

create or replace function private.attention() returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_today constant date := private.reporting_today();
  v_month constant date := date_trunc('month', v_today::timestamp)::date;
begin
  perform private.require_org_reader();
  return (
    select jsonb_build_object(
      'today', v_today, 'last_day', (select max(u.day) from public.usage_org_daily u),
      'requests', coalesce(sum(u.requests), 0), 'billable', coalesce(sum(u.billable), 0), 'measurable', coalesce(sum(u.measurable), 0), 'priced', coalesce(sum(u.priced), 0),
      'measured', coalesce(sum(u.measured), 0), 'attributed', coalesce(sum(u.attributed), 0),
      'unknown_models', count(distinct (u.provider, u.model)) filter (where u.measurable > u.measured))
      from public.usage_org_daily u where u.day between v_today - 29 and v_today)
    || (select jsonb_build_object('open_months', count(*), 'open_pledged_eur', coalesce(round(sum(r.pledged_eur), 2), 0)::text, 'oldest_open_month', min(r.month))
          from private.restoration_rates((v_month - interval '12 months')::date, (v_month - 1)) r
         where r.status = 'pending' and r.pledged_eur > 0)
    || (select jsonb_build_object('unverified_donations', count(*)) from public.donations d where d.verified_at is null);
end
$$;
comment on function private.attention() is
  'Of the last thirty days: what has no price, no impact, no person; the closed months of a year whose pledge has no receipt; and donations nobody has verified.';
create or replace function public.attention() returns jsonb
language sql stable security invoker set search_path = '' as $$ select private.attention() $$;
comment on function public.attention() is 'What admins and finance may have to act on today, as facts.';

revoke execute on function private.attention(), public.attention() from public, anon, authenticated, service_role;
grant execute on function private.attention(), public.attention() to authenticated;
