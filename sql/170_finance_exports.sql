-- Exports for finance: a month as lines, request by request, or in FOCUS columns, page by page.
--
-- A file may have a million lines, so neither the database nor the app ever holds it whole: a page is at
-- most 10,000 rows, found by the key after the last row of the page before. The head says what the file
-- will hold; it and the first page are of one snapshot. What a column is called, and where it comes from,
-- is said once, in private.export_columns(). Every value leaves as text, so that no digit is lost.
--
--   statement  lines by person, provider and model, from the monthly rollup; people as on the page.
--   requests   every request, without anything that says whose it was; only where people are named.
--   focus      days by team, provider and model in the columns of FOCUS (docs/finance.md).

create or replace function private.export_columns(p_kind text) returns text[]
language sql immutable set search_path = '' as $function$
  -- name, text or number, expression
  select case p_kind
    when 'statement' then array[
      ['month', 'text', $$to_char($1, 'YYYY-MM')$$], ['user_id', 'text', 's.user_id'], ['email', 'text', 'p.email'],
      ['full_name', 'text', $$case when s.user_id = 'everybody' and $4 = 'nothing' then 'Everybody' else p.full_name end$$],
      ['team', 'text', 'p.team'], ['provider', 'text', 's.provider'], ['model', 'text', 's.model'],
      ['requests', 'number', 's.requests'], ['failures', 'number', 's.failures'], ['cache_hits', 'number', 's.cache_hits'],
      ['priced', 'number', 's.priced'], ['measured', 'number', 's.measured'],
      ['tokens_input_uncached', 'number', 's.tokens_input_uncached'], ['tokens_cache_read', 'number', 's.tokens_cache_read'],
      ['tokens_cache_write', 'number', 's.tokens_cache_write'], ['tokens_output_text', 'number', 's.tokens_output_text'],
      ['tokens_reasoning', 'number', 's.tokens_reasoning'], ['tokens_used', 'number', 's.tokens_used'],
      ['cost_usd', 'number', 's.cost_usd'], ['cost_eur', 'number', 's.cost_eur'],
      ['energy_kwh', 'number', 's.energy_kwh'], ['energy_kwh_low', 'number', 's.energy_kwh_low'], ['energy_kwh_high', 'number', 's.energy_kwh_high'],
      ['carbon_gco2e', 'number', 's.carbon_gco2e'], ['carbon_gco2e_low', 'number', 's.carbon_gco2e_low'], ['carbon_gco2e_high', 'number', 's.carbon_gco2e_high'],
      ['water_l', 'number', 's.water_l'], ['water_l_low', 'number', 's.water_l_low'], ['water_l_high', 'number', 's.water_l_high'],
      ['restored_m2_verified', 'number', 's.restored_m2_verified'], ['restored_m2_pending', 'number', 's.restored_m2_pending'],
      ['billable', 'number', 's.billable'], ['measurable', 'number', 's.measurable']]
    when 'requests' then array[
      ['started_at', 'text', $$to_char(s.started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')$$], ['event_id', 'text', 's.event_id'],
      ['litellm_call_id', 'text', 's.litellm_call_id'], ['team', 'text', 's.team'], ['provider', 'text', 's.provider'], ['model', 'text', 's.model'],
      ['model_group', 'text', 's.model_group'], ['call_type', 'text', 's.call_type'], ['region', 'text', 's.region'], ['status', 'text', 's.status'],
      ['cache_hit', 'text', $$case when s.cache_hit then 'yes' else 'no' end$$],
      ['tokens_input_uncached', 'number', 's.tokens_input_uncached'], ['tokens_cache_read', 'number', 's.tokens_cache_read'],
      ['tokens_cache_write', 'number', 's.tokens_cache_write'], ['tokens_output_text', 'number', 's.tokens_output_text'],
      ['tokens_reasoning', 'number', 's.tokens_reasoning'],
      ['cost_usd', 'number', 'case when s.cache_hit then 0 else s.cost_usd end'], ['price_source', 'text', 's.price_source'],
      ['fx_eur_per_usd', 'number', 's.fx_eur_per_usd'], ['fx_date', 'text', 's.fx_date'],
      ['cost_eur', 'number', 'case when s.cache_hit then 0 else s.cost_eur end'],
      ['energy_kwh', 'number', 's.energy_kwh'], ['carbon_gco2e', 'number', 's.carbon_gco2e'], ['water_l', 'number', 's.water_l'],
      ['factor_set', 'text', 's.factor_set'], ['reported_cost', 'number', 's.reported_cost'], ['reported_currency', 'text', 's.reported_currency'],
      ['service_tier', 'text', 's.service_tier'], ['quantities', 'text', 'private.quantities_text(s.quantities)'],
      ['cost_tools_usd', 'number', 'case when s.cache_hit then 0 * s.cost_tools_usd else s.cost_tools_usd end'],
      ['flags', 'text', $$array_to_string(s.flags, '; ')$$]]
    when 'focus' then array[
      ['BilledCost', 'number', 's.cost_eur'], ['BillingAccountId', 'text', 'c.organisation'], ['BillingAccountName', 'text', 'c.organisation'],
      ['BillingCurrency', 'text', $$'EUR'$$], ['BillingPeriodEnd', 'text', 'c.month_end'], ['BillingPeriodStart', 'text', 'c.month_start'],
      ['ChargeCategory', 'text', $$'Usage'$$], ['ChargeClass', 'text', 'null'],
      ['ChargeDescription', 'text', $$'LLM requests to ' || s.model$$], ['ChargeFrequency', 'text', $$'Usage-Based'$$],
      ['ChargePeriodEnd', 'text', 'private.utc_text(s.day + 1, c.zone)'], ['ChargePeriodStart', 'text', 'private.utc_text(s.day, c.zone)'],
      ['ConsumedQuantity', 'number', 's.tokens_used'], ['ConsumedUnit', 'text', $$'Tokens'$$],
      ['ContractedCost', 'number', 's.cost_eur'], ['EffectiveCost', 'number', 's.cost_eur'],
      ['HostProviderName', 'text', $$coalesce(nullif(s.provider, ''), 'Unknown')$$],
      ['InvoiceIssuerName', 'text', $$coalesce(nullif(s.provider, ''), 'Unknown')$$], ['ListCost', 'number', 's.cost_eur'],
      ['PricingCurrency', 'text', $$'USD'$$], ['PricingCurrencyEffectiveCost', 'number', 's.cost_usd'],
      ['PricingQuantity', 'number', 's.tokens_used'], ['PricingUnit', 'text', $$'Tokens'$$],
      ['ServiceCategory', 'text', $$'AI and Machine Learning'$$], ['ServiceName', 'text', $$'Large language models'$$],
      ['ServiceProviderName', 'text', $$coalesce(nullif(s.provider, ''), 'Unknown')$$], ['ServiceSubcategory', 'text', $$'Generative AI'$$],
      ['SkuId', 'text', $$s.provider || '/' || s.model$$], ['SkuMeter', 'text', $$'Tokens'$$], ['SkuPriceDetails', 'text', 'null'], ['SkuPriceId', 'text', $$s.provider || '/' || s.model$$],
      ['SubAccountId', 'text', $$nullif(s.team, '')$$], ['SubAccountName', 'text', $$nullif(s.team, '')$$],
      ['x_CarbonGrams', 'number', 'case when s.measured > 0 then s.carbon_gco2e end'],
      ['x_EnergyKilowattHours', 'number', 'case when s.measured > 0 then s.energy_kwh end'], ['x_Model', 'text', 's.model'],
      ['x_Requests', 'number', 's.requests'], ['x_RequestsWithoutPrice', 'number', 's.billable - s.priced'],
      ['x_WaterLitres', 'number', 'case when s.measured > 0 then s.water_l end']]
  end
$function$;
comment on function private.export_columns(text) is 'The columns of an export of finance: name, text or number, and the expression that fills it.';

create or replace function private.utc_text(p_day date, p_zone text) returns text
language sql stable set search_path = '' as $$
  select to_char((p_day::timestamp at time zone p_zone) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
$$;
comment on function private.utc_text(date, text) is 'When a day begins in a time zone, in UTC as ISO 8601.';

-- What an export reads: a select of its rows as `s`, in the order of its key, after $2, at most $3 of them.
create or replace function private.export_source(p_kind text, p_by_name boolean) returns text
language sql stable set search_path = '' as $function$
  select case p_kind
    when 'statement' then format($query$
      (select nullif(g.person, '') as user_id, g.* from (
         select c.person, c.provider, c.model, %s
           from (select u.*, u.cost_eur * (select verified_m2_per_eur from rate) as m2_verified, u.cost_eur * (select pending_m2_per_eur from rate) as m2_pending
                   from %s u) c
          group by c.person, c.provider, c.model) g
        where (g.person, g.provider, g.model) > ($2[1], $2[2], $2[3])
        order by g.person, g.provider, g.model limit $3) s left join public.user_profiles p on $4 = 'name' and p.user_id = s.user_id
      $query$, private.figures(),
      case when p_by_name then $source$
        (select m.*, m.user_id as person from public.usage_user_monthly m
          where m.month = $1 and (m.user_id, m.month, m.provider, m.model) > ($2[1], $1, $2[2], $2[3])
          order by m.user_id, m.month, m.provider, m.model limit $3) $source$
      else $source$
        (select m.*, case when m.user_id = '' then '' when $4 = 'pseudonym' then private.pseudonym(m.user_id) else 'everybody' end as person
           from public.usage_user_monthly m where m.month = $1) $source$ end)
    when 'requests' then $query$
      (select r.* from public.request_logs r, context x
        where r.started_at >= greatest($2[1]::timestamptz, $2[3]::date::timestamp at time zone x.zone)
          and r.started_at < (($2[3]::date + 1)::timestamp at time zone x.zone)
          and (r.started_at, r.event_id) > ($2[1]::timestamptz, $2[2]::uuid) and r.created_at <= $5
        order by r.started_at, r.event_id limit $3) s $query$
    when 'focus' then format($query$
      (select * from %s d
        where d.day >= $1 and d.day < $1 + interval '1 month' and (d.day, d.team, d.provider, d.model) > ($2[1]::date, $2[2], $2[3], $2[4])
        order by d.day, d.team, d.provider, d.model limit $3) s $query$,
      case when p_by_name then 'public.usage_org_daily' else $source$
        (select u.day, '' as team, u.provider, u.model, sum(u.requests) as requests, sum(u.billable) as billable, sum(u.priced) as priced,
                sum(u.measured) as measured, sum(u.tokens_used) as tokens_used, sum(u.cost_eur) as cost_eur, sum(u.cost_usd) as cost_usd,
                sum(u.energy_kwh) as energy_kwh, sum(u.carbon_gco2e) as carbon_gco2e, sum(u.water_l) as water_l
           from public.usage_org_daily u where u.day >= $1 and u.day < $1 + interval '1 month' group by u.day, u.provider, u.model) $source$ end)
  end
$function$;
comment on function private.export_source(text, boolean) is 'The rows of an export of finance, as the text of a query. Internal.';

-- The next day of a month on which there was a request, after a day (null: the first one).
create or replace function private.export_next_day(p_month date, p_after date) returns date
language sql stable security definer set search_path = '' as $$
  select min(u.day) from public.usage_org_daily u
   where u.day >= p_month and u.day < p_month + interval '1 month' and (p_after is null or u.day > p_after)
$$;
comment on function private.export_next_day(date, date) is 'The next day of a month with a request. Internal.';

create or replace function private.export_page(p_kind text, p_month date, p_as_of timestamptz, p_after text[], p_limit integer) returns jsonb
language plpgsql stable security definer set search_path = '' as $function$
declare
  v_columns constant text[] := private.export_columns(p_kind);
  v_people constant text := private.people_shown_by(p_month);
  v_after text[] := p_after;
  v_keys constant text := case p_kind when 'statement' then 'array[s.person, s.provider, s.model]'
    when 'requests' then 'array[s.started_at::text, s.event_id::text, $2[3]]' else 'array[s.day::text, s.team, s.provider, s.model]' end;
  v_order constant text := case p_kind when 'statement' then 's.person, s.provider, s.model' when 'requests' then 's.started_at, s.event_id'
    else 's.day, s.team, s.provider, s.model' end;
  v_values text;
  v_page record;
begin
  if v_after is null then
    v_after := case p_kind when 'statement' then array['', '', '']
      when 'requests' then array['-infinity', '00000000-0000-0000-0000-000000000000', private.export_next_day(p_month, null)::text]
      else array[(p_month - 1)::text, '', '', ''] end;
  end if;
  if p_kind = 'requests' and v_after[3] is null then
    return jsonb_build_object('rows', '[]'::jsonb, 'next', null);
  end if;
  select string_agg(case v_columns[n][2] when 'number' then format('trim_scale((%s)::numeric)::text', v_columns[n][3])
                    else format('(%s)::text', v_columns[n][3]) end, ', ' order by n)
    into v_values from generate_subscripts(v_columns, 1) n;
  execute format($query$
    with context as (
      select private.reporting_timezone() as zone
    ), rate as (
      select r.* from private.restoration_rates($1, $1) r
    ), described as (
      select x.zone, private.setting('organisation_name') #>> '{}' as organisation, private.utc_text($1, x.zone) as month_start,
             private.utc_text(($1 + interval '1 month')::date, x.zone) as month_end from context x
    )
    select coalesce(jsonb_agg(to_jsonb(array[%s]) order by %s), '[]') as lines, count(*) as size,
           jsonb_agg(to_jsonb(%s) order by %s) -> -1 as last
      from %s cross join described c
  $query$, v_values, v_order, v_keys, v_order, private.export_source(p_kind, v_people = 'name'))
  into v_page using p_month, v_after, p_limit, v_people, p_as_of;
  return jsonb_build_object('rows', v_page.lines, 'next', case
    when v_page.size = p_limit then v_page.last
    when p_kind = 'requests' and private.export_next_day(p_month, v_after[3]::date) is not null then
      jsonb_build_array('-infinity', '00000000-0000-0000-0000-000000000000', private.export_next_day(p_month, v_after[3]::date)::text) end);
end
$function$;
comment on function private.export_page(text, date, timestamptz, text[], integer) is
  'Rows of an export after a key (null: the first ones), every value as text, and the key to go on with (null: that was all). Internal.';

create or replace function private.export_head(p_kind text, p_month date, p_as_of timestamptz, p_limit integer) returns jsonb
language plpgsql stable security definer set search_path = '' as $function$
declare
  v_zone constant text := private.reporting_timezone();
  v_columns constant text[] := private.export_columns(p_kind);
  v_set constant text := private.setting('active_factor_set') #>> '{}';
  v_models constant jsonb := private.export_models(p_kind, p_month, p_as_of);  -- sql/173_export_check.sql
  v_totals jsonb;
begin
  select jsonb_build_object('rows', coalesce(sum((m ->> 2)::bigint), 0), 'requests', coalesce(sum((m ->> 5)::bigint), 0),
      'cost_eur', trim_scale(coalesce(sum((m ->> 3)::numeric), 0))::text, 'cost_usd', trim_scale(coalesce(sum((m ->> 4)::numeric), 0))::text)
    into v_totals from jsonb_array_elements(v_models) m;
  return v_totals || jsonb_build_object(
    'month', p_month, 'timezone', v_zone, 'as_of', p_as_of, 'organisation_name', private.setting('organisation_name'),
    'people_shown_by', private.people_shown_by(p_month), 'factor_set', v_set,
    'method_version', (select f.method_version from public.factor_sets f where f.factor_set = v_set),
    'columns', (select jsonb_agg(jsonb_build_array(v_columns[n][1], v_columns[n][2]) order by n) from generate_subscripts(v_columns, 1) n),
    'models', v_models, 'faults', private.export_faults(p_kind, p_month, v_models),
    'page', private.export_page(p_kind, p_month, p_as_of, null, p_limit));
end
$function$;
comment on function private.export_head(text, date, timestamptz, integer) is
  'What an export will hold, in all and by model, where that is not what the month holds, and its first page, of one snapshot. Internal.';

create or replace function private.require_export(p_kind text, p_month date, p_limit integer) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  perform private.require_org_reader();
  if coalesce(p_kind, '') not in ('statement', 'requests', 'focus') then
    raise sqlstate 'PT400' using message = 'An export is a statement, requests or focus.';
  elsif p_month is null or p_month <> date_trunc('month', p_month)::date or p_month not between '1970-01-01' and '2999-12-01' then
    raise sqlstate 'PT400' using message = 'A month is needed, as its first day.';
  elsif p_limit is null or p_limit not between 1 and 10000 then
    raise sqlstate 'PT400' using message = 'A page has from 1 to 10,000 rows.';
  elsif p_kind = 'requests' and not private.people_are_named() then
    raise sqlstate 'PT403' using message = 'Single requests are not exported where people are not named: take the month''s statement.';
  end if;
end
$$;
comment on function private.require_export(text, date, integer) is 'Answers HTTP 403 or 400 unless this export may be had by the signed-in person. Internal.';

create or replace function private.finance_export(p_kind text, p_month date, p_limit integer) returns jsonb
language plpgsql security definer set search_path = '' as $$
begin
  perform private.require_export(p_kind, p_month, p_limit);
  perform private.audit('finance.export', p_kind || ' ' || to_char(p_month, 'YYYY-MM'), null, null);
  return private.export_head(p_kind, p_month, now(), p_limit);
end
$$;
comment on function private.finance_export(text, date, integer) is 'Begins an export of a month; admins and finance only, audited.';

create or replace function private.finance_export_page(p_kind text, p_month date, p_as_of timestamptz, p_after text[], p_limit integer) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  perform private.require_export(p_kind, p_month, p_limit);
  if p_after is null or array_position(p_after, null) is not null or cardinality(p_after) <> (case p_kind when 'focus' then 4 else 3 end) then
    raise sqlstate 'PT400' using message = 'A page goes on after a key, as the page before gave it.';
  end if;
  return private.export_page(p_kind, p_month, p_as_of, p_after, p_limit);
exception when data_exception then
  raise sqlstate 'PT400' using message = 'A page goes on after a key, as the page before gave it.';
end
$$;
comment on function private.finance_export_page(text, date, timestamptz, text[], integer) is 'A further page of an export; admins and finance only.';

create or replace function public.finance_export(p_kind text, p_month date, p_limit integer default 5000) returns jsonb
language sql security invoker set search_path = '' as $$ select private.finance_export(p_kind, p_month, p_limit) $$;
comment on function public.finance_export(text, date, integer) is
  'Begins an export of a month (statement, requests, focus): what it will hold, and its first rows. Admins and finance only, audited.';
create or replace function public.finance_export_page(p_kind text, p_month date, p_as_of timestamptz, p_after text[], p_limit integer default 5000) returns jsonb
language sql stable security invoker set search_path = '' as $$ select private.finance_export_page(p_kind, p_month, p_as_of, p_after, p_limit) $$;
comment on function public.finance_export_page(text, date, timestamptz, text[], integer) is
  'A further page of an export, after the key that the page before gave. Admins and finance only.';

revoke execute on function private.export_columns(text), private.utc_text(date, text), private.export_source(text, boolean),
  private.export_next_day(date, date), private.export_page(text, date, timestamptz, text[], integer),
  private.export_head(text, date, timestamptz, integer), private.require_export(text, date, integer),
  private.finance_export(text, date, integer), private.finance_export_page(text, date, timestamptz, text[], integer),
  public.finance_export(text, date, integer), public.finance_export_page(text, date, timestamptz, text[], integer)
  from public, anon, authenticated, service_role;
grant execute on function private.finance_export(text, date, integer), private.finance_export_page(text, date, timestamptz, text[], integer),
  public.finance_export(text, date, integer), public.finance_export_page(text, date, timestamptz, text[], integer) to authenticated;
