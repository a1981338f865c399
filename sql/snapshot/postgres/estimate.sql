select reltuples::float8 from pg_catalog.pg_class where oid = $1::text::regclass and relkind in ('r', 'p', 'm')
