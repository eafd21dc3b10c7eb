-- Clears the way for the files of sql/: drops every function, view, trigger and policy that Footprint made
-- before, so that what those files no longer make is gone, and what they make differently is made cleanly.
--
-- What somebody else's object needs stays, and is replaced in place: a report's view over one of ours, a policy
-- on a table of Supabase Storage, the trigger on auth.users. So do the rights that an operator gave to roles
-- of their own. Tables keep their rows; their rights for Supabase's roles and their comments are given anew.

-- What there is before anything is made, to tell by at the end what Footprint made.
create temporary table footprint_before on commit drop as
  select 'pg_class'::regclass::oid as classid, oid as objid from pg_catalog.pg_class
  union all select 'pg_proc'::regclass::oid, oid from pg_catalog.pg_proc
  union all select 'pg_trigger'::regclass::oid, oid from pg_catalog.pg_trigger
  union all select 'pg_policy'::regclass::oid, oid from pg_catalog.pg_policy;

create temporary table footprint_owned on commit drop as
  select o.kind, o.name, o.relation, r.oid as relation_oid,
         case when o.kind = 'function' then 'pg_proc'::regclass::oid when o.kind = 'trigger' then 'pg_trigger'::regclass::oid
              when o.kind = 'policy' then 'pg_policy'::regclass::oid else 'pg_class'::regclass::oid end as classid,
         case o.kind when 'function' then to_regprocedure(o.name)::oid
              when 'trigger' then (select t.oid from pg_catalog.pg_trigger t where t.tgrelid = r.oid and t.tgname = o.name)
              when 'policy' then (select p.oid from pg_catalog.pg_policy p where p.polrelid = r.oid and p.polname = o.name)
              else to_regclass(o.name)::oid end as objid
    from private.schema_objects o
    left join lateral (select nullif(o.relation, '')::text as name) n on true
    left join lateral (select to_regclass(n.name)::oid as oid) r on true;
delete from footprint_owned where objid is null;

create temporary table footprint_kept (classid oid, objid oid, place tid, needed_by text) on commit drop;
create temporary table footprint_rights (kind text, name text, statement text) on commit drop;
create temporary table footprint_defaults (restore text) on commit drop;

do $clear$
declare
  v record;
  v_added bigint;
