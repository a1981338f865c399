-- doc.public.orders
alter table "doc"."public_orders_cdc"
  add column "data"['v'] text,
  add column "pk"['id'] double precision;
-- doc.public.orders
insert into "doc"."public_orders_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461934439499975443946974216480: null, "[1]", {"id":1}, {"v":"x"}, {}, "p.0000.1.00000000016e9058.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:52.000000Z"
-- 49672129486798177489156227461938066277434287834498335014: null, "[2]", {"id":2}, null, {}, "p.0000.1.00000000016e9130.00000001.0000000000000000", true, "2026-03-02T08:35:52.000000Z"
-- 49672129486798177489156227461936857351614673205323628836: null, "[3]", {"id":3}, {"v":"z"}, {}, "p.0000.1.00000000016e90e8.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:52.000000Z"
-- doc.public.words
alter table "doc"."public_words_cdc"
  add column "data"['n'] double precision,
  add column "pk"['payload'] text,
  add column "pk"['schema'] text;
-- doc.public.words
insert into "doc"."public_words_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461939275203253902463673041192: null, "[\"p\",\"s\"]", {"payload":"p","schema":"s"}, {"n":1}, {}, "p.0000.1.00000000016e9178.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:52.000000Z"
-- doc.shop.events
alter table "doc"."shop_events_cdc"
  add column "data"['id'] double precision,
  add column "data"['v'] double precision,
  add column "pk"['_id'] text;
-- doc.shop.events
insert into "doc"."shop_events_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461944110906532360980371865904: null, "[\"669683c2b0750b2c84893f3e\"]", {"_id":"669683c2b0750b2c84893f3e"}, null, {}, "g.0000.1.0000019cadb08240.0000000000000003.00000001.0000000000000000.05649672129486798177489156227461944110906532360980371865904.00000000", true, "2026-03-02T08:35:52.000000Z"
-- 49672129486798177489156227461942901980712746351197159726: null, "[\"669683c2b0750b2c84893f3f\"]", {"_id":"669683c2b0750b2c84893f3f"}, {"id":7,"v":2}, {}, "g.0000.1.0000019cadb08240.0000000000000002.00000001.0000000000000000.05649672129486798177489156227461942901980712746351197159726.00000000", false, "2026-03-02T08:35:52.000000Z"
warning: 1 record would be parked; `rowtide decode` says why.
