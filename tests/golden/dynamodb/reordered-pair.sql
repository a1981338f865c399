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
-- 800000000026072139625: "[\"o-10250\"]", {"id":"o-10250"}, {"customer":"c-7615","status":"cancelled","total":489.5,"currency":"EUR","lines":[],"address":{"name":"Elif Kaya","street":"Sonnenweg 41","postcode":"70197","city":"Stuttgart","country":"DE"},"tags":["new-customer","newsletter"]}, {}, "d.0000.1.172026-02-27T09:41:07.318.021800000000026072139625", false, "2026-03-02T08:35:39.000000Z"
-- 800000000026073165349: "[\"o-10251\"]", {"id":"o-10251"}, {"customer":"c-1424","status":"shipped","total":7.25,"currency":"EUR","lines":[{"sku":"SKU-1502","title":"Tea strainer","quantity":1,"price":7.25}],"address":{"name":"Jonas Weber","street":"Hafenstraße 3","postcode":"20457","city":"Hamburg","country":"DE"},"tags":["express","gift"]}, {}, "d.0000.1.172026-02-27T09:41:07.318.021800000000026073165349", false, "2026-03-02T08:35:42.000000Z"
