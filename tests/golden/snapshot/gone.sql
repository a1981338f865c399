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
-- 49672129487011417598458604662985276081099260279023653262: "[10231]", {"id":10231}, {"status":"placed","total":19.90,"note":"seen again"}, {}, "p.0000.0.00064c1a170f4000", false, "2026-03-03T08:00:00.000000Z"
-- 49672129487010964263849804662985276081099260279023653248: "[10232]", {"id":10232}, null, {}, "p.0000.0.00064c1a170f3fff", true, "2026-03-03T07:59:59.999999Z"
-- 49672129487010737596545404662985276081099260279023653241: "[10233]", {"id":10233}, {"status":"paid","total":7.25,"note":null}, {}, "p.0000.1.00000000016e9058.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:30.103000Z"
