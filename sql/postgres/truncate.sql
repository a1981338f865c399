update {storage} as t set
  data = {data}, aux = {aux}, version = $1::text, deleted = true, changed_at = $2::timestamptz,
  applied_at = clock_timestamp()
where t.version < $1::text collate "C"
