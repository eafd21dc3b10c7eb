create index concurrently if not exists request_logs_zero_cost_idx on public.request_logs (provider, model, event_id)
  include (tokens_used, started_at, price_source)
  where cost_usd = 0 and not cache_hit and status <> 'failure' and reported_currency is null
    and coalesce(price_source, '') !~ '^(not billed|back-filled|caller)|, (a price of|discounted to) 0$';
