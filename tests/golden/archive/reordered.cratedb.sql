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
-- 49672129487010057594632204662985276081099260279023654035: null, "[10231]", {"id":10231}, {"status":"shipped"}, {"/data/total":"9.90"}, "p.0000.1.0000000000000040.0000000000000400", false, "2026-03-02T08:35:30.123456Z"
-- 49672129487010057594632204662985276081099260279023654000: null, "[10232]", {"id":10232}, null, {}, "p.0000.1.0000000000000031.0000000000000310", true, "2026-03-02T08:35:30.123456Z"
-- 49672129487010057594632204662985276081099260279023654049: null, "[10233]", {"id":10233}, null, {}, "p.0000.1.0000000000000028.0000000000000280", true, "2026-03-02T08:35:30.123456Z"
