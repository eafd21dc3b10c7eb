-- Ledger: prepaid credit in EUR. Append-only; a balance is a projection of ledger and usage.

comment on table public.transactions is 'Prepaid ledger in EUR, append-only. LLM usage is not entered here: it is read from request_logs.';
comment on column public.transactions.transaction_id is 'The entry.';
comment on column public.transactions.user_id is 'Whose credit.';
comment on column public.transactions.kind is 'topup adds; refund (paid back) and spend (other than LLM use) take; adjustment corrects either way; reversal takes another entry back whole.';
comment on column public.transactions.amount_eur is 'EUR, signed as it changes the credit.';
comment on column public.transactions.idempotency_key is 'Entering the same key twice changes nothing.';
comment on column public.transactions.note is 'Why.';
comment on column public.transactions.created_at is 'When (UTC).';
comment on column public.transactions.created_by is 'user_id of who entered it.';
comment on column public.transactions.reverses is 'The entry that a reversal takes back; each at most once.';
comment on column public.transactions.approved_by is 'user_id of the second person, where two were needed.';

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

-- Entries that wait for a second person (setting ledger_four_eyes): they are in no balance. Approved, one
-- becomes a transaction under the same id; it stays here as what was proposed and decided.

comment on table public.proposed_transactions is 'Ledger entries that a second person approves or refuses; none counts before.';
comment on column public.proposed_transactions.transaction_id is 'The entry, and the transaction it becomes.';
comment on column public.proposed_transactions.user_id is 'Whose credit.';
comment on column public.proposed_transactions.kind is 'As of transactions.';
comment on column public.proposed_transactions.amount_eur is 'EUR, signed as it would change the credit.';
comment on column public.proposed_transactions.idempotency_key is 'Proposing the same key twice changes nothing.';
comment on column public.proposed_transactions.note is 'Why.';
comment on column public.proposed_transactions.reverses is 'The entry that a reversal would take back.';
comment on column public.proposed_transactions.proposed_at is 'When (UTC).';
comment on column public.proposed_transactions.proposed_by is 'user_id of who proposed it.';
comment on column public.proposed_transactions.decision is 'approved or refused; null while it waits.';
comment on column public.proposed_transactions.decided_at is 'When it was decided (UTC).';
comment on column public.proposed_transactions.decided_by is 'user_id of who decided it, never who proposed it.';

alter table public.proposed_transactions enable row level security;
drop policy if exists "admins and finance read the proposed entries" on public.proposed_transactions;
create policy "admins and finance read the proposed entries" on public.proposed_transactions
  for select to authenticated using ((select private.is_org_reader()));
revoke all on public.proposed_transactions from public, anon, authenticated, service_role;
grant select on public.proposed_transactions to authenticated, service_role;

create or replace function private.needs_two_people() returns boolean
language sql stable security definer set search_path = '' as $$ select coalesce(private.setting('ledger_four_eyes') = 'true', false) $$;
comment on function private.needs_two_people() is 'Whether a second person has to approve every ledger entry.';

-- Who enters the same key at the same moment waits here, and then finds the entry of the first.
create or replace function private.enter_transaction(
  p_user_id text, p_kind text, p_amount_eur numeric, p_idempotency_key text, p_note text, p_reverses uuid) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_known record;
  t public.transactions;
  q public.proposed_transactions;
