-- People: what an admin may do to somebody's account, each act audited, and what everybody may ask
-- about themselves.
--
-- Entries of the audit log name people by their user_id alone: no name and no e-mail address, so that
-- the log survives an erasure without keeping what was erased. The last admin who can sign in stays one.

create or replace function private.person_for_change(p_user_id text) returns public.user_profiles
language plpgsql security definer set search_path = '' as $$
declare
  p public.user_profiles;
begin
  perform private.require_admin();
  -- Whoever changes an admin waits here for whoever else does: two admins cannot remove each other at once.
  perform 1 from public.user_profiles where role = 'admin' order by user_id for no key update;
  select * into p from public.user_profiles where user_id = p_user_id for no key update;
  if p.user_id is null then
    raise sqlstate 'PT404' using message = 'Nobody is known by this id.';
  end if;
  return p;
end
$$;
comment on function private.person_for_change(text) is 'The person an admin is about to change, locked together with all admins; HTTP 403 or 404 otherwise.';

create or replace function private.keep_an_admin(p public.user_profiles) returns void
language plpgsql security definer set search_path = '' as $$
begin
  if p.role = 'admin' and p.deleted_at is null and not exists (
    select 1 from public.user_profiles o
     where o.role = 'admin' and o.deleted_at is null and o.auth_user_id is not null and o.user_id <> p.user_id) then
    raise sqlstate 'PT409' using message = 'This is the last admin: make somebody else admin first.';
  end if;
end
$$;
comment on function private.keep_an_admin(public.user_profiles) is 'Refuses (HTTP 409) where the person is the last admin who can sign in.';

create or replace function private.needed_reason(p_reason text) returns text
language plpgsql immutable set search_path = '' as $$
begin
  if length(btrim(coalesce(p_reason, ''))) not between 5 and 500 then
    raise sqlstate 'PT400' using message = 'A reason of 5 to 500 characters is needed: it goes into the audit log.';
  end if;
  return btrim(p_reason);
end
$$;
comment on function private.needed_reason(text) is 'The reason, trimmed; HTTP 400 where it says nothing.';

-- Search. Figures of one person are shown only where people are named to the organisation at all.
create or replace function private.find_people(p_search text, p_state text, p_after_name text, p_after_id text, p_limit integer)
returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_search constant text := lower(btrim(coalesce(p_search, '')));
begin
  perform private.require_admin();
  if p_limit is null or p_limit not between 1 and 200 or coalesce(p_state, '') not in ('active', 'deleted', 'all') then
    raise sqlstate 'PT400' using message = 'p_limit must be from 1 to 200, and p_state active, deleted or all.';
  end if;
  return (
    select coalesce(jsonb_agg(to_jsonb(f) order by f.sort_name, f.user_id), '[]') from (
      select p.user_id, p.email, p.full_name, p.role, p.team, p.provider, p.created_at, p.deleted_at,
             p.auth_user_id is not null as has_account, n.sort_name,
             case when private.people_are_named() then coalesce(t.requests, 0) end as requests,
             case when private.people_are_named() then coalesce(t.tokens_used, 0) end as tokens_used
      from public.user_profiles p
      cross join lateral (select lower(coalesce(p.full_name, p.email, p.user_id))) as n (sort_name)
      left join public.user_usage_totals t on t.user_id = p.user_id
      where (v_search = '' or strpos(lower(concat_ws(' ', p.full_name, p.email, p.user_id, p.team)), v_search) > 0)
        and (p_state = 'all' or (p_state = 'active') = (p.deleted_at is null))
        and (p_after_id is null or (n.sort_name, p.user_id) > (coalesce(p_after_name, ''), p_after_id))
      order by n.sort_name, p.user_id limit p_limit) f);
end
$$;
comment on function private.find_people(text, text, text, text, integer) is 'People by part of a name, e-mail, id or team, a page at a time; admins only.';

create or replace function private.set_person_role(p_user_id text, p_role text) returns void
language plpgsql security definer set search_path = '' as $$
declare
  p constant public.user_profiles := private.person_for_change(p_user_id);
begin
  if coalesce(p_role, '') not in ('member', 'admin', 'finance') then
    raise sqlstate 'PT400' using message = 'A role is member, admin or finance.';
  elsif p.deleted_at is not null then
    raise sqlstate 'PT409' using message = 'This person was deleted: restore them first.';
  elsif p_role = p.role then
    return;
  end if;
  if p_role <> 'admin' then
    perform private.keep_an_admin(p);
  end if;
  update public.user_profiles set role = p_role where user_id = p.user_id;
  perform private.audit('role.grant', p.user_id, jsonb_build_object('role', p.role), jsonb_build_object('role', p_role));
