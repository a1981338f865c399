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
-- 49672129487715507857159566779084806277334287862212326240: "[\"a1\"]", {"id":"a1"}, {"qty":5}, {}, "q.0000.1.1898f94577838c74.00000001", false, "2026-03-02T08:35:30.123459Z"
-- 49672129488629973564804617817887254251301334048239964250: "[\"a2\"]", {"id":"a2"}, null, {}, "q.0000.1.1898f9457783905c", true, "2026-03-02T08:35:30.123460Z"
