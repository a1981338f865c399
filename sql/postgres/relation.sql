select c.relkind::text,
  (select array_agg(a.attname::text order by a.attnum) from pg_catalog.pg_attribute as a
   where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
  case when c.relkind = 'v' then pg_catalog.pg_get_viewdef(c.oid) end,
  exists (
    select from pg_catalog.pg_index as i
    join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum = i.indkey[0]
    where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indpred is null and i.indnatts = 1
      and a.attname = 'pk'),
  pg_catalog.obj_description(c.oid, 'pg_class')
from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where n.nspname = $1::text and c.relname = $2::text
