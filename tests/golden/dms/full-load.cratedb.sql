-- doc.shop.orders
alter table "doc"."shop_orders_cdc"
  add column "data"['customer'] text,
  add column "data"['note'] text,
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
-- 49672129486798177489156227461865530728257410089591779624: null, "[10231]", {"id":10231}, {"customer":"c-7945","status":"placed","total":146.5,"note":"Leave it with the neighbour"}, {}, "m.0000.0.00064c067830d90e", false, null
-- 49672129486798177489156227461865530728257410090521082193: null, "[10232]", {"id":10232}, {"customer":"c-4874","status":"shipped","total":117,"note":null}, {}, "m.0000.0.00064c067831380b", false, null
-- 49672129486798177489156227461865530728257410095167595038: null, "[10233]", {"id":10233}, {"customer":"c-4874","status":"placed","total":39.9,"note":null}, {}, "m.0000.0.00064c06783312fc", false, null
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
-- 49672129486798177489156227461865530728257410093308989900: null, "[1,10231]", {"line":1,"order_id":10231}, {"sku":"SKU-2043","quantity":3}, {}, "m.0000.0.00064c0678325502", false, null
-- 49672129486798177489156227461865530728257410094238292469: null, "[2,10231]", {"line":2,"order_id":10231}, {"sku":"SKU-1180","quantity":2}, {}, "m.0000.0.00064c067832b3ff", false, null
