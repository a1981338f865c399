update {dead_letters} set redriven_at = clock_timestamp() where id = any($1::int8[])
