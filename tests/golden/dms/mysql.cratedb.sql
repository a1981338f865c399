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
-- 49672129486798177489156227461865530728257410085874569348: null, "[1]", {"id":1}, {"customer":"c-7945","status":"paid","total":146.5}, {"/data/note":"null"}, "m.0000.1.00000000000f4240.00000000000000c2.0000000000000001", false, "2026-03-02T08:35:30.139534Z"
-- 49672129486798177489156227461865530728257410086803871917: null, "[2]", {"id":2}, {"customer":"c-7945","status":"second","total":146.5}, {"/data/note":"null"}, "m.0000.1.00000000000f4240.0000000000000384.000000000000000a", false, "2026-03-02T08:35:30.163851Z"
-- 49672129486798177489156227461865530728257410089591779624: null, "[3]", {"id":3}, {"customer":"c-7945","status":"placed","total":146.5}, {"/data/note":"null"}, "m.0000.1.00000000000f4240.0000000000000578.0000000000000001", false, "2026-03-02T08:35:30.000000Z"
