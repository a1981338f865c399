select t.key from {storage} as t
where t.deleted and t.applied_at < clock_timestamp() - $1::text::interval and t.key > $3::text
  and not exists (
    select from {dead_letters} as d where ($2::text = '*' or d."table" = $2::text) and d.key = t.key and d.redriven_at is null)
  and (octet_length(t.key) <= {key_max} or not exists (
    select from {dead_letters} as d where ($2::text = '*' or d."table" = $2::text) and d.redriven_at is null
      and right(d.key, 64) = encode(sha256(convert_to(t.key, 'UTF8')), 'hex')))
order by t.key
limit $4::int8
