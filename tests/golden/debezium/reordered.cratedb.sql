-- doc.public.orders
alter table "doc"."public_orders_cdc"
  add column "data"['status'] text,
  add column "data"['total'] double precision,
  add column "pk"['id'] double precision;
-- doc.public.orders
insert into "doc"."public_orders_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461912678835222380621829505240: null, "[10231]", {"id":10231}, {"status":"shipped","total":19.99}, {"/data/note":"null"}, "p.0000.1.00000000016e9104.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:45.947123Z"
-- 49672129486798177489156227461916305612681224509353623777: null, "[10232]", {"id":10232}, null, {}, "p.0000.1.00000000016e93c0.00000001.0000000000000000", true, "2026-03-02T08:35:47.240123Z"
-- 49672129486798177489156227461921141315959683026052448507: null, "[10235]", {"id":10235}, {"status":"paid"}, {"/data/total":"1.0","/data/note":"null"}, "p.0000.1.00000000016e97a8.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:48.102123Z"
