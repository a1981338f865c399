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
-- 49672129487010737596545404662985276081099260279023653241: null, "[1]", {"id":1}, {"name":"Siân Hughes","email":"s.hughes@example.com"}, {}, "l.0000.0.00064c1a170f4000", false, "2026-03-03T08:00:00.000000Z"
-- 49672129487010964263849804662985276081099260279023653248: null, "[2]", {"id":2}, {"name":"Ola Nordmann","email":null}, {}, "l.0000.0.00064c1a170f4000", false, "2026-03-03T08:00:00.000000Z"
-- 49672129487011190931154204662985276081099260279023653255: null, "[3]", {"id":3}, null, {}, "l.0000.0.00064c1a170f3fff", true, "2026-03-03T07:59:59.999999Z"
