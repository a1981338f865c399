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
-- 49672129486798266160928019954930014649541923420843675479: "[10280]", {"id":10280}, {"customer":"c-1424","status":"placed","total":129.90,"lines":[{"sku":"SKU-1180","price":14.50,"quantity":2}],"note":"Ring twice","placed_at":"2026-03-02 08:35:30.123456"}, {}, "c.0000.1.0000019cadb02c50.05649672129486798266160928019954930014649541923420843675479.00000000", false, "2026-03-02T08:35:30.000000Z"
-- 49672129486798266160928019955039732221499874860546638887: "[10282]", {"id":10282}, {"customer":"c-1424","status":"placed","total":129.90,"lines":[{"sku":"SKU-1180","price":14.50,"quantity":2}],"note":"Ring twice","placed_at":"2026-03-02 08:35:30.123456"}, {}, "c.0000.1.0000019cadb02c50.05649672129486798266160928019955039732221499874860546638887.00000000", false, "2026-03-02T08:35:30.000000Z"
-- 49672129486798266160928019955192266530952389597178231437: "[10283]", {"id":10283}, {"customer":"c-1424","status":"paid","total":129.90,"lines":[{"sku":"SKU-1180","price":14.50,"quantity":2}],"note":"Ring twice","placed_at":"2026-03-02 08:35:30.123456"}, {}, "c.0000.1.0000019cadb02c50.05649672129486798266160928019955192266530952389597178231437.00000000", false, "2026-03-02T08:35:30.000000Z"
warning: 7 records would be parked; `rowtide decode` says why.
