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
-- 49672129486798266160928019954930014649541923420843675479: null, "[10280]", {"id":10280}, {"customer":"c-1424","status":"placed","lines":[{"sku":"SKU-1180","quantity":2}],"note":"Ring twice","placed_at":"2026-03-02 08:35:30.123456"}, {"/data/total":"129.90","/data/lines/0/price":"14.50"}, "c.0000.1.0000019cadb02c50.05649672129486798266160928019954930014649541923420843675479.00000000", false, "2026-03-02T08:35:30.000000Z"
-- 49672129486798266160928019955039732221499874860546638887: null, "[10282]", {"id":10282}, {"customer":"c-1424","status":"placed","lines":[{"sku":"SKU-1180","quantity":2}],"note":"Ring twice","placed_at":"2026-03-02 08:35:30.123456"}, {"/data/total":"129.90","/data/lines/0/price":"14.50"}, "c.0000.1.0000019cadb02c50.05649672129486798266160928019955039732221499874860546638887.00000000", false, "2026-03-02T08:35:30.000000Z"
-- 49672129486798266160928019955192266530952389597178231437: null, "[10283]", {"id":10283}, {"customer":"c-1424","status":"paid","lines":[{"sku":"SKU-1180","quantity":2}],"note":"Ring twice","placed_at":"2026-03-02 08:35:30.123456"}, {"/data/total":"129.90","/data/lines/0/price":"14.50"}, "c.0000.1.0000019cadb02c50.05649672129486798266160928019955192266530952389597178231437.00000000", false, "2026-03-02T08:35:30.000000Z"
warning: 7 records would be parked; `rowtide decode` says why.
