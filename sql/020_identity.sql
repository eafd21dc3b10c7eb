-- People: profiles, chat sessions, roles, and the bridge from Supabase Auth.
--
-- Why a row and not a JWT claim for the role: it is revocable at once and cannot be forged through
-- user metadata (docs/decisions.md). A person may exist before ever signing in (ids that come with
-- requests) and after they left (deleted_at: history stays).

comment on table public.user_profiles is 'People, as requests and sign-ins know them.';
comment on column public.user_profiles.user_id is 'Stable id: the OAuth or front-end id (google_1171...), or the Auth uuid.';
comment on column public.user_profiles.auth_user_id is 'The account in Supabase Auth; null until the person signs in with a verified e-mail.';
comment on column public.user_profiles.email is 'E-mail, as declared by a front end or verified by Auth.';
comment on column public.user_profiles.full_name is 'Name shown on pages.';
comment on column public.user_profiles.provider is 'Sign-in provider: email, google, github, ...';
comment on column public.user_profiles.role is 'member, admin or finance; changed by an admin only.';
comment on column public.user_profiles.team is 'Team for reports; null when none.';
comment on column public.user_profiles.timezone is 'The person''s own time zone, for display of times only.';
comment on column public.user_profiles.created_at is 'When first seen (UTC).';
comment on column public.user_profiles.updated_at is 'When last changed (UTC).';
comment on column public.user_profiles.deleted_at is 'Soft delete: no access any more, history stays.';

comment on table public.user_sessions is 'Chat session → person, so that a temporary session becomes somebody.';
comment on column public.user_sessions.session_id is 'Session id as the chat front end sends it.';
comment on column public.user_sessions.user_id is 'The person.';
comment on column public.user_sessions.created_at is 'When it was mapped (UTC).';

alter table public.user_profiles enable row level security;
alter table public.user_sessions enable row level security;

create or replace function private.current_user_id() returns text
language sql stable security definer set search_path = '' as $$
  select p.user_id from public.user_profiles p
  where p.auth_user_id = (select auth.uid()) and p.deleted_at is null
$$;
comment on function private.current_user_id() is 'user_id of the signed-in person; null for anybody else.';

create or replace function private.current_role_name() returns text
language sql stable security definer set search_path = '' as $$
  select p.role from public.user_profiles p
  where p.auth_user_id = (select auth.uid()) and p.deleted_at is null
$$;
comment on function private.current_role_name() is 'Role of the signed-in person; null for anybody else.';

create or replace function private.is_admin() returns boolean
language sql stable security definer set search_path = '' as $$
  select coalesce(private.current_role_name() = 'admin', false)
$$;
comment on function private.is_admin() is 'Whether the signed-in person is an admin.';

create or replace function private.is_org_reader() returns boolean
language sql stable security definer set search_path = '' as $$
  select coalesce(private.current_role_name() in ('admin', 'finance'), false)
$$;
comment on function private.is_org_reader() is 'Whether the signed-in person may read the organisation''s figures.';

create or replace function private.require_org_reader() returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if not private.is_org_reader() then
    raise sqlstate 'PT403' using
      message = 'The organisation''s figures are for its admins and finance people.',
      hint = 'Ask an admin of your organisation for the role.';
  end if;
end
$$;
comment on function private.require_org_reader() is 'Answers HTTP 403 unless the signed-in person is admin or finance.';

create or replace function private.require_admin() returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if not private.is_admin() then
    raise sqlstate 'PT403' using message = 'This is for admins.', hint = 'Ask an admin of your organisation.';
  end if;
end
$$;
comment on function private.require_admin() is 'Answers HTTP 403 unless the signed-in person is an admin.';

revoke execute on function private.current_user_id(), private.current_role_name(), private.is_admin(),
  private.is_org_reader(), private.require_org_reader(), private.require_admin() from public;
