select pg_catalog.has_schema_privilege(n.oid, 'usage'), pg_catalog.has_schema_privilege(n.oid, 'create')
from pg_catalog.pg_namespace as n where n.nspname = $1::text
