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
-- 49672129486798177489156227313080612256646126323051266098: "[\"o-10231\"]", {"id":"o-10231"}, {"customer":"c-7945","status":"shipped","total":146,"currency":"GBP","lines":[{"sku":"SKU-2043","title":"Linen apron","quantity":3,"price":39},{"sku":"SKU-1180","title":"Enamel mug, 0.4 l","quantity":2,"price":14.5}],"address":{"name":"Siân Hughes","street":"4 Castle Street","postcode":"CF10 1BH","city":"Cardiff","country":"GB"},"gift":false,"note":"Please ring twice.","paid_at":"2026-03-02T08:37:44Z","tracking":"JD014600006281230704"}, {}, "k.0000.1.00064c07aeb968da.05649672129486798177489156227313080612256646126323051266098", false, "2026-03-02T10:02:20.132570Z"
-- 49672129486798177489156227313027419520582724748329353266: "[\"o-10232\"]", {"id":"o-10232"}, {"customer":"c-4874","status":"placed","total":117,"currency":"EUR","lines":[{"sku":"SKU-2043","title":"Linen apron","quantity":3,"price":39}],"address":{"name":"Mara Lindqvist","street":"Kastanienallee 14","postcode":"10435","city":"Berlin","country":"DE"},"tags":["new-customer","newsletter"]}, {}, "k.0000.1.00064c06784d7f40.05649672129486798177489156227313027419520582724748329353266", false, "2026-03-02T08:35:32.123456Z"
