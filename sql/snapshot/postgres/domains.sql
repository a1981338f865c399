select a.attname::text from pg_catalog.pg_attribute as a join pg_catalog.pg_type as t on t.oid = a.atttypid
where a.attrelid = $1::text::regclass and a.attnum > 0 and not a.attisdropped and t.typtype = 'd'