begin
  perform pg_advisory_xact_lock(hashtextextended('transaction ' || coalesce(p_idempotency_key, ''), 0));
  select x.transaction_id, x.user_id, x.kind, x.amount_eur, x.reverses into v_known
    from (select transaction_id, user_id, kind, amount_eur, reverses from public.transactions where idempotency_key = p_idempotency_key
          union all
          select transaction_id, user_id, kind, amount_eur, reverses from public.proposed_transactions where idempotency_key = p_idempotency_key) x limit 1;
  if v_known.transaction_id is not null then
    if (v_known.user_id, v_known.kind, v_known.amount_eur, v_known.reverses)
       is distinct from (p_user_id, p_kind, p_amount_eur::numeric(14, 6), p_reverses) then
      raise sqlstate 'PT409' using message = 'This idempotency key was used for another transaction: choose a new one.';
    end if;
    return v_known.transaction_id;
  end if;
  begin
    if private.needs_two_people() then
      insert into public.proposed_transactions (user_id, kind, amount_eur, idempotency_key, note, reverses, proposed_by)
      values (p_user_id, p_kind, p_amount_eur, p_idempotency_key, p_note, p_reverses, private.current_user_id()) returning * into q;
      perform private.audit('transaction.propose', q.user_id, null, to_jsonb(q) - 'note');
      return q.transaction_id;
    end if;
    insert into public.transactions (user_id, kind, amount_eur, idempotency_key, note, reverses, created_by)
    values (p_user_id, p_kind, p_amount_eur, p_idempotency_key, p_note, p_reverses, private.current_user_id()) returning * into t;
  exception
    when unique_violation then
      raise sqlstate 'PT409' using message = 'This entry has been taken back already, or is about to be.';
    when data_exception or integrity_constraint_violation then
      raise sqlstate 'PT400' using message = 'The transaction cannot be stored: ' || sqlerrm;
  end;
  perform private.audit('transaction.record', t.user_id, null, to_jsonb(t) - 'note');
  return t.transaction_id;
end
$$;
comment on function private.enter_transaction(text, text, numeric, text, text, uuid) is
  'Enters or, where two people are needed, proposes a ledger entry, once a key. Internal.';

create or replace function private.record_transaction(p_user_id text, p_kind text, p_amount_eur numeric, p_idempotency_key text, p_note text)
returns uuid
language plpgsql security definer set search_path = '' as $$
begin
  perform private.require_org_reader();
  if coalesce(p_kind, '') not in ('topup', 'refund', 'spend', 'adjustment') then
    raise sqlstate 'PT400' using message = 'An entry is a topup, a refund, a spend or an adjustment.';
  elsif p_amount_eur is null or p_amount_eur = 0 or abs(p_amount_eur) >= 1e8 then
    raise sqlstate 'PT400' using message = 'The amount must be other than 0, and below 100 million euros.';
  elsif (p_kind = 'topup' and p_amount_eur < 0) or (p_kind in ('refund', 'spend') and p_amount_eur > 0) then
    raise sqlstate 'PT400' using message = 'A topup adds to the credit; a refund or spend takes from it.';
  elsif coalesce(p_idempotency_key, '') = '' then
    raise sqlstate 'PT400' using message = 'An entry needs a key of its own, so that it is made once.';
  elsif not exists (select 1 from public.user_profiles p where p.user_id = p_user_id and p.deleted_at is null) then
    raise sqlstate 'PT404' using message = 'Nobody is known by this id.';
  end if;
  return private.enter_transaction(p_user_id, p_kind, p_amount_eur, p_idempotency_key, p_note, null);
end
$$;
comment on function private.record_transaction(text, text, numeric, text, text) is 'Enters a ledger entry once; finance and admins only, audited.';

create or replace function private.reverse_transaction(p_transaction_id uuid, p_idempotency_key text, p_note text) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  t public.transactions;
begin
  perform private.require_org_reader();
  select * into t from public.transactions where transaction_id = p_transaction_id;
  if t.transaction_id is null then
    raise sqlstate 'PT404' using message = 'There is no such entry.';
  elsif t.kind = 'reversal' then
    raise sqlstate 'PT400' using message = 'A reversal is not taken back: enter the amount anew.';
  elsif coalesce(btrim(p_note), '') = '' then
    raise sqlstate 'PT400' using message = 'Say why the entry is taken back.';
  elsif coalesce(p_idempotency_key, '') = '' then
    raise sqlstate 'PT400' using message = 'An entry needs a key of its own, so that it is made once.';
  end if;
  return private.enter_transaction(t.user_id, 'reversal', -t.amount_eur, p_idempotency_key, p_note, t.transaction_id);
