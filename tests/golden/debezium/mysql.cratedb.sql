-- doc.inventory.customers
alter table "doc"."inventory_customers_cdc"
  add column "data"['email'] text,
  add column "data"['name'] text,
  add column "pk"['id'] double precision;
-- doc.inventory.customers
insert into "doc"."inventory_customers_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461939275203253902463673041198: null, "[1001]", {"id":1001}, {"name":"Sally","email":"s@example.com"}, {}, "y.0000.1.0000000000000003.000000000000032b.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:54.000000Z"
-- 49672129486798177489156227461940484129073517092847747380: null, "[1002]", {"id":1002}, {"name":"George","email":"g@example.com"}, {}, "y.0000.1.0000000000000003.000000000000032b.00000001.0000000000000001.00000001", false, "2026-03-02T08:35:54.000000Z"
-- 49672129486798177489156227461941693054893131722022453563: null, "[1003]", {"id":1003}, null, {}, "y.0000.1.0000000000000004.00000000000000eb.00000001.0000000000000000", true, "2026-03-02T08:35:55.000000Z"
-- 49672129486798177489156227461944110906532360980371865932: null, "[1004]", {"id":1004}, {"name":"Anne","email":"anne@example.com"}, {}, "y.0000.1.000000000000000a.0000000000000004.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:55.000000Z"
