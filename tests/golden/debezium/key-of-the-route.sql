-- public.public.labels
insert into "public"."public.labels_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."public.labels_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798177489156227461888500318830088038335381648: "[\"A-2\"]", {"code":"A-2"}, {"text":"this side up"}, {}, "p.0000.1.00000000016e9104.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:37.758123Z"
-- 49672129486798177489156227461890918170469317296684794009: "[\"B-1\"]", {"code":"B-1"}, null, {}, "p.0000.1.00000000016e91cc.00000001.0000000000000000", true, "2026-03-02T08:35:38.620123Z"
-- public.public.labels
insert into "public"."public.labels_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."public.labels_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798177489156227461887291393010473409160675469: "[\"A-1\"]", {"code":"A-1"}, null, {}, "p.0000.1.00000000016e90a0.00000001.0000000000000000.00000001", true, "2026-03-02T08:35:37.327123Z"
