-- Restoration: donations with receipts, and the m2 that stand beside the emissions, never netted.
--
-- Closed month with receipts: its verified m2 are shared among requests by cost. Months without
-- receipts: pending m2 = pledge share x cost / price per m2, the price being the trailing twelve months'
-- EUR over m2 of receipts, before any receipt the contract price. m2 without a receipt are never verified.

comment on table public.donations is 'Contributions to restoration, with their receipts.';
comment on column public.donations.donation_id is 'The donation.';
comment on column public.donations.month is 'First day of the month whose requests it is for.';
comment on column public.donations.donated_on is 'Day of the payment.';
comment on column public.donations.organisation is 'Who received it.';
comment on column public.donations.project is 'The project.';
comment on column public.donations.ecosystem is 'Kind of ecosystem.';
comment on column public.donations.claim_type is 'restored, planted, purchased or protected; only the first two count as m2.';
comment on column public.donations.country is 'ISO 3166 alpha-3 of the place.';
comment on column public.donations.amount is 'Amount in its currency.';
comment on column public.donations.currency is 'ISO 4217 of amount.';
comment on column public.donations.amount_eur is 'Amount in EUR.';
comment on column public.donations.fx_eur_per_unit is 'EUR for one unit of the currency where amount_eur was worked out by the database; null where it was entered.';
comment on column public.donations.fx_day is 'The day that exchange rate is of.';
comment on column public.donations.area_m2 is 'Area on the receipt, m2.';
comment on column public.donations.receipt_url is 'Link to the receipt.';
comment on column public.donations.receipt_sha256 is 'SHA-256 of the receipt file, hexadecimal.';
comment on column public.donations.receipt_number is 'Number on the receipt.';
comment on column public.donations.verified_at is 'When finance compared it with the receipt (UTC); null while unverified.';
comment on column public.donations.verified_by is 'user_id of who verified it.';
comment on column public.donations.created_at is 'When it was entered (UTC).';
comment on column public.donations.created_by is 'user_id of who entered it.';

alter table public.donations enable row level security;
drop policy if exists "everyone signed in reads the donations" on public.donations;
create policy "everyone signed in reads the donations" on public.donations
  for select to authenticated using (true);
revoke all on public.donations from public, anon, authenticated, service_role;
grant select on public.donations to authenticated, service_role;

create or replace function private.restoration_rates(p_from date, p_to date)
returns table (
  month date, status text, cost_eur numeric, pledged_eur numeric, donated_eur numeric,
  price_eur_per_m2 numeric, area_m2 numeric, verified_m2_per_eur numeric, pending_m2_per_eur numeric)
