-- doc.orders
alter table "doc"."orders_cdc"
  add column "data"['address'] object(strict) as ("city" text, "country" text, "name" text, "postcode" text, "street" text),
  add column "data"['currency'] text,
  add column "data"['customer'] text,
  add column "data"['lines'] array(object(strict) as ("price" double precision, "quantity" double precision, "sku" text, "title" text)),
  add column "data"['status'] text,
  add column "data"['tags'] array(text),
  add column "data"['total'] double precision,
  add column "pk"['id'] text;
-- doc.orders
insert into "doc"."orders_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values
  ($2, $3, $4, $5, $6, $7, $8, $1)
on conflict (key) do update set
  pk = case when version is null or excluded.version > version then excluded.pk else pk end,
  data = case when version is null or excluded.version > version then excluded.data else data end,
  aux = case when version is null or excluded.version > version then excluded.aux else aux end,
  version = case when version is null or excluded.version > version then excluded.version else version end,
  deleted = case when version is null or excluded.version > version then excluded.deleted else deleted end,
  changed_at = case when version is null or excluded.version > version then excluded.changed_at else changed_at end,
  applied_at = case when version is null or excluded.version > version then excluded.applied_at else applied_at end
returning key, version, applied_at;
-- 49672129486798177489156227153266663532689864544294535218: null, "[\"o-10280\"]", {"id":"o-10280"}, {"customer":"c-8368","status":"placed","total":43.5,"currency":"GBP","lines":[{"sku":"SKU-1180","title":"Enamel mug, 0.4 l","quantity":3,"price":14.5}],"address":{"name":"Siân Hughes","street":"4 Castle Street","postcode":"CF10 1BH","city":"Cardiff","country":"GB"},"tags":["new-customer"]}, {}, "k.0000.1.00064c06782efac0.05649672129486798177489156227153266663532689864544294535218", false, "2026-03-02T08:35:30.123456Z"
-- 49672129486798177489156227153340408007686356992671088690: null, "[\"o-10281\"]", {"id":"o-10281"}, {"customer":"c-3730","status":"placed","total":132,"currency":"EUR","lines":[{"sku":"SKU-2765","title":"Chopping board, oak","quantity":3,"price":44}],"address":{"name":"Mara Lindqvist","street":"Kastanienallee 14","postcode":"10435","city":"Berlin","country":"DE"},"tags":["express","fragile","newsletter"]}, {}, "k.0000.1.00064c06783e3d00.05649672129486798177489156227153340408007686356992671088690", false, "2026-03-02T08:35:31.123456Z"
-- 49672129486798177489156227153406898927765161665999405106: null, "[\"o-10282\"]", {"id":"o-10282"}, {"customer":"c-9032","status":"placed","total":29,"currency":"EUR","lines":[{"sku":"SKU-1180","title":"Enamel mug, 0.4 l","quantity":2,"price":14.5}],"address":{"name":"Mara Lindqvist","street":"Kastanienallee 14","postcode":"10435","city":"Berlin","country":"DE"},"tags":["newsletter"]}, {}, "k.0000.1.00064c06784d7f40.05649672129486798177489156227153406898927765161665999405106", false, "2026-03-02T08:35:32.123456Z"
-- 49672129486798177489156227153452838108910517643357716530: null, "[\"o-10283\"]", {"id":"o-10283"}, {"customer":"c-4745","status":"placed","total":21.75,"currency":"GBP","lines":[{"sku":"SKU-1502","title":"Tea strainer","quantity":3,"price":7.25}],"address":{"name":"Siân Hughes","street":"4 Castle Street","postcode":"CF10 1BH","city":"Cardiff","country":"GB"},"tags":["express","fragile","newsletter"]}, {}, "k.0000.1.00064c06785cc180.05649672129486798177489156227153452838108910517643357716530", false, "2026-03-02T08:35:33.123456Z"
-- 49672129486798177489156227153503612993334332137414852658: null, "[\"o-10284\"]", {"id":"o-10284"}, {"customer":"c-7935","status":"placed","total":78,"currency":"CHF","lines":[{"sku":"SKU-2043","title":"Linen apron","quantity":2,"price":39}],"address":{"name":"Aiko Tanaka","street":"Ringstraße 9","postcode":"8001","city":"Zürich","country":"CH"},"tags":["express"]}, {}, "k.0000.1.00064c06786c03c0.05649672129486798177489156227153503612993334332137414852658", false, "2026-03-02T08:35:34.123456Z"
-- 49672129486798177489156227153537462916283541823026102322: null, "[\"o-10285\"]", {"id":"o-10285"}, {"customer":"c-4151","status":"placed","total":21.75,"currency":"EUR","lines":[{"sku":"SKU-1502","title":"Tea strainer","quantity":3,"price":7.25}],"address":{"name":"Tomás Ferreira","street":"Rua da Prata 80","postcode":"1100-420","city":"Lisboa","country":"PT"},"tags":["gift","new-customer","wholesale"]}, {}, "k.0000.1.00064c06787b4600.05649672129486798177489156227153537462916283541823026102322", false, "2026-03-02T08:35:35.123456Z"
warning: 5 records would be parked; `rowtide decode` says why.
