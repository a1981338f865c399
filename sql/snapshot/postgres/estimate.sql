select sum(case when c.reltuples > 0 then c.reltuples::float8 else pg_catalog.pg_relation_size(c.oid)::float8 / 100 end)
from pg_catalog.pg_class as c
where c.relkind in ('r', 'm')
  and (c.oid = $1::text::regclass or c.oid in (select relid from pg_catalog.pg_partition_tree($1::text::regclass)))
