-- doc.inventory.customers
alter table "doc"."inventory_customers_cdc"
  add column "data"['address'] object(strict) as ("city" text, "zip" text),
  add column "data"['first_name'] text,
  add column "data"['n'] double precision,
  add column "data"['old'] boolean,
  add column "pk"['_id'] text;
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
-- 49672129486798177489156227461967080497105038934691283336: null, "[\"596e275826f08b2730779e1f\"]", {"_id":"596e275826f08b2730779e1f"}, {"first_name":"Bob","address":{"city":"Bremen","zip":"28195"},"old":true}, {}, "g.0000.1.0000019cadb03038.0000000000000001.00000001.0000000000000000.05649672129486798177489156227461967080497105038934691283336.00000000", false, "2026-03-02T08:35:31.000000Z"
-- 49672129486798177489156227461970707274563882822215401876: null, "[\"a-1\"]", {"_id":"a-1"}, {"n":1}, {}, "g.0000.1.0000019cadb03808.0000000000000001.00000001.0000000000000000.05649672129486798177489156227461970707274563882822215401876.00000000", false, "2026-03-02T08:35:33.000000Z"
-- 49672129486798177489156227461968289422924653563865989515: null, "[1004]", {}, {"first_name":"Anne Marie"}, {"/pk/_id":"1004"}, "g.0000.1.0000019cadb03038.0000000000000002.00000001.0000000000000000.05649672129486798177489156227461968289422924653563865989515.00000000", false, "2026-03-02T08:35:31.000000Z"
-- 49672129486798177489156227461974334052022726709739520425: null, "[5]", {}, null, {"/pk/_id":"5"}, "g.0000.1.0000019cadb03bf0.0000000000000002.00000001.0000000000000000.05649672129486798177489156227461974334052022726709739520425.00000000", true, "2026-03-02T08:35:34.000000Z"
-- doc.inventory.customers
select pk, data, aux, version, deleted, _seq_no, _primary_term from "doc"."inventory_customers_cdc" where key = $1;
-- 49672129486798177489156227461969498348744268193040695695: "[\"596e275826f08b2730779e1f\"]"
-- doc.inventory.customers
insert into "doc"."inventory_customers_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values ($1, $2, $3, $4, $5, false, $6, $7)
on conflict (key) do nothing;
-- 49672129486798177489156227461969498348744268193040695695: "[\"596e275826f08b2730779e1f\"]", {"_id":"596e275826f08b2730779e1f"}, {"set":{"/address/city":"Köln","/visits":3},"remove":["/old"]}, {}, "g.0000.1.0000019cadb03420.0000000000000001.00000001.0000000000000000.05649672129486798177489156227461969498348744268193040695695.00000000", "2026-03-02T08:35:32.000000Z", null
warning: 1 record would be parked; `rowtide decode` says why.