grant execute on function private.current_user_id(), private.current_role_name(), private.is_admin(),
  private.is_org_reader() to authenticated;

drop policy if exists "people read their own profile, admins everyone's" on public.user_profiles;
create policy "people read their own profile, admins everyone's" on public.user_profiles
  for select to authenticated
  using (auth_user_id = (select auth.uid()) or (select private.is_admin()));
drop policy if exists "people rename themselves" on public.user_profiles;
create policy "people rename themselves" on public.user_profiles
  for update to authenticated
  using (user_id = (select private.current_user_id()))
  with check (user_id = (select private.current_user_id()));
drop policy if exists "people read their own sessions" on public.user_sessions;
create policy "people read their own sessions" on public.user_sessions
  for select to authenticated using (user_id = (select private.current_user_id()));
drop policy if exists "admins read the audit log" on public.audit_log;
create policy "admins read the audit log" on public.audit_log
  for select to authenticated using ((select private.is_admin()));
drop policy if exists "admins and finance read the history of settings" on public.settings_history;
create policy "admins and finance read the history of settings" on public.settings_history
  for select to authenticated using ((select private.is_org_reader()));

revoke all on public.user_profiles, public.user_sessions from public, anon, authenticated, service_role;
grant select on public.user_profiles, public.user_sessions to authenticated, service_role;
grant update (full_name, timezone) on public.user_profiles to authenticated;

create or replace view public.users with (security_invoker = true) as
  select user_id as id, email, role, created_at from public.user_profiles where deleted_at is null;
comment on view public.users is 'People in the shape of the original schema: id, email, role, created_at.';
revoke all on public.users from public, anon, authenticated, service_role;
grant select on public.users to authenticated, service_role;

create or replace trigger user_profiles_updated_at before update on public.user_profiles
  for each row execute function private.touch_updated_at();

create or replace function private.audit(p_action text, p_target text, p_before jsonb, p_after jsonb, p_reason text default null)
returns void
language sql security definer set search_path = '' as $$
  insert into public.audit_log (actor_user_id, actor_role, action, target, before, after, reason)
  values (private.current_user_id(), coalesce(private.current_role_name(), 'operator'),
          p_action, p_target, p_before, p_after, p_reason)
$$;
comment on function private.audit(text, text, jsonb, jsonb, text) is 'Writes one entry of the audit log in the name of whoever is signed in.';
revoke execute on function private.audit(text, text, jsonb, jsonb, text) from public;

-- Roles are given by an operator at the database or by an admin. The last admin stays one.
create or replace function private.grant_role(p_email text, p_role text) returns text
language plpgsql security definer set search_path = '' as $$
declare
  p public.user_profiles;
begin
  if coalesce(p_role, '') not in ('member', 'admin', 'finance') then
    raise sqlstate 'PT400' using message = 'A role is member, admin or finance.';
  end if;
  perform 1 from public.user_profiles where role = 'admin' order by user_id for no key update;
  select * into p from public.user_profiles
   where lower(email) = lower(p_email) and deleted_at is null
   order by auth_user_id is null, created_at, user_id limit 1;
  if p.user_id is null then
    raise sqlstate 'PT404' using message = 'Nobody with this e-mail address is known: they sign in once first.';
  end if;
  if p.role = 'admin' and p_role <> 'admin'
     and not exists (select 1 from public.user_profiles o where o.role = 'admin' and o.deleted_at is null and o.user_id <> p.user_id) then
    raise sqlstate 'PT409' using message = 'This is the last admin: make somebody else admin first.';
  end if;
  update public.user_profiles set role = p_role where user_id = p.user_id;
  perform private.audit('role.grant', p.user_id, jsonb_build_object('role', p.role), jsonb_build_object('role', p_role));
  return p.user_id;
end
$$;
comment on function private.grant_role(text, text) is 'Gives the person with an e-mail address a role and answers their user_id; audited.';
revoke execute on function private.grant_role(text, text) from public;
