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
-- 49672129486798177489156227461938066277434287834498335014: "[1]", {"id":1}, {"v":"x"}, {}, "p.0000.1.00000000016e9058.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:52.000000Z"
