select pg_catalog.has_table_privilege(c.oid, 'select'), pg_catalog.has_table_privilege(c.oid, 'insert'),
  pg_catalog.has_table_privilege(c.oid, 'update'), pg_catalog.has_table_privilege(c.oid, 'delete')
from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where n.nspname = $1::text and c.relname = $2::text
