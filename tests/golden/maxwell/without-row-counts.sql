-- public.shop.shelves
insert into "public"."shop.shelves_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."shop.shelves_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798233528104481688455771040040080194427159694: "[1]", {"id":1}, null, {}, "x.0000.1.00000000000000e7.00000000007bed6e.ffffffffffffffff", true, "2026-03-02T08:36:01.000000Z"
-- 49672129486798233528104481688455771040040080194427159694: "[2]", {"id":2}, {"name":"kitchen"}, {}, "x.0000.1.00000000000000e7.00000000007bed6e.ffffffffffffffff", false, "2026-03-02T08:36:01.000000Z"
-- public.shop.shelves
insert into "public"."shop.shelves_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."shop.shelves_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798233528104481688404220067255936114752213617: "[3]", {"id":3}, {"name":"garden"}, {}, "x.0000.1.00000000000000e7.00000000007bed6e.0000000000000000.05649672129486798233528104481688404220067255936114752213617", false, "2026-03-02T08:36:01.000000Z"
-- public.shop.shelves
insert into "public"."shop.shelves_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."shop.shelves_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798233528104481688315358669809005175988052535: "[4]", {"id":4}, {"name":"books"}, {}, "x.0000.1.00000000000000e7.00000000007bed6e.0000000000000000.05649672129486798233528104481688315358669809005175988052535", false, "2026-03-02T08:36:01.000000Z"
