-- public.orders
insert into "public"."orders_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk, u.data, u.aux, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::jsonb[], $3::jsonb[], $4::jsonb[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."orders_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 6200000000027763095530: "[\"o-10300\"]", {"id":"o-10300"}, {"total":12.50,"weight":12345678901234567890.12345678901234567,"sizes":[2.50,9,10],"count":3}, {}, "d.0000.1.172026-02-27T09:41:07.318.0226200000000027763095530", false, "2026-03-02T08:35:30.000000Z"
-- 6200000000027763618010: "[\"o-10301\"]", {"id":"o-10301"}, {"note":null,"address":null,"lines":[null,null,"kept"]}, {}, "d.0000.1.172026-02-27T09:41:07.318.0226200000000027763618010", false, "2026-03-02T08:35:31.500000Z"
-- 6200000000027763935726: "[\"o-10302\"]", {"id":"o-10302"}, {"total":1}, {}, "d.0000.1.172026-02-27T09:41:07.318.0226200000000027763935726", false, "2026-03-02T08:35:32.000000Z"
-- 6200000000027763964755: "[\"o-10303\"]", {"id":"o-10303"}, {"total":2}, {}, "d.0000.1.172026-02-27T09:41:07.318.0226200000000027763964755", false, "2026-03-02T08:35:33.000000Z"
-- 6200000000027764383096: "[\"o-10304\"]", {"id":"o-10304"}, {"total":3}, {}, "d.0000.1.172026-02-27T09:41:07.318.0226200000000027764383096", false, "2026-03-02T08:35:34.000000Z"
-- 6200000000027764769300: "[\"o-10305\"]", {"id":"o-10305"}, {"total":4}, {}, "d.0000.1.172026-02-27T09:41:07.318.0226200000000027764769300", false, null
-- 222: "[\"o-10306\"]", {"id":"o-10306"}, {"status":"paid"}, {}, "d.0000.1.172026-02-27T09:41:07.318.003222", false, "2026-03-02T08:35:37.000000Z"
