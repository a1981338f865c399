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
-- 49672129486798177489156226868947862498262531349371945010: "[\"o-10240\"]", {"id":"o-10240"}, {"customer":"c-1424","status":"placed","total":7.25,"currency":"EUR","lines":[{"sku":"SKU-1502","title":"Tea strainer","quantity":1,"price":7.25}],"address":{"name":"Jonas Weber","street":"Hafenstraße 3","postcode":"20457","city":"Hamburg","country":"DE"},"tags":["express","gift"]}, {}, "k.0000.1.00064c06782efac0.05649672129486798177489156226868947862498262531349371945010", false, "2026-03-02T08:35:30.123456Z"
-- 49672129486798177489156226868965996385556755597355909170: "[\"o-10241\"]", {"id":"o-10241"}, {"customer":"c-4874","status":"placed","total":117,"currency":"EUR","lines":[{"sku":"SKU-2043","title":"Linen apron","quantity":3,"price":39}],"address":{"name":"Mara Lindqvist","street":"Kastanienallee 14","postcode":"10435","city":"Berlin","country":"DE"},"tags":["new-customer","newsletter"]}, {}, "k.0000.1.00064c067c5b1840.05649672129486798177489156226868965996385556755597355909170", false, "2026-03-02T08:36:40.123456Z"
warning: 1 record would be parked; `rowtide decode` says why.
