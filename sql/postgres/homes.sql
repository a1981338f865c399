select n.nspname::text
from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where c.relname = $1::text and c.relkind in ('r', 'p')
order by 1
limit 6
