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
-- 6200000000038322859197: "[\"o-10231\"]", {"id":"o-10231"}, {"customer":"c-7945","status":"paid","total":146,"currency":"GBP","lines":[{"sku":"SKU-2043","title":"Linen apron","quantity":3,"price":39},{"sku":"SKU-1180","title":"Enamel mug, 0.4 l","quantity":2,"price":14.5}],"address":{"name":"Siân Hughes","street":"4 Castle Street","postcode":"CF10 1BH","city":"Cardiff","country":"GB"},"tags":["gift","wholesale"],"gift":false,"note":"Please ring twice.","paid_at":"2026-03-02T08:37:44Z"}, {}, "d.0000.1.172026-02-27T09:41:07.318.0226200000000038322859197", false, "2026-03-02T08:35:31.000000Z"
-- 6200000000038323847597: "[\"o-10232\"]", {"id":"o-10232"}, null, {}, "d.0000.1.172026-02-27T09:41:07.318.0226200000000038323847597", true, "2026-03-02T08:35:33.000000Z"
