-- Privacy of people towards their organisation (setting privacy_people): named, pseudonymous or off.
--
-- named         admins and finance read figures by person.
-- pseudonymous  figures by person stand under a stable pseudonym, an HMAC-SHA-256 of the user_id under a
--               key that never leaves the database; small groups are not shown (sql/130_works_council.sql).
-- off           no figures by person at all.
--
-- In each of them, one person's requests are open to an admin only for a stated reason, which that
-- person can read (sql/120_people.sql).

create or replace function private.people_are_named() returns boolean
language sql stable security definer set search_path = '' as $$
  select coalesce(private.setting('privacy_people') = '"named"', true)
$$;
comment on function private.people_are_named() is 'Whether the organisation''s readers may see figures by person under their names.';

create or replace function private.sees_people() returns boolean
language sql stable security definer set search_path = '' as $$
  select private.is_org_reader() and private.people_are_named()
$$;
comment on function private.sees_people() is 'Whether the signed-in person may read other people''s figures under their names.';
revoke execute on function private.people_are_named(), private.sees_people() from public, anon, authenticated, service_role;
grant execute on function private.people_are_named() to authenticated, service_role;
grant execute on function private.sees_people() to authenticated;

comment on table private.pseudonym_keys is 'The one key of all pseudonyms, as HMAC (RFC 2104) needs it; made here, read by nobody.';
comment on column private.pseudonym_keys.pseudonym_key_id is 'Always 1.';
comment on column private.pseudonym_keys.inner_key is 'The key XOR ipad.';
comment on column private.pseudonym_keys.outer_key is 'The key XOR opad.';
alter table private.pseudonym_keys enable row level security;
revoke all on private.pseudonym_keys from public, anon, authenticated, service_role;

-- Core PostgreSQL has SHA-256 but no HMAC: the two padded keys are worked out once. Two random UUIDs
-- hold 244 random bits.
create or replace function private.padded_key(p_key bytea, p_pad integer) returns bytea
language plpgsql immutable set search_path = '' as $$
declare
  v_padded bytea := p_key || decode(repeat('00', 64 - length(p_key)), 'hex');
begin
  for i in 0 .. 63 loop
    v_padded := set_byte(v_padded, i, get_byte(v_padded, i) # p_pad);
  end loop;
  return v_padded;
end
$$;
comment on function private.padded_key(bytea, integer) is 'A key of at most 64 bytes, padded with zeros and XORed with a byte, as HMAC (RFC 2104) has it.';

create or replace function private.pseudonym(p_user_id text) returns text
language sql stable security definer set search_path = '' as $$
  select 'P-' || upper(left(encode(sha256(k.outer_key || sha256(k.inner_key || convert_to(p_user_id, 'UTF8'))), 'hex'), 12))
  from private.pseudonym_keys k
$$;
comment on function private.pseudonym(text) is
  'A person''s stable pseudonym: the first 48 bits of HMAC-SHA-256 of their id. Nobody without the key can work it out from an id they know.';
revoke execute on function private.padded_key(bytea, integer), private.pseudonym(text) from public, anon, authenticated, service_role;