end
$$;
comment on function private.set_person_role(text, text) is 'Gives a person a role; admins only, audited.';

create or replace function private.set_person_team(p_user_id text, p_team text) returns void
language plpgsql security definer set search_path = '' as $$
declare
  p constant public.user_profiles := private.person_for_change(p_user_id);
  v_team constant text := nullif(btrim(coalesce(p_team, '')), '');
begin
  if length(v_team) > 100 then
    raise sqlstate 'PT400' using message = 'The name of a team has at most 100 characters.';
  elsif v_team is not distinct from p.team then
    return;
  end if;
  update public.user_profiles set team = v_team where user_id = p.user_id;
  perform private.audit('team.set', p.user_id, jsonb_build_object('team', p.team), jsonb_build_object('team', v_team));
end
$$;
comment on function private.set_person_team(text, text) is
  'Puts a person into a team (empty: none) from their next request on; admins only, audited.';

create or replace function private.delete_person(p_user_id text) returns void
language plpgsql security definer set search_path = '' as $$
declare
  p constant public.user_profiles := private.person_for_change(p_user_id);
begin
  if p.deleted_at is not null then
    return;
  end if;
  perform private.keep_an_admin(p);
  update public.user_profiles set deleted_at = now() where user_id = p.user_id;
  update private.ingest_keys set revoked_at = now() where user_id = p.user_id and revoked_at is null;
  perform private.audit('person.delete', p.user_id, jsonb_build_object('role', p.role), null);
end
$$;
comment on function private.delete_person(text) is 'Takes a person''s access and their ingest keys away; history stays. Admins only, audited.';

create or replace function private.restore_person(p_user_id text) returns void
language plpgsql security definer set search_path = '' as $$
declare
  p constant public.user_profiles := private.person_for_change(p_user_id);
begin
  if p.deleted_at is null then
    return;
  end if;
  update public.user_profiles set deleted_at = null, role = 'member' where user_id = p.user_id;
  perform private.audit('person.restore', p.user_id, null, jsonb_build_object('role', 'member'));
end
$$;
comment on function private.restore_person(text) is 'Gives a deleted person access again, as a member; admins only, audited.';

