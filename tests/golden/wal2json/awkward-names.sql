-- public.shop.Order
insert into "public"."shop.Order_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."shop.Order_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798237673438348091216982630396494694154942188: "[1]", {"select":1}, {"_value":"0","Value":"0"}, {}, "w.0000.1.00000007016b2058", false, "2026-03-02T08:35:30.123456Z"
-- public.shop.we"ird; drop table x--
insert into "public"."shop.we""ird; drop table x--_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."shop.we""ird; drop table x--_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798237673438348091375733253811773373799962383: "[1]", {"a.b[0]":1}, {"_value":"1","Value":"1"}, {}, "w.0000.1.00000007016b2158", false, "2026-03-02T08:35:30.123456Z"
-- public.shop.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_fb0dd287
insert into "public"."shop.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_f5ee48e0" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."shop.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_f5ee48e0" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798237673438348091533535775262257924365262394: "[1]", {"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy":1}, {"_value":"2","Value":"2"}, {}, "w.0000.1.00000007016b2258", false, "2026-03-02T08:35:30.123456Z"
-- public.shop.Ünïcode
insert into "public"."shop.Ünïcode_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."shop.Ünïcode_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798237673438348091664295559462774881720505609: "[1]", {"~/quote'":1}, {"_value":"3","Value":"3"}, {}, "w.0000.1.00000007016b2358", false, "2026-03-02T08:35:30.123456Z"
-- public.shop.Order
select t.key, t.pk::text, t.data::text, t.aux::text, t.version, t.deleted
from "public"."shop.Order_cdc" as t
where t.key = any($1::text[]);
-- 49672129486798237673438348091292475217682973061173487197: "[1]"
-- public.shop.Order
insert into "public"."shop.Order_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, false, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
  as u(key, pk, data, aux, version, base_version, changed_at)
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = false,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where t.version = (select b.base from unnest($1::text[], $6::text[]) as b(key, base) where b.key = t.key collate "C")
returning t.key;
-- 49672129486798237673438348091292475217682973061173487197: "[1]", {"select":1}, {"set":{"/~0~1x":"0"},"remove":[]}, {}, "w.0000.1.00000007016b20a0", null, "2026-03-02T08:35:30.123456Z"
-- public.shop.we"ird; drop table x--
select t.key, t.pk::text, t.data::text, t.aux::text, t.version, t.deleted
from "public"."shop.we""ird; drop table x--_cdc" as t
where t.key = any($1::text[]);
-- 49672129486798237673438348091464154805301451040839803416: "[1]"
-- public.shop.we"ird; drop table x--
insert into "public"."shop.we""ird; drop table x--_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, false, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
  as u(key, pk, data, aux, version, base_version, changed_at)
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = false,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where t.version = (select b.base from unnest($1::text[], $6::text[]) as b(key, base) where b.key = t.key collate "C")
returning t.key;
-- 49672129486798237673438348091464154805301451040839803416: "[1]", {"a.b[0]":1}, {"set":{"/~0~1x":"1"},"remove":[]}, {}, "w.0000.1.00000007016b21a0", null, "2026-03-02T08:35:30.123456Z"
-- public.shop.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_fb0dd287
select t.key, t.pk::text, t.data::text, t.aux::text, t.version, t.deleted
from "public"."shop.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_f5ee48e0" as t
where t.key = any($1::text[]);
-- 49672129486798237673438348091612320652875637811596985725: "[1]"
-- public.shop.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_fb0dd287
insert into "public"."shop.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_f5ee48e0" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, false, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
  as u(key, pk, data, aux, version, base_version, changed_at)
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = false,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where t.version = (select b.base from unnest($1::text[], $6::text[]) as b(key, base) where b.key = t.key collate "C")
returning t.key;
-- 49672129486798237673438348091612320652875637811596985725: "[1]", {"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy":1}, {"set":{"/~0~1x":"2"},"remove":[]}, {}, "w.0000.1.00000007016b22a0", null, "2026-03-02T08:35:30.123456Z"
-- public.shop.Ünïcode
select t.key, t.pk::text, t.data::text, t.aux::text, t.version, t.deleted
from "public"."shop.Ünïcode_cdc" as t
where t.key = any($1::text[]);
-- 49672129486798237673438348091702734020231593622656337116: "[1]"
-- public.shop.Ünïcode
insert into "public"."shop.Ünïcode_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, false, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
  as u(key, pk, data, aux, version, base_version, changed_at)
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = false,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where t.version = (select b.base from unnest($1::text[], $6::text[]) as b(key, base) where b.key = t.key collate "C")
returning t.key;
-- 49672129486798237673438348091702734020231593622656337116: "[1]", {"~/quote'":1}, {"set":{"/~0~1x":"3"},"remove":[]}, {}, "w.0000.1.00000007016b23a0", null, "2026-03-02T08:35:30.123456Z"
