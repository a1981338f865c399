select key, _seq_no, _primary_term from {storage}
where deleted and applied_at < $1 and key || '' > $2
order by key || ''
limit $3
