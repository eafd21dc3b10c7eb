-- Costs of 0 that nobody set: LiteLLM's Router and proxy write 0 for models that they have no price for, and callbacks
-- before 0.2 kept it as a known cost. By model, an admin says which of them are free; the others become unknown.

comment on table private.zero_prices is 'Models whose requests cost 0, and what an admin decided about them.';
comment on column private.zero_prices.provider is 'Provider; empty when unknown.';
comment on column private.zero_prices.model is 'Model.';
comment on column private.zero_prices.is_free is 'Whether 0 is its price; otherwise its zeros were unknown.';
comment on column private.zero_prices.decided_by is 'user_id of who decided.';
comment on column private.zero_prices.decided_at is 'When (UTC).';
alter table private.zero_prices enable row level security;
revoke all on private.zero_prices from public, anon, authenticated, service_role;
