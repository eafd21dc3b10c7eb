-- Joining: which account of Supabase Auth becomes whom, and invitations.
--
-- The proof is a verified e-mail address, never what an account says of itself: an unlinked profile
-- with the same address is linked (oldest first), else one is made where the organisation lets anyone
-- in or the address was invited. An unverified address links and makes nothing; the role is never read
-- from metadata, which the user can write. An invitation is only as good as whoever gave it: it opens
-- nothing once they are no longer an admin.

comment on table private.invitations is 'Invitations that nobody has accepted yet; gone once accepted, withdrawn, or 30 days past their time.';
comment on column private.invitations.invitation_id is 'How the audit log names it.';
comment on column private.invitations.email is 'Who is invited, in lower case.';
comment on column private.invitations.role is 'The role they get.';
comment on column private.invitations.team is 'The team they get; null for none.';
comment on column private.invitations.invited_by is 'The admin who invited them.';
comment on column private.invitations.created_at is 'When they were invited last (UTC).';
comment on column private.invitations.expires_at is 'When the invitation ends (UTC).';
alter table private.invitations enable row level security;
revoke all on private.invitations from public, anon, authenticated, service_role;

create or replace function private.invitation_for(p_email text) returns private.invitations
language sql volatile security definer set search_path = '' as $$
  select i.* from private.invitations i
  join public.user_profiles p on p.user_id = i.invited_by and p.role = 'admin' and p.deleted_at is null
  where i.email = lower(p_email) and i.expires_at > now()
  for update of i
$$;
comment on function private.invitation_for(text) is 'The invitation that is good for an address today, locked; none otherwise.';

create or replace function private.settle_account(p_account uuid) returns text
language plpgsql security definer set search_path = '' as $$
declare
  v_email text;
  v_name text;
  v_provider text;
  v_user text;
  v_invitation private.invitations;
begin
  select u.email, left(nullif(btrim(coalesce(u.raw_user_meta_data ->> 'full_name', u.raw_user_meta_data ->> 'name', '')), ''), 200),
         left(coalesce(u.raw_app_meta_data ->> 'provider', 'email'), 50)
    into v_email, v_name, v_provider
    from auth.users u where u.id = p_account and u.email_confirmed_at is not null and coalesce(u.email, '') <> '';
  if v_email is null then
    return null;
  end if;
  update public.user_profiles p set email = v_email, full_name = coalesce(p.full_name, v_name)
   where p.auth_user_id = p_account returning p.user_id into v_user;
  if v_user is not null then
    return v_user;
  end if;
  v_invitation := private.invitation_for(v_email);
  update public.user_profiles p
     set auth_user_id = p_account, provider = v_provider, full_name = coalesce(p.full_name, v_name)
   where p.user_id = (select q.user_id from public.user_profiles q
                       where lower(q.email) = lower(v_email) and q.auth_user_id is null and q.deleted_at is null
                       order by q.created_at, q.user_id limit 1)
  returning p.user_id into v_user;
  if v_user is null and (v_invitation.invitation_id is not null or private.setting('who_may_join') = '"anyone"') then
    insert into public.user_profiles (user_id, auth_user_id, email, full_name, provider)
    values (p_account::text, p_account, v_email, v_name, v_provider)
    on conflict (user_id) do update set auth_user_id = excluded.auth_user_id, email = excluded.email
    returning user_id into v_user;
  end if;
  if v_invitation.invitation_id is not null then
    perform private.accept_invitation(v_invitation, v_user);
  end if;
  return v_user;
end
$$;
comment on function private.settle_account(uuid) is
  'Gives a verified account its profile, by its address or by an invitation, and answers the user_id; null where it may not join.';

-- A role that somebody was given before they ever signed in stays: an invitation takes nothing away.
create or replace function private.accept_invitation(p_invitation private.invitations, p_user_id text) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_role text;
begin
  update public.user_profiles p
     set role = case when p.role = 'member' then p_invitation.role else p.role end, team = coalesce(p_invitation.team, p.team)
   where p.user_id = p_user_id returning p.role into v_role;
  delete from private.invitations where invitation_id = p_invitation.invitation_id;
  insert into public.audit_log (actor_user_id, actor_role, action, target, after)
  values (p_user_id, v_role, 'invitation.accept', p_user_id, jsonb_build_object('invitation_id', p_invitation.invitation_id,
          'invited_by', p_invitation.invited_by, 'role', v_role, 'team', p_invitation.team));
end
$$;
comment on function private.accept_invitation(private.invitations, text) is 'Gives an invited person role and team and ends the invitation; audited.';

create or replace function private.link_auth_user() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  perform private.settle_account(new.id);
  return null;
end
$$;
comment on function private.link_auth_user() is 'Trigger of auth.users: an account whose address is verified gets its profile.';
create or replace trigger footprint_link_auth_user
  after insert or update of email, email_confirmed_at on auth.users
  for each row execute function private.link_auth_user();

create or replace function private.on_joining_opened() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  perform private.settle_account(u.id) from auth.users u
   where not exists (select 1 from public.user_profiles p where p.auth_user_id = u.id);
  return null;
end
$$;
comment on function private.on_joining_opened() is 'Trigger of settings: where anyone may join from now on, whoever waited outside does.';
create or replace trigger on_joining_opened after update on public.settings
  for each row when (new.key = 'who_may_join' and new.value = '"anyone"' and old.value <> new.value)
  execute function private.on_joining_opened();

