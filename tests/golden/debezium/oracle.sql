-- public.INVENTORY.CUSTOMERS
insert into "public"."INVENTORY.CUSTOMERS_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."INVENTORY.CUSTOMERS_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798177489156227461952573387269663384594809186: "[1005]", {"ID":1005}, {"NAME":"John","NOTES":"long text"}, {}, "o.0000.1.0072122180.00000000.0072122180.00.0000000000000000", false, "2026-03-02T08:35:58.446000Z"
-- 49672129486798177489156227461957409090548121901293633904: "[1006]", {"ID":1006}, null, {}, "o.0000.1.009100000003.00000001.009100000002.160x00000c.00000009.0010.0000000000000000", true, "2026-03-02T08:36:00.170000Z"
-- public.INVENTORY.CUSTOMERS
select t.key, t.pk::text, t.data::text, t.aux::text, t.version, t.deleted
from "public"."INVENTORY.CUSTOMERS_cdc" as t
where t.key = any($1::text[]);
-- 49672129486798177489156227461953782313089278013769515364: "[1005]"
-- public.INVENTORY.CUSTOMERS
insert into "public"."INVENTORY.CUSTOMERS_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, false, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
  as u(key, pk, data, aux, version, base_version, changed_at)
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = false,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where t.version = (select b.base from unnest($1::text[], $6::text[]) as b(key, base) where b.key = t.key collate "C")
returning t.key;
-- 49672129486798177489156227461953782313089278013769515364: "[1005]", {"ID":1005}, {"set":{"/NAME":"Johnny"},"remove":[]}, {}, "o.0000.1.0072122185.00000001.0072122184.160x00000b.00001a3e.0010.0000000000000000.00000001", null, "2026-03-02T08:35:58.877000Z"
-- public.INVENTORY.CUSTOMERS
insert into "public"."INVENTORY.CUSTOMERS_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."INVENTORY.CUSTOMERS_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798177489156227461954991238908892642944221543: "[1005]", {"ID":1005}, {"NAME":"Jo","NOTES":"short"}, {}, "o.0000.1.0072122185.00000001.0072122184.160x00000b.00001a3f.0010.0000000000000000.00000001", false, "2026-03-02T08:35:59.308000Z"
