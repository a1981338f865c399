select source, position, payload_sha256, payload, _seq_no, _primary_term from {dead_letters} where id = $1
