select distinct "table", key from {dead_letters} where redriven_at is null and key = any($1)
