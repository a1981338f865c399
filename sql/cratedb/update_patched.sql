update {storage} set
  pk = case when key = $1 then $2 else pk end, data = case when key = $1 then $3 else data end,
  aux = case when key = $1 then $4 else aux end, version = $5, deleted = false, changed_at = $6, applied_at = $7
where key = $1 and _seq_no = $8 and _primary_term = $9
