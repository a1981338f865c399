select t.key from {storage} as t
join unnest($1::text[], $2::text[], $3::timestamptz[]) as u(key, version, changed_at) on t.key = u.key collate "C"
where t.version > u.version collate "C"
  and (t.changed_at < u.changed_at
    or (u.version like 'j%' and split_part(t.version, '.', 4) <> split_part(u.version, '.', 4)))
