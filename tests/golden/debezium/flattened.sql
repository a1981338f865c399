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
-- 49672129486798177489156227461986423310218873001486582221: "[1]", {"id":1}, {"name":"Anne Marie","email":"anne@example.com"}, {}, "p.0000.1.00000000016e9104.00000001.0000000000000000.00000001", false, "2026-03-02T08:36:05.773000Z"
-- 49672129486798177489156227461987632236038487630661288401: "[2]", {"id":2}, null, {}, "p.0000.1.0000000002c5e2f8.00000001.0000000000000000", true, "2026-03-02T08:36:06.204000Z"
-- 49672129486798177489156227461990050087677716889010700764: "[3]", {"id":3}, {"name":"Cleo","email":"cleo@example.com"}, {}, "p.0000.0.00064c067a5c19f8", false, "2026-03-02T08:36:06.635000Z"
warning: 1 record would be parked; `rowtide decode` says why.
