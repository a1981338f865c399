select distinct l.pid
from pg_catalog.pg_locks as l
join pg_catalog.pg_class as c on c.oid = l.relation
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_database as d on d.oid = l.database and d.datname = pg_catalog.current_database()
where l.mode = 'AccessExclusiveLock' and l.pid is not null and n.nspname = $1::text and c.relname = $2::text
order by 1
