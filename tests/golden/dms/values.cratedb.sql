-- doc.shop.things
alter table "doc"."shop_things_cdc"
  add column "data"['flag'] text,
  add column "data"['photo'] text,
  add column "pk"['id'] double precision;
-- doc.shop.things
insert into "doc"."shop_things_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461865530728257410084945266779: null, "[1]", {"id":1}, {"photo":"0x00ff10","flag":"t"}, {}, "m.0000.0.00064c06782efe1d", false, null
-- doc.shop.orders
alter table "doc"."shop_orders_cdc"
  add column "data"['attributes'] object(strict),
  add column "data"['code'] text,
  add column "data"['customer'] text,
  add column "data"['day'] text,
  add column "data"['empty'] text,
  add column "data"['flag'] text,
  add column "data"['old_flag'] boolean,
  add column "data"['photo'] text,
  add column "data"['placed'] text,
  add column "data"['scan'] text,
  add column "data"['sent'] boolean,
  add column "data"['span'] text,
  add column "data"['weight'] double precision,
  add column "pk"['id'] double precision;
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
-- 49672129486798177489156227461865530728257410088662477055: null, "[2]", {"id":2}, {"customer":"Siân Hughes","photo":"0xABC","flag":"maybe"}, {}, "m.0000.1.000000027c007838.0000000000000001", false, "2026-03-02T08:35:30.212485Z"
-- 49672129486798177489156227461865530728257410086803871917: null, "[9007199254740993]", {}, {"photo":"AP8Q","scan":"AP8Q","old_flag":false,"code":"0x00ff10","attributes":{},"weight":2.20000005,"placed":"2010-11-01T00:02:00.100000Z","day":"2018-01-02","span":"1 day 04:00:00","sent":true,"empty":""}, {"/pk/id":"9007199254740993","/data/flag":"true","/data/attributes/foo":"[1.0,{\"bar\":null}]","/data/price":"12345678901234567890.10","/data/none":"null"}, "m.0000.1.000000027c0074d8.0000000000000001", false, "2026-03-02T08:35:30.163851Z"
-- doc.shop.orders
select pk, data, aux, version, deleted, _seq_no, _primary_term from "doc"."shop_orders_cdc" where key = $1;
-- 49672129486798177489156227461865530728257410087733174486: "[9007199254740993]"
-- doc.shop.orders
insert into "doc"."shop_orders_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values ($1, $2, $3, $4, $5, false, $6, $7)
on conflict (key) do nothing;
-- 49672129486798177489156227461865530728257410087733174486: "[9007199254740993]", {"id":9007199254740993}, {"set":{"/photo":"","/scan":null,"/attributes":[],"/rounded":1.2345678901234567e+18},"remove":[]}, {}, "m.0000.1.000000027c007688.0000000000000001", "2026-03-02T08:35:30.188168Z", null
warning: 2 records would be parked; `rowtide decode` says why.
