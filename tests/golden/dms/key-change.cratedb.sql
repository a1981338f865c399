-- doc.shop.orders
alter table "doc"."shop_orders_cdc"
  add column "data"['customer'] text,
  add column "data"['status'] text,
  add column "data"['total'] double precision,
  add column "pk"['id'] double precision;
-- doc.shop.orders
insert into "doc"."shop_orders_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461865530728257410092379687331: null, "[45]", {"id":45}, {"customer":"c-7945","status":"shipped","total":146.5}, {"/data/note":"null"}, "m.0000.1.000000027c007ef8.0000000000000001", false, "2026-03-02T08:35:30.309753Z"
-- doc.shop.order_lines
alter table "doc"."shop_order_lines_cdc"
  add column "data"['sku'] text,
  add column "pk"['line'] double precision,
  add column "pk"['order_id'] double precision;
-- doc.shop.order_lines
insert into "doc"."shop_order_lines_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461865530728257410090521082193: null, "[1,45]", {"line":1,"order_id":45}, {"sku":"SKU-2043"}, {}, "m.0000.1.000000027c007b98.0000000000000001", false, "2026-03-02T08:35:30.261119Z"
-- 49672129486798177489156227461865530728257410090521082193: null, "[1,46]", {"line":1,"order_id":46}, null, {}, "m.0000.1.000000027c007b98.0000000000000001", true, "2026-03-02T08:35:30.261119Z"
-- 49672129486798177489156227461865530728257410091450384762: null, "[2,45]", {"line":2,"order_id":45}, {"sku":"SKU-1180"}, {}, "m.0000.1.000000027c007b98.0000000000000002", false, "2026-03-02T08:35:30.285436Z"
-- 49672129486798177489156227461865530728257410091450384762: null, "[2,46]", {"line":2,"order_id":46}, null, {}, "m.0000.1.000000027c007b98.0000000000000002", true, "2026-03-02T08:35:30.285436Z"
-- doc.shop.orders
insert into "doc"."shop_orders_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461865530728257410087733174486: null, "[46]", {"id":46}, null, {}, "m.0000.1.000000027c007688.0000000000000001", true, "2026-03-02T08:35:30.188168Z"
