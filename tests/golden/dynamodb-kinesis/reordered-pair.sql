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
-- 49672129486798177489156227076202478235535713791949930546: "[\"o-10250\"]", {"id":"o-10250"}, {"customer":"c-7615","status":"cancelled","total":489.5,"currency":"EUR","lines":[],"address":{"name":"Elif Kaya","street":"Sonnenweg 41","postcode":"70197","city":"Stuttgart","country":"DE"},"tags":["new-customer","newsletter"]}, {}, "k.0000.1.00064c0678b84f28.05649672129486798177489156227076202478235535713791949930546", false, "2026-03-02T08:35:39.123496Z"
-- 49672129486798177489156227076283476265449894152813674546: "[\"o-10251\"]", {"id":"o-10251"}, {"customer":"c-1424","status":"shipped","total":7.25,"currency":"EUR","lines":[{"sku":"SKU-1502","title":"Tea strainer","quantity":1,"price":7.25}],"address":{"name":"Jonas Weber","street":"Hafenstraße 3","postcode":"20457","city":"Hamburg","country":"DE"},"tags":["express","gift"]}, {}, "k.0000.1.00064c0678e615c0.05649672129486798177489156227076283476265449894152813674546", false, "2026-03-02T08:35:42.123456Z"
