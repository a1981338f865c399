-- public.orders
insert into "public"."orders_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk, u.data, u.aux, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::jsonb[], $3::jsonb[], $4::jsonb[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."orders_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798177489156226543411944569894031072016990258: "[\"o-10280\"]", {"id":"o-10280"}, {"customer":"c-4410","status":"placed","total":12.5}, {}, "k.0000.1.00064c06782efac0.05649672129486798177489156226543411944569894031072016990258", false, "2026-03-02T08:35:30.123456Z"
warning: 1 record would be parked; `rowtide decode` says why.
