-- Stands at the head of what `footprint migrate --sql` prints: the text was made for a database with just these
-- migrations (footprint.made_for, their names in order), and runs on no other.

do $guard$
declare
  v_here text := '';
begin
  if to_regclass('private.schema_migrations') is not null then
    select coalesce(string_agg(m.file, ',' order by m.file collate "C"), '') into v_here from private.schema_migrations m;
  end if;
  if v_here <> current_setting('footprint.made_for') then
    raise exception 'This database is not where it was when this text was made: make it again with footprint migrate --sql.';
  end if;
end
$guard$;
