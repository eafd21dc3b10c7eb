create index concurrently if not exists request_logs_unpriced_tokenless_idx on public.request_logs (provider, model, event_id)
  where cost_usd is null and not cache_hit and tokens_used = 0 and status <> 'failure';
