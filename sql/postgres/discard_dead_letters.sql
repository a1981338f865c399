with gone as (
  select d.id, d.source, d.position, d.payload_sha256, d.payload from {dead_letters} as d
  where d.id = any($1::int8[])
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
