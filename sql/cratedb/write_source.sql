update {registry} set source_identity = $2, key_types = $3
where target = $1 and _seq_no = $4 and _primary_term = $5
