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
-- 49672129486798177489156226799293183549526442190326202418: "[\"o-10240\"]", {"id":"o-10240"}, {"customer":"c-1424","status":"shipped","total":7.25,"currency":"EUR","lines":[{"sku":"SKU-1502","title":"Tea strainer","quantity":1,"price":7.25}],"address":{"name":"Jonas Weber","street":"Hafenstraße 3","postcode":"20457","city":"Hamburg","country":"DE"},"tags":["express","gift"]}, {}, "k.0000.1.00064c06782efac2.05649672129486798177489156226799293183549526442190326202418", false, "2026-03-02T08:35:30.123458Z"
-- 49672129486798177489156226799335495953212954211440918578: "[\"o-10241\"]", {"id":"o-10241"}, {"customer":"c-4874","status":"placed","total":117,"currency":"EUR","lines":[{"sku":"SKU-2043","title":"Linen apron","quantity":3,"price":39}],"address":{"name":"Mara Lindqvist","street":"Kastanienallee 14","postcode":"10435","city":"Berlin","country":"DE"},"tags":["new-customer","newsletter"]}, {}, "k.0000.1.00064c06782efac3.05649672129486798177489156226799335495953212954211440918578", false, "2026-03-02T08:35:30.123459Z"
