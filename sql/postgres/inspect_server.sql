select pg_catalog.current_setting('server_version'),
  pg_catalog.pg_is_in_recovery() or pg_catalog.current_setting('default_transaction_read_only') = 'on',
  pg_catalog.clock_timestamp(),
  least(
    pg_catalog.current_setting('max_connections')::int8 - pg_catalog.current_setting('superuser_reserved_connections')::int8,
    coalesce((select nullif(d.datconnlimit, -1)::int8 from pg_catalog.pg_database as d
      where d.datname = pg_catalog.current_database()), 9223372036854775807),
    coalesce((select nullif(r.rolconnlimit, -1)::int8 from pg_catalog.pg_roles as r
      where r.rolname = current_user), 9223372036854775807)),
  (select pg_catalog.pg_encoding_to_char(d.encoding)::text from pg_catalog.pg_database as d
    where d.datname = pg_catalog.current_database()),
  coalesce((select s.ssl from pg_catalog.pg_stat_ssl as s where s.pid = pg_catalog.pg_backend_pid()), false)
