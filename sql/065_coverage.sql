-- Coverage: how much of the requests, tokens and cost is priced, measured and attributed.
--
-- Shares are from 0 to 1 and null where there is nothing to be a share of. A cost that is not known
-- cannot be counted, so there is no share of the cost that is priced.

do $generate$
declare
  v_view text;
begin
  foreach v_view in array array['coverage_user_monthly', 'coverage_org_monthly'] loop
    execute format($view$
      create or replace view public.%1$I with (security_invoker = true) as
      select %2$s, sum(u.requests) as requests, sum(u.billable) as billable, sum(u.measurable) as measurable,
             sum(u.tokens_used) as tokens_used, sum(u.cost_eur) as cost_eur,
             round(sum(u.priced) / nullif(sum(u.billable), 0), 6) as requests_priced_share,
             round(sum(u.measured) / nullif(sum(u.measurable), 0), 6) as requests_measured_share,
             round(sum(u.attributed) / nullif(sum(u.requests), 0), 6) as requests_attributed_share,
             round(sum(u.tokens_priced) / nullif(sum(u.tokens_used), 0), 6) as tokens_priced_share,
             round(sum(u.tokens_measured) / nullif(sum(u.tokens_used), 0), 6) as tokens_measured_share,
             round(sum(u.tokens_attributed) / nullif(sum(u.tokens_used), 0), 6) as tokens_attributed_share,
             round(sum(u.cost_eur_measured) / nullif(sum(u.cost_eur), 0), 6) as cost_measured_share,
             round(sum(u.cost_eur_attributed) / nullif(sum(u.cost_eur), 0), 6) as cost_attributed_share
        from public.%3$I u group by %4$s
    $view$, v_view,
      case v_view when 'coverage_user_monthly' then 'u.user_id, u.month' else 'date_trunc(''month'', u.day)::date as month' end,
      case v_view when 'coverage_user_monthly' then 'usage_user_monthly' else 'usage_org_daily' end,
      case v_view when 'coverage_user_monthly' then '1, 2' else '1' end);
    execute format('comment on view public.%I is %L', v_view, case v_view
      when 'coverage_user_monthly' then 'Shares (0-1) of a person''s requests, tokens and cost by month that are priced, measured and attributed.'
      else 'Shares (0-1) of the organisation''s requests, tokens and cost by month that are priced, measured and attributed.' end);
    execute format('revoke all on public.%I from public, anon, authenticated, service_role', v_view);
    execute format('grant select on public.%I to authenticated, service_role', v_view);
  end loop;
end
$generate$;

-- What a provider says of the electricity it buys stands beside what its grid weighs, with its source.
create or replace function private.market_figures() returns jsonb
language sql stable security definer set search_path = '' as $$
  select coalesce(jsonb_agg(jsonb_build_object(
           'provider', f.provider, 'gco2e_per_kwh', f.market_gco2e_per_kwh, 'source', coalesce(s.sources #>> array['citations', f.market_source, 'title'], f.market_source),
           'url', s.sources #>> array['citations', f.market_source, 'url']) order by f.provider), '[]')
    from public.provider_facilities f
    join public.factor_sets s on s.factor_set = f.factor_set
   where f.factor_set = private.setting('active_factor_set') #>> '{}' and f.market_gco2e_per_kwh is not null
$$;
comment on function private.market_figures() is
  'Providers with a market-based figure in the active set: gCO2e per kWh of the electricity they buy, and its source. Internal.';
revoke execute on function private.market_figures() from public, anon, authenticated, service_role;
