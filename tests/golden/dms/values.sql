-- public.shop.things
insert into "public"."shop.things_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."shop.things_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798177489156227461865530728257410084945266779: "[1]", {"id":1}, {"photo":"0x00ff10","flag":"t"}, {}, "m.0000.0.00064c06782efe1d", false, null
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
-- 49672129486798177489156227461865530728257410088662477055: "[2]", {"id":2}, {"customer":"Siân Hughes","photo":"0xABC","flag":"maybe"}, {}, "m.0000.1.000000027c007838.0000000000000001", false, "2026-03-02T08:35:30.212485Z"
-- 49672129486798177489156227461865530728257410086803871917: "[9007199254740993]", {"id":9007199254740993}, {"photo":"AP8Q","scan":"AP8Q","flag":true,"old_flag":false,"code":"0x00ff10","attributes":{"foo":[1.0,{"bar":null}]},"price":12345678901234567890.10,"weight":2.20000005,"placed":"2010-11-01T00:02:00.100000Z","day":"2018-01-02","span":"1 day 04:00:00","sent":true,"empty":"","none":null}, {}, "m.0000.1.000000027c0074d8.0000000000000001", false, "2026-03-02T08:35:30.163851Z"
-- public.shop.orders
select t.key, t.pk::text, t.data::text, t.aux::text, t.version, t.deleted
from "public"."shop.orders_cdc" as t
where t.key = any($1::text[]);
-- 49672129486798177489156227461865530728257410087733174486: "[9007199254740993]"
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
-- 49672129486798177489156227461865530728257410087733174486: "[9007199254740993]", {"id":9007199254740993}, {"set":{"/photo":"","/scan":null,"/attributes":[],"/rounded":1.2345678901234567e+18},"remove":[]}, {}, "m.0000.1.000000027c007688.0000000000000001", null, "2026-03-02T08:35:30.188168Z"
warning: 2 records would be parked; `rowtide decode` says why.
