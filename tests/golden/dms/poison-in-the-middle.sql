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
-- 49672129486798177489156227461865530728257410084945266779: "[10280]", {"id":10280}, {"customer":"c-7945","status":"placed","total":146.5,"note":null}, {}, "m.0000.1.000000027c007178.0000000000000001", false, "2026-03-02T08:35:30.115217Z"
-- 49672129486798177489156227461865530728257410086803871917: "[10281]", {"id":10281}, {"customer":"c-7945","status":"placed","total":146.5,"note":null}, {}, "m.0000.1.000000027c0074d8.0000000000000001", false, "2026-03-02T08:35:30.163851Z"
-- 49672129486798177489156227461865530728257410088662477055: "[10282]", {"id":10282}, {"customer":"c-7945","status":"placed","total":146.5,"note":null}, {}, "m.0000.1.000000027c007838.0000000000000001", false, "2026-03-02T08:35:30.212485Z"
-- 49672129486798177489156227461865530728257410090521082193: "[10283]", {"id":10283}, {"customer":"c-7945","status":"placed","total":146.5,"note":null}, {}, "m.0000.1.000000027c007b98.0000000000000001", false, "2026-03-02T08:35:30.261119Z"
-- 49672129486798177489156227461865530728257410092379687331: "[10284]", {"id":10284}, {"customer":"c-7945","status":"placed","total":146.5,"note":null}, {}, "m.0000.1.000000027c007ef8.0000000000000001", false, "2026-03-02T08:35:30.309753Z"
-- 49672129486798177489156227461865530728257410094238292469: "[10285]", {"id":10285}, {"customer":"c-7945","status":"placed","total":146.5,"note":null}, {}, "m.0000.1.000000027c008258.0000000000000001", false, "2026-03-02T08:35:30.358387Z"
-- 49672129486798177489156227461865530728257410096096897607: "[10286]", {"id":10286}, {"customer":"c-7945","status":"placed","total":146.5,"note":null}, {}, "m.0000.1.000000027c0085b8.0000000000000001", false, "2026-03-02T08:35:30.407021Z"
-- 49672129486798177489156227461865530728257410097955502745: "[10287]", {"id":10287}, {"customer":"c-7945","status":"placed","total":146.5,"note":null}, {}, "m.0000.1.000000027c008918.0000000000000001", false, "2026-03-02T08:35:30.431338Z"
-- 49672129486798177489156227461865530728257410099814107883: "[10288]", {"id":10288}, {"customer":"c-7945","status":"placed","total":146.5,"note":null}, {}, "m.0000.1.000000027c008c78.0000000000000001", false, "2026-03-02T08:35:30.479972Z"
warning: 8 records would be parked; `rowtide decode` says why.
