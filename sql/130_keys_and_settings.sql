-- Ingest keys and settings, as an admin handles them on their pages. Each change is audited.

-- The key itself is made where it is shown; only its SHA-256 comes here.
create or replace function private.add_ingest_key(p_key_sha256 text, p_label text, p_user_id text, p_team text, p_expires_at timestamptz)
returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_user constant text := nullif(btrim(coalesce(p_user_id, '')), '');
  v_team constant text := nullif(btrim(coalesce(p_team, '')), '');
begin
  perform private.require_admin();
  if coalesce(p_key_sha256, '') !~ '^[0-9a-f]{64}$' then
    raise sqlstate 'PT400' using message = 'The SHA-256 of the key is needed, as 64 hexadecimal characters.';
  elsif length(btrim(coalesce(p_label, ''))) not between 1 and 100 then
    raise sqlstate 'PT400' using message = 'A key needs a label of 1 to 100 characters.';
  elsif v_user is not null and v_team is not null then
    raise sqlstate 'PT400' using message = 'A key is for the organisation, for one person or for one team, not for a person and a team.';
  elsif length(v_team) > 100 then
    raise sqlstate 'PT400' using message = 'The name of a team has at most 100 characters.';
  elsif p_expires_at <= now() then
    raise sqlstate 'PT400' using message = 'A key has to expire in the future.';
  elsif v_user is not null and not exists (select 1 from public.user_profiles where user_id = v_user and deleted_at is null) then
    raise sqlstate 'PT404' using message = 'Nobody is known by this id.';
  elsif exists (select 1 from private.ingest_keys where key_hash = decode(p_key_sha256, 'hex')) then
    raise sqlstate 'PT409' using message = 'This key is there already: make a new one.';
  end if;
  return private.create_ingest_key(decode(p_key_sha256, 'hex'), p_label, v_user, v_team, p_expires_at);
end
$$;
comment on function private.add_ingest_key(text, text, text, text, timestamptz) is
  'Stores the SHA-256 of a new ingest key, for the organisation, a known person or a team; admins only, audited.';

create or replace function private.list_ingest_keys() returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  perform private.require_admin();
  return (select coalesce(jsonb_agg(jsonb_build_object('ingest_key_id', k.ingest_key_id, 'label', k.label, 'scope', k.scope,
            'user_id', k.user_id, 'person', coalesce(p.full_name, p.email, k.user_id), 'team', k.team, 'state', l.state,
            'created_at', k.created_at, 'expires_at', k.expires_at, 'revoked_at', k.revoked_at, 'last_used_at', k.last_used_at)
            order by l.state, k.created_at desc, k.ingest_key_id), '[]')
          from private.ingest_keys k
          join private.ingest_key_list l on l.ingest_key_id = k.ingest_key_id
          left join public.user_profiles p on p.user_id = k.user_id);
end
$$;
comment on function private.list_ingest_keys() is 'All ingest keys without their hashes, working ones first; admins only.';

create or replace function private.stop_ingest_key(p_ingest_key_id uuid) returns text
language plpgsql security definer set search_path = '' as $$
declare
  v_label text;
begin
  perform private.require_admin();
  v_label := private.revoke_ingest_key(p_ingest_key_id);
  if v_label is null then
    raise sqlstate 'PT404' using message = 'There is no such key.';
  end if;
  return v_label;
end
$$;
comment on function private.stop_ingest_key(uuid) is 'Revokes an ingest key at once and answers its label; admins only, audited.';

