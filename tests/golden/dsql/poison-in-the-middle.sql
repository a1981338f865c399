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
-- 49672129491363108085901428888166029187104824610207448290: "[42,1001]", {"item_id":42,"order_id":1001}, {"quantity":6}, {}, "q.0000.1.1898f9457783a7cc.00000001", false, "2026-03-02T08:35:30.123466Z"
-- 49672129490479323369436600761797889434403888082852425280: "[43,1001]", {"item_id":43,"order_id":1001}, {"quantity":1}, {}, "q.0000.1.1898f9457783a3e4.00000001", false, "2026-03-02T08:35:30.123465Z"
warning: 5 records would be parked; `rowtide decode` says why.