end
$$;
comment on function private.reverse_transaction(uuid, text, text) is 'Takes a ledger entry back by a second one; finance and admins only, audited.';

create or replace function private.decide_transaction(p_transaction_id uuid, p_decision text) returns void
language plpgsql security definer set search_path = '' as $$
declare
  q public.proposed_transactions;
begin
  perform private.require_org_reader();
  select * into q from public.proposed_transactions where transaction_id = p_transaction_id for update;
  if coalesce(p_decision, '') not in ('approved', 'refused') then
    raise sqlstate 'PT400' using message = 'An entry is approved or refused.';
  elsif q.transaction_id is null then
    raise sqlstate 'PT404' using message = 'There is no such entry.';
  elsif q.decision is not null then
    raise sqlstate 'PT409' using message = 'This entry has been decided already.';
  elsif p_decision = 'approved' and q.proposed_by is not distinct from private.current_user_id() then
    raise sqlstate 'PT403' using message = 'Whoever entered it cannot approve it: somebody else of finance or an admin does.';
  end if;
  update public.proposed_transactions
     set decision = p_decision, decided_at = now(), decided_by = private.current_user_id() where transaction_id = q.transaction_id;
  if p_decision = 'approved' then
    insert into public.transactions (transaction_id, user_id, kind, amount_eur, idempotency_key, note, reverses, created_by, approved_by)
    values (q.transaction_id, q.user_id, q.kind, q.amount_eur, q.idempotency_key, q.note, q.reverses, q.proposed_by, private.current_user_id());
  end if;
  perform private.audit('transaction.' || case p_decision when 'approved' then 'approve' else 'refuse' end, q.user_id, null, to_jsonb(q) - 'note');
end
$$;
comment on function private.decide_transaction(uuid, text) is
  'Approves or refuses a proposed entry; another person than who proposed it approves. Finance and admins only, audited.';

create or replace function public.record_transaction(p_user_id text, p_kind text, p_amount_eur numeric, p_idempotency_key text, p_note text default null)
returns uuid
language sql security invoker set search_path = '' as $$
  select private.record_transaction(p_user_id, p_kind, p_amount_eur, p_idempotency_key, p_note)
$$;
comment on function public.record_transaction(text, text, numeric, text, text) is 'Enters a ledger entry once per idempotency key; finance and admins only.';
create or replace function public.reverse_transaction(p_transaction_id uuid, p_idempotency_key text, p_note text) returns uuid
language sql security invoker set search_path = '' as $$ select private.reverse_transaction(p_transaction_id, p_idempotency_key, p_note) $$;
comment on function public.reverse_transaction(uuid, text, text) is 'Takes a ledger entry back by a second one; finance and admins only.';
create or replace function public.decide_transaction(p_transaction_id uuid, p_decision text) returns void
language sql security invoker set search_path = '' as $$ select private.decide_transaction(p_transaction_id, p_decision) $$;
comment on function public.decide_transaction(uuid, text) is 'Approves or refuses a proposed ledger entry; finance and admins only.';
revoke execute on function private.needs_two_people(), private.enter_transaction(text, text, numeric, text, text, uuid),
  private.record_transaction(text, text, numeric, text, text), private.reverse_transaction(uuid, text, text), private.decide_transaction(uuid, text),
  public.record_transaction(text, text, numeric, text, text), public.reverse_transaction(uuid, text, text), public.decide_transaction(uuid, text)
  from public, anon, authenticated, service_role;
grant execute on function private.record_transaction(text, text, numeric, text, text), private.reverse_transaction(uuid, text, text),
  private.decide_transaction(uuid, text), public.record_transaction(text, text, numeric, text, text),
  public.reverse_transaction(uuid, text, text), public.decide_transaction(uuid, text) to authenticated;
