-- doc.shop.orders
alter table "doc"."shop_orders_cdc"
  add column "data"['0'] object(strict) as ("1" text),
  add column "data"['address'] object(strict) as ("city" text, "lines" array(text)),
  add column "data"['lines'] array(object(strict) as ("n" double precision, "sku" text)),
  add column "data"['n'] double precision,
  add column "data"['status'] text,
  add column "data"['tags'] array(text),
  add column "pk"['_id'] text;
-- doc.shop.orders
insert into "doc"."shop_orders_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values
  ($2, $3, $4, $5, $6, $7, $8, $1)
on conflict (key) do update set
  pk = case when version is null or excluded.version > version then excluded.pk else pk end,
  data = case when version is null or excluded.version > version then excluded.data else data end,
  aux = case when version is null or excluded.version > version then excluded.aux else aux end,
  version = case when version is null or excluded.version > version then excluded.version else version end,
  deleted = case when version is null or excluded.version > version then excluded.deleted else deleted end,
  changed_at = case when version is null or excluded.version > version then excluded.changed_at else changed_at end,
  applied_at = case when version is null or excluded.version > version then excluded.applied_at else applied_at end
returning key, version, applied_at;
-- 49672129487611236322918726701234595969318167128649431220: null, "[\"69a551210b0750b2c84893f0\"]", {"_id":"69a551210b0750b2c84893f0"}, {"status":"placed","address":{"city":"Berlin","lines":["a","b"]},"tags":["x","y"],"lines":[{"sku":"S1","n":1},{"sku":"S2","n":2}],"0":{"1":"one"}}, {"/data/v1.2":"{\"a.b\":1,\"c\":2}"}, "n.0000.1.69a54bd200000001.8269A54BD2000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003CDBD114CB3FE60004", false, "2026-03-02T08:35:30.037000Z"
-- 49672129489637123749313277373851344441131933380735582260: null, "[\"69a551220b0750b2c84893f0\"]", {"_id":"69a551220b0750b2c84893f0"}, {"n":1}, {}, "n.0000.1.69a54bd600000001.8269A54BD6000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003CA984EC7E0F770004", false, "2026-03-02T08:35:34.037000Z"
-- doc.shop.orders
select pk, data, aux, version, deleted, _seq_no, _primary_term from "doc"."shop_orders_cdc" where key = $1;
-- 49672129488488949098498049635059617594903833086836749230: "[\"69a551210b0750b2c84893f0\"]"
-- doc.shop.orders
insert into "doc"."shop_orders_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values ($1, $2, $3, $4, $5, false, $6, $7)
on conflict (key) do nothing;
-- 49672129488488949098498049635059617594903833086836749230: "[\"69a551210b0750b2c84893f0\"]", {"_id":"69a551210b0750b2c84893f0"}, {"set":{"/status":"paid","/address/city":"Bonn","/lines/1/n":5,"/lines/2":{"sku":"S3","n":1}},"remove":["/tags"]}, {}, "n.0000.1.69a54bd300000001.8269A54BD3000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003CDBD114CB3FE60004", "2026-03-02T08:35:31.037000Z", null
-- doc.shop.orders
select pk, data, aux, version, deleted, _seq_no, _primary_term from "doc"."shop_orders_cdc" where key = $1;
-- 49672129489955399810027793554820624662543376310055177270: "[\"69a551220b0750b2c84893f0\"]"
-- doc.shop.orders
insert into "doc"."shop_orders_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values ($1, $2, $3, $4, $5, false, $6, $7)
on conflict (key) do nothing;
-- 49672129489955399810027793554820624662543376310055177270: "[\"69a551220b0750b2c84893f0\"]", {"_id":"69a551220b0750b2c84893f0"}, {"set":{"/n":2},"remove":[]}, {}, "n.0000.1.69a54bd700000001.8269A54BD7000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003CA984EC7E0F770004", "2026-03-02T08:35:35.037000Z", null
-- doc.shop.orders
select pk, data, aux, version, deleted, _seq_no, _primary_term from "doc"."shop_orders_cdc" where key = $1;
-- 49672129488779042781640870005179852529573377320125384240: "[\"69a551210b0750b2c84893f0\"]"
-- doc.shop.orders
insert into "doc"."shop_orders_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values ($1, $2, $3, $4, $5, false, $6, $7)
on conflict (key) do nothing;
-- 49672129488779042781640870005179852529573377320125384240: "[\"69a551210b0750b2c84893f0\"]", {"_id":"69a551210b0750b2c84893f0"}, {"set":{"/0/1":"uno","/v1.2/a.b":7,"/address/lines/0":"A"},"remove":["/v1.2/c"]}, {}, "n.0000.1.69a54bd400000001.8269A54BD4000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003CDBD114CB3FE60004", "2026-03-02T08:35:32.037000Z", null
-- doc.shop.orders
select pk, data, aux, version, deleted, _seq_no, _primary_term from "doc"."shop_orders_cdc" where key = $1;
-- 49672129489251945491559561641110356501665096548268314250: "[\"69a551210b0750b2c84893f0\"]"
-- doc.shop.orders
insert into "doc"."shop_orders_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values ($1, $2, $3, $4, $5, false, $6, $7)
on conflict (key) do nothing;
-- 49672129489251945491559561641110356501665096548268314250: "[\"69a551210b0750b2c84893f0\"]", {"_id":"69a551210b0750b2c84893f0"}, {"set":{"/address/lines":[],"/address/lines/0":"only"},"remove":[]}, {}, "n.0000.1.69a54bd500000001.8269A54BD5000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003CDBD114CB3FE60004", "2026-03-02T08:35:33.037000Z", null
