-- doc.public.customers
alter table "doc"."public_customers_cdc"
  add column "data"['email'] text,
  add column "data"['name'] text,
  add column "pk"['id'] double precision;
-- doc.public.customers
insert into "doc"."public_customers_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461986423310218873001486582221: null, "[1]", {"id":1}, {"name":"Anne Marie","email":"anne@example.com"}, {}, "p.0000.1.00000000016e9104.00000001.0000000000000000.00000001", false, "2026-03-02T08:36:05.773000Z"
-- 49672129486798177489156227461987632236038487630661288401: null, "[2]", {"id":2}, null, {}, "p.0000.1.0000000002c5e2f8.00000001.0000000000000000", true, "2026-03-02T08:36:06.204000Z"
-- 49672129486798177489156227461990050087677716889010700764: null, "[3]", {"id":3}, {"name":"Cleo","email":"cleo@example.com"}, {}, "p.0000.0.00064c067a5c19f8", false, "2026-03-02T08:36:06.635000Z"
warning: 1 record would be parked; `rowtide decode` says why.
