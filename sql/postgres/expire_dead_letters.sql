with gone as (
  select d.id, d.source, d.position, d.payload_sha256, d.payload from {dead_letters} as d
  where d.parked_at < clock_timestamp() - $1::text::interval
    and (d."table" is null or d."table" <> all($2::text[]))
    and (d.redriven_at is not null or d.code <> 'blocked')
    and not exists (
      select from {dead_letters} as b
      where d.redriven_at is null and b.redriven_at is null and b.code = 'blocked'
        and b."table" = d."table" and b.key = d.key)
), heirs as (
  select distinct on (g.id) h.id, g.payload
  from gone as g join {dead_letters} as h
    on h.source = g.source and h.position = g.position and h.payload_sha256 = g.payload_sha256
  where g.payload is not null and h.payload is null and not exists (select from gone where gone.id = h.id)
  order by g.id, h.id
), handed as (
  update {dead_letters} as d set payload = heirs.payload from heirs where d.id = heirs.id
)
delete from {dead_letters} where id in (select id from gone)
