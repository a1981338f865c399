select count(*) from {view} as v
where v.{column} is null and pg_catalog.jsonb_typeof(v.data -> $1::text) <> 'null'