create or replace function private.invite_person(p_email text, p_role text, p_team text, p_days integer) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_email constant text := lower(btrim(coalesce(p_email, '')));
  v_team constant text := nullif(btrim(coalesce(p_team, '')), '');
  v_invitation private.invitations;
  v_account uuid;
begin
  perform private.require_admin();
  if v_email !~ '^[^@[:space:]]+@[^@[:space:]]+$' or length(v_email) > 320 then
    raise sqlstate 'PT400' using message = 'Enter an e-mail address.';
  elsif coalesce(p_role, '') not in ('member', 'admin', 'finance') then
    raise sqlstate 'PT400' using message = 'A role is member, admin or finance.';
  elsif length(v_team) > 100 then
    raise sqlstate 'PT400' using message = 'The name of a team has at most 100 characters.';
  elsif p_days is null or p_days not between 1 and 90 then
    raise sqlstate 'PT400' using message = 'An invitation is good for 1 to 90 days.';
  elsif exists (select 1 from public.user_profiles p where lower(p.email) = v_email and p.deleted_at is not null) then
    raise sqlstate 'PT409' using message = 'This person was deleted: restore them instead.';
  elsif exists (select 1 from public.user_profiles p where lower(p.email) = v_email and p.auth_user_id is not null) then
    raise sqlstate 'PT409' using message = 'This person has an account already: choose them in the list to change role or team.';
  end if;
  insert into private.invitations as i (email, role, team, invited_by, expires_at)
  values (v_email, p_role, v_team, private.current_user_id(), now() + make_interval(days => p_days))
  on conflict (email) do update set role = excluded.role, team = excluded.team, invited_by = excluded.invited_by,
    created_at = now(), expires_at = excluded.expires_at
  returning * into v_invitation;
  perform private.audit('invitation.create', v_invitation.invitation_id::text, null,
    jsonb_build_object('role', p_role, 'team', v_team, 'expires_at', v_invitation.expires_at));
  select u.id into v_account from auth.users u where lower(u.email) = v_email and u.email_confirmed_at is not null;
  return jsonb_build_object('invitation_id', v_invitation.invitation_id, 'email', v_email,
    'joined', v_account is not null and private.settle_account(v_account) is not null);
end
$$;
comment on function private.invite_person(text, text, text, integer) is
  'Keeps role and team for whoever proves an e-mail address within some days; tells whether they have joined at once. Admins only, audited.';

create or replace function private.list_invitations() returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  perform private.require_admin();
  return (select coalesce(jsonb_agg(jsonb_build_object('invitation_id', i.invitation_id, 'email', i.email, 'role', i.role, 'team', i.team,
            'invited_by', coalesce(p.full_name, p.email, p.user_id), 'created_at', i.created_at, 'expires_at', i.expires_at,
            'is_good', i.expires_at > now() and p.role = 'admin' and p.deleted_at is null) order by i.created_at desc, i.email), '[]')
          from private.invitations i join public.user_profiles p on p.user_id = i.invited_by);
end
$$;
comment on function private.list_invitations() is 'Invitations that nobody has accepted yet, newest first; admins only.';

create or replace function private.withdraw_invitation(p_invitation_id uuid) returns text
language plpgsql security definer set search_path = '' as $$
declare
  v_email text;
begin
  perform private.require_admin();
  delete from private.invitations where invitation_id = p_invitation_id returning email into v_email;
  if v_email is null then
    raise sqlstate 'PT404' using message = 'There is no such invitation any more.';
  end if;
  perform private.audit('invitation.withdraw', p_invitation_id::text, null, null);
  return v_email;
end
$$;
comment on function private.withdraw_invitation(uuid) is 'Ends an invitation and answers its address; admins only, audited.';

create or replace function public.invite_person(p_email text, p_role text default 'member', p_team text default null, p_days integer default 14)
returns jsonb
language sql security invoker set search_path = '' as $$ select private.invite_person(p_email, p_role, p_team, p_days) $$;
comment on function public.invite_person(text, text, text, integer) is 'Invites an e-mail address with a role and a team; admins only, audited.';
create or replace function public.list_invitations() returns jsonb
language sql stable security invoker set search_path = '' as $$ select private.list_invitations() $$;
comment on function public.list_invitations() is 'Invitations that nobody has accepted yet; admins only.';
create or replace function public.withdraw_invitation(p_invitation_id uuid) returns text
language sql security invoker set search_path = '' as $$ select private.withdraw_invitation(p_invitation_id) $$;
comment on function public.withdraw_invitation(uuid) is 'Ends an invitation; admins only, audited.';

revoke execute on function private.invitation_for(text), private.settle_account(uuid), private.accept_invitation(private.invitations, text),
  private.link_auth_user(), private.on_joining_opened(), private.invite_person(text, text, text, integer), private.list_invitations(),
  private.withdraw_invitation(uuid), public.invite_person(text, text, text, integer), public.list_invitations(),
  public.withdraw_invitation(uuid) from public, anon, authenticated, service_role;
grant execute on function private.invite_person(text, text, text, integer), private.list_invitations(), private.withdraw_invitation(uuid),
  public.invite_person(text, text, text, integer), public.list_invitations(), public.withdraw_invitation(uuid) to authenticated;
