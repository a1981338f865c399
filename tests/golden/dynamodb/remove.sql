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
-- 800000000026820479968: "[\"o-10231\"]", {"id":"o-10231"}, null, {}, "d.0000.1.172026-02-27T09:41:07.318.021800000000026820479968", true, "2026-03-02T08:37:01.000000Z"
-- 800000000026820253315: "[\"o-10232\"]", {"id":"o-10232"}, {"customer":"c-4874","status":"placed","total":117,"currency":"EUR","lines":[{"sku":"SKU-2043","title":"Linen apron","quantity":3,"price":39}],"address":{"name":"Mara Lindqvist","street":"Kastanienallee 14","postcode":"10435","city":"Berlin","country":"DE"},"tags":["new-customer","newsletter"]}, {}, "d.0000.1.172026-02-27T09:41:07.318.021800000000026820253315", false, "2026-03-02T08:35:32.000000Z"
-- 800000000026820842064: "[\"o-9911\"]", {"id":"o-9911"}, null, {}, "d.0000.1.172026-02-27T09:41:07.318.021800000000026820842064", true, "2026-03-02T08:37:03.000000Z"