language sql stable security definer set search_path = '' as $$
  with bounds as (
    select date_trunc('month', coalesce(p_from, (select min(day) from public.usage_org_daily), private.reporting_today())::timestamp) as first,
           date_trunc('month', coalesce(p_to, (select max(day) from public.usage_org_daily), private.reporting_today())::timestamp) as last
  ), costs as (
    select date_trunc('month', u.day)::date as month, sum(u.cost_eur) as cost_eur
      from public.usage_org_daily u, bounds b
     where u.day >= b.first and u.day < b.last + interval '1 month'
     group by 1
  ), receipts as (
    select d.month, sum(d.amount_eur) as donated_eur, sum(d.area_m2) as area_m2
      from public.donations d
     where d.verified_at is not null and d.claim_type in ('restored', 'planted')
     group by 1
  ), rated as (
    select m.month::date as month, coalesce(c.cost_eur, 0) as cost_eur,
           coalesce(r.donated_eur, 0) as donated_eur, coalesce(r.area_m2, 0) as area_m2,
           r.month is not null and m.month < date_trunc('month', private.reporting_today()) as is_verified,
           (private.setting('pledge_share') #>> '{}')::numeric as pledge_share,
           coalesce((select sum(t.donated_eur) / nullif(sum(t.area_m2), 0) from receipts t
                      where t.month <= m.month and t.month > m.month - interval '12 months'),
                    (private.setting('contract_price_eur_per_m2') #>> '{}')::numeric) as price
      from bounds b
      cross join lateral generate_series(b.first, b.last, interval '1 month') as m (month)
      left join costs c on c.month = m.month
      left join receipts r on r.month = m.month
  )
  select month, case when is_verified then 'verified' else 'pending' end, cost_eur, pledge_share * cost_eur, donated_eur,
         price, area_m2,
         case when is_verified and cost_eur > 0 then area_m2 / cost_eur else 0 end,
         case when is_verified or price = 0 then 0 else pledge_share / price end
  from rated
$$;
comment on function private.restoration_rates(date, date) is
  'For each month of a period (null: from the first or to the last request): verified or pending, pledged and donated EUR, and the m2 that one EUR of LLM cost stands for.';
revoke execute on function private.restoration_rates(date, date) from public;
grant execute on function private.restoration_rates(date, date) to authenticated, service_role;

create or replace function public.restoration_rates(p_from date, p_to date) returns jsonb
language sql stable security invoker set search_path = '' as $$
  select coalesce(jsonb_agg(to_jsonb(r) order by r.month), '[]') from private.restoration_rates(p_from, p_to) r
$$;
comment on function public.restoration_rates(date, date) is 'The months of a period (null: all) with pledge, donations and m2 per EUR, as one JSON array.';
revoke execute on function public.restoration_rates(date, date) from public, anon, authenticated, service_role;
grant execute on function public.restoration_rates(date, date) to authenticated, service_role;

-- Writing is for finance and admins, through functions that audit.
create or replace function private.donation_fault(d public.donations) returns text
language sql stable set search_path = '' as $$
  select case
    when coalesce(trim(d.organisation), '') = '' then 'Say which organisation received the donation.'
    when d.month is null then 'Say for which month''s requests the donation is.'
    when d.month > private.reporting_today() then 'The month is in the future: choose one that has begun.'
    when d.donated_on is null then 'Say on which day the donation was paid.'
    when d.donated_on > private.reporting_today() then 'The day of the donation is in the future.'
    when d.claim_type is null or d.claim_type not in ('restored', 'planted', 'purchased', 'protected') then
      'The claim type must be restored, planted, purchased or protected.'
    when d.amount is null or d.amount <= 0 then 'The amount must be more than 0.'
    when coalesce(d.currency, 'EUR') !~ '^[A-Z]{3}$' then 'The currency is a code of three capital letters, such as EUR.'
    when d.amount_eur is null then 'No exchange rate is known for that day and currency: say what the donation was in euros.'
    when d.amount_eur <= 0 then 'Say what the donation was in euros: more than 0.'
    when coalesce(d.currency, 'EUR') = 'EUR' and d.amount <> d.amount_eur then 'A donation in euros has one amount: both fields must agree.'
    when d.area_m2 is null or d.area_m2 < 0 then 'Say how many square metres the receipt names: 0 where it names none.'
    when d.country !~ '^[A-Z]{3}$' then 'The country is a code of three capital letters, such as ROU.'
    when d.receipt_url !~ '^https://' then 'The link to the receipt must begin with https://.'
    when d.receipt_sha256 !~ '^[0-9a-f]{64}$' then 'The SHA-256 of the receipt file has 64 hexadecimal characters.'
  end
$$;
comment on function private.donation_fault(public.donations) is 'What is wrong with a donation that somebody wants to enter, in a sentence; null where nothing is.';
revoke execute on function private.donation_fault(public.donations) from public, anon, authenticated, service_role;

-- The euros of a donation that names none: its amount where it is in euros; in dollars by the last rate of
-- the week before the payment (there is none of a weekend). In other currencies whoever enters it says the euros.
create or replace function private.in_euros(d public.donations) returns public.donations
language plpgsql stable set search_path = '' as $$
begin
  d.currency := coalesce(d.currency, 'EUR');
  if d.amount_eur is null and d.currency = 'EUR' then
    d.amount_eur := d.amount;
  elsif d.amount_eur is null and d.currency = 'USD' then
    select x.eur_per_usd, x.day into d.fx_eur_per_unit, d.fx_day
      from public.fx_rates x where x.day between d.donated_on - 7 and d.donated_on order by x.day desc limit 1;
    d.amount_eur := round(d.amount * d.fx_eur_per_unit, 2);
  end if;
  return d;
end
$$;
comment on function private.in_euros(public.donations) is 'A donation with its amount in EUR, by the exchange rate of its day where none was said; null where no rate is known.';
revoke execute on function private.in_euros(public.donations) from public, anon, authenticated, service_role;

create or replace function private.record_donation(p_donation jsonb) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  d public.donations;
  v_fault text;
begin
  perform private.require_org_reader();
  begin
    d := private.in_euros(jsonb_populate_record(null::public.donations, p_donation - array['verified_at', 'verified_by', 'created_at', 'created_by', 'donation_id', 'fx_eur_per_unit', 'fx_day']));
    v_fault := private.donation_fault(d);
    if v_fault is not null then
      raise sqlstate 'PT400' using message = v_fault;
    end if;
    insert into public.donations (month, donated_on, organisation, project, ecosystem, claim_type, country, amount, currency, amount_eur,
                                  fx_eur_per_unit, fx_day, area_m2, receipt_url, receipt_sha256, receipt_number, created_by)
    values (date_trunc('month', d.month)::date, d.donated_on, d.organisation, d.project, d.ecosystem, d.claim_type, d.country, d.amount,
            d.currency, d.amount_eur, d.fx_eur_per_unit, d.fx_day, d.area_m2, d.receipt_url, d.receipt_sha256, d.receipt_number, private.current_user_id())
    returning * into d;
  exception when data_exception or integrity_constraint_violation then
    raise sqlstate 'PT400' using message = 'The donation cannot be stored: ' || sqlerrm;
  end;
  perform private.audit('donation.record', d.donation_id::text, null, to_jsonb(d));
  return d.donation_id;
end
$$;
comment on function private.record_donation(jsonb) is 'Enters a donation, unverified; finance and admins only, audited.';

create or replace function private.verify_donation(p_donation_id uuid, p_receipt_sha256 text) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_before jsonb;
  d public.donations;
begin
  perform private.require_org_reader();
  if coalesce(p_receipt_sha256, '') !~ '^[0-9a-f]{64}$' then
    raise sqlstate 'PT400' using message = 'The SHA-256 of the receipt file (64 hexadecimal characters) is needed to verify a donation.';
  end if;
  select to_jsonb(x) into v_before from public.donations x where x.donation_id = p_donation_id for no key update;
  if v_before is null then
    raise sqlstate 'PT404' using message = 'There is no such donation.';
  end if;
  update public.donations set receipt_sha256 = p_receipt_sha256, verified_at = now(), verified_by = private.current_user_id()
   where donation_id = p_donation_id returning * into d;
  perform private.audit('donation.verify', p_donation_id::text, v_before, to_jsonb(d));
end
$$;
comment on function private.verify_donation(uuid, text) is 'Marks a donation as compared with its receipt; finance and admins only, audited.';

create or replace function public.record_donation(p_donation jsonb) returns uuid
language sql security invoker set search_path = '' as $$ select private.record_donation(p_donation) $$;
comment on function public.record_donation(jsonb) is 'Enters a donation, unverified; finance and admins only.';
create or replace function public.verify_donation(p_donation_id uuid, p_receipt_sha256 text) returns void
language sql security invoker set search_path = '' as $$ select private.verify_donation(p_donation_id, p_receipt_sha256) $$;
comment on function public.verify_donation(uuid, text) is 'Marks a donation as compared with its receipt; finance and admins only.';

revoke execute on function private.record_donation(jsonb), private.verify_donation(uuid, text),
  public.record_donation(jsonb), public.verify_donation(uuid, text) from public, anon, authenticated, service_role;
grant execute on function private.record_donation(jsonb), private.verify_donation(uuid, text),
  public.record_donation(jsonb), public.verify_donation(uuid, text) to authenticated;
