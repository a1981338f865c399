-- public.public.order_items
insert into "public"."public.order_items_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."public.order_items_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129487004035224443941621694691315769063520643114220: "[42,1001]", {"item_id":42,"order_id":1001}, {"quantity":5}, {}, "q.0000.1.1898f945778384a4.00000001", false, "2026-03-02T08:35:30.123457Z"
-- 49672129487844476682709135316596173779659518558952398250: "[43,1001]", {"item_id":43,"order_id":1001}, {"quantity":1}, {}, "q.0000.1.1898f94577838c74.00000001", false, "2026-03-02T08:35:30.123459Z"
warning: 2 records would be parked; `rowtide decode` says why.
