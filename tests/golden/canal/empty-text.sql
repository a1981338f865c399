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
-- 49672129486798208757266482892057505392397705157331997706: "[10231]", {"id":10231}, {"customer":"c-1424","status":"placed","total":null,"note":"Ring twice","placed_at":"2026-03-02 08:35:30.123456","extra":{}}, {}, "c.0000.1.0000019cadb03038.05649672129486798208757266482892057505392397705157331997706.00000000", false, "2026-03-02T08:35:31.000000Z"
-- 49672129486798208757266482892057504183471885542702823000: "[10232]", {"id":10232}, {"customer":"","status":null,"total":null,"note":"","placed_at":null,"extra":null}, {}, "c.0000.1.0000019cadb02c50.05649672129486798208757266482892057504183471885542702823000.00000001", false, "2026-03-02T08:35:30.000000Z"
-- 49672129486798208757266482892057504183471885542702823000: "[10233]", {"id":10233}, {"customer":"c-1424","status":"placed","total":129.90,"note":"Ring twice","placed_at":"2026-03-02 08:35:30.123456","extra":{}}, {}, "c.0000.1.0000019cadb02c50.05649672129486798208757266482892057504183471885542702823000.00000002", false, "2026-03-02T08:35:30.000000Z"
-- 49672129486798208757266482892057505392397705157331997706: "[10234]", {"id":10234}, {"customer":"c-1424","status":"placed","total":129.90,"note":"Ring twice","placed_at":"2026-03-02 08:35:30.123456","extra":{}}, {}, "c.0000.1.0000019cadb03038.05649672129486798208757266482892057505392397705157331997706.00000002", false, "2026-03-02T08:35:31.000000Z"
warning: 1 record would be parked; `rowtide decode` says why.
