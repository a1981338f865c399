select greatest(c.reltuples, 0)::int8, coalesce((
    select greatest(i.reltuples, 0)::int8 from pg_catalog.pg_index as x
    join pg_catalog.pg_class as i on i.oid = x.indexrelid
    where x.indrelid = c.oid and x.indpred is not null limit 1), 0),
  greatest(c.relpages, 1)::int8
from pg_catalog.pg_class as c where c.oid = $1::text::regclass
