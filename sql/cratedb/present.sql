select table_name from information_schema.tables where table_schema = $1 and table_name = any($2::array(text))
