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
-- 49672129487010057594632204662985276081099260279023654000: null, "[10231]", {"id":10231}, {"status":"new"}, {"/data/total":"9.90"}, "p.0000.1.0000000000000010.0000000000000100", false, "2026-03-02T08:35:30.123456Z"
-- 49672129487010057594632204662985276081099260279023654014: null, "[10232]", {"id":10232}, {"status":"new"}, {"/data/total":"9.90"}, "p.0000.1.0000000000000011.0000000000000110", false, "2026-03-02T08:35:30.123456Z"
-- 49672129487010057594632204662985276081099260279023654028: null, "[10233]", {"id":10233}, {"status":"new"}, {"/data/total":"9.90"}, "p.0000.1.0000000000000012.0000000000000120", false, "2026-03-02T08:35:30.123456Z"
-- 49672129487010057594632204662985276081099260279023654042: null, "[10235]", {"id":10235}, {"status":"new"}, {"/data/total":"9.90"}, "p.0000.1.0000000000000013.0000000000000130", false, "2026-03-02T08:35:30.123456Z"
-- 49672129487010057594632204662985276081099260279023654056: null, "[10236]", {"id":10236}, {"status":"new"}, {"/data/total":"9.90"}, "p.0000.1.0000000000000014.0000000000000140", false, "2026-03-02T08:35:30.123456Z"
-- 49672129487010057594632204662985276081099260279023654070: null, "[10237]", {"id":10237}, {"status":"new"}, {"/data/total":"9.90"}, "p.0000.1.0000000000000015.0000000000000150", false, "2026-03-02T08:35:30.123456Z"
-- 49672129487010057594632204662985276081099260279023654084: null, "[10238]", {"id":10238}, {"status":"new"}, {"/data/total":"9.90"}, "p.0000.1.0000000000000016.0000000000000160", false, "2026-03-02T08:35:30.123456Z"
warning: 9 records would be parked; `rowtide decode` says why.
