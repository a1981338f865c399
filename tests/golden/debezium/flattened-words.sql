-- public.shop.events
insert into "public"."shop.events_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."shop.events_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798177489156227461934439499975443946974216480: "[1]", {"_id":1}, {"type":"order.created","payload":{"total":5,"items":[1,2]}}, {}, "g.0000.1.0000019cadb08240.0000000000000001.00000001.0000000000000000.05649672129486798177489156227461934439499975443946974216480.00000000", false, "2026-03-02T08:35:52.000000Z"
-- 49672129486798177489156227461940484129073517092847747370: "[2]", {"_id":2}, null, {}, "g.0000.1.0000019cadb08240.0000000000000005.00000001.0000000000000000.05649672129486798177489156227461940484129073517092847747370.00000000", true, "2026-03-02T08:35:52.000000Z"
-- 49672129486798177489156227461936857351614673205323628836: "[3]", {"_id":3}, {"specversion":"1.0","data":{"before":{"id":9}},"id":"e-3"}, {}, "g.0000.1.0000019cadb08240.0000000000000003.00000001.0000000000000000.05649672129486798177489156227461936857351614673205323628836.00000000", false, "2026-03-02T08:35:52.000000Z"
-- public.public.messages
insert into "public"."public.messages_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."public.messages_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798177489156227461938066277434287834498335014: "[10]", {"id":10}, {"schema":{"v":1},"payload":{"id":11},"status":"END","event_count":2}, {}, "p.0000.1.00000000016e9058.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:52.000000Z"
-- 49672129486798177489156227461939275203253902463673041192: "[11]", {"id":11}, {"payload":{"id":12,"__op":"d"},"schema":null,"ts_ms":5,"ddl":"drop","tableChanges":[]}, {}, "p.0000.1.00000000016e90a0.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:52.000000Z"
