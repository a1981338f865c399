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
-- 49672129486798177489156227461934439499975443946974216480: "[1]", {"id":1}, {"v":"x"}, {}, "p.0000.1.00000000016e9058.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:52.000000Z"
-- 49672129486798177489156227461938066277434287834498335014: "[2]", {"id":2}, null, {}, "p.0000.1.00000000016e9130.00000001.0000000000000000", true, "2026-03-02T08:35:52.000000Z"
-- 49672129486798177489156227461936857351614673205323628836: "[3]", {"id":3}, {"v":"z"}, {}, "p.0000.1.00000000016e90e8.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:52.000000Z"
-- public.public.words
insert into "public"."public.words_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."public.words_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798177489156227461939275203253902463673041192: "[\"p\",\"s\"]", {"payload":"p","schema":"s"}, {"n":1}, {}, "p.0000.1.00000000016e9178.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:52.000000Z"
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
-- 49672129486798177489156227461944110906532360980371865904: "[\"669683c2b0750b2c84893f3e\"]", {"_id":"669683c2b0750b2c84893f3e"}, null, {}, "g.0000.1.0000019cadb08240.0000000000000003.00000001.0000000000000000.05649672129486798177489156227461944110906532360980371865904.00000000", true, "2026-03-02T08:35:52.000000Z"
-- 49672129486798177489156227461942901980712746351197159726: "[\"669683c2b0750b2c84893f3f\"]", {"_id":"669683c2b0750b2c84893f3f"}, {"id":7,"v":2}, {}, "g.0000.1.0000019cadb08240.0000000000000002.00000001.0000000000000000.05649672129486798177489156227461942901980712746351197159726.00000000", false, "2026-03-02T08:35:52.000000Z"
warning: 1 record would be parked; `rowtide decode` says why.
