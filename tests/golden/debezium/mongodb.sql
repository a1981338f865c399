-- public.inventory.customers
insert into "public"."inventory.customers_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."inventory.customers_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798177489156227461967080497105038934691283336: "[\"596e275826f08b2730779e1f\"]", {"_id":"596e275826f08b2730779e1f"}, {"first_name":"Bob","address":{"city":"Bremen","zip":"28195"},"old":true}, {}, "g.0000.1.0000019cadb03038.0000000000000001.00000001.0000000000000000.05649672129486798177489156227461967080497105038934691283336.00000000", false, "2026-03-02T08:35:31.000000Z"
-- 49672129486798177489156227461970707274563882822215401876: "[\"a-1\"]", {"_id":"a-1"}, {"n":1}, {}, "g.0000.1.0000019cadb03808.0000000000000001.00000001.0000000000000000.05649672129486798177489156227461970707274563882822215401876.00000000", false, "2026-03-02T08:35:33.000000Z"
-- 49672129486798177489156227461968289422924653563865989515: "[1004]", {"_id":1004}, {"first_name":"Anne Marie"}, {}, "g.0000.1.0000019cadb03038.0000000000000002.00000001.0000000000000000.05649672129486798177489156227461968289422924653563865989515.00000000", false, "2026-03-02T08:35:31.000000Z"
-- 49672129486798177489156227461974334052022726709739520425: "[5]", {"_id":5}, null, {}, "g.0000.1.0000019cadb03bf0.0000000000000002.00000001.0000000000000000.05649672129486798177489156227461974334052022726709739520425.00000000", true, "2026-03-02T08:35:34.000000Z"
-- public.inventory.customers
select t.key, t.pk::text, t.data::text, t.aux::text, t.version, t.deleted
from "public"."inventory.customers_cdc" as t
where t.key = any($1::text[]);
-- 49672129486798177489156227461969498348744268193040695695: "[\"596e275826f08b2730779e1f\"]"
-- public.inventory.customers
insert into "public"."inventory.customers_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, false, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
  as u(key, pk, data, aux, version, base_version, changed_at)
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = false,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where t.version = (select b.base from unnest($1::text[], $6::text[]) as b(key, base) where b.key = t.key collate "C")
returning t.key;
-- 49672129486798177489156227461969498348744268193040695695: "[\"596e275826f08b2730779e1f\"]", {"_id":"596e275826f08b2730779e1f"}, {"set":{"/address/city":"Köln","/visits":3},"remove":["/old"]}, {}, "g.0000.1.0000019cadb03420.0000000000000001.00000001.0000000000000000.05649672129486798177489156227461969498348744268193040695695.00000000", null, "2026-03-02T08:35:32.000000Z"
warning: 1 record would be parked; `rowtide decode` says why.
