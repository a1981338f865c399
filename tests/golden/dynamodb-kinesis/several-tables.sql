-- public.customers
insert into "public"."customers_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk, u.data, u.aux, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::jsonb[], $3::jsonb[], $4::jsonb[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."customers_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798177489156227524099822996198905574873628722: "[1001]", {"id":1001}, {"name":"Mara Lindqvist","email":"mara.l@example.com"}, {}, "k.0000.1.00064c06785cc180.05649672129486798177489156227524099822996198905574873628722", false, "2026-03-02T08:35:33.123456Z"
-- 49672129486798177489156227524204999542505378519231496242: "[1002]", {"id":1002}, null, {}, "k.0000.1.00064c06788a8840.05649672129486798177489156227524204999542505378519231496242", true, "2026-03-02T08:35:36.123456Z"
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
-- 49672129486798177489156227524094987292920446989455327282: "[\"1001\"]", {"id":"1001"}, {"status":"same text, another table"}, {}, "k.0000.1.00064c06784d7f40.05649672129486798177489156227524094987292920446989455327282", false, "2026-03-02T08:35:32.123456Z"
-- 49672129486798177489156227524146971103163876181406646322: "[\"o-10231\"]", {"id":"o-10231"}, {"customer":"1001","status":"paid","total":146,"currency":"GBP","lines":[{"sku":"SKU-2043","title":"Linen apron","quantity":3,"price":39},{"sku":"SKU-1180","title":"Enamel mug, 0.4 l","quantity":2,"price":14.5}],"address":{"name":"Siân Hughes","street":"4 Castle Street","postcode":"CF10 1BH","city":"Cardiff","country":"GB"},"tags":["gift","wholesale"],"gift":false,"note":"Please ring twice.","paid_at":"2026-03-02T08:37:44Z"}, {}, "k.0000.1.00064c06786c03c0.05649672129486798177489156227524146971103163876181406646322", false, "2026-03-02T08:35:34.123456Z"
