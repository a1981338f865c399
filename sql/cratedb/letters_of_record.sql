select id from {dead_letters}
where source = $1 and position = $2 and payload_sha256 = $3 and payload is null
order by id
