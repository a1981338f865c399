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
-- 49672129487010057594632204662985276081099260279023654000: "[10231]", {"id":10231}, {"status":"new","total":9.90}, {}, "p.0000.0.0000000000000010", false, "2026-03-02T08:35:30.123456Z"
-- 49672129487010057594632204662985276081099260279023654028: "[10232]", {"id":10232}, null, {}, "p.0000.1.0000000000000031.0000000000000310", true, "2026-03-02T08:35:30.123456Z"
-- 49672129487010057594632204662985276081099260279023654035: "[10233]", {"id":10233}, {"status":"new","total":9.90}, {}, "p.0000.1.0000000000000032.0000000000000320", false, "2026-03-02T08:35:30.123456Z"
-- 49672129487010057594632204662985276081099260279023654042: "[10234]", {"id":10234}, {"status":"moved","total":9.90}, {}, "p.0000.1.0000000000000040.0000000000000400", false, "2026-03-02T08:35:30.123456Z"
-- 49672129487010057594632204662985276081099260279023654049: "[10235]", {"id":10235}, null, {}, "p.0000.1.0000000000000040.0000000000000400", true, "2026-03-02T08:35:30.123456Z"
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
-- 49672129487010057594632204662985276081099260279023654007: "[10231]", {"id":10231}, {"status":"paid","total":9.90}, {}, "p.0000.1.0000000000000020.0000000000000200", false, "2026-03-02T08:35:30.123456Z"
-- public.public.orders
select t.key, t.pk::text, t.data::text, t.aux::text, t.version, t.deleted
from "public"."public.orders_cdc" as t
where t.key = any($1::text[]);
-- 49672129487010057594632204662985276081099260279023654014: "[10231]"
-- public.public.orders
insert into "public"."public.orders_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, false, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
  as u(key, pk, data, aux, version, base_version, changed_at)
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = false,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where t.version = (select b.base from unnest($1::text[], $6::text[]) as b(key, base) where b.key = t.key collate "C")
returning t.key;
-- 49672129487010057594632204662985276081099260279023654014: "[10231]", {"id":10231}, {"set":{"/note":"by the gate","/address/zip":"10115"},"remove":["/status"]}, {}, "p.0000.1.0000000000000030.0000000000000300", null, "2026-03-02T08:35:30.123456Z"
