-- Audit log: who changed what, and who looked at whom. Append-only for everybody.

comment on table public.audit_log is 'Acts of power and looks at another person''s rows; append-only.';
comment on column public.audit_log.audit_id is 'Order of the entries.';
comment on column public.audit_log.occurred_at is 'When (UTC).';
comment on column public.audit_log.actor_user_id is 'Who; null for an operator at the database or an ingest key.';
comment on column public.audit_log.actor_role is 'Role at the time: member, admin, finance, ingest key, operator.';
comment on column public.audit_log.action is 'What, as verb.noun, for example donation.record.';
comment on column public.audit_log.target is 'On whom or what.';
comment on column public.audit_log.reason is 'Why, where a reason was asked for.';
comment on column public.audit_log.before is 'The state before, where there was one.';
comment on column public.audit_log.after is 'The state after, where there is one.';

alter table public.audit_log enable row level security;
revoke all on public.audit_log from public, anon, authenticated, service_role;
grant select on public.audit_log to authenticated, service_role;

create or replace trigger audit_log_is_append_only
  before update or delete or truncate on public.audit_log
  for each statement execute function private.refuse_change();
