-- public.public.order_items
insert into "public"."public.order_items_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."public.order_items_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129488122409438157167894909385023780884408549977240: "[42,1001]", {"item_id":42,"order_id":1001}, null, {}, "q.0000.1.1898f9457783888c", true, "2026-03-02T08:35:30.123458Z"
-- 49672129487472058063789381254050215533848731951713619230: "[44,1001]", {"item_id":44,"order_id":1001}, {"quantity":5}, {}, "q.0000.1.1898f9457783888c.00000001", false, "2026-03-02T08:35:30.123458Z"
