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
-- 49672129487611236322918726701234595969318167128649431220: "[\"69a551210b0750b2c84893f0\"]", {"_id":"69a551210b0750b2c84893f0"}, {"status":"placed","address":{"city":"Berlin","lines":["a","b"]},"tags":["x","y"],"lines":[{"sku":"S1","n":1},{"sku":"S2","n":2}],"0":{"1":"one"},"v1.2":{"a.b":1,"c":2}}, {}, "n.0000.1.69a54bd200000001.8269A54BD2000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003CDBD114CB3FE60004", false, "2026-03-02T08:35:30.037000Z"
-- 49672129489637123749313277373851344441131933380735582260: "[\"69a551220b0750b2c84893f0\"]", {"_id":"69a551220b0750b2c84893f0"}, {"n":1}, {}, "n.0000.1.69a54bd600000001.8269A54BD6000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003CA984EC7E0F770004", false, "2026-03-02T08:35:34.037000Z"
-- public.shop.orders
select t.key, t.pk::text, t.data::text, t.aux::text, t.version, t.deleted
from "public"."shop.orders_cdc" as t
where t.key = any($1::text[]);
-- 49672129488488949098498049635059617594903833086836749230: "[\"69a551210b0750b2c84893f0\"]"
-- 49672129489955399810027793554820624662543376310055177270: "[\"69a551220b0750b2c84893f0\"]"
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
-- 49672129488488949098498049635059617594903833086836749230: "[\"69a551210b0750b2c84893f0\"]", {"_id":"69a551210b0750b2c84893f0"}, {"set":{"/status":"paid","/address/city":"Bonn","/lines/1/n":5,"/lines/2":{"sku":"S3","n":1}},"remove":["/tags"]}, {}, "n.0000.1.69a54bd300000001.8269A54BD3000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003CDBD114CB3FE60004", null, "2026-03-02T08:35:31.037000Z"
-- 49672129489955399810027793554820624662543376310055177270: "[\"69a551220b0750b2c84893f0\"]", {"_id":"69a551220b0750b2c84893f0"}, {"set":{"/n":2},"remove":[]}, {}, "n.0000.1.69a54bd700000001.8269A54BD7000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003CA984EC7E0F770004", null, "2026-03-02T08:35:35.037000Z"
-- public.shop.orders
select t.key, t.pk::text, t.data::text, t.aux::text, t.version, t.deleted
from "public"."shop.orders_cdc" as t
where t.key = any($1::text[]);
-- 49672129488779042781640870005179852529573377320125384240: "[\"69a551210b0750b2c84893f0\"]"
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
-- 49672129488779042781640870005179852529573377320125384240: "[\"69a551210b0750b2c84893f0\"]", {"_id":"69a551210b0750b2c84893f0"}, {"set":{"/0/1":"uno","/v1.2/a.b":7,"/address/lines/0":"A"},"remove":["/v1.2/c"]}, {}, "n.0000.1.69a54bd400000001.8269A54BD4000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003CDBD114CB3FE60004", null, "2026-03-02T08:35:32.037000Z"
-- public.shop.orders
select t.key, t.pk::text, t.data::text, t.aux::text, t.version, t.deleted
from "public"."shop.orders_cdc" as t
where t.key = any($1::text[]);
-- 49672129489251945491559561641110356501665096548268314250: "[\"69a551210b0750b2c84893f0\"]"
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
-- 49672129489251945491559561641110356501665096548268314250: "[\"69a551210b0750b2c84893f0\"]", {"_id":"69a551210b0750b2c84893f0"}, {"set":{"/address/lines":[],"/address/lines/0":"only"},"remove":[]}, {}, "n.0000.1.69a54bd500000001.8269A54BD5000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003CDBD114CB3FE60004", null, "2026-03-02T08:35:33.037000Z"
