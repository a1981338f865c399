select distinct d."table", d.key from {dead_letters} as d
join unnest($1::text[], $2::text[]) as u(tab, key) on d."table" = u.tab and d.key = u.key collate "C"
where d.redriven_at is null
