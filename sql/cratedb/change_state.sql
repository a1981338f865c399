update {state} set state = $3, version = $4, updated_at = current_timestamp
where job = $1 and key = $2 and _seq_no = $5 and _primary_term = $6
