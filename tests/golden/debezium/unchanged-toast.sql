-- public.public.pages
insert into "public"."public.pages_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."public.pages_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798177489156227461895753873747775813383618720: "[1]", {"id":1}, {"title":"Tide","body":"The sea rises. The sea rises. The sea rises. The sea rises. The sea rises. The sea rises. The sea rises. The sea rises. ","tags":["sea"]}, {}, "p.0000.1.00000000016e9058.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:40.344123Z"
-- 49672129486798177489156227461900589577026234330082443438: "[2]", {"id":2}, null, {}, "p.0000.1.00000000016e91cc.00000001.0000000000000000", true, "2026-03-02T08:35:42.068123Z"
-- public.public.pages
select t.key, t.pk::text, t.data::text, t.aux::text, t.version, t.deleted
from "public"."public.pages_cdc" as t
where t.key = any($1::text[]);
-- 49672129486798177489156227461896962799567390442558324898: "[1]"
-- public.public.pages
insert into "public"."public.pages_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, false, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
  as u(key, pk, data, aux, version, base_version, changed_at)
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = false,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where t.version = (select b.base from unnest($1::text[], $6::text[]) as b(key, base) where b.key = t.key collate "C")
returning t.key;
-- 49672129486798177489156227461896962799567390442558324898: "[1]", {"id":1}, {"set":{"/title":"Tides","/tags":["sea","moon"]},"remove":[]}, {}, "p.0000.1.00000000016e90a0.00000001.0000000000000000.00000001", null, "2026-03-02T08:35:40.775123Z"
-- public.public.pages
select t.key, t.pk::text, t.data::text, t.aux::text, t.version, t.deleted
from "public"."public.pages_cdc" as t
where t.key = any($1::text[]);
-- 49672129486798177489156227461898171725387005071733031077: "[1]"
-- public.public.pages
insert into "public"."public.pages_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, false, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
  as u(key, pk, data, aux, version, base_version, changed_at)
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = false,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where t.version = (select b.base from unnest($1::text[], $6::text[]) as b(key, base) where b.key = t.key collate "C")
returning t.key;
-- 49672129486798177489156227461898171725387005071733031077: "[1]", {"id":1}, {"set":{"/title":"Tides and rows"},"remove":[]}, {}, "p.0000.1.00000000016e9104.00000001.0000000000000000.00000001", null, "2026-03-02T08:35:41.206123Z"
warning: 1 record would be parked; `rowtide decode` says why.
