delete from {dead_letters} where id = $1 and _seq_no = $2 and _primary_term = $3