-- Settings that an admin may change; the rest is an operator's.
create or replace function private.checked_setting(p_key text, p_value jsonb) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_problem text;
begin
  perform private.require_admin();
  if coalesce(p_key, '') not in ('organisation_name', 'reporting_timezone', 'pledge_share', 'contract_price_eur_per_m2',
      'fx_planning_rate_eur_per_usd', 'privacy_people', 'who_may_join', 'store_payloads', 'payload_retention_days', 'prepaid_mode', 'ledger_four_eyes', 'active_factor_set') then
    raise sqlstate 'PT400' using message = 'There is no such setting.';
  end if;
  v_problem := private.setting_problem(p_key, coalesce(p_value, 'null'));
  if v_problem is null and p_key = 'active_factor_set' and not exists (select 1 from public.factor_sets f where f.factor_set = p_value #>> '{}') then
    v_problem := 'must be a factor set that is in the database';
  end if;
  if v_problem is not null then
    raise sqlstate 'PT400' using message = format('This value %s.', v_problem);
  end if;
  return p_value;
end
$$;
comment on function private.checked_setting(text, jsonb) is 'The value, where an admin asks and it can be right; HTTP 403 or 400 otherwise.';

create or replace function private.set_setting(p_key text, p_value jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_value constant jsonb := private.checked_setting(p_key, p_value);
  v_before jsonb;
begin
  select s.value into v_before from public.settings s where s.key = p_key for no key update;
  if v_before is not distinct from v_value then
    return v_value;
  end if;
  insert into public.settings (key, value, updated_by) values (p_key, v_value, private.current_user_id())
  on conflict (key) do update set value = excluded.value, updated_by = excluded.updated_by;
  perform private.audit('setting.set', p_key, v_before, v_value);
  return v_value;
end
$$;
comment on function private.set_setting(text, jsonb) is 'Changes a setting and all that follows from it, in one transaction; admins only, audited.';

-- What a change would do to figures: worked out with the change made and taken back.
create or replace function private.pending_restoration() returns jsonb
language sql stable security definer set search_path = '' as $$
  select jsonb_build_object('pledged_eur', round(coalesce(sum(r.pledged_eur), 0), 2),
                            'pending_m2', round(coalesce(sum(r.cost_eur * r.pending_m2_per_eur), 0), 2))
  from private.restoration_rates(null, null) r where r.status = 'pending'
$$;
comment on function private.pending_restoration() is 'Euros pledged and m2 pending over all months without a verified receipt. Internal.';

create or replace function private.preview_setting(p_key text, p_value jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
  v_value constant jsonb := private.checked_setting(p_key, p_value);
  v_zone constant text := private.reporting_timezone();
  v_before jsonb;
  v_after jsonb;
begin
  case p_key
    when 'pledge_share', 'contract_price_eur_per_m2' then
      v_before := private.pending_restoration();
      begin
        update public.settings set value = v_value where key = p_key;
        v_after := private.pending_restoration();
        raise sqlstate 'PTBAK';
      exception when sqlstate 'PTBAK' then
        null;
      end;
    when 'fx_planning_rate_eur_per_usd' then
      select jsonb_build_object('requests', count(*), 'cost_eur', round(coalesce(sum(r.cost_eur), 0), 2)),
             jsonb_build_object('requests', count(*), 'cost_eur', round(coalesce(sum(c.eur), 0), 2))
        into v_before, v_after
        from public.request_logs r
        cross join lateral private.cost_in_both(r.cost_usd, r.reported_cost, r.reported_currency, (v_value #>> '{}')::numeric,
          (r.started_at at time zone v_zone)::date) as c
       where r.cost_usd is not null and r.fx_date is null;
    when 'reporting_timezone' then
      select jsonb_build_object('requests', count(*)),
             jsonb_build_object('other_day', count(*) filter (where x.old::date <> x.new::date),
                                'other_month', count(*) filter (where date_trunc('month', x.old) <> date_trunc('month', x.new)))
        into v_before, v_after
        from public.request_logs r
        cross join lateral (select r.started_at at time zone v_zone, r.started_at at time zone (v_value #>> '{}')) as x (old, new);
    when 'payload_retention_days' then
      select jsonb_build_object('stored', count(*)),
             jsonb_build_object('erased', count(*) filter (where p.created_at + make_interval(days => (v_value #>> '{}')::integer) <= now()))
        into v_before, v_after from public.request_payloads p;
    else
      null;
  end case;
  return jsonb_build_object('key', p_key, 'value', private.setting(p_key), 'new_value', v_value, 'before', v_before, 'after', v_after);
end
$$;
comment on function private.preview_setting(text, jsonb) is
  'What a new value would do to figures, before and after (null: to none); changes nothing. Admins only.';

create or replace function public.add_ingest_key(p_key_sha256 text, p_label text, p_user_id text default null, p_team text default null, p_expires_at timestamptz default null)
returns uuid
language sql security invoker set search_path = '' as $$ select private.add_ingest_key(p_key_sha256, p_label, p_user_id, p_team, p_expires_at) $$;
comment on function public.add_ingest_key(text, text, text, text, timestamptz) is 'Stores the SHA-256 of a new ingest key; admins only, audited.';
create or replace function public.list_ingest_keys() returns jsonb
language sql stable security invoker set search_path = '' as $$ select private.list_ingest_keys() $$;
comment on function public.list_ingest_keys() is 'All ingest keys without their secret, working ones first; admins only.';
create or replace function public.stop_ingest_key(p_ingest_key_id uuid) returns text
language sql security invoker set search_path = '' as $$ select private.stop_ingest_key(p_ingest_key_id) $$;
comment on function public.stop_ingest_key(uuid) is 'Revokes an ingest key at once; admins only, audited.';
-- The value comes as JSON text: not every API hands a jsonb argument on as it was sent.

-- The API lifts a function's statement_timeout to the whole request: a rebuild of the rollups takes its time.
create or replace function public.set_setting(p_key text, p_value text) returns jsonb
language sql security invoker set search_path = '' set statement_timeout = '10min' as $$ select private.set_setting(p_key, p_value::jsonb) $$;
comment on function public.set_setting(text, text) is 'Changes a setting (its value as JSON text) and all that follows from it; admins only, audited.';
create or replace function public.preview_setting(p_key text, p_value text) returns jsonb
language sql security invoker set search_path = '' set statement_timeout = '2min' as $$ select private.preview_setting(p_key, p_value::jsonb) $$;
comment on function public.preview_setting(text, text) is 'What a new value of a setting would do to figures; changes nothing. Admins only.';

revoke execute on function private.add_ingest_key(text, text, text, text, timestamptz), private.list_ingest_keys(), private.stop_ingest_key(uuid),
  private.checked_setting(text, jsonb), private.set_setting(text, jsonb), private.pending_restoration(), private.preview_setting(text, jsonb),
  public.add_ingest_key(text, text, text, text, timestamptz), public.list_ingest_keys(), public.stop_ingest_key(uuid),
  public.set_setting(text, text), public.preview_setting(text, text) from public, anon, authenticated, service_role;
grant execute on function private.add_ingest_key(text, text, text, text, timestamptz), private.list_ingest_keys(), private.stop_ingest_key(uuid),
  private.set_setting(text, jsonb), private.preview_setting(text, jsonb),
  public.add_ingest_key(text, text, text, text, timestamptz), public.list_ingest_keys(), public.stop_ingest_key(uuid),
  public.set_setting(text, text), public.preview_setting(text, text) to authenticated;
