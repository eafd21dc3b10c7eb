-- What a request is billed by beside tokens, in which currency its cost came, and which provider's job it is of.
--
-- Columns without a default and without a check: nothing is rewritten and nothing read, however many requests
-- there are. What may stand in them is checked on arrival (sql/070_ingest.sql).

alter table public.request_logs add column service_tier text;
alter table public.request_logs add column quantities jsonb;
alter table public.request_logs add column cost_tools_usd numeric(20, 12);
alter table public.request_logs add column reported_cost numeric(20, 12);
alter table public.request_logs add column reported_currency text;
alter table public.request_logs add column job_id text;

-- EUR per USD stays where it is (fx_rates): every request needs it. Other currencies are few.
create table public.currency_rates (
  currency text not null check (currency ~ '^[A-Z]{3}$' and currency not in ('EUR', 'USD')),
  day date not null,
  eur_per_unit numeric not null check (eur_per_unit > 0),
  source text not null,
  created_at timestamptz not null default now(),
  primary key (currency, day)
);

create table private.zero_prices (
  provider text not null,
  model text not null,
  is_free boolean not null,
  decided_by text,
  decided_at timestamptz not null default now(),
  primary key (provider, model)
);

create table private.ingest_flags (
  day date not null,
  source text not null,
  flag text not null,
  count bigint not null default 0,
  last_at timestamptz not null default now(),
  primary key (day, source, flag)
);
