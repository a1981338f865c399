-- doc.shop.orders
alter table "doc"."shop_orders_cdc"
  add column "data"['customer'] text,
  add column "data"['description'] text,
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
-- 49672129486798194801217020117172719034536743587410879073: null, "[10231]", {"id":10231}, {"customer":"c-1424","status":"placed","lines":[{"sku":"SKU-1180","quantity":2}],"note":"Ring twice","placed_at":"2026-03-02 08:35:30.1+00","description":"An enamel mug, 0.4 l. An enamel mug, 0.4 l. An enamel mug, 0.4 l. An enamel mug, 0.4 l. An enamel mug, 0.4 l. An enamel mug, 0.4 l. An enamel mug, 0.4 l. An enamel mug, 0.4 l. …"}, {"/data/total":"129.90","/data/lines/0/price":"14.50"}, "w.0000.1.00000007016b2458", false, "2026-03-02T08:35:30.123456Z"
-- doc.shop.orders
select pk, data, aux, version, deleted, _seq_no, _primary_term from "doc"."shop_orders_cdc" where key = $1;
-- 49672129486798194801217020117334030218712126999375481457: "[9911]"
-- doc.shop.orders
insert into "doc"."shop_orders_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values ($1, $2, $3, $4, $5, false, $6, $7)
on conflict (key) do nothing;
-- 49672129486798194801217020117334030218712126999375481457: "[9911]", {"id":9911}, {"set":{"/status":"shipped"},"remove":[]}, {}, "w.0000.1.00000007016b2800", "2026-03-02T08:38:22.000007Z", null
-- doc.shop.orders
select pk, data, aux, version, deleted, _seq_no, _primary_term from "doc"."shop_orders_cdc" where key = $1;
-- 49672129486798194801217020117209243445234794940847533315: "[10231]"
-- doc.shop.orders
insert into "doc"."shop_orders_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values ($1, $2, $3, $4, $5, false, $6, $7)
on conflict (key) do nothing;
-- 49672129486798194801217020117209243445234794940847533315: "[10231]", {"id":10231}, {"set":{"/customer":"c-1424","/status":"paid","/total":129.90,"/note":null,"/placed_at":"2026-03-02 08:35:30.1+00"},"remove":[]}, {}, "w.0000.1.00000007016b25a0", "2026-03-02T08:36:01.500000Z", null
-- doc.shop.orders
select pk, data, aux, version, deleted, _seq_no, _primary_term from "doc"."shop_orders_cdc" where key = $1;
-- 49672129486798194801217020117297112744455168435818107468: "[10231]"
-- doc.shop.orders
insert into "doc"."shop_orders_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values ($1, $2, $3, $4, $5, false, $6, $7)
on conflict (key) do nothing;
-- 49672129486798194801217020117297112744455168435818107468: "[10231]", {"id":10231}, {"set":{"/customer":"c-1424","/status":"shipped","/total":129.90,"/lines":[{"sku":"SKU-1180","price":14.50,"quantity":2}],"/note":null,"/placed_at":"2026-03-02 08:35:30.1+00"},"remove":[]}, {}, "w.0000.1.00000007016b2730", "2026-03-02T08:38:22.000007Z", null
