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
-- 49672129487010057594632204662985276081099260279023653220: "[10231]", {"id":10231}, {"status":"placed","total":19.90,"note":null}, {}, "p.0000.0.00064c05f937e000", false, "2026-03-02T08:00:00.000000Z"
-- 49672129487010737596545404662985276081099260279023653241: "[10232]", {"id":10232}, {"status":"placed","total":5.00,"note":null}, {}, "p.0000.0.00064c05f937e000", false, "2026-03-02T08:00:00.000000Z"
-- 49672129487011644265763004662985276081099260279023653269: "[10233]", {"id":10233}, {"status":"placed","total":7.25,"note":null}, {}, "p.0000.0.00064c05f937e000", false, "2026-03-02T08:00:00.000000Z"
-- 49672129487012550934980604662985276081099260279023653297: "[10235]", {"id":10235}, {"status":"placed","total":2.50,"note":null}, {}, "p.0000.0.00064c05f937e000", false, "2026-03-02T08:00:00.000000Z"
warning: 8 records would be parked; `rowtide decode` says why.
