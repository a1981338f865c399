-- doc.SHOP.ORDER
alter table "doc"."SHOP_ORDER_cdc"
  add column "data"['Lines; drop table x'] text,
  add column "data"['sel"ect'''] double precision,
  add column "pk"['ID'] double precision;
-- doc.SHOP.ORDER
insert into "doc"."SHOP_ORDER_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461865530728257410085874569348: null, "[0]", {"ID":0}, {"Lines; drop table x":"v","sel\"ect'":1}, {}, "m.0000.1.000000027c007328.0000000000000001", false, "2026-03-02T08:35:30.139534Z"
-- doc.SHOP.Lines; drop table x
alter table "doc"."SHOP_Lines;_drop_table_x_cdc"
  add column "data"['sel"ect'''] double precision,
  add column "pk"['ID'] double precision;
-- doc.SHOP.Lines; drop table x
insert into "doc"."SHOP_Lines;_drop_table_x_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461865530728257410087733174486: null, "[1]", {"ID":1}, {"sel\"ect'":1}, {"/data/a.b":"\"v\""}, "m.0000.1.000000027c007688.0000000000000001", false, "2026-03-02T08:35:30.188168Z"
-- doc.SHOP.a.b
alter table "doc"."SHOP_a_b_cdc"
  add column "data"['say "hi"'] text,
  add column "data"['sel"ect'''] double precision,
  add column "pk"['ID'] double precision;
-- doc.SHOP.a.b
insert into "doc"."SHOP_a_b_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461865530728257410089591779624: null, "[2]", {"ID":2}, {"say \"hi\"":"v","sel\"ect'":1}, {}, "m.0000.1.000000027c0079e8.0000000000000001", false, "2026-03-02T08:35:30.236802Z"
-- doc.SHOP.say "hi"
alter table "doc"."SHOP_say__hi__cdc"
  add column "data"['sel"ect'''] double precision,
  add column "data"['select'] text,
  add column "pk"['ID'] double precision;
-- doc.SHOP.say "hi"
insert into "doc"."SHOP_say__hi__cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461865530728257410091450384762: null, "[3]", {"ID":3}, {"select":"v","sel\"ect'":1}, {}, "m.0000.1.000000027c007d48.0000000000000001", false, "2026-03-02T08:35:30.285436Z"
-- doc.SHOP.select
alter table "doc"."SHOP_select_cdc"
  add column "data"['sel"ect'''] double precision,
  add column "data"['xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'] text,
  add column "pk"['ID'] double precision;
-- doc.SHOP.select
insert into "doc"."SHOP_select_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461865530728257410093308989900: null, "[4]", {"ID":4}, {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx":"v","sel\"ect'":1}, {}, "m.0000.1.000000027c0080a8.0000000000000001", false, "2026-03-02T08:35:30.334070Z"
-- doc.SHOP.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_46ebe2b6
alter table "doc"."SHOP_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_60b417be"
  add column "data"['ORDER'] text,
  add column "data"['sel"ect'''] double precision,
  add column "pk"['ID'] double precision;
-- doc.SHOP.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_46ebe2b6
insert into "doc"."SHOP_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_60b417be" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461865530728257410095167595038: null, "[5]", {"ID":5}, {"ORDER":"v","sel\"ect'":1}, {}, "m.0000.1.000000027c008408.0000000000000001", false, "2026-03-02T08:35:30.382704Z"
-- doc.orders
alter table "doc"."orders_cdc"
  add column "pk"['id'] double precision;
-- doc.orders
insert into "doc"."orders_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461865530728257410096096897607: null, "[1]", {"id":1}, {}, {}, "m.0000.1.000000027c0085b8.0000000000000001", false, "2026-03-02T08:35:30.407021Z"
