select distinct key from {dead_letters} where redriven_at is null and ("table" = $1 or $1 = '*') and key is not null
