select t.key, t.version, t.changed_at from {storage} as t
join unnest($1::text[], $2::text[]) as u(key, version) on t.key = u.key collate "C"
where t.version > u.version collate "C"