-- Erasure: the person goes, every figure of the organisation stays. Their requests stay as nobody's; a
-- ledger, which the books need, goes on under a random name.
create or replace function private.erase_person(p_user_id text, p_reason text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  p constant public.user_profiles := private.person_for_change(p_user_id);
  v_reason constant text := private.needed_reason(p_reason);
  v_ledger_name text;
  v_requests bigint;
  v_payloads bigint;
begin
  perform private.keep_an_admin(p);
  delete from public.request_payloads x
   where x.user_profile_id = p.user_id
      or x.event_id in (select r.event_id from public.request_logs r where r.user_profile_id = p.user_id);
  get diagnostics v_payloads = row_count;
  with locked as materialized (
    select event_id from public.request_logs
     where user_profile_id = p.user_id or lower(user_email) = lower(p.email) and user_profile_id is null
     order by event_id for no key update)
  update public.request_logs r
     set user_profile_id = null, attribution = 'none', user_email = null, user_name = null, end_user = null,
         session_id = null, trace_id = null
    from locked where r.event_id = locked.event_id;
  get diagnostics v_requests = row_count;
  if exists (select 1 from public.transactions t where t.user_id = p.user_id) then
    v_ledger_name := 'erased-' || gen_random_uuid();
    insert into public.user_profiles (user_id, deleted_at) values (v_ledger_name, now());
    update public.transactions set user_id = v_ledger_name, note = null where user_id = p.user_id;
  end if;
  delete from private.invitations where email = lower(p.email);
  delete from public.user_profiles where user_id = p.user_id;
  delete from auth.users where id = p.auth_user_id;
  perform private.audit('person.erase', p.user_id, null,
    jsonb_build_object('requests', v_requests, 'payloads', v_payloads, 'ledger', v_ledger_name), v_reason);
  return jsonb_build_object('requests', v_requests, 'payloads', v_payloads);
end
$$;
comment on function private.erase_person(text, text) is
  'Erases a person, their account, sessions, keys, prompts and their name on every request; the organisation''s totals stay exactly. Admins only, audited.';

create or replace function private.map_person_session(p_session_id text, p_user_id text) returns bigint
language plpgsql security definer set search_path = '' as $$
declare
  p constant public.user_profiles := private.person_for_change(p_user_id);
  v_before text;
  v_requests bigint;
begin
  if p.deleted_at is not null then
    raise sqlstate 'PT409' using message = 'This person was deleted: restore them first.';
  end if;
  select s.user_id into v_before from public.user_sessions s where s.session_id = p_session_id;
  v_requests := private.map_session(p_session_id, p.user_id);
  perform private.audit('session.map', p.user_id, jsonb_build_object('user_id', v_before),
    jsonb_build_object('session_id', p_session_id, 'requests', v_requests));
  return v_requests;
end
$$;
comment on function private.map_person_session(text, text) is 'Maps a chat session to a known person; answers how many requests were re-attributed. Admins only, audited.';

-- A look at one person: asked for with a reason, which that person can read.
create or replace function private.look_at_person(p_user_id text, p_reason text) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform private.require_admin();
  if not exists (select 1 from public.user_profiles where user_id = p_user_id) then
    raise sqlstate 'PT404' using message = 'Nobody is known by this id.';
  end if;
  perform private.audit('person.look', p_user_id, null, null, private.needed_reason(p_reason));
end
$$;
comment on function private.look_at_person(text, text) is
  'Opens one person''s requests to an admin for an hour; reason and time go into the audit log, where that person reads them.';

-- Everything held about a person. The requests come a page at a time, in the order of event_id.
create or replace function private.export_person(p_user_id text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_user constant text := private.readable_user(p_user_id);
begin
  perform private.audit('person.export', v_user, null, null);
  return jsonb_build_object(
    'exported_at', now(),
    'profile', (select to_jsonb(p) from public.user_profiles p where p.user_id = v_user),
    'sessions', (select coalesce(jsonb_agg(to_jsonb(s) order by s.created_at, s.session_id), '[]') from public.user_sessions s where s.user_id = v_user),
    'totals', (select to_jsonb(t) from public.user_usage_totals t where t.user_id = v_user),
    'months', (select coalesce(jsonb_agg(to_jsonb(m) order by m.month, m.provider, m.model), '[]') from public.usage_user_monthly m where m.user_id = v_user),
    'ledger', (select coalesce(jsonb_agg(to_jsonb(t) order by t.created_at, t.transaction_id), '[]') from public.transactions t where t.user_id = v_user),
    'proposed_ledger', (select coalesce(jsonb_agg(to_jsonb(q) order by q.proposed_at, q.transaction_id), '[]') from public.proposed_transactions q where q.user_id = v_user),
    'budgets', (select coalesce(jsonb_agg(to_jsonb(b) order by b.from_month), '[]') from public.budgets b where b.user_id = v_user),
    'ingest_keys', (select coalesce(jsonb_agg(to_jsonb(k) - 'key_hash' order by k.created_at), '[]') from private.ingest_keys k where k.user_id = v_user),
    'acts', (select coalesce(jsonb_agg(to_jsonb(a) order by a.audit_id), '[]') from public.audit_log a where a.actor_user_id = v_user),
    'about_them', (select coalesce(jsonb_agg(to_jsonb(a) order by a.audit_id), '[]') from public.audit_log a where a.target = v_user and a.actor_user_id is distinct from v_user));
end
$$;
comment on function private.export_person(text) is 'Everything held about a person but their requests (null: oneself); audited.';

create or replace function private.export_person_requests(p_user_id text, p_after uuid) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_user constant text := private.readable_user(p_user_id);
begin
  return (
    select coalesce(jsonb_agg(to_jsonb(r) || jsonb_build_object('messages', x.messages, 'response', x.response) order by r.event_id), '[]')
    from (select l.* from public.request_logs l
           where l.user_profile_id = v_user and (p_after is null or l.event_id > p_after)
           order by l.event_id limit 1000) r
    left join public.request_payloads x on x.event_id = r.event_id
      and v_user = private.current_user_id());
end
$$;
comment on function private.export_person_requests(text, uuid) is
  'A person''s requests after an event_id, at most 1000; prompts and answers only for that person.';

-- What everybody may know about their own data: who looked at it, when and why.
create or replace function private.looks_at_me() returns jsonb
language sql stable security definer set search_path = '' as $$
  select coalesce(jsonb_agg(jsonb_build_object('occurred_at', l.occurred_at, 'action', l.action, 'role', l.actor_role,
           'who', coalesce(p.full_name, p.email, l.actor_user_id, 'An operator'), 'reason', l.reason) order by l.audit_id desc), '[]')
  from (select * from public.audit_log a
         where a.target = private.current_user_id() and a.actor_user_id is distinct from private.current_user_id()
           and a.action like 'person.%'
         order by a.audit_id desc limit 200) l
  left join public.user_profiles p on p.user_id = l.actor_user_id
$$;
comment on function private.looks_at_me() is 'Who looked at, exported, deleted or restored the signed-in person: the newest 200 entries, with their reasons.';

create or replace function private.read_audit_log(p_action text, p_who text, p_before_id bigint, p_limit integer) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  perform private.require_admin();
  if p_limit is null or p_limit not between 1 and 200 then
    raise sqlstate 'PT400' using message = 'p_limit must be from 1 to 200; page with p_before_id.';
  end if;
  return (
    select coalesce(jsonb_agg(to_jsonb(e) order by e.audit_id desc), '[]') from (
      select a.audit_id, a.occurred_at, a.actor_user_id, coalesce(w.full_name, w.email, a.actor_user_id) as actor, a.actor_role,
             a.action, a.target, coalesce(t.full_name, t.email, k.label, i.email, a.target) as target_name, a.reason, a.before, a.after
      from public.audit_log a
      left join public.user_profiles w on w.user_id = a.actor_user_id
      left join public.user_profiles t on t.user_id = a.target
      left join private.ingest_keys k on starts_with(a.action, 'ingest_key.') and k.ingest_key_id::text = a.target
      left join private.invitations i on starts_with(a.action, 'invitation.') and i.invitation_id::text = a.target
      where (p_before_id is null or a.audit_id < p_before_id)
        and (coalesce(p_action, '') = '' or starts_with(a.action, p_action))
        and (coalesce(btrim(p_who), '') = '' or strpos(lower(concat_ws(' ', a.actor_user_id, w.full_name, w.email, a.target, t.full_name, t.email)),
                                                      lower(btrim(p_who))) > 0)
      order by a.audit_id desc limit p_limit) e);
end
$$;
comment on function private.read_audit_log(text, text, bigint, integer) is 'The audit log, newest first, a page at a time; admins only.';

do $wrappers$
declare
  f record;
begin
  -- name and parameters, arguments, type of answer, volatility, comment
  for f in select * from (values
    ('find_people', 'p_search text default '''', p_state text default ''active'', p_after_name text default null, p_after_id text default null, p_limit integer default 50',
     'p_search, p_state, p_after_name, p_after_id, p_limit', 'jsonb', 'stable', 'People by part of a name, e-mail, id or team, a page at a time; admins only.'),
    ('set_person_role', 'p_user_id text, p_role text', 'p_user_id, p_role', 'void', 'volatile', 'Gives a person a role; admins only, audited.'),
    ('set_person_team', 'p_user_id text, p_team text', 'p_user_id, p_team', 'void', 'volatile', 'Puts a person into a team (empty: none); admins only, audited.'),
    ('delete_person', 'p_user_id text', 'p_user_id', 'void', 'volatile', 'Takes a person''s access away; history stays. Admins only, audited.'),
    ('restore_person', 'p_user_id text', 'p_user_id', 'void', 'volatile', 'Gives a deleted person access again, as a member; admins only, audited.'),
    ('erase_person', 'p_user_id text, p_reason text', 'p_user_id, p_reason', 'jsonb', 'volatile', 'Erases a person; the organisation''s totals stay exactly. Admins only, audited.'),
    ('map_person_session', 'p_session_id text, p_user_id text', 'p_session_id, p_user_id', 'bigint', 'volatile', 'Maps a chat session to a known person; admins only, audited.'),
    ('look_at_person', 'p_user_id text, p_reason text', 'p_user_id, p_reason', 'void', 'volatile', 'Opens one person''s requests to an admin for an hour; that person sees who, when and why.'),
    ('export_person', 'p_user_id text default null', 'p_user_id', 'jsonb', 'volatile', 'Everything held about a person but their requests (null: oneself); audited.'),
    ('export_person_requests', 'p_user_id text default null, p_after uuid default null', 'p_user_id, p_after', 'jsonb', 'volatile', 'A person''s requests after an event_id, at most 1000.'),
    ('looks_at_me', '', '', 'jsonb', 'stable', 'Who looked at the signed-in person''s data, when and why.'),
    ('read_audit_log', 'p_action text default '''', p_who text default '''', p_before_id bigint default null, p_limit integer default 50',
     'p_action, p_who, p_before_id, p_limit', 'jsonb', 'stable', 'The audit log, newest first, a page at a time; admins only.')
  ) as v (name, parameters, arguments, answer, volatility, said)
  loop
    execute format('create or replace function public.%I(%s) returns %s language sql %s security invoker set search_path = '''' as $f$ select private.%1$I(%5$s) $f$',
      f.name, f.parameters, f.answer, f.volatility, f.arguments);
    execute format('comment on function public.%I is %L', f.name, f.said);
    execute format('revoke execute on function public.%1$I, private.%1$I from public, anon, authenticated, service_role', f.name);
    execute format('grant execute on function public.%1$I, private.%1$I to authenticated', f.name);
  end loop;
end
$wrappers$;
revoke execute on function private.person_for_change(text), private.keep_an_admin(public.user_profiles), private.needed_reason(text)
  from public, anon, authenticated, service_role;
