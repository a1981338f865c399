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
-- 49672129486798177489156227461865530728257410085874569348: "[1]", {"id":1}, {"customer":"c-7945","status":"paid","total":146.5,"note":null}, {}, "m.0000.1.00000000000f4240.00000000000000c2.0000000000000001", false, "2026-03-02T08:35:30.139534Z"
-- 49672129486798177489156227461865530728257410086803871917: "[2]", {"id":2}, {"customer":"c-7945","status":"second","total":146.5,"note":null}, {}, "m.0000.1.00000000000f4240.0000000000000384.000000000000000a", false, "2026-03-02T08:35:30.163851Z"
-- 49672129486798177489156227461865530728257410089591779624: "[3]", {"id":3}, {"customer":"c-7945","status":"placed","total":146.5,"note":null}, {}, "m.0000.1.00000000000f4240.0000000000000578.0000000000000001", false, "2026-03-02T08:35:30.000000Z"
