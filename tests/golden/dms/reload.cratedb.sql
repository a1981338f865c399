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
-- 49672129486798177489156227461865530728257410092379687331: null, "[1]", {"id":1}, {"customer":"c-7945","status":"again","total":146.5}, {"/data/note":"null"}, "m.0000.0.00064c067831f605", false, null
-- 49672129486798177489156227461865530728257410087733174486: null, "[2]", {"id":2}, {"customer":"c-7945","status":"placed","total":146.5}, {"/data/note":"null"}, "m.0000.0.00064c0678301b14", false, null
-- 49672129486798177489156227461865530728257410090521082193: null, "[3]", {"id":3}, {"customer":"c-7945","status":"paid","total":146.5}, {"/data/note":"null"}, "m.0000.1.000000027c007b98.0000000000000001", false, "2026-03-02T08:35:30.261119Z"
-- 49672129486798177489156227461865530728257410095167595038: null, "[4]", {"id":4}, null, {}, "m.0000.1.000000027c008408.0000000000000001", true, "2026-03-02T08:35:30.382704Z"
warning: The route of shop.orders has truncate = "apply", which CrateDB cannot do: rows that are not refreshed would be missed.
