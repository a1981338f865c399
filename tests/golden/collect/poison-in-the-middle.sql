-- public.collect
insert into "public"."collect_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."collect_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 3f1c2a44-0000-4000-8000-000000000000: "[\"p-1\"]", {"_id":"p-1"}, {"n":1}, {}, "f.0000.1", false, null
-- 3f1c2a44-0000-4000-8000-000000000004: "[\"p-5\"]", {"_id":"p-5"}, {"n":5}, {}, "f.0000.1", false, null
-- 3f1c2a44-0000-4000-8000-000000000005: "[\"p-6\"]", {"_id":"p-6"}, {"n":6}, {}, "f.0000.1", false, null
-- 3f1c2a44-0000-4000-8000-000000000006: "[\"p-7\"]", {"_id":"p-7"}, {"n":7}, {}, "f.0000.1", false, null
warning: 3 records would be parked; `rowtide decode` says why.
