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
-- 49672129488498395853864287304024462150210261568442904260: "[\"69a5512a0b0750b2c84893f0\"]", {"_id":"69a5512a0b0750b2c84893f0"}, {"n":3}, {}, "n.0000.1.69a54bd500000001.8269A54BD5000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003CCA8645F5A9AC0004", false, "2026-03-02T08:35:33.037000Z"
-- 49672129487880296789675818721330933825448548656404582240: "[\"69a5512a0b0750b2c84893f1\"]", {"_id":"69a5512a0b0750b2c84893f1"}, {"n":1}, {}, "n.0000.1.69a54bd300000002.8269A54BD3000000022B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003C97AE361807F20004", false, "2026-03-02T08:35:31.074000Z"
-- public.shop.orders
select t.key, t.pk::text, t.data::text, t.aux::text, t.version, t.deleted
from "public"."shop.orders_cdc" as t
where t.key = any($1::text[]);
-- 49672129488219089051788983670707271457873377390286985250: "[\"69a5512a0b0750b2c84893f1\"]"
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
-- 49672129488219089051788983670707271457873377390286985250: "[\"69a5512a0b0750b2c84893f1\"]", {"_id":"69a5512a0b0750b2c84893f1"}, {"set":{"/n":2},"remove":[]}, {}, "n.0000.1.69a54bd400000001.8269A54BD4000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003C97AE361807F20004", null, "2026-03-02T08:35:32.037000Z"
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
-- 49672129489152416747373024751868961822065429149004520270: "[\"69a5512a0b0750b2c84893f1\"]", {"_id":"69a5512a0b0750b2c84893f1"}, null, {}, "n.0000.1.69a54bd600000001.8269A54BD6000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003C97AE361807F20004", true, "2026-03-02T08:35:34.037000Z"
