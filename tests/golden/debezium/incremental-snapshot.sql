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
-- 49672129486798177489156227461904216354485078217606561980: "[10231]", {"id":10231}, {"status":"paid","total":19.99,"note":null}, {}, "p.0000.1.00000000016e90a0.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:42.930123Z"
-- 49672129486798177489156227461905425280304692846781268158: "[10232]", {"id":10232}, null, {}, "p.0000.1.00000000016e9104.00000001.0000000000000000", true, "2026-03-02T08:35:43.361123Z"
-- 49672129486798177489156227461910260983583151363480092880: "[10233]", {"id":10233}, {"status":"open","total":7.75,"note":null}, {}, "p.0000.0.00064c06791346c3", false, "2026-03-02T08:35:45.085123Z"
-- 49672129486798177489156227461911469909402765992654799063: "[10234]", {"id":10234}, {"status":"open","total":8.5,"note":null}, {}, "p.0000.1.00000000016e9058.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:45.516123Z"
