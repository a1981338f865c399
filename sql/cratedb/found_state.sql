select version, _seq_no, _primary_term from {state} where job = $1 and key = $2
