update {storage} set
  pk = $2, data = $3, aux = $4, version = $5, deleted = false, changed_at = $6, applied_at = $7
where key = $1 and _seq_no = $8 and _primary_term = $9
