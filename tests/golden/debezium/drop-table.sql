-- public.shop.orders
insert into "public"."rowtide_floors" as f (target, floor) values ($1::text, $2::text)
on conflict (target) do update set floor = excluded.floor
where f.floor < excluded.floor;
-- 49672129486798177489156227461939275203253902463673041192: "public.shop.orders", "y.0000.1.0000000000000003.0000000000000258.00000001.0000000000000000"
-- public.shop.orders
update "public"."shop.orders_cdc" as t set
  data = null, aux = '{}', version = $1::text, deleted = true, changed_at = $2::timestamptz,
  applied_at = clock_timestamp()
where t.version < $1::text collate "C";
-- 49672129486798177489156227461939275203253902463673041192: "y.0000.1.0000000000000003.0000000000000258.00000001.0000000000000000", "2026-03-02T08:35:52.000000Z"
-- public.shop.lines
insert into "public"."rowtide_floors" as f (target, floor) values ($1::text, $2::text)
on conflict (target) do update set floor = excluded.floor
where f.floor < excluded.floor;
-- 49672129486798177489156227461939275203253902463673041192: "public.shop.lines", "y.0000.1.0000000000000003.0000000000000258.00000001.0000000000000000"
-- public.shop.lines
update "public"."shop.lines_cdc" as t set
  data = null, aux = '{}', version = $1::text, deleted = true, changed_at = $2::timestamptz,
  applied_at = clock_timestamp()
where t.version < $1::text collate "C";
-- 49672129486798177489156227461939275203253902463673041192: "y.0000.1.0000000000000003.0000000000000258.00000001.0000000000000000", "2026-03-02T08:35:52.000000Z"
-- public.shop.orders
insert into "public"."shop.orders_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."shop.orders_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
  and u.version collate "C" > coalesce((select f.floor from "public"."rowtide_floors" as f where f.target = 'public.shop.orders' for share), '')
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798177489156227461935648425795058576148922658: "[1]", {"id":1}, {"v":"read"}, {}, "y.0000.1.0000000000000003.000000000000009d.00000000.0000000000000000", false, "2026-03-02T08:35:52.000000Z"
-- 49672129486798177489156227461941693054893131722022453548: "[2]", {"id":2}, {"v":"late"}, {}, "y.0000.1.0000000000000003.00000000000001c2.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:52.000000Z"
-- 49672129486798177489156227461940484129073517092847747370: "[3]", {"id":3}, {"v":"new"}, {}, "y.0000.1.0000000000000003.0000000000000320.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:52.000000Z"
-- public.shop.lines
insert into "public"."shop.lines_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."shop.lines_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
  and u.version collate "C" > coalesce((select f.floor from "public"."rowtide_floors" as f where f.target = 'public.shop.lines' for share), '')
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798177489156227461942901980712746351197159726: "[9]", {"id":9}, {}, {}, "y.0000.1.0000000000000003.000000000000012c.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:52.000000Z"
