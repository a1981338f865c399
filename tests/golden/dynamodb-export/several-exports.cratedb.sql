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
-- 49672129486798177489156227461865530728257410084015964210: null, "[\"o-10231\"]", {"id":"o-10231"}, {"customer":"c-7945","status":"shipped","address":{"name":"Siân Hughes","city":"Cardiff","country":"GB"},"tags":["gift","wholesale"],"gift":false}, {"/data/total":"146.50","/data/note":"null"}, "d.0000.0.00064c06cfcb8400.00000001", false, "2026-03-02T09:00:00.000000Z"
-- 49672129486798177489156227646832979311297528984631881010: null, "[\"o-10232\"]", {"id":"o-10232"}, {"total":117,"customer":"c-4874","status":"returned","scores":[-1,9.5,10],"receipt":"AAECAwQ=","lines":[{"sku":"SKU-2043","quantity":3}]}, {}, "d.0000.0.00064c1a170f4000", false, "2026-03-03T08:00:00.000000Z"
-- 49672129486798177489156227544073285654053018484289705010: null, "[\"o-10233\"]", {"id":"o-10233"}, {"status":"paid"}, {}, "d.0000.0.00064c05f937e000.00000001", false, "2026-03-02T08:00:00.000000Z"
-- 49672129486798177489156227482417469459706312184084399410: null, "[\"o-10240\"]", {"id":"o-10240"}, null, {}, "d.0000.0.00064c06d5c16500.00000001", true, "2026-03-02T09:01:40.000000Z"
