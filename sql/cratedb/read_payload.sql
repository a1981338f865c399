select payload from {dead_letters}
where payload is not null and (id = $1 or (source = $2 and position = $3 and payload_sha256 = $4))
limit 1
