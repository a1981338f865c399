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
-- 49672129486798177489156227461865530728257410084945266779: "[10231]", {"id":10231}, {"customer":"c-7945","status":"placed","a/b~c":1,"note":"a long text that PostgreSQL keeps elsewhere"}, {}, "m.0000.1.000000027c007178.0000000000000001", false, "2026-03-02T08:35:30.115217Z"
-- public.shop.orders
select t.key, t.pk::text, t.data::text, t.aux::text, t.version, t.deleted
from "public"."shop.orders_cdc" as t
where t.key = any($1::text[]);
-- 49672129486798177489156227461865530728257410088662477055: "[10232]"
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
-- 49672129486798177489156227461865530728257410088662477055: "[10232]", {"id":10232}, {"set":{"/status":"shipped"},"remove":[]}, {}, "m.0000.1.000000027c007838.0000000000000001", null, "2026-03-02T08:35:30.212485Z"
-- public.shop.orders
select t.key, t.pk::text, t.data::text, t.aux::text, t.version, t.deleted
from "public"."shop.orders_cdc" as t
where t.key = any($1::text[]);
-- 49672129486798177489156227461865530728257410085874569348: "[10231]"
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
-- 49672129486798177489156227461865530728257410085874569348: "[10231]", {"id":10231}, {"set":{"/customer":"c-7945","/status":"paid","/a~1b~0c":2},"remove":[]}, {}, "m.0000.1.000000027c007328.0000000000000001", null, "2026-03-02T08:35:30.139534Z"
warning: 1 record would be parked; `rowtide decode` says why.
