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
-- 49672129486798177489156227461865530728257410088662477055: null, "[10231]", {"id":10231}, {"customer":"c-7945","status":"paid","total":146.5}, {"/data/note":"null"}, "m.0000.1.000000027c007838.0000000000000001", false, "2026-03-02T08:35:30.212485Z"
-- 49672129486798177489156227461865530728257410086803871917: null, "[10232]", {"id":10232}, {"customer":"c-4874","status":"placed","total":146.5}, {"/data/note":"null"}, "m.0000.1.000000027c0074d8.0000000000000001", false, "2026-03-02T08:35:30.163851Z"
-- 49672129486798177489156227461865530728257410090521082193: null, "[10233]", {"id":10233}, null, {}, "m.0000.1.000000027c007b98.0000000000000001", true, "2026-03-02T08:35:30.261119Z"
-- 49672129486798177489156227461865530728257410091450384762: null, "[9911]", {"id":9911}, null, {}, "m.0000.1.000000027c007d48.0000000000000001", true, "2026-03-02T08:35:30.285436Z"
-- doc.shop.orders
select pk, data, aux, version, deleted, _seq_no, _primary_term from "doc"."shop_orders_cdc" where key = $1;
-- 49672129486798177489156227461865530728257410089591779624: "[10232]"
-- doc.shop.orders
insert into "doc"."shop_orders_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values ($1, $2, $3, $4, $5, false, $6, $7)
on conflict (key) do nothing;
-- 49672129486798177489156227461865530728257410089591779624: "[10232]", {"id":10232}, {"set":{"/status":"shipped"},"remove":[]}, {}, "m.0000.1.000000027c0079e8.0000000000000001", "2026-03-02T08:35:30.236802Z", null
