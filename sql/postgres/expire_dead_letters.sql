delete from {dead_letters} as d
where d.parked_at < clock_timestamp() - $1::text::interval
  and (d.redriven_at is not null or d.code <> 'blocked')
  and not exists (
    select from {dead_letters} as b
    where d.redriven_at is null and b.redriven_at is null and b.code = 'blocked'
      and b."table" = d."table" and b.key = d.key)
