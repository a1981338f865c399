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
-- 49672129486798220006526159147464872343944868197651588000: "[10231]", {"id":10231}, {"customer":"c-1424","status":"placed","lines":[{"sku":"SKU-1180","price":14.50,"quantity":2}],"note":null}, {}, "w.0000.1.00000007016b3000.00000000", false, "2026-03-02T08:35:30.123456Z"
-- 49672129486798220006526159147464873552870687812280762706: "[10232]", {"id":10232}, null, {}, "w.0000.1.00000007016b3400.00000001", true, "2026-03-02T08:35:31.200000Z"
-- 49672129486798220006526159147464874761796507426909937412: "[10234]", {"id":10234}, {"customer":"c-1424","status":"placed","lines":[{"sku":"SKU-1180","price":14.50,"quantity":2}],"note":"Leave at the door"}, {}, "w.0000.1.00000007016b3800.00000003", false, "2026-03-02T08:35:32.200000Z"
-- 49672129486798220006526159147464873552870687812280762706: "[20232]", {"id":20232}, {"customer":"c-1424","status":"paid","note":"Ring twice","lines":[{"sku":"SKU-1180","price":14.50,"quantity":2}]}, {}, "w.0000.1.00000007016b3400.00000001", false, "2026-03-02T08:35:31.200000Z"
-- public.shop.orders
select t.key, t.pk::text, t.data::text, t.aux::text, t.version, t.deleted
from "public"."shop.orders_cdc" as t
where t.key = any($1::text[]);
-- 49672129486798220006526159147464873552870687812280762706: "[10231]"
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
-- 49672129486798220006526159147464873552870687812280762706: "[10231]", {"id":10231}, {"set":{"/customer":"c-1424","/status":"paid","/note":"Ring twice","/lines":[{"sku":"SKU-1180","price":14.50,"quantity":2}]},"remove":[]}, {}, "w.0000.1.00000007016b3400.00000000", null, "2026-03-02T08:35:31.200000Z"
warning: 2 records would be parked; `rowtide decode` says why.
