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
-- 49672129486798226467220494108688354735847523960650511252: null, "[2,10231]", {"line":2,"order_id":10231}, null, {}, "c.0000.1.0000019cadb0a568.05649672129486798226467220494108688354735847523960650511252.00000001", true, "2026-03-02T08:36:01.000000Z"
-- 49672129486798226467220494108688354735847523960650511252: null, "[2,10232]", {"line":2,"order_id":10232}, {"sku":"SKU-1180","quantity":2}, {}, "c.0000.1.0000019cadb0a568.05649672129486798226467220494108688354735847523960650511252.00000001", false, "2026-03-02T08:36:01.000000Z"
-- 49672129486798226467220494108688354735847523960650511252: null, "[3,10231]", {"line":3,"order_id":10231}, {"sku":"SKU-1502","quantity":4}, {}, "c.0000.1.0000019cadb0a568.05649672129486798226467220494108688354735847523960650511252.00000000", false, "2026-03-02T08:36:01.000000Z"
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
-- 49672129486798226467220494108647630935979202340041234739: null, "[1,10231]", {"line":1,"order_id":10231}, null, {}, "c.0000.1.0000019cadb02c50.05649672129486798226467220494108647630935979202340041234739.00000001", true, "2026-03-02T08:35:30.000000Z"
