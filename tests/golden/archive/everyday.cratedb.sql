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
-- 49672129487010057594632204662985276081099260279023654000: null, "[10231]", {"id":10231}, {"status":"new"}, {"/data/total":"9.90"}, "p.0000.0.0000000000000010", false, "2026-03-02T08:35:30.123456Z"
-- 49672129487010057594632204662985276081099260279023654028: null, "[10232]", {"id":10232}, null, {}, "p.0000.1.0000000000000031.0000000000000310", true, "2026-03-02T08:35:30.123456Z"
-- 49672129487010057594632204662985276081099260279023654035: null, "[10233]", {"id":10233}, {"status":"new"}, {"/data/total":"9.90"}, "p.0000.1.0000000000000032.0000000000000320", false, "2026-03-02T08:35:30.123456Z"
-- 49672129487010057594632204662985276081099260279023654042: null, "[10234]", {"id":10234}, {"status":"moved"}, {"/data/total":"9.90"}, "p.0000.1.0000000000000040.0000000000000400", false, "2026-03-02T08:35:30.123456Z"
-- 49672129487010057594632204662985276081099260279023654049: null, "[10235]", {"id":10235}, null, {}, "p.0000.1.0000000000000040.0000000000000400", true, "2026-03-02T08:35:30.123456Z"
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
-- 49672129487010057594632204662985276081099260279023654007: null, "[10231]", {"id":10231}, {"status":"paid"}, {"/data/total":"9.90"}, "p.0000.1.0000000000000020.0000000000000200", false, "2026-03-02T08:35:30.123456Z"
-- doc.public.orders
select pk, data, aux, version, deleted, _seq_no, _primary_term from "doc"."public_orders_cdc" where key = $1;
-- 49672129487010057594632204662985276081099260279023654014: "[10231]"
-- doc.public.orders
insert into "doc"."public_orders_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values ($1, $2, $3, $4, $5, false, $6, $7)
on conflict (key) do nothing;
-- 49672129487010057594632204662985276081099260279023654014: "[10231]", {"id":10231}, {"set":{"/note":"by the gate","/address/zip":"10115"},"remove":["/status"]}, {}, "p.0000.1.0000000000000030.0000000000000300", "2026-03-02T08:35:30.123456Z", null
