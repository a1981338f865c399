update {registry} set altering_until = $2 where target = $1 and _seq_no = $3 and _primary_term = $4
