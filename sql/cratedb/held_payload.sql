select source, position, payload_sha256, payload from {dead_letters} where id = $1 and payload is not null
