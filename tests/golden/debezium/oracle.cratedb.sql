-- doc.INVENTORY.CUSTOMERS
alter table "doc"."INVENTORY_CUSTOMERS_cdc"
  add column "data"['NAME'] text,
  add column "data"['NOTES'] text,
  add column "pk"['ID'] double precision;
-- doc.INVENTORY.CUSTOMERS
insert into "doc"."INVENTORY_CUSTOMERS_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461952573387269663384594809186: null, "[1005]", {"ID":1005}, {"NAME":"John","NOTES":"long text"}, {}, "o.0000.1.0072122180.00000000.0072122180.00.0000000000000000", false, "2026-03-02T08:35:58.446000Z"
-- 49672129486798177489156227461957409090548121901293633904: null, "[1006]", {"ID":1006}, null, {}, "o.0000.1.009100000003.00000001.009100000002.160x00000c.00000009.0010.0000000000000000", true, "2026-03-02T08:36:00.170000Z"
-- doc.INVENTORY.CUSTOMERS
select pk, data, aux, version, deleted, _seq_no, _primary_term from "doc"."INVENTORY_CUSTOMERS_cdc" where key = $1;
-- 49672129486798177489156227461953782313089278013769515364: "[1005]"
-- doc.INVENTORY.CUSTOMERS
insert into "doc"."INVENTORY_CUSTOMERS_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values ($1, $2, $3, $4, $5, false, $6, $7)
on conflict (key) do nothing;
-- 49672129486798177489156227461953782313089278013769515364: "[1005]", {"ID":1005}, {"set":{"/NAME":"Johnny"},"remove":[]}, {}, "o.0000.1.0072122185.00000001.0072122184.160x00000b.00001a3e.0010.0000000000000000.00000001", "2026-03-02T08:35:58.877000Z", null
-- doc.INVENTORY.CUSTOMERS
insert into "doc"."INVENTORY_CUSTOMERS_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461954991238908892642944221543: null, "[1005]", {"ID":1005}, {"NAME":"Jo","NOTES":"short"}, {}, "o.0000.1.0072122185.00000001.0072122184.160x00000b.00001a3f.0010.0000000000000000.00000001", false, "2026-03-02T08:35:59.308000Z"
