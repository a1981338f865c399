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
-- 49672129487793354526659843646206368751912439590801268220: "[\"69a5512a0b0750b2c84893f0\"]", {"_id":"69a5512a0b0750b2c84893f0"}, {"n":3}, {}, "n.0000.1.69a54bd500000001.8269A54BD5000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003CCA8645F5A9AC0004", false, "2026-03-02T08:35:33.037000Z"
-- 49672129488739336548284547055060561819311153639026280260: "[\"69a5512a0b0750b2c84893f1\"]", {"_id":"69a5512a0b0750b2c84893f1"}, null, {}, "n.0000.1.69a54bd600000001.8269A54BD6000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003C97AE361807F20004", true, "2026-03-02T08:35:34.037000Z"
-- 49672129489739831225074024041480693032810483780416300280: "[\"69a5512a0b0750b2c84893f2\"]", {"_id":"69a5512a0b0750b2c84893f2"}, {"n":"third"}, {}, "n.0000.1.69a54bd700000001.8269A54BD7000000012B042C0100296E5A1004B3C5D7E9F1A316463C6F7065726174696F6E54797065003C9E08B895D8A00004", false, "2026-03-02T08:35:35.037000Z"
