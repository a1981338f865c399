select version, _seq_no, _primary_term from {storage} where key = $1
