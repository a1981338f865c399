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
-- 49672129488750671735587225937872645236404956872204386250: "[\"69a551210b0750b2c84893f0\",\"eu\"]", {"_id":"69a551210b0750b2c84893f0","region":"eu"}, null, {}, "n.0000.1.69a54bd500000001.8269A54BD5000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003CDBD114CB3FE60004", true, "2026-03-02T08:35:33.037000Z"
-- 49672129489578150508616651649365151570060422003959073260: "[\"69a551210b0750b2c84893f0\",\"us\"]", {"_id":"69a551210b0750b2c84893f0","region":"us"}, {"n":2}, {}, "n.0000.1.69a54bd500000001.8269A54BD5000000012B042C0100296E5A1004B3C5D7E9F1A315463C6F7065726174696F6E54797065003CDBD114CB3FE60004", false, "2026-03-02T08:35:33.037000Z"
warning: 1 record would be parked; `rowtide decode` says why.
