-- doc.orders
alter table "doc"."orders_cdc"
  add column "data"['address'] object(strict) as ("city" text, "country" text, "name" text, "postcode" text, "street" text),
  add column "data"['currency'] text,
  add column "data"['customer'] text,
  add column "data"['gift'] boolean,
  add column "data"['lines'] array(object(strict) as ("price" double precision, "quantity" double precision, "sku" text, "title" text)),
  add column "data"['placed_at'] text,
  add column "data"['revision'] double precision,
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
-- 9900000000099999405951: null, "[\"o-20003\"]", {"id":"o-20003"}, null, {}, "d.0000.1.172026-02-27T09:41:07.318.0229900000000099999405951", true, "2026-03-02T08:35:30.000000Z"
-- 10000000000003139916359: null, "[\"o-20005\"]", {"id":"o-20005"}, {"customer":"c-5173","status":"paid","total":36,"currency":"PLN","lines":[{"sku":"SKU-3312","title":"Notebook A5, dotted","quantity":3,"price":12}],"address":{"name":"Piotr Zieliński","street":"ul. Długa 22","postcode":"31-147","city":"Kraków","country":"PL"},"tags":["gift","wholesale"],"revision":465}, {}, "d.0000.1.172026-02-27T09:41:07.318.02310000000000003139916359", false, "2026-03-02T08:35:49.000000Z"
-- 10000000000003137422525: null, "[\"o-20006\"]", {"id":"o-20006"}, {"customer":"c-4467","status":"placed","total":44.2,"currency":"GBP","lines":[{"sku":"SKU-0077","title":"Beeswax candle, pair","quantity":3,"price":9.9},{"sku":"SKU-1180","title":"Enamel mug, 0.4 l","quantity":1,"price":14.5}],"address":{"name":"Siân Hughes","street":"4 Castle Street","postcode":"CF10 1BH","city":"Cardiff","country":"GB"},"tags":["gift","new-customer","wholesale"]}, {}, "d.0000.1.172026-02-27T09:41:07.318.02310000000000003137422525", false, "2026-03-02T08:35:47.000000Z"
-- 10000000000003140467196: null, "[\"o-20007\"]", {"id":"o-20007"}, {"customer":"c-7268","status":"closed","total":346,"currency":"EUR","lines":[{"sku":"SKU-4410","title":"Wool blanket","quantity":2,"price":129},{"sku":"SKU-2765","title":"Chopping board, oak","quantity":2,"price":44}],"address":{"name":"Jonas Weber","street":"Hafenstraße 3","postcode":"20457","city":"Hamburg","country":"DE"},"tags":["gift"],"placed_at":"2026-03-02T08:35:00Z","gift":false,"revision":476}, {}, "d.0000.1.172026-02-27T09:41:07.318.02310000000000003140467196", false, "2026-03-02T08:35:49.000000Z"
-- 10000000000003137772035: null, "[\"o-20009\"]", {"id":"o-20009"}, null, {}, "d.0000.1.172026-02-27T09:41:07.318.02310000000000003137772035", true, "2026-03-02T08:35:47.000000Z"
… 390 more; SHA-256 of all 400 lines: 095a4753711cb6a551a2795e63629bec7f001fd8f8a9cea0ffdf7da8ba8d4e8f
-- 10000000000003140966254: null, "[\"o-20809\"]", {"id":"o-20809"}, {"customer":"c-1104","status":"placed","total":99.75,"currency":"GBP","lines":[{"sku":"SKU-1502","title":"Tea strainer","quantity":3,"price":7.25},{"sku":"SKU-2043","title":"Linen apron","quantity":2,"price":39}],"address":{"name":"Siân Hughes","street":"4 Castle Street","postcode":"CF10 1BH","city":"Cardiff","country":"GB"},"tags":["fragile","wholesale"],"placed_at":"2026-03-02T08:35:19Z","gift":true}, {}, "d.0000.1.172026-02-27T09:41:07.318.02310000000000003140966254", false, "2026-03-02T08:35:49.000000Z"
-- 10000000000003141011544: null, "[\"o-20812\"]", {"id":"o-20812"}, {"customer":"c-1786","status":"placed","total":14.5,"currency":"PLN","lines":[{"sku":"SKU-1502","title":"Tea strainer","quantity":2,"price":7.25}],"address":{"name":"Piotr Zieliński","street":"ul. Długa 22","postcode":"31-147","city":"Kraków","country":"PL"},"tags":["gift"],"placed_at":"2026-03-02T08:35:19Z","gift":true}, {}, "d.0000.1.172026-02-27T09:41:07.318.02310000000000003141011544", false, "2026-03-02T08:35:49.000000Z"
-- 10000000000003141066452: null, "[\"o-20815\"]", {"id":"o-20815"}, {"customer":"c-1187","status":"placed","total":12,"currency":"EUR","lines":[{"sku":"SKU-3312","title":"Notebook A5, dotted","quantity":1,"price":12}],"address":{"name":"Mara Lindqvist","street":"Kastanienallee 14","postcode":"10435","city":"Berlin","country":"DE"},"tags":["express","fragile"],"placed_at":"2026-03-02T08:35:19Z","gift":true}, {}, "d.0000.1.172026-02-27T09:41:07.318.02310000000000003141066452", false, "2026-03-02T08:35:50.000000Z"
-- 10000000000003141195364: null, "[\"o-20816\"]", {"id":"o-20816"}, {"customer":"c-8508","status":"placed","total":138.75,"currency":"EUR","lines":[{"sku":"SKU-2043","title":"Linen apron","quantity":3,"price":39},{"sku":"SKU-1502","title":"Tea strainer","quantity":3,"price":7.25}],"address":{"name":"Elif Kaya","street":"Sonnenweg 41","postcode":"70197","city":"Stuttgart","country":"DE"},"tags":["new-customer","newsletter","wholesale"],"placed_at":"2026-03-02T08:35:19Z","gift":true}, {}, "d.0000.1.172026-02-27T09:41:07.318.02310000000000003141195364", false, "2026-03-02T08:35:50.000000Z"
-- 10000000000003141252568: null, "[\"o-20819\"]", {"id":"o-20819"}, {"customer":"c-2078","status":"placed","total":431,"currency":"GBP","lines":[{"sku":"SKU-2765","title":"Chopping board, oak","quantity":1,"price":44},{"sku":"SKU-4410","title":"Wool blanket","quantity":3,"price":129}],"address":{"name":"Siân Hughes","street":"4 Castle Street","postcode":"CF10 1BH","city":"Cardiff","country":"GB"},"tags":["express","newsletter"],"placed_at":"2026-03-02T08:35:20Z","gift":true}, {}, "d.0000.1.172026-02-27T09:41:07.318.02310000000000003141252568", false, "2026-03-02T08:35:50.000000Z"
