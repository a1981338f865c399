-- public.public.customers
insert into "public"."public.customers_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."public.customers_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129487010737596545404662985276081099260279023653241: "[1]", {"id":1}, {"name":"Siân Hughes","email":"s.hughes@example.com"}, {}, "l.0000.0.00064c1a170f4000", false, "2026-03-03T08:00:00.000000Z"
-- 49672129487010964263849804662985276081099260279023653248: "[2]", {"id":2}, {"name":"Ola Nordmann","email":null}, {}, "l.0000.0.00064c1a170f4000", false, "2026-03-03T08:00:00.000000Z"
-- 49672129487011190931154204662985276081099260279023653255: "[3]", {"id":3}, null, {}, "l.0000.0.00064c1a170f3fff", true, "2026-03-03T07:59:59.999999Z"
