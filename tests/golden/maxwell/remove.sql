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
-- 49672129486798203634697876971553452013131025370585418803: "[10231]", {"id":10231}, null, {}, "x.0000.1.00000000000000e7.00000000007bed6e.0000000000000000", true, "2026-03-02T08:36:01.000000Z"
-- 49672129486798203634697876971532417705024481664809292702: "[10232]", {"id":10232}, {"customer":"c-1424","status":"placed","total":19.00,"lines":[{"sku":"SKU-1180","quantity":2,"price":14.5}],"note":null,"placed_at":"2026-03-02 08:35:30.123456"}, {}, "x.0000.1.00000000000000e7.00000000007be80e.ffffffffffffffff", false, "2026-03-02T08:35:30.000000Z"
-- 49672129486798203634697876971568147399920339789649897859: "[9911]", {"id":9911}, null, {}, "x.0000.1.00000000000000e7.00000000007beef8.ffffffffffffffff", true, "2026-03-02T08:36:01.000000Z"
