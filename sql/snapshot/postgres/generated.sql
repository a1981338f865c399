select attname::text from pg_catalog.pg_attribute
where attrelid = $1::text::regclass and attnum > 0 and not attisdropped and attgenerated <> ''
