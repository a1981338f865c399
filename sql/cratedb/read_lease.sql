select altering_until, _seq_no, _primary_term from {registry} where target = $1
