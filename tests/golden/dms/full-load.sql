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
-- 49672129486798177489156227461865530728257410089591779624: "[10231]", {"id":10231}, {"customer":"c-7945","status":"placed","total":146.5,"note":"Leave it with the neighbour"}, {}, "m.0000.0.00064c067830d90e", false, null
-- 49672129486798177489156227461865530728257410090521082193: "[10232]", {"id":10232}, {"customer":"c-4874","status":"shipped","total":117,"note":null}, {}, "m.0000.0.00064c067831380b", false, null
-- 49672129486798177489156227461865530728257410095167595038: "[10233]", {"id":10233}, {"customer":"c-4874","status":"placed","total":39.9,"note":null}, {}, "m.0000.0.00064c06783312fc", false, null
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
-- 49672129486798177489156227461865530728257410093308989900: "[1,10231]", {"line":1,"order_id":10231}, {"sku":"SKU-2043","quantity":3}, {}, "m.0000.0.00064c0678325502", false, null
-- 49672129486798177489156227461865530728257410094238292469: "[2,10231]", {"line":2,"order_id":10231}, {"sku":"SKU-1180","quantity":2}, {}, "m.0000.0.00064c067832b3ff", false, null
