-- doc.orders
alter table "doc"."orders_cdc"
  add column "data"['address'] object(strict) as ("city" text, "country" text, "name" text),
  add column "data"['customer'] text,
  add column "data"['gift'] boolean,
  add column "data"['lines'] array(object(strict) as ("quantity" double precision, "sku" text)),
  add column "data"['receipt'] text,
  add column "data"['scores'] array(double precision),
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
-- 49672129486798177489156227646832979311297528984631881010: null, "[\"o-10231\"]", {"id":"o-10231"}, {"customer":"c-7945","status":"paid","address":{"name":"Siân Hughes","city":"Cardiff","country":"GB"},"tags":["gift","wholesale"],"gift":false}, {"/data/total":"146.50","/data/note":"null"}, "d.0000.0.00064c05fb0385c0.00000001", false, "2026-03-02T08:00:30.123456Z"
-- 49672129486798177489156227667384918042746431084700316210: null, "[\"o-10232\"]", {"id":"o-10232"}, {"total":117,"customer":"c-4874","status":"placed","scores":[-1,9.5,10],"receipt":"AAECAwQ=","lines":[{"sku":"SKU-2043","quantity":3}]}, {}, "d.0000.0.00064c05f937e000", false, "2026-03-02T08:00:00.000000Z"
warning: 8 records would be parked; `rowtide decode` says why.
