-- doc.shop.order_lines
alter table "doc"."shop_order_lines_cdc"
  add column "data"['quantity'] double precision,
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
-- 49672129486798241212595300632166189074125815310081257843: null, "[1,10231]", {"line":1,"order_id":10231}, {"sku":"SKU-1180","quantity":5}, {}, "x.0000.1.00000000000000e7.00000000007bed6e.0000000000000001", false, "2026-03-02T08:36:01.000000Z"
-- 49672129486798241212595300632138543265832595154066092945: null, "[2,10231]", {"line":2,"order_id":10231}, null, {}, "x.0000.1.00000000000000e7.00000000007bed6e.0000000000000000", true, "2026-03-02T08:36:01.000000Z"
-- 49672129486798241212595300632138543265832595154066092945: null, "[3,10231]", {"line":3,"order_id":10231}, {"sku":"SKU-1502","quantity":1}, {}, "x.0000.1.00000000000000e7.00000000007bed6e.0000000000000000", false, "2026-03-02T08:36:01.000000Z"
-- doc.shop.orders
alter table "doc"."shop_orders_cdc"
  add column "data"['customer'] text,
  add column "data"['lines'] array(object(strict) as ("price" double precision, "quantity" double precision, "sku" text)),
  add column "data"['note'] text,
  add column "data"['placed_at'] text,
  add column "data"['status'] text,
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
-- 49672129486798241212595300632248483841436856342585227020: null, "[10231]", {"id":10231}, null, {}, "x.0000.1.00000000000000e7.00000000007beef8.ffffffffffffffff", true, "2026-03-02T08:36:01.000000Z"
-- 49672129486798241212595300632248483841436856342585227020: null, "[20231]", {"id":20231}, {"customer":"c-1424","status":"paid","lines":[{"sku":"SKU-1180","quantity":2,"price":14.5}],"note":"Ring twice","placed_at":"2026-03-02 08:35:30.123456"}, {"/data/total":"129.90"}, "x.0000.1.00000000000000e7.00000000007beef8.ffffffffffffffff", false, "2026-03-02T08:36:01.000000Z"
