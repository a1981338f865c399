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
-- 49672129487010057594632204662985276081099260279023654035: "[10231]", {"id":10231}, {"status":"shipped","total":9.90}, {}, "p.0000.1.0000000000000040.0000000000000400", false, "2026-03-02T08:35:30.123456Z"
-- 49672129487010057594632204662985276081099260279023654000: "[10232]", {"id":10232}, null, {}, "p.0000.1.0000000000000031.0000000000000310", true, "2026-03-02T08:35:30.123456Z"
-- 49672129487010057594632204662985276081099260279023654049: "[10233]", {"id":10233}, null, {}, "p.0000.1.0000000000000028.0000000000000280", true, "2026-03-02T08:35:30.123456Z"
