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
-- 49672129486798219006002639406347957322796086666968345207: "[10280]", {"id":10280}, {"customer":"c-1424","status":"placed","total":129.90,"lines":[{"sku":"SKU-1180","price":14.50,"quantity":2}],"note":"Ring twice","placed_at":"2026-03-02 08:35:30.1+00"}, {}, "w.0000.1.00000007016b2458", false, "2026-03-02T08:35:30.123456Z"
-- 49672129486798219006002639406680121733364679341189262788: "[10282]", {"id":10282}, {"customer":"c-1424","status":"placed","total":129.90,"lines":[{"sku":"SKU-1180","price":14.50,"quantity":2}],"note":"Ring twice","placed_at":"2026-03-02 08:35:30.1+00"}, {}, "w.0000.1.00000007016b2658", false, "2026-03-02T08:35:30.123456Z"
-- public.shop.orders
select t.key, t.pk::text, t.data::text, t.aux::text, t.version, t.deleted
from "public"."shop.orders_cdc" as t
where t.key = any($1::text[]);
-- 49672129486798219006002639406788102286495712104027178860: "[10282]"
-- public.shop.orders
insert into "public"."shop.orders_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, false, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
  as u(key, pk, data, aux, version, base_version, changed_at)
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = false,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where t.version = (select b.base from unnest($1::text[], $6::text[]) as b(key, base) where b.key = t.key collate "C")
returning t.key;
-- 49672129486798219006002639406788102286495712104027178860: "[10282]", {"id":10282}, {"set":{"/customer":"c-1424","/status":"paid","/total":129.90,"/lines":[{"sku":"SKU-1180","price":14.50,"quantity":2}],"/note":"Ring twice","/placed_at":"2026-03-02 08:35:30.1+00"},"remove":[]}, {}, "w.0000.1.00000007016b2900", null, "2026-03-02T08:36:01.500000Z"
warning: 7 records would be parked; `rowtide decode` says why.
