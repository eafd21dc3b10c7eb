-- repeat: until it changes nothing
-- Costs that were reported in EUR were kept in USD, with twelve digits. Where turning them back gives a number of at
-- most eight decimals, that is what was reported: nothing else comes so near to one. Where it does not, because the rate was
-- corrected since, the USD stay the fact that they have been.
with reported as (
  select r.event_id, round(r.cost_usd * r.fx_eur_per_usd, 8) as reported
    from public.request_logs r
   where r.price_source = 'caller, in EUR' and r.reported_currency is null and r.cost_usd > 0
     and abs(r.cost_usd * r.fx_eur_per_usd - round(r.cost_usd * r.fx_eur_per_usd, 8)) <= 0.000000000001
   order by r.event_id limit 5000 for no key update)
update public.request_logs r set reported_cost = s.reported, reported_currency = 'EUR'
  from reported s where r.event_id = s.event_id;
