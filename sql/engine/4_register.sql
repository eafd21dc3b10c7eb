-- Writes down what Footprint made in this run, drops what it kept for others but does not make any more, and
-- gives back what 3_clear.sql put aside.

do $register$
declare
  v record;
begin
  create temporary table footprint_made on commit drop as
    with here as (
      select 'table' as kind, format('%I.%I', n.nspname, c.relname) as name, '' as relation, 'pg_class'::regclass::oid as classid, c.oid as objid,
             c.xmin as made_by, null::tid as place
        from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where n.nspname in ('public', 'private') and c.relkind in ('r', 'p', 'm', 'f')
      union all
      select 'sequence', format('%I.%I', n.nspname, c.relname), '', 'pg_class'::regclass, c.oid, c.xmin, null
        from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where n.nspname in ('public', 'private') and c.relkind = 'S'
      union all
      select 'view', format('%I.%I', n.nspname, c.relname), '', 'pg_class'::regclass, c.oid, w.xmin, w.ctid
        from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        join pg_catalog.pg_rewrite w on w.ev_class = c.oid and w.rulename = '_RETURN'
       where n.nspname in ('public', 'private') and c.relkind = 'v'
      union all
      select 'function', format('%I.%I(%s)', n.nspname, p.proname, (
               select coalesce(string_agg(format_type(a.type, null), ',' order by a.n), '') from unnest(p.proargtypes) with ordinality as a (type, n))),
             '', 'pg_proc'::regclass, p.oid, p.xmin, p.ctid
        from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
       where n.nspname in ('public', 'private')
      union all
      select 'trigger', t.tgname::text, format('%I.%I', n.nspname, c.relname), 'pg_trigger'::regclass, t.oid, t.xmin, t.ctid
        from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where not t.tgisinternal
      union all
      select 'policy', p.polname::text, format('%I.%I', n.nspname, c.relname), 'pg_policy'::regclass, p.oid, p.xmin, p.ctid
        from pg_catalog.pg_policy p join pg_catalog.pg_class c on c.oid = p.polrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    )
    select h.kind, h.name, h.relation, h.classid, h.objid,
           case when h.kind in ('table', 'sequence') and o.objid is not null then true
                when b.objid is null then age(h.made_by) <= age(pg_current_xact_id()::xid)
                when k.objid is not null then k.place is distinct from h.place
                else false end as is_made,
           k.objid is not null as is_kept, k.needed_by
      from here h
      left join footprint_before b on b.classid = h.classid and b.objid = h.objid
      left join footprint_owned o on o.classid = h.classid and o.objid = h.objid
      left join footprint_kept k on k.classid = h.classid and k.objid = h.objid;

  for v in select * from footprint_made where is_kept and not is_made
            order by array_position(array['policy', 'trigger', 'view', 'function'], kind) loop
    begin
      execute case when v.kind in ('trigger', 'policy') then format('drop %s %I on %s', v.kind, v.name, v.relation)
                   else format('drop %s %s', v.kind, v.name) end;
    exception
      when dependent_objects_still_exist then
        raise exception using errcode = 'dependent_objects_still_exist',
          message = format('%s %s is not part of Footprint any more, but %s needs it', v.kind, v.name, coalesce(v.needed_by, 'something else')),
          hint = 'Drop that, migrate, and make it again without it.';
      when insufficient_privilege then
        raise warning '% % on % is not part of Footprint any more, and this role may not drop it (%): drop it as the owner of that table.',
          v.kind, v.name, v.relation, sqlerrm;
    end;
  end loop;

  delete from private.schema_objects where true;
  insert into private.schema_objects (kind, name, relation) select kind, name, relation from footprint_made where is_made;

  for v in select r.statement from footprint_rights r
             join footprint_made m on m.kind = r.kind and m.name = r.name and m.is_made loop
    execute v.statement;
  end loop;
  for v in select restore from footprint_defaults loop
    execute v.restore;
  end loop;
end
$register$;

-- PostgREST reads the schema again; where nobody listens, nothing happens.
notify pgrst, 'reload schema';
