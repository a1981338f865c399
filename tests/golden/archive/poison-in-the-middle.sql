-- public.public.orders
insert into "public"."public.orders_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."public.orders_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129487010057594632204662985276081099260279023654000: "[10231]", {"id":10231}, {"status":"new","total":9.90}, {}, "p.0000.1.0000000000000010.0000000000000100", false, "2026-03-02T08:35:30.123456Z"
-- 49672129487010057594632204662985276081099260279023654014: "[10232]", {"id":10232}, {"status":"new","total":9.90}, {}, "p.0000.1.0000000000000011.0000000000000110", false, "2026-03-02T08:35:30.123456Z"
-- 49672129487010057594632204662985276081099260279023654028: "[10233]", {"id":10233}, {"status":"new","total":9.90}, {}, "p.0000.1.0000000000000012.0000000000000120", false, "2026-03-02T08:35:30.123456Z"
-- 49672129487010057594632204662985276081099260279023654042: "[10235]", {"id":10235}, {"status":"new","total":9.90}, {}, "p.0000.1.0000000000000013.0000000000000130", false, "2026-03-02T08:35:30.123456Z"
-- 49672129487010057594632204662985276081099260279023654056: "[10236]", {"id":10236}, {"status":"new","total":9.90}, {}, "p.0000.1.0000000000000014.0000000000000140", false, "2026-03-02T08:35:30.123456Z"
-- 49672129487010057594632204662985276081099260279023654070: "[10237]", {"id":10237}, {"status":"new","total":9.90}, {}, "p.0000.1.0000000000000015.0000000000000150", false, "2026-03-02T08:35:30.123456Z"
-- 49672129487010057594632204662985276081099260279023654084: "[10238]", {"id":10238}, {"status":"new","total":9.90}, {}, "p.0000.1.0000000000000016.0000000000000160", false, "2026-03-02T08:35:30.123456Z"
warning: 9 records would be parked; `rowtide decode` says why.
