-- public.shop.orders
insert into "public"."shop.orders_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."shop.orders_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798177489156227461865530728257410092379687331: "[45]", {"id":45}, {"customer":"c-7945","status":"shipped","total":146.5,"note":null}, {}, "m.0000.1.000000027c007ef8.0000000000000001", false, "2026-03-02T08:35:30.309753Z"
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
-- 49672129486798177489156227461865530728257410090521082193: "[1,45]", {"line":1,"order_id":45}, {"sku":"SKU-2043"}, {}, "m.0000.1.000000027c007b98.0000000000000001", false, "2026-03-02T08:35:30.261119Z"
-- 49672129486798177489156227461865530728257410090521082193: "[1,46]", {"line":1,"order_id":46}, null, {}, "m.0000.1.000000027c007b98.0000000000000001", true, "2026-03-02T08:35:30.261119Z"
-- 49672129486798177489156227461865530728257410091450384762: "[2,45]", {"line":2,"order_id":45}, {"sku":"SKU-1180"}, {}, "m.0000.1.000000027c007b98.0000000000000002", false, "2026-03-02T08:35:30.285436Z"
-- 49672129486798177489156227461865530728257410091450384762: "[2,46]", {"line":2,"order_id":46}, null, {}, "m.0000.1.000000027c007b98.0000000000000002", true, "2026-03-02T08:35:30.285436Z"
-- public.shop.orders
insert into "public"."shop.orders_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."shop.orders_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798177489156227461865530728257410087733174486: "[46]", {"id":46}, null, {}, "m.0000.1.000000027c007688.0000000000000001", true, "2026-03-02T08:35:30.188168Z"
