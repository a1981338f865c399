-- doc.order_lines
alter table "doc"."order_lines_cdc"
  add column "data"['price'] double precision,
  add column "data"['quantity'] double precision,
  add column "data"['sku'] text,
  add column "data"['state'] text,
  add column "data"['title'] text,
  add column "pk"['OrderId'] text,
  add column "pk"['line'] double precision;
-- doc.order_lines
insert into "doc"."order_lines_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227241306686346125234192271802418: null, "[\"o-10231\",10]", {"OrderId":"o-10231","line":10}, {"sku":"SKU-0901","title":"Fountain pen","price":54.95,"quantity":1,"state":"open"}, {}, "k.0000.1.00064c06782efac2.05649672129486798177489156227241306686346125234192271802418", false, "2026-03-02T08:35:30.123458Z"
-- 49672129486798177489156227241318775604321383232797933618: null, "[\"o-10231\",1]", {"OrderId":"o-10231","line":1}, {"sku":"SKU-1180","title":"Enamel mug, 0.4 l","price":14.5,"quantity":2,"state":"picked"}, {}, "k.0000.1.00064c067a9154c0.05649672129486798177489156227241318775604321383232797933618", false, "2026-03-02T08:36:10.123456Z"
-- 49672129486798177489156227241344163046533290514186240050: null, "[\"o-10231\",2]", {"OrderId":"o-10231","line":2}, null, {}, "k.0000.1.00064c067aa09700.05649672129486798177489156227241344163046533290514186240050", true, "2026-03-02T08:36:11.123456Z"
-- 49672129486798177489156227241309104197764463588060168242: null, "[\"o-10232\",1]", {"OrderId":"o-10232","line":1}, {"sku":"SKU-0901","title":"Fountain pen","price":54.95,"quantity":1,"state":"open"}, {}, "k.0000.1.00064c06783e3d00.05649672129486798177489156227241309104197764463588060168242", false, "2026-03-02T08:35:31.123456Z"
