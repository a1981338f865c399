-- public.shop.visits
insert into "public"."shop.visits_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."shop.visits_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798177489156227461865530728257410087733174486: "[\"49672129486798177489156227461865530728257410087733174486\"]", {"position":"49672129486798177489156227461865530728257410087733174486"}, {"a":1,"b":"x"}, {}, "m.0000.0.00064c0678301b14", false, null
-- 49672129486798177489156227461865530728257410088662477055: "[\"49672129486798177489156227461865530728257410088662477055\"]", {"position":"49672129486798177489156227461865530728257410088662477055"}, {"a":1,"b":"x"}, {}, "m.0000.1.000000027c007838.0000000000000001", false, "2026-03-02T08:35:30.212485Z"
-- public.shop.tags
insert into "public"."shop.tags_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."shop.tags_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798177489156227461865530728257410093308989900: "[1,\"x\"]", {"a":1,"b":"x"}, null, {}, "m.0000.1.000000027c0080a8.0000000000000001", true, "2026-03-02T08:35:30.334070Z"
-- 49672129486798177489156227461865530728257410093308989900: "[1,\"y\"]", {"a":1,"b":"y"}, {}, {}, "m.0000.1.000000027c0080a8.0000000000000001", false, "2026-03-02T08:35:30.334070Z"
-- 49672129486798177489156227461865530728257410092379687331: "[2,null]", {"a":2,"b":null}, {}, {}, "m.0000.1.000000027c007ef8.0000000000000001", false, "2026-03-02T08:35:30.309753Z"
warning: 3 records would be parked; `rowtide decode` says why.