begin
  create temporary table footprint_edges on commit drop as
    with raw as (
      select d.classid, d.objid, d.refclassid, d.refobjid from pg_catalog.pg_depend d where d.deptype in ('n', 'a')
    ), node as (
      -- A rule, a default, a constraint or a row type stands for its table or view.
      select 'pg_rewrite'::regclass::oid as classid, oid as objid, ev_class as relation from pg_catalog.pg_rewrite
      union all select 'pg_attrdef'::regclass, oid, adrelid from pg_catalog.pg_attrdef
      union all select 'pg_constraint'::regclass, oid, conrelid from pg_catalog.pg_constraint where conrelid <> 0
      union all select 'pg_type'::regclass, t.oid, coalesce(nullif(t.typrelid, 0), e.typrelid)
        from pg_catalog.pg_type t left join pg_catalog.pg_type e on e.typarray = t.oid
       where coalesce(nullif(t.typrelid, 0), e.typrelid, 0) <> 0
    )
    select distinct case when a.relation is null then raw.classid else 'pg_class'::regclass::oid end as classid,
           coalesce(a.relation, raw.objid) as objid,
           case when b.relation is null then raw.refclassid else 'pg_class'::regclass::oid end as refclassid,
           coalesce(b.relation, raw.refobjid) as refobjid
      from raw
      left join node a on a.classid = raw.classid and a.objid = raw.objid
      left join node b on b.classid = raw.refclassid and b.objid = raw.refobjid;

  -- Kept: what is not ours to drop, what others need, and what those need in turn.
  create temporary table footprint_candidates on commit drop as
    select o.* from footprint_owned o
     where o.kind in ('function', 'view')
        or (o.kind in ('trigger', 'policy') and exists (select 1 from footprint_owned t where t.kind = 'table' and t.objid = o.relation_oid));
  insert into footprint_kept (classid, objid)
    select o.classid, o.objid from footprint_owned o
     where o.kind in ('trigger', 'policy') and not exists (select 1 from footprint_candidates c where c.classid = o.classid and c.objid = o.objid);
  loop
    insert into footprint_kept (classid, objid, needed_by)
      select c.classid, c.objid, min(pg_catalog.pg_describe_object(e.classid, e.objid, 0)) filter (
               where not exists (select 1 from footprint_owned o where o.classid = e.classid and o.objid = e.objid))
        from footprint_candidates c join footprint_edges e on e.refclassid = c.classid and e.refobjid = c.objid
       where (e.classid, e.objid) <> (c.classid, c.objid)
         and (not exists (select 1 from footprint_candidates d where d.classid = e.classid and d.objid = e.objid)
              or exists (select 1 from footprint_kept k where k.classid = e.classid and k.objid = e.objid))
         and not exists (select 1 from footprint_kept k where k.classid = c.classid and k.objid = c.objid)
       group by c.classid, c.objid;
    get diagnostics v_added = row_count;
    exit when v_added = 0;
  end loop;

  -- Rights of roles that are not Supabase's, on what is dropped and made again.
  insert into footprint_rights
    select c.kind, c.name, format('grant %s on %s %s to %I%s', a.privilege_type, case c.kind when 'function' then 'function' else 'table' end, c.name,
                                  r.rolname, case when a.is_grantable then ' with grant option' else '' end)
      from footprint_candidates c
      join lateral (select proacl as acl, proowner as owner from pg_catalog.pg_proc where c.kind = 'function' and oid = c.objid
                    union all select relacl, relowner from pg_catalog.pg_class where c.kind = 'view' and oid = c.objid) o on true
      cross join lateral aclexplode(o.acl) a
      join pg_catalog.pg_roles r on r.oid = a.grantee
     where a.grantee <> o.owner and r.rolname not in ('anon', 'authenticated', 'service_role');

  for v in select c.* from footprint_candidates c
            where not exists (select 1 from footprint_kept k where k.classid = c.classid and k.objid = c.objid)
            order by array_position(array['trigger', 'policy', 'view', 'function'], c.kind), c.name loop
    continue when v.kind = 'view' and not exists (select 1 from pg_catalog.pg_class where oid = v.objid);
    continue when v.kind = 'function' and not exists (select 1 from pg_catalog.pg_proc where oid = v.objid);
    execute case when v.kind in ('trigger', 'policy') then format('drop %s %I on %s', v.kind, v.name, v.relation)
                 else format('drop %s %s cascade', v.kind, v.name) end;
  end loop;

  -- Nothing that is kept, no table and no sequence has a right left over from before.
  for v in select o.kind, o.name from footprint_owned o
            where o.kind in ('table', 'sequence')
               or (o.kind in ('function', 'view') and exists (select 1 from footprint_kept k where k.classid = o.classid and k.objid = o.objid)) loop
    execute format('revoke all on %s %s from public, anon, authenticated, service_role',
                   case v.kind when 'view' then 'table' else v.kind end, v.name);
  end loop;
  for v in select o.name, a.attname from footprint_owned o
             join pg_catalog.pg_description d on d.classoid = 'pg_class'::regclass and d.objoid = o.objid
             left join pg_catalog.pg_attribute a on a.attrelid = o.objid and a.attnum = d.objsubid and d.objsubid > 0
            where o.kind = 'table' and exists (select 1 from pg_catalog.pg_class c where c.oid = o.objid and c.relkind in ('r', 'p')) loop
    execute case when v.attname is null then format('comment on table %s is null', v.name)
                 else format('comment on column %s.%I is null', v.name, v.attname) end;
  end loop;

  -- Older Supabase projects grant everything new in public to everybody. Not what is made here: until the end
  -- of this transaction those defaults do not hold (4_register.sql gives them back).
  for v in
    select case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' else 'functions' end as objects,
           case when d.defaclnamespace = 0 then '' else format(' in schema %I', n.nspname) end as place,
           string_agg(a.privilege_type, ', ' order by a.privilege_type) as privileges, r.rolname, a.is_grantable
      from pg_catalog.pg_default_acl d
      left join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace
      cross join lateral aclexplode(d.defaclacl) a
      join pg_catalog.pg_roles r on r.oid = a.grantee
     where d.defaclrole = (select oid from pg_catalog.pg_roles where rolname = current_user)
       and d.defaclobjtype in ('r', 'S', 'f') and (d.defaclnamespace = 0 or n.nspname in ('public', 'private'))
       and r.rolname in ('anon', 'authenticated', 'service_role')
     group by 1, 2, 4, 5 loop
    execute format('alter default privileges%s revoke %s on %s from %I', v.place, v.privileges, v.objects, v.rolname);
    insert into footprint_defaults values (format('alter default privileges%s grant %s on %s to %I%s', v.place, v.privileges, v.objects, v.rolname,
      case when v.is_grantable then ' with grant option' else '' end));
  end loop;
  update footprint_kept k set place = coalesce(
    (select p.ctid from pg_catalog.pg_proc p where k.classid = 'pg_proc'::regclass and p.oid = k.objid),
    (select w.ctid from pg_catalog.pg_rewrite w where k.classid = 'pg_class'::regclass and w.ev_class = k.objid),
    (select t.ctid from pg_catalog.pg_trigger t where k.classid = 'pg_trigger'::regclass and t.oid = k.objid),
    (select p.ctid from pg_catalog.pg_policy p where k.classid = 'pg_policy'::regclass and p.oid = k.objid))
   where true;
end
$clear$;
