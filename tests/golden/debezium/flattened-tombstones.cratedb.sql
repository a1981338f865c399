-- doc.customers
alter table "doc"."customers_cdc"
  add column "data"['email'] text,
  add column "data"['name'] text,
  add column "pk"['id'] double precision;
-- doc.customers
insert into "doc"."customers_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461994885790956175405709525481: null, "[1]", {"id":1}, {"name":"Anne Marie","email":"anne@example.com"}, {}, "a.0000.1.05649672129486798177489156227461994885790956175405709525481.00000000", false, null
-- 49672129486798177489156227461996094716775790034884231661: null, "[2]", {"id":2}, null, {}, "a.0000.1.05649672129486798177489156227461996094716775790034884231661.00000000", true, null
