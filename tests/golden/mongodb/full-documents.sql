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
-- 49672129487896794622430561074823650931528492492037679240: "[\"69a551210b0750b2c84893f3\"]", {"_id":"69a551210b0750b2c84893f3"}, {"customer":"c-7945","status":"paid","total":146,"placed_at":"2026-03-02T08:35:30.123Z","lines":[{"sku":"SKU-2043","quantity":3,"price":39},{"sku":"SKU-1180","quantity":2,"price":14.5}],"note":null,"paid_at":"2026-03-02T08:35:34.000Z"}, {}, "n.0000.1.69a54bd600000001.8269A54BD6000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003C18E9F0E0283D0004", false, "2026-03-02T08:35:34.037000Z"
-- 49672129488534311773031351018573798901040642035814513250: "[\"69a551220b0750b2c84893f3\"]", {"_id":"69a551220b0750b2c84893f3"}, {"status":"replaced"}, {}, "n.0000.1.69a54bd700000001.8269A54BD7000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003C8588F54642430004", false, "2026-03-02T08:35:35.037000Z"
-- 49672129489446051551090188192727354010162333086959058270: "[\"69a551230b0750b2c84893f3\"]", {"_id":"69a551230b0750b2c84893f3"}, null, {}, "n.0000.1.69a54bdb00000001.8269A54BDB000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003C367EB3BCB41B0004", true, "2026-03-02T08:35:39.037000Z"
