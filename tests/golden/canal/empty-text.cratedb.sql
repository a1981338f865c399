-- doc.shop.orders
alter table "doc"."shop_orders_cdc"
  add column "data"['customer'] text,
  add column "data"['extra'] object(strict),
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
-- 49672129486798208757266482892057505392397705157331997706: null, "[10231]", {"id":10231}, {"customer":"c-1424","status":"placed","note":"Ring twice","placed_at":"2026-03-02 08:35:30.123456","extra":{}}, {"/data/total":"null"}, "c.0000.1.0000019cadb03038.05649672129486798208757266482892057505392397705157331997706.00000000", false, "2026-03-02T08:35:31.000000Z"
-- 49672129486798208757266482892057504183471885542702823000: null, "[10232]", {"id":10232}, {"customer":"","status":null,"note":"","placed_at":null,"extra":null}, {"/data/total":"null"}, "c.0000.1.0000019cadb02c50.05649672129486798208757266482892057504183471885542702823000.00000001", false, "2026-03-02T08:35:30.000000Z"
-- 49672129486798208757266482892057504183471885542702823000: null, "[10233]", {"id":10233}, {"customer":"c-1424","status":"placed","note":"Ring twice","placed_at":"2026-03-02 08:35:30.123456","extra":{}}, {"/data/total":"129.90"}, "c.0000.1.0000019cadb02c50.05649672129486798208757266482892057504183471885542702823000.00000002", false, "2026-03-02T08:35:30.000000Z"
-- 49672129486798208757266482892057505392397705157331997706: null, "[10234]", {"id":10234}, {"customer":"c-1424","status":"placed","note":"Ring twice","placed_at":"2026-03-02 08:35:30.123456","extra":{}}, {"/data/total":"129.90"}, "c.0000.1.0000019cadb03038.05649672129486798208757266482892057505392397705157331997706.00000002", false, "2026-03-02T08:35:31.000000Z"
warning: 1 record would be parked; `rowtide decode` says why.
