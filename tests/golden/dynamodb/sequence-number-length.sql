-- public.orders
insert into "public"."orders_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk, u.data, u.aux, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::jsonb[], $3::jsonb[], $4::jsonb[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."orders_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 6200000000002513011398: "[\"o-10270\"]", {"id":"o-10270"}, {"customer":"c-1424","status":"paid","total":7.25,"currency":"EUR","lines":[{"sku":"SKU-1502","title":"Tea strainer","quantity":1,"price":7.25}],"address":{"name":"Jonas Weber","street":"Hafenstraße 3","postcode":"20457","city":"Hamburg","country":"DE"},"tags":["express","gift"],"paid_at":"2026-03-02T08:36:00Z"}, {}, "d.0000.1.172026-02-27T09:41:07.318.0226200000000002513011398", false, "2026-03-02T08:36:20.000000Z"
-- 10000000000000000012043: "[\"o-10271\"]", {"id":"o-10271"}, {"customer":"c-7615","status":"cancelled","total":489.5,"currency":"EUR","lines":[],"address":{"name":"Elif Kaya","street":"Sonnenweg 41","postcode":"70197","city":"Stuttgart","country":"DE"},"tags":["new-customer","newsletter"]}, {}, "d.0000.1.172026-02-27T09:41:07.318.02310000000000000000012043", false, "2026-03-02T08:36:31.000000Z"
