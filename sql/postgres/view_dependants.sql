with v as (
  select c.oid, c.reltype, t.typarray
  from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  join pg_catalog.pg_type as t on t.oid = c.reltype
  where n.nspname = $1::text and c.relname = $2::text)
select distinct case
  when r.ev_class <> v.oid then pg_catalog.pg_describe_object('pg_catalog.pg_class'::regclass, r.ev_class, 0)
  else pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) end
from v join pg_catalog.pg_depend as d
  on d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = v.oid
  or d.refclassid = 'pg_catalog.pg_type'::regclass and d.refobjid in (v.reltype, v.typarray)
left join pg_catalog.pg_rewrite as r on d.classid = 'pg_catalog.pg_rewrite'::regclass and r.oid = d.objid
where d.deptype <> 'i' and not coalesce(r.ev_class = v.oid and r.rulename = '_RETURN', false)
order by 1
