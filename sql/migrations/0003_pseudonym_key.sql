-- The one key of all pseudonyms (sql/025_privacy.sql), made in the database and read by nobody.
--
-- Core PostgreSQL has SHA-256 but no HMAC (RFC 2104): the key, padded with zeros to 64 bytes, is kept as
-- XORed with its two pads. Two random UUIDs hold 244 random bits.

do $key$
declare
  v_key constant bytea := sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')) || decode(repeat('00', 32), 'hex');
  v_inner bytea := v_key;
  v_outer bytea := v_key;
begin
  for i in 0 .. 63 loop
    v_inner := set_byte(v_inner, i, get_byte(v_key, i) # x'36'::integer);
    v_outer := set_byte(v_outer, i, get_byte(v_key, i) # x'5c'::integer);
  end loop;
  insert into private.pseudonym_keys (inner_key, outer_key) values (v_inner, v_outer);
end
$key$;
