-- doc.shop.orders
alter table "doc"."shop_orders_cdc"
  add column "data"['customer'] text,
  add column "data"['lines'] array(object(strict) as ("quantity" double precision, "sku" text)),
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
-- 49672129486798220006526159147464872343944868197651587119: null, "[10231]", {"id":10231}, {"customer":"c-1424","status":"placed","lines":[{"sku":"SKU-1180","quantity":2}],"note":"Ring twice","placed_at":"2026-03-02 08:35:30.1+00"}, {"/data/total":"129.90","/data/lines/0/price":"14.50"}, "w.0000.1.00000007016b25a0.00000000", false, "2026-03-02T08:35:30.123456Z"
-- 49672129486798220006526159147493668636920799121422474422: null, "[10232]", {"id":10232}, {"customer":"c-1424","status":"placed","lines":[{"sku":"SKU-1180","quantity":2}],"note":"Ring twice","placed_at":"2026-03-02 08:35:30.1+00"}, {"/data/total":"1.00","/data/lines/0/price":"14.50"}, "w.0000.1.00000007016b2900.00000003", false, "2026-03-02T08:36:01.500000Z"
-- doc.shop.order_lines
alter table "doc"."shop_order_lines_cdc"
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
-- 49672129486798220006526159147493668636920799121422474422: null, "[1,10231]", {"line":1,"order_id":10231}, null, {}, "w.0000.1.00000007016b2900.00000004", true, "2026-03-02T08:36:01.500000Z"
-- doc.shop.orders
select pk, data, aux, version, deleted, _seq_no, _primary_term from "doc"."shop_orders_cdc" where key = $1;
-- 49672129486798220006526159147493668636920799121422474422: "[10231]"
-- doc.shop.orders
insert into "doc"."shop_orders_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values ($1, $2, $3, $4, $5, false, $6, $7)
on conflict (key) do nothing;
-- 49672129486798220006526159147493668636920799121422474422: "[10231]", {"id":10231}, {"set":{"/customer":"c-1424","/status":"paid","/total":129.90,"/note":"Ring twice","/placed_at":"2026-03-02 08:35:30.1+00"},"remove":[]}, {}, "w.0000.1.00000007016b2900.00000000", "2026-03-02T08:36:01.500000Z", null
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
-- 49672129486798220006526159147493668636920799121422474422: null, "[20232]", {"id":20232}, {"customer":"c-1424","status":"paid","lines":[{"sku":"SKU-1180","quantity":2}],"note":null,"placed_at":"2026-03-02 08:35:30.1+00"}, {"/data/total":"19.00","/data/lines/0/price":"14.50"}, "w.0000.1.00000007016b2900.00000002", false, "2026-03-02T08:36:01.500000Z"
