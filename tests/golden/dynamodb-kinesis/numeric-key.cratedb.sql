-- doc.customers
alter table "doc"."customers_cdc"
  add column "data"['email'] text,
  add column "data"['name'] text,
  add column "data"['newsletter'] boolean,
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
-- 49672129486798177489156227564184176397161165532923166770: null, "[-7]", {"id":-7}, null, {}, "k.0000.1.00064c0678b84f00.05649672129486798177489156227564184176397161165532923166770", true, "2026-03-02T08:35:39.123456Z"
-- 49672129486798177489156227564110431922164672603510276146: null, "[0.5]", {"id":0.5}, {"name":"Half a customer","email":"half@example.com"}, {}, "k.0000.1.00064c06782efac3.05649672129486798177489156227564110431922164672603510276146", false, "2026-03-02T08:35:30.123459Z"
-- 49672129486798177489156227564139446141835423703703224370: null, "[0]", {"id":0}, {"name":"House account","email":"house@example.com"}, {}, "k.0000.1.00064c06782efac4.05649672129486798177489156227564139446141835423703703224370", false, "2026-03-02T08:35:30.123460Z"
-- 49672129486798177489156227564149117548392341218137210930: null, "[1001]", {"id":1001}, {"name":"Mara Lindqvist","email":"mara.l@example.com","newsletter":true}, {}, "k.0000.1.00064c0678a90cc0.05649672129486798177489156227564149117548392341218137210930", false, "2026-03-02T08:35:38.123456Z"
-- 49672129486798177489156227564064492741019316694871441458: null, "[100]", {"id":100}, {"name":"Jonas Weber","email":"jonas@example.com"}, {}, "k.0000.1.00064c06782efac1.05649672129486798177489156227564064492741019316694871441458", false, "2026-03-02T08:35:30.123457Z"
