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
-- 49672129486798219337910370156165921685259837130762223921: null, "[10231]", {"id":10231}, {"customer":"c-1424","status":"placed","lines":[{"sku":"SKU-1180","quantity":2}],"note":"Ring twice","placed_at":"2026-03-02 08:35:30.1+00"}, {"/data/total":"129.90","/data/lines/0/price":"14.50"}, "w.0000.1.00000007016b2458", false, "2026-03-02T08:35:30.123456Z"
-- 49672129486798219337910370156283564334833030790219456855: null, "[10232]", {"id":10232}, {"customer":"c-1424","status":"placed","lines":[{"sku":"SKU-1180","quantity":2}],"note":"Ring twice","placed_at":"2026-03-02 08:35:30.1+00"}, {"/data/total":"129.90","/data/lines/0/price":"14.50"}, "w.0000.1.00000007016b2730", false, "2026-03-02T08:38:22.000007Z"
