-- doc.shop.orders
alter table "doc"."shop_orders_cdc"
  add column "data"['customer'] text,
  add column "data"['lines'] array(object(strict) as ("quantity" double precision, "sku" text)),
  add column "data"['note'] text,
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
-- 49672129486798220006526159147464872343944868197651588000: null, "[10231]", {"id":10231}, {"customer":"c-1424","status":"placed","lines":[{"sku":"SKU-1180","quantity":2}]}, {"/data/lines/0/price":"14.50","/data/note":"null"}, "w.0000.1.00000007016b3000.00000000", false, "2026-03-02T08:35:30.123456Z"
-- 49672129486798220006526159147464873552870687812280762706: null, "[10232]", {"id":10232}, null, {}, "w.0000.1.00000007016b3400.00000001", true, "2026-03-02T08:35:31.200000Z"
-- 49672129486798220006526159147464874761796507426909937412: null, "[10234]", {"id":10234}, {"customer":"c-1424","status":"placed","lines":[{"sku":"SKU-1180","quantity":2}],"note":"Leave at the door"}, {"/data/lines/0/price":"14.50"}, "w.0000.1.00000007016b3800.00000003", false, "2026-03-02T08:35:32.200000Z"
-- 49672129486798220006526159147464873552870687812280762706: null, "[20232]", {"id":20232}, {"customer":"c-1424","status":"paid","note":"Ring twice","lines":[{"sku":"SKU-1180","quantity":2}]}, {"/data/lines/0/price":"14.50"}, "w.0000.1.00000007016b3400.00000001", false, "2026-03-02T08:35:31.200000Z"
-- doc.shop.orders
select pk, data, aux, version, deleted, _seq_no, _primary_term from "doc"."shop_orders_cdc" where key = $1;
-- 49672129486798220006526159147464873552870687812280762706: "[10231]"
-- doc.shop.orders
insert into "doc"."shop_orders_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values ($1, $2, $3, $4, $5, false, $6, $7)
on conflict (key) do nothing;
-- 49672129486798220006526159147464873552870687812280762706: "[10231]", {"id":10231}, {"set":{"/customer":"c-1424","/status":"paid","/note":"Ring twice","/lines":[{"sku":"SKU-1180","price":14.50,"quantity":2}]},"remove":[]}, {}, "w.0000.1.00000007016b3400.00000000", "2026-03-02T08:35:31.200000Z", null
warning: 2 records would be parked; `rowtide decode` says why.
