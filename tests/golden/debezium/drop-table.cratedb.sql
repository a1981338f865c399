-- doc.shop.orders
alter table "doc"."shop_orders_cdc"
  add column "data"['v'] text,
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
-- 49672129486798177489156227461935648425795058576148922658: null, "[1]", {"id":1}, {"v":"read"}, {}, "y.0000.1.0000000000000003.000000000000009d.00000000.0000000000000000", false, "2026-03-02T08:35:52.000000Z"
-- 49672129486798177489156227461941693054893131722022453548: null, "[2]", {"id":2}, {"v":"late"}, {}, "y.0000.1.0000000000000003.00000000000001c2.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:52.000000Z"
-- 49672129486798177489156227461940484129073517092847747370: null, "[3]", {"id":3}, {"v":"new"}, {}, "y.0000.1.0000000000000003.0000000000000320.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:52.000000Z"
-- doc.shop.lines
alter table "doc"."shop_lines_cdc"
  add column "pk"['id'] double precision;
-- doc.shop.lines
insert into "doc"."shop_lines_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461942901980712746351197159726: null, "[9]", {"id":9}, {}, {}, "y.0000.1.0000000000000003.000000000000012c.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:52.000000Z"
warning: The route of shop.lines has truncate = "apply", which CrateDB cannot do: rows that are not refreshed would be missed.
warning: The route of shop.orders has truncate = "apply", which CrateDB cannot do: rows that are not refreshed would be missed.
