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
-- 6200000000036676129958: "[\"o-10280\"]", {"id":"o-10280"}, {"customer":"c-8368","status":"placed","total":43.5,"currency":"GBP","lines":[{"sku":"SKU-1180","title":"Enamel mug, 0.4 l","quantity":3,"price":14.5}],"address":{"name":"Siân Hughes","street":"4 Castle Street","postcode":"CF10 1BH","city":"Cardiff","country":"GB"},"tags":["new-customer"]}, {}, "d.0000.1.172026-02-27T09:41:07.318.0226200000000036676129958", false, "2026-03-02T08:35:30.000000Z"
-- 6200000000036676343374: "[\"o-10281\"]", {"id":"o-10281"}, {"customer":"c-3730","status":"placed","total":132,"currency":"EUR","lines":[{"sku":"SKU-2765","title":"Chopping board, oak","quantity":3,"price":44}],"address":{"name":"Mara Lindqvist","street":"Kastanienallee 14","postcode":"10435","city":"Berlin","country":"DE"},"tags":["express","fragile","newsletter"]}, {}, "d.0000.1.172026-02-27T09:41:07.318.0226200000000036676343374", false, "2026-03-02T08:35:32.000000Z"
-- 6200000000036676990951: "[\"o-10282\"]", {"id":"o-10282"}, {"customer":"c-9032","status":"placed","total":29,"currency":"EUR","lines":[{"sku":"SKU-1180","title":"Enamel mug, 0.4 l","quantity":2,"price":14.5}],"address":{"name":"Mara Lindqvist","street":"Kastanienallee 14","postcode":"10435","city":"Berlin","country":"DE"},"tags":["newsletter"]}, {}, "d.0000.1.172026-02-27T09:41:07.318.0226200000000036676990951", false, "2026-03-02T08:35:34.000000Z"
-- 6200000000036677462002: "[\"o-10283\"]", {"id":"o-10283"}, {"customer":"c-4745","status":"placed","total":21.75,"currency":"GBP","lines":[{"sku":"SKU-1502","title":"Tea strainer","quantity":3,"price":7.25}],"address":{"name":"Siân Hughes","street":"4 Castle Street","postcode":"CF10 1BH","city":"Cardiff","country":"GB"},"tags":["express","fragile","newsletter"]}, {}, "d.0000.1.172026-02-27T09:41:07.318.0226200000000036677462002", false, "2026-03-02T08:35:36.000000Z"
-- 6200000000036677804183: "[\"o-10284\"]", {"id":"o-10284"}, {"customer":"c-7935","status":"placed","total":78,"currency":"CHF","lines":[{"sku":"SKU-2043","title":"Linen apron","quantity":2,"price":39}],"address":{"name":"Aiko Tanaka","street":"Ringstraße 9","postcode":"8001","city":"Zürich","country":"CH"},"tags":["express"]}, {}, "d.0000.1.172026-02-27T09:41:07.318.0226200000000036677804183", false, "2026-03-02T08:35:38.000000Z"
warning: 4 records would be parked; `rowtide decode` says why.
