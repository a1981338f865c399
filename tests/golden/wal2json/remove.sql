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
-- 49672129486798253338471795386416681820342405961419251309: "[10231]", {"id":10231}, null, {}, "w.0000.1.00000007016b25a0", true, "2026-03-02T08:36:01.500000Z"
-- 49672129486798253338471795386237762213670619856038489556: "[10232]", {"id":10232}, {"customer":"c-1424","status":"placed","total":19.00,"lines":[{"sku":"SKU-1180","price":14.50,"quantity":2}],"note":null,"placed_at":"2026-03-02 08:35:30.1+00"}, {}, "w.0000.1.00000007016b24e0", false, "2026-03-02T08:35:30.123456Z"
-- 49672129486798253338471795386429974619612668938336432542: "[9911]", {"id":9911}, null, {}, "w.0000.1.00000007016b25d8", true, "2026-03-02T08:36:01.500000Z"
