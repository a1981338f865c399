-- doc.shop.Order
alter table "doc"."shop_Order_cdc"
  add column "data"['Value'] text,
  add column "data"['_value'] text,
  add column "pk"['select'] double precision;
-- doc.shop.Order
insert into "doc"."shop_Order_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798237673438348091216982630396494694154942188: null, "[1]", {"select":1}, {"_value":"0","Value":"0"}, {}, "w.0000.1.00000007016b2058", false, "2026-03-02T08:35:30.123456Z"
-- doc.shop.we"ird; drop table x--
alter table "doc"."shop_we_ird;_drop_table_x--_cdc"
  add column "data"['Value'] text,
  add column "data"['_value'] text;
-- doc.shop.we"ird; drop table x--
insert into "doc"."shop_we_ird;_drop_table_x--_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798237673438348091375733253811773373799962383: null, "[1]", {}, {"_value":"1","Value":"1"}, {"/pk/a.b[0]":"1"}, "w.0000.1.00000007016b2158", false, "2026-03-02T08:35:30.123456Z"
-- doc.shop.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_fb0dd287
alter table "doc"."shop_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_f5ee48e0"
  add column "data"['Value'] text,
  add column "data"['_value'] text,
  add column "pk"['yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy'] double precision;
-- doc.shop.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_fb0dd287
insert into "doc"."shop_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_f5ee48e0" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798237673438348091533535775262257924365262394: null, "[1]", {"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy":1}, {"_value":"2","Value":"2"}, {}, "w.0000.1.00000007016b2258", false, "2026-03-02T08:35:30.123456Z"
-- doc.shop.Ünïcode
alter table "doc"."shop_Ünïcode_cdc"
  add column "data"['Value'] text,
  add column "data"['_value'] text,
  add column "pk"['~/quote'''] double precision;
-- doc.shop.Ünïcode
insert into "doc"."shop_Ünïcode_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798237673438348091664295559462774881720505609: null, "[1]", {"~/quote'":1}, {"_value":"3","Value":"3"}, {}, "w.0000.1.00000007016b2358", false, "2026-03-02T08:35:30.123456Z"
-- doc.shop.Order
select pk, data, aux, version, deleted, _seq_no, _primary_term from "doc"."shop_Order_cdc" where key = $1;
-- 49672129486798237673438348091292475217682973061173487197: "[1]"
-- doc.shop.Order
insert into "doc"."shop_Order_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values ($1, $2, $3, $4, $5, false, $6, $7)
on conflict (key) do nothing;
-- 49672129486798237673438348091292475217682973061173487197: "[1]", {"select":1}, {"set":{"/~0~1x":"0"},"remove":[]}, {}, "w.0000.1.00000007016b20a0", "2026-03-02T08:35:30.123456Z", null
-- doc.shop.we"ird; drop table x--
select pk, data, aux, version, deleted, _seq_no, _primary_term from "doc"."shop_we_ird;_drop_table_x--_cdc" where key = $1;
-- 49672129486798237673438348091464154805301451040839803416: "[1]"
-- doc.shop.we"ird; drop table x--
insert into "doc"."shop_we_ird;_drop_table_x--_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values ($1, $2, $3, $4, $5, false, $6, $7)
on conflict (key) do nothing;
-- 49672129486798237673438348091464154805301451040839803416: "[1]", {"a.b[0]":1}, {"set":{"/~0~1x":"1"},"remove":[]}, {}, "w.0000.1.00000007016b21a0", "2026-03-02T08:35:30.123456Z", null
-- doc.shop.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_fb0dd287
select pk, data, aux, version, deleted, _seq_no, _primary_term from "doc"."shop_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_f5ee48e0" where key = $1;
-- 49672129486798237673438348091612320652875637811596985725: "[1]"
-- doc.shop.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_fb0dd287
insert into "doc"."shop_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_f5ee48e0" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values ($1, $2, $3, $4, $5, false, $6, $7)
on conflict (key) do nothing;
-- 49672129486798237673438348091612320652875637811596985725: "[1]", {"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy":1}, {"set":{"/~0~1x":"2"},"remove":[]}, {}, "w.0000.1.00000007016b22a0", "2026-03-02T08:35:30.123456Z", null
-- doc.shop.Ünïcode
select pk, data, aux, version, deleted, _seq_no, _primary_term from "doc"."shop_Ünïcode_cdc" where key = $1;
-- 49672129486798237673438348091702734020231593622656337116: "[1]"
-- doc.shop.Ünïcode
insert into "doc"."shop_Ünïcode_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values ($1, $2, $3, $4, $5, false, $6, $7)
on conflict (key) do nothing;
-- 49672129486798237673438348091702734020231593622656337116: "[1]", {"~/quote'":1}, {"set":{"/~0~1x":"3"},"remove":[]}, {}, "w.0000.1.00000007016b23a0", "2026-03-02T08:35:30.123456Z", null
