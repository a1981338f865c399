update {registry} set view_sql = $2::text,
  view_definition = (
    select pg_catalog.pg_get_viewdef(c.oid) from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = $3::text and c.relname = $4::text)
where target = $1::text
