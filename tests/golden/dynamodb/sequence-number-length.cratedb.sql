-- doc.orders
alter table "doc"."orders_cdc"
  add column "data"['address'] object(strict) as ("city" text, "country" text, "name" text, "postcode" text, "street" text),
  add column "data"['currency'] text,
  add column "data"['customer'] text,
  add column "data"['lines'] array(object(strict) as ("price" double precision, "quantity" double precision, "sku" text, "title" text)),
  add column "data"['paid_at'] text,
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
-- 6200000000002513011398: null, "[\"o-10270\"]", {"id":"o-10270"}, {"customer":"c-1424","status":"paid","total":7.25,"currency":"EUR","lines":[{"sku":"SKU-1502","title":"Tea strainer","quantity":1,"price":7.25}],"address":{"name":"Jonas Weber","street":"Hafenstraße 3","postcode":"20457","city":"Hamburg","country":"DE"},"tags":["express","gift"],"paid_at":"2026-03-02T08:36:00Z"}, {}, "d.0000.1.172026-02-27T09:41:07.318.0226200000000002513011398", false, "2026-03-02T08:36:20.000000Z"
-- 10000000000000000012043: null, "[\"o-10271\"]", {"id":"o-10271"}, {"customer":"c-7615","status":"cancelled","total":489.5,"currency":"EUR","lines":[],"address":{"name":"Elif Kaya","street":"Sonnenweg 41","postcode":"70197","city":"Stuttgart","country":"DE"},"tags":["new-customer","newsletter"]}, {}, "d.0000.1.172026-02-27T09:41:07.318.02310000000000000000012043", false, "2026-03-02T08:36:31.000000Z"
