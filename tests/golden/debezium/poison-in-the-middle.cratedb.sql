-- doc.public.orders
alter table "doc"."public_orders_cdc"
  add column "data"['status'] text,
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
-- 49672129486798177489156227461997303642595404664058937838: null, "[10280]", {"id":10280}, {"status":"open"}, {"/data/total":"1.0","/data/note":"null"}, "p.0000.1.00000000016e9058.00000001.0000000000000000.00000001", false, "2026-03-02T08:36:07.066123Z"
-- 49672129486798177489156227461999721494234633922408350195: null, "[10281]", {"id":10281}, {"status":"open"}, {"/data/total":"1.0","/data/note":"null"}, "p.0000.1.00000000016e90a0.00000001.0000000000000000.00000001", false, "2026-03-02T08:36:07.497123Z"
-- 49672129486798177489156227462006975049152321697456587290: null, "[10282]", {"id":10282}, {"status":"open"}, {"/data/total":"1.0","/data/note":"null"}, "p.0000.1.00000000016e92f8.00000001.0000000000000000.00000001", false, "2026-03-02T08:36:10.083123Z"
warning: 6 records would be parked; `rowtide decode` says why.
