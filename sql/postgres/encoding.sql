select pg_catalog.pg_encoding_to_char(d.encoding)::text from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database()
