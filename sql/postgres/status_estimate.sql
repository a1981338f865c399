select case when c.reltuples < 0 then null else c.reltuples end::int8, (
    select case when i.reltuples < 0 then null else i.reltuples end::int8 from pg_catalog.pg_index as x
    join pg_catalog.pg_class as i on i.oid = x.indexrelid
    where x.indrelid = c.oid and x.indpred is not null limit 1),
  greatest(c.relpages, 1)::int8
from pg_catalog.pg_class as c where c.oid = $1::text::regclass
