with old as materialized (
  select t.key from {storage} as t
  where t.key = any($3::text[]) and t.deleted and t.applied_at < $1::timestamptz
    and not exists (
      select from {dead_letters} as d where ($2::text = '*' or d."table" = $2::text) and d.key = t.key and d.redriven_at is null)
    and (octet_length(t.key) <= {key_max} or not exists (
      select from {dead_letters} as d where ($2::text = '*' or d."table" = $2::text) and d.redriven_at is null
        and right(d.key, 64) = encode(sha256(convert_to(t.key, 'UTF8')), 'hex')))
  order by t.key
  for update of t skip locked
)
delete from {storage} as t using old where t.key = old.key and t.deleted
