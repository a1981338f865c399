select altering_until, current_timestamp, _seq_no, _primary_term from {registry} where target = $1
