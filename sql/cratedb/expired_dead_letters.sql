select id, "table", key, code, redriven_at is not null from {dead_letters}
where parked_at < $1
