select table_schema from information_schema.tables where table_name = $1 order by 1 limit 6
