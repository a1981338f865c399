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
-- 49672129486798177489156227461865530728257410084945266779: null, "[10280]", {"id":10280}, {"customer":"c-7945","status":"placed","total":146.5}, {"/data/note":"null"}, "m.0000.1.000000027c007178.0000000000000001", false, "2026-03-02T08:35:30.115217Z"
-- 49672129486798177489156227461865530728257410086803871917: null, "[10281]", {"id":10281}, {"customer":"c-7945","status":"placed","total":146.5}, {"/data/note":"null"}, "m.0000.1.000000027c0074d8.0000000000000001", false, "2026-03-02T08:35:30.163851Z"
-- 49672129486798177489156227461865530728257410088662477055: null, "[10282]", {"id":10282}, {"customer":"c-7945","status":"placed","total":146.5}, {"/data/note":"null"}, "m.0000.1.000000027c007838.0000000000000001", false, "2026-03-02T08:35:30.212485Z"
-- 49672129486798177489156227461865530728257410090521082193: null, "[10283]", {"id":10283}, {"customer":"c-7945","status":"placed","total":146.5}, {"/data/note":"null"}, "m.0000.1.000000027c007b98.0000000000000001", false, "2026-03-02T08:35:30.261119Z"
-- 49672129486798177489156227461865530728257410092379687331: null, "[10284]", {"id":10284}, {"customer":"c-7945","status":"placed","total":146.5}, {"/data/note":"null"}, "m.0000.1.000000027c007ef8.0000000000000001", false, "2026-03-02T08:35:30.309753Z"
-- 49672129486798177489156227461865530728257410094238292469: null, "[10285]", {"id":10285}, {"customer":"c-7945","status":"placed","total":146.5}, {"/data/note":"null"}, "m.0000.1.000000027c008258.0000000000000001", false, "2026-03-02T08:35:30.358387Z"
-- 49672129486798177489156227461865530728257410096096897607: null, "[10286]", {"id":10286}, {"customer":"c-7945","status":"placed","total":146.5}, {"/data/note":"null"}, "m.0000.1.000000027c0085b8.0000000000000001", false, "2026-03-02T08:35:30.407021Z"
-- 49672129486798177489156227461865530728257410097955502745: null, "[10287]", {"id":10287}, {"customer":"c-7945","status":"placed","total":146.5}, {"/data/note":"null"}, "m.0000.1.000000027c008918.0000000000000001", false, "2026-03-02T08:35:30.431338Z"
-- 49672129486798177489156227461865530728257410099814107883: null, "[10288]", {"id":10288}, {"customer":"c-7945","status":"placed","total":146.5}, {"/data/note":"null"}, "m.0000.1.000000027c008c78.0000000000000001", false, "2026-03-02T08:35:30.479972Z"
warning: 8 records would be parked; `rowtide decode` says why.
