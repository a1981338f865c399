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
-- 49672129486798177489156226617985742678642046342942162994: "[\"o-10280\"]", {"id":"o-10280"}, {"customer":"c-8368","status":"placed","total":43.5,"currency":"GBP","lines":[{"sku":"SKU-1180","title":"Enamel mug, 0.4 l","quantity":3,"price":14.5}],"address":{"name":"Siân Hughes","street":"4 Castle Street","postcode":"CF10 1BH","city":"Cardiff","country":"GB"},"tags":["new-customer"]}, {}, "k.0000.1.00064c06782efac0.05649672129486798177489156226617985742678642046342942162994", false, "2026-03-02T08:35:30.123456Z"
-- 49672129486798177489156226618009921195034339063875239986: "[\"o-10281\"]", {"id":"o-10281"}, {"customer":"c-3730","status":"placed","total":132,"currency":"EUR","lines":[{"sku":"SKU-2765","title":"Chopping board, oak","quantity":3,"price":44}],"address":{"name":"Mara Lindqvist","street":"Kastanienallee 14","postcode":"10435","city":"Berlin","country":"DE"},"tags":["express","fragile","newsletter"]}, {}, "k.0000.1.00064c06784d7f40.05649672129486798177489156226618009921195034339063875239986", false, "2026-03-02T08:35:32.123456Z"
warning: 1 record would be parked; `rowtide decode` says why.
