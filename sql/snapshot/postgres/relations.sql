select n.nspname::text, c.relname::text, n.nspname = current_schema(), c.relispartition or c.relkind not in ('r', 'p')
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f')
  and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
order by n.nspname::text collate "C", c.relname::text collate "C"
