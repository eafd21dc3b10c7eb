-- Ledger: prepaid credit in EUR. Append-only; a balance is a projection of ledger and usage.

create table if not exists public.transactions (
  transaction_id uuid primary key default gen_random_uuid(),
  user_id text not null references public.user_profiles (user_id),
  kind text not null check (kind in ('topup', 'refund', 'spend', 'adjustment')),
  amount_eur numeric(14, 6) not null check (amount_eur <> 0),
  idempotency_key text not null unique check (length(idempotency_key) between 1 and 200),
  note text check (length(note) <= 500),
  created_at timestamptz not null default now(),
  created_by text,
  check (case kind when 'topup' then amount_eur > 0 when 'adjustment' then true else amount_eur < 0 end)
);
comment on table public.transactions is 'Prepaid ledger in EUR, append-only. LLM usage is not entered here: it is read from request_logs.';
comment on column public.transactions.transaction_id is 'The entry.';
comment on column public.transactions.user_id is 'Whose credit.';
comment on column public.transactions.kind is 'topup adds; refund (paid back) and spend (other than LLM use) take; adjustment corrects either way.';
comment on column public.transactions.amount_eur is 'EUR, signed as it changes the credit.';
comment on column public.transactions.idempotency_key is 'Entering the same key twice changes nothing.';
comment on column public.transactions.note is 'Why.';
comment on column public.transactions.created_at is 'When (UTC).';
comment on column public.transactions.created_by is 'user_id of who entered it.';
create index if not exists transactions_user_id_idx on public.transactions (user_id, created_at desc);

alter table public.transactions enable row level security;
drop policy if exists "people read their own ledger, admins and finance all" on public.transactions;
create policy "people read their own ledger, admins and finance all" on public.transactions
  for select to authenticated
  using (user_id = (select private.current_user_id()) or (select private.is_org_reader()));
revoke all on public.transactions from public, anon, authenticated, service_role;
grant select on public.transactions to authenticated, service_role;
create or replace trigger transactions_are_append_only
  before delete or truncate on public.transactions
  for each statement execute function private.refuse_change();

-- The books stay when a person is erased (sql/120_people.sql): an entry may go on under a random name,
-- without its note, and change in nothing else.
create or replace function private.refuse_ledger_change() returns trigger
language plpgsql set search_path = '' as $$
begin
  if new.user_id !~ '^erased-' or new.note is not null
     or to_jsonb(new) - array['user_id', 'note'] <> to_jsonb(old) - array['user_id', 'note'] then
    raise exception using errcode = 'insufficient_privilege',
      message = 'public.transactions is append-only: update is not allowed.', hint = 'Add a correcting row instead.';
  end if;
  return new;
end
$$;
comment on function private.refuse_ledger_change() is 'Trigger of transactions: an entry changes only by the erasure of its person.';
revoke execute on function private.refuse_ledger_change() from public;
create or replace trigger transactions_change_by_erasure_only before update on public.transactions
  for each row execute function private.refuse_ledger_change();

create or replace view public.balances with (security_invoker = true) as
  select t.user_id, t.credited_eur, coalesce(u.cost_eur, 0) as used_eur, t.credited_eur - coalesce(u.cost_eur, 0) as balance_eur
  from (select user_id, sum(amount_eur) as credited_eur from public.transactions group by user_id) t
  left join public.user_usage_totals u on u.user_id = t.user_id
  where (select private.people_are_named())
     or exists (select 1 from public.user_profiles p where p.user_id = t.user_id and p.auth_user_id = (select auth.uid()));
comment on view public.balances is
  'Credit left, EUR: the ledger less the known cost of all usage. People see their own; admins and finance all, where people are named.';
revoke all on public.balances from public, anon, authenticated, service_role;
grant select on public.balances to authenticated, service_role;

create or replace function private.record_transaction(p_user_id text, p_kind text, p_amount_eur numeric, p_idempotency_key text, p_note text)
returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  t public.transactions;
begin
  perform private.require_org_reader();
  begin
    insert into public.transactions (user_id, kind, amount_eur, idempotency_key, note, created_by)
    values (p_user_id, p_kind, p_amount_eur, p_idempotency_key, p_note, private.current_user_id())
    on conflict (idempotency_key) do nothing returning * into t;
  exception when data_exception or integrity_constraint_violation then
    raise sqlstate 'PT400' using message = 'The transaction cannot be stored: ' || sqlerrm;
  end;
  if t.transaction_id is null then
    select * into t from public.transactions x where x.idempotency_key = p_idempotency_key;
    if (t.user_id, t.kind, t.amount_eur) is distinct from (p_user_id, p_kind, p_amount_eur::numeric(14, 6)) then
      raise sqlstate 'PT409' using message = 'This idempotency key was used for another transaction: choose a new one.';
    end if;
  else
    perform private.audit('transaction.record', t.user_id, null, to_jsonb(t) - 'note');
  end if;
  return t.transaction_id;
end
$$;
comment on function private.record_transaction(text, text, numeric, text, text) is 'Enters a ledger entry once; finance and admins only, audited.';
create or replace function public.record_transaction(p_user_id text, p_kind text, p_amount_eur numeric, p_idempotency_key text, p_note text default null)
returns uuid
language sql security invoker set search_path = '' as $$
  select private.record_transaction(p_user_id, p_kind, p_amount_eur, p_idempotency_key, p_note)
$$;
comment on function public.record_transaction(text, text, numeric, text, text) is 'Enters a ledger entry once per idempotency key; finance and admins only.';
revoke execute on function private.record_transaction(text, text, numeric, text, text),
  public.record_transaction(text, text, numeric, text, text) from public, anon, authenticated, service_role;
grant execute on function private.record_transaction(text, text, numeric, text, text),
  public.record_transaction(text, text, numeric, text, text) to authenticated;
