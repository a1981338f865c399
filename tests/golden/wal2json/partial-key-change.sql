-- public.shop.settings
insert into "public"."shop.settings_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."shop.settings_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798259566835052509035188116604587540444128199: "[\"motd\"]", {"name":"motd"}, {"value":"…"}, {}, "w.0000.1.00000007016b2458", false, "2026-03-02T08:35:30.123456Z"
-- public.shop.user_roles
insert into "public"."shop.user_roles_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."shop.user_roles_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798259566835052509153305900931813786914683526: "[7,1]", {"role_id":7,"user_id":1}, null, {}, "w.0000.1.00000007016b2730", true, "2026-03-02T08:38:22.000007Z"
-- 49672129486798259566835052509153305900931813786914683526: "[8,1]", {"role_id":8,"user_id":1}, {}, {}, "w.0000.1.00000007016b2730", false, "2026-03-02T08:38:22.000007Z"
warning: 1 record would be parked; `rowtide decode` says why.
