with v as (
  select c.oid, format('%I.%I', n.nspname, c.relname) as name, c.relowner, c.relacl, c.reloptions
  from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where n.nspname = $1::text and c.relname = $2::text),
granted as (
  select null::text as attname, a.privilege_type, v.name, a.grantee, a.is_grantable
  from v, pg_catalog.aclexplode(coalesce(v.relacl, pg_catalog.acldefault('r', v.relowner))) as a
  union all
  select t.attname::text, a.privilege_type, v.name, a.grantee, a.is_grantable
  from v join pg_catalog.pg_attribute as t on t.attrelid = v.oid and t.attacl is not null,
    pg_catalog.aclexplode(t.attacl) as a)
select 'options', null::text, format('alter view %s set (%s)', v.name, array_to_string(v.reloptions, ', '))
from v where v.reloptions is not null
union all
select 'comment', null, format('comment on view %s is %L', v.name, pg_catalog.obj_description(v.oid, 'pg_class'))
from v where pg_catalog.obj_description(v.oid, 'pg_class') !~ '^rowtide [0-9a-f]+$'
union all
select 'column', t.attname::text,
  format('comment on column %s.%I is %L', v.name, t.attname, pg_catalog.col_description(v.oid, t.attnum))
from v join pg_catalog.pg_attribute as t on t.attrelid = v.oid
where pg_catalog.col_description(v.oid, t.attnum) is not null
union all
select 'owner', null, format('alter view %s owner to %I', v.name, pg_catalog.pg_get_userbyid(v.relowner))
from v where pg_catalog.pg_get_userbyid(v.relowner) <> current_user
union all
select 'grant', g.attname, format('grant %s%s on %s to %s%s', g.privilege_type,
  case when g.attname is null then '' else format(' (%I)', g.attname) end, g.name,
  case when g.grantee = 0 then 'public' else quote_ident(pg_catalog.pg_get_userbyid(g.grantee)) end,
  case when g.is_grantable then ' with grant option' else '' end)
from granted as g
