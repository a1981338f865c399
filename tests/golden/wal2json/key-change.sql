-- public.shop.order_lines
insert into "public"."shop.order_lines_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."shop.order_lines_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798199187375749648184351738525685066667864046: "[1,10231]", {"line":1,"order_id":10231}, {"sku":"SKU-1180","quantity":2}, {}, "w.0000.1.00000007016b2458", false, "2026-03-02T08:35:30.123456Z"
-- 49672129486798199187375749648236340883189945062887286588: "[2,10231]", {"line":2,"order_id":10231}, {"sku":"SKU-1502","quantity":1}, {}, "w.0000.1.00000007016b24e0", false, "2026-03-02T08:35:30.123456Z"
-- public.shop.order_lines
select t.key, t.pk::text, t.data::text, t.aux::text, t.version, t.deleted
from "public"."shop.order_lines_cdc" as t
where t.key = any($1::text[]);
-- 49672129486798199187375749648366633796670759819845659338: "[1,10231]"
-- public.shop.order_lines
insert into "public"."shop.order_lines_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, false, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
  as u(key, pk, data, aux, version, base_version, changed_at)
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = false,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where t.version = (select b.base from unnest($1::text[], $6::text[]) as b(key, base) where b.key = t.key collate "C")
returning t.key;
-- 49672129486798199187375749648366633796670759819845659338: "[1,10231]", {"line":1,"order_id":10231}, {"set":{"/sku":"SKU-1180","/quantity":5},"remove":[]}, {}, "w.0000.1.00000007016b2600", null, "2026-03-02T08:36:01.500000Z"
-- public.shop.order_lines
insert into "public"."shop.order_lines_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."shop.order_lines_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798199187375749648309859447781018018530978504: "[2,10231]", {"line":2,"order_id":10231}, null, {}, "w.0000.1.00000007016b25a0", true, "2026-03-02T08:36:01.500000Z"
-- 49672129486798199187375749648309859447781018018530978504: "[3,10231]", {"line":3,"order_id":10231}, {"sku":"SKU-1502","quantity":1}, {}, "w.0000.1.00000007016b25a0", false, "2026-03-02T08:36:01.500000Z"
-- public.shop.order_lines
insert into "public"."shop.order_lines_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."shop.order_lines_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798199187375749648472945487110468200146234856: "[1,10231]", {"line":1,"order_id":10231}, null, {}, "w.0000.1.00000007016b26c0", true, "2026-03-02T08:38:22.000007Z"
-- 49672129486798199187375749648472945487110468200146234856: "[2,10231]", {"line":2,"order_id":10231}, {"sku":"SKU-1180","quantity":5}, {}, "w.0000.1.00000007016b26c0", false, "2026-03-02T08:38:22.000007Z"
-- 49672129486798199187375749648420058897088978254408613942: "[3,10231]", {"line":3,"order_id":10231}, null, {}, "w.0000.1.00000007016b2660", true, "2026-03-02T08:38:22.000007Z"
-- 49672129486798199187375749648420058897088978254408613942: "[4,10231]", {"line":4,"order_id":10231}, {"sku":"SKU-1502","quantity":1}, {}, "w.0000.1.00000007016b2660", false, "2026-03-02T08:38:22.000007Z"
