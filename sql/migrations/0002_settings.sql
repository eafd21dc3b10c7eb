-- The settings of a new deployment, and the first entries of their history.

with added as (
  insert into public.settings (key, value, description)
  select s.key, s.value, s.description
  from (values
    ('organisation_name', '"Your organisation"'::jsonb, 'Name shown on pages and statements.'),
    ('reporting_timezone', '"UTC"', 'The one time zone in which days and months are cut; changing it rebuilds the rollups.'),
    ('pledge_share', '0.05', 'Share of the LLM cost that the organisation sets aside for restoration (0-1).'),
    ('contract_price_eur_per_m2', '1.20', 'EUR per m2 assumed before the first receipt (sponsorship price seen at EarthToday / Rewilding Europe; sensitivity 0.30-3.00).'),
    ('fx_planning_rate_eur_per_usd', '0.90', 'EUR per USD for days before the first known rate in fx_rates; such rows say so (fx_date is null).'),
    ('privacy_people', '"named"', 'How people appear to others: named, pseudonymous or off.'),
    ('who_may_join', '"anyone"', 'Who becomes a member at their first sign-in: anyone with a verified e-mail address, or whoever was invited.'),
    ('store_payloads', 'false', 'Whether prompts and answers may be stored at all.'),
    ('payload_retention_days', '30', 'Days after which stored prompts and answers are erased.'),
    ('prepaid_mode', 'false', 'Whether people spend from a prepaid balance.'),
    ('ledger_four_eyes', 'false', 'Whether a second person has to approve every entry of the credit ledger.'),
    ('demo_notice', 'null', 'In a demo: which part of the data is real and which is synthetic; otherwise null.')
  ) as s (key, value, description)
  returning key, value
)
insert into public.settings_history (key, new_value) select key, value from added;
