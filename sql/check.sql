-- What must hold in every deployment, asked of the catalogue. No row is the good answer.
--
--   psql "$SUPABASE_DB_URL" -f sql/check.sql
--
-- Each row: the rule that is broken, and where. Looked at is what Footprint made (private.schema_objects); what
-- else lives in the same schemas is its owner's business, but for policies on our tables.

with own as (
  select o.kind, o.name, o.relation, to_regclass(nullif(o.relation, ''))::oid as relation_oid,
         case when o.kind in ('table', 'view', 'sequence') then to_regclass(o.name)::oid
              when o.kind = 'function' then to_regprocedure(o.name)::oid end as oid
  from private.schema_objects o
), ours as (
  select c.oid, n.nspname, c.relname, c.relkind, c.relrowsecurity, c.reloptions
  from own o join pg_catalog.pg_class c on c.oid = o.oid and o.kind in ('table', 'view', 'sequence')
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
), functions as (
  select p.oid, n.nspname, p.proname, p.prosecdef, p.proconfig, p.prosqlbody, p.proacl,
         format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) as name
  from own o join pg_catalog.pg_proc p on p.oid = o.oid and o.kind = 'function'
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
), policies as (
  select pol.*, o.nspname, o.relname from pg_catalog.pg_policy pol join ours o on o.oid = pol.polrelid
), keys as (
  select con.oid, con.conname, con.conrelid, con.conkey, o.nspname, o.relname
  from pg_catalog.pg_constraint con join ours o on o.oid = con.conrelid where con.contype = 'f'
)
select 'a table without row level security' as rule, format('%I.%I', nspname, relname) as place
  from ours where relkind in ('r', 'p') and not relrowsecurity
union all
select 'a view with the rights of its owner', format('%I.%I', nspname, relname)
  from ours where relkind = 'v' and not coalesce('security_invoker=true' = any (reloptions), false)
union all
select 'a materialized view or foreign table in the exposed schema', relname
  from ours where relkind in ('m', 'f') and nspname = 'public'
union all
select 'a function whose search_path can be changed by its caller', name
  from functions where prosqlbody is null and not coalesce(array_to_string(proconfig, ',') ~ 'search_path=', false)
union all
select 'a security definer function in the exposed schema', name from functions where prosecdef and nspname = 'public'
union all
select 'a function that everybody may execute', name
  from functions f where has_function_privilege('public', f.oid, 'execute')
union all
select 'a function that anonymous may execute', name
  from functions f
 where has_function_privilege('anon', f.oid, 'execute')
   and f.proname not in ('ingest_request_logs', 'register_session')
union all
select 'something anonymous may read or write', format('%I.%I', nspname, relname)
  from ours where relkind in ('r', 'p', 'v', 'm')
   and has_table_privilege('anon', oid, 'select, insert, update, delete, truncate')
union all
select 'a table that signed-in people may insert into or delete from', format('%I.%I', nspname, relname)
  from ours where relkind in ('r', 'p', 'v') and has_table_privilege('authenticated', oid, 'insert, delete, truncate')
union all
select 'a private table that the API''s roles may touch', relname
  from ours where relkind in ('r', 'p', 'v', 'm') and nspname = 'private'
   and (has_table_privilege('authenticated', oid, 'select, insert, update, delete')
        or has_table_privilege('service_role', oid, 'select, insert, update, delete'))
union all
select 'a sequence that the API''s roles may touch', format('%I.%I of %s', nspname, relname, role)
  from ours cross join unnest(array['anon', 'authenticated', 'service_role']) as r (role)
 where relkind = 'S' and has_sequence_privilege(role, oid, 'usage, select, update')
union all
select 'something that Footprint made and is gone', o.kind || ' ' || o.name || coalesce(' on ' || nullif(o.relation, ''), '')
  from own o
 where case o.kind
         when 'trigger' then not exists (select 1 from pg_catalog.pg_trigger t where t.tgrelid = o.relation_oid and t.tgname = o.name)
         when 'policy' then not exists (select 1 from pg_catalog.pg_policy p where p.polrelid = o.relation_oid and p.polname = o.name)
         else o.oid is null end
union all
select 'a trigger that is switched off', o.name || ' on ' || o.relation
  from own o join pg_catalog.pg_trigger t on t.tgrelid = o.relation_oid and t.tgname = o.name
 where o.kind = 'trigger' and t.tgenabled = 'D'
union all
select 'a policy that asks auth.uid() or a helper once a row', format('%I on %I.%I', polname, nspname, relname)
  from policies
 where regexp_replace(coalesce(pg_get_expr(polqual, polrelid), '') || ' ' || coalesce(pg_get_expr(polwithcheck, polrelid), ''),
                      '\(\s*SELECT\s+(auth|private)\.[a-z_]+\(\)', '', 'gi') ~* '(auth|private)\.[a-z_]+\('
union all
select 'a policy that writes without a condition', format('%I on %I.%I', polname, nspname, relname)
  from policies where polcmd <> 'r' and coalesce(pg_get_expr(polwithcheck, polrelid), pg_get_expr(polqual, polrelid), 'true') = 'true'
union all
select 'a policy for anonymous or everybody', format('%I on %I.%I', polname, nspname, relname)
  from policies where polroles && array[0::oid, (select oid from pg_catalog.pg_roles where rolname = 'anon')]
union all
select 'two permissive policies for one command and role', format('%I.%I', nspname, relname)
  from policies p cross join lateral unnest(p.polroles) as r (role) where polpermissive
 group by nspname, relname, polrelid, r.role, case polcmd when '*' then 'r' else polcmd end having count(*) > 1
union all
select 'a foreign key without an index', format('%I on %I.%I', conname, nspname, relname)
  from keys k
 where not exists (select 1 from pg_catalog.pg_index i
                    where i.indrelid = k.conrelid
                      and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey)
union all
select 'a policy on a column without an index', format('%I.%I.%I', p.nspname, p.relname, a.attname)
  from policies p join pg_catalog.pg_attribute a on a.attrelid = p.polrelid and a.attname in ('user_id', 'user_profile_id', 'auth_user_id')
 where pg_get_expr(p.polqual, p.polrelid) ~ ('\y' || a.attname || '\y\s*=')
   and not exists (select 1 from pg_catalog.pg_index i where i.indrelid = p.polrelid and i.indkey[0] = a.attnum)
union all
select 'a table without a primary key', format('%I.%I', nspname, relname)
  from ours o where relkind in ('r', 'p')
   and not exists (select 1 from pg_catalog.pg_index i where i.indrelid = o.oid and i.indisprimary)
union all
select 'something without a comment', format('%I.%I', nspname, relname)
  from ours where relkind in ('r', 'p', 'v', 'm') and obj_description(oid, 'pg_class') is null
union all
select 'a column without a comment', format('%I.%I.%I', o.nspname, o.relname, a.attname)
  from ours o join pg_catalog.pg_attribute a on a.attrelid = o.oid
 where o.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
   and col_description(o.oid, a.attnum) is null
union all
select 'a function without a comment', name from functions where obj_description(oid, 'pg_proc') is null
order by 1, 2;
