-- doc.customers
alter table "doc"."customers_cdc"
  add column "data"['email'] text,
  add column "data"['name'] text,
  add column "pk"['id'] double precision;
-- doc.customers
insert into "doc"."customers_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227524099822996198905574873628722: null, "[1001]", {"id":1001}, {"name":"Mara Lindqvist","email":"mara.l@example.com"}, {}, "k.0000.1.00064c06785cc180.05649672129486798177489156227524099822996198905574873628722", false, "2026-03-02T08:35:33.123456Z"
-- 49672129486798177489156227524204999542505378519231496242: null, "[1002]", {"id":1002}, null, {}, "k.0000.1.00064c06788a8840.05649672129486798177489156227524204999542505378519231496242", true, "2026-03-02T08:35:36.123456Z"
-- doc.orders
alter table "doc"."orders_cdc"
  add column "data"['address'] object(strict) as ("city" text, "country" text, "name" text, "postcode" text, "street" text),
  add column "data"['currency'] text,
  add column "data"['customer'] text,
  add column "data"['gift'] boolean,
  add column "data"['lines'] array(object(strict) as ("price" double precision, "quantity" double precision, "sku" text, "title" text)),
  add column "data"['note'] text,
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
-- 49672129486798177489156227524094987292920446989455327282: null, "[\"1001\"]", {"id":"1001"}, {"status":"same text, another table"}, {}, "k.0000.1.00064c06784d7f40.05649672129486798177489156227524094987292920446989455327282", false, "2026-03-02T08:35:32.123456Z"
-- 49672129486798177489156227524146971103163876181406646322: null, "[\"o-10231\"]", {"id":"o-10231"}, {"customer":"1001","status":"paid","total":146,"currency":"GBP","lines":[{"sku":"SKU-2043","title":"Linen apron","quantity":3,"price":39},{"sku":"SKU-1180","title":"Enamel mug, 0.4 l","quantity":2,"price":14.5}],"address":{"name":"Siân Hughes","street":"4 Castle Street","postcode":"CF10 1BH","city":"Cardiff","country":"GB"},"tags":["gift","wholesale"],"gift":false,"note":"Please ring twice.","paid_at":"2026-03-02T08:37:44Z"}, {}, "k.0000.1.00064c06786c03c0.05649672129486798177489156227524146971103163876181406646322", false, "2026-03-02T08:35:34.123456Z"
